"""Keys: rotate, rekey with verification and backup, generate-root; backup and restore; seal."""

import base64
import time

from hvac import exceptions
from world import refused, status

RULES = 'path "sys/seal" { capabilities = ["update"] }'


def check_rotation(world):
    sys = world.client().sys
    before = sys.get_encryption_key_status()
    assert before["term"] == before["data"]["term"] and before["install_time"], before
    status(sys.rotate_encryption_key(), 204)
    after = world.client().key_status
    assert after["term"] == before["term"] + 1, after


def check_root_generation(world):
    vault = world.client()
    sys = vault.sys
    idle = sys.read_root_generation_progress()
    assert idle["started"] is False and idle["otp_length"] == 28, idle
    assert vault.generate_root_status["started"] is False
    refused(exceptions.InvalidRequest, sys.start_root_token_generation, otp="short")
    refused(exceptions.InvalidRequest, sys.start_root_token_generation, pgp_key="a2V5")
    started = sys.start_root_token_generation()
    assert started["started"] is True and len(started["otp"]) == 28, started
    refused(exceptions.InvalidRequest, sys.start_root_token_generation)
    refused(exceptions.InvalidRequest, sys.generate_root, key=world.shares[0], nonce="wrong")
    status(sys.cancel_root_generation(), 204)
    otp = "ABCDEFGHIJKLMNOPQRSTUVWXYZab"
    nonce = sys.start_root_token_generation(otp=otp)["nonce"]
    assert sys.generate_root(key=world.shares[0], nonce=nonce)["progress"] == 1
    done = sys.generate_root(key=world.shares[1], nonce=nonce)
    assert done["complete"] is True and done["encoded_token"] == done["encoded_root_token"], done
    encoded = done["encoded_token"]
    mixed = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
    token = bytes(a ^ b for a, b in zip(mixed, otp.encode())).decode()
    assert world.client(token=token).auth.token.lookup_self()["data"]["policies"] == ["root"]


def start(world, **wish):
    """Starts a rekey as soon as the storage is under the root key of the one before."""
    vault = world.client()
    wish = {"secret_shares": 3, "secret_threshold": 2, **wish}
    while True:
        try:
            # What hvac has no argument for goes by its adapter.
            return vault.adapter.put("/v1/sys/rekey/init", json=wish) if "share_public_keys" in wish else vault.sys.start_rekey(**wish)
        except exceptions.VaultDown as error:
            assert "try again" in str(error)
            time.sleep(0.05)


def check_rekey(world):
    vault = world.client()
    sys = vault.sys
    idle = sys.read_rekey_progress()
    assert idle["started"] is False and idle["required"] == 2, idle
    assert vault.rekey_status["started"] is False
    refused(exceptions.InvalidRequest, sys.start_rekey, secret_shares=2, secret_threshold=3)
    refused(exceptions.InvalidRequest, sys.start_rekey, secret_shares=1, secret_threshold=1, pgp_keys=["a2V5"], backup=True)
    # 200 with the state, from which callers take the nonce.
    started = sys.start_rekey(secret_shares=3, secret_threshold=2)
    assert started["started"] is True and (started["t"], started["n"]) == (2, 3), started
    assert sys.read_rekey_progress()["nonce"] == started["nonce"]
    refused(exceptions.InvalidRequest, sys.rekey, key=world.shares[0], nonce="wrong")
    refused(exceptions.InvalidRequest, sys.rekey, key=world.shares[0])
    status(sys.cancel_rekey(), 204)
    nonce = start(world)["nonce"]
    assert sys.rekey(world.shares[0], nonce=nonce)["progress"] == 1
    done = sys.rekey_multi(world.shares[1:], nonce=nonce)
    assert done["complete"] is True and len(done["keys"]) == 3, done
    world.shares = done["keys"]


def check_rekey_with_verification(world):
    sys = world.client().sys
    nonce = start(world, require_verification=True)["nonce"]
    made = sys.rekey_multi(world.shares, nonce=nonce)
    assert made["verification_required"] is True and made["verification_nonce"], made
    nonce = made["verification_nonce"]
    progress = sys.read_rekey_verify_progress()
    assert (progress["nonce"], progress["t"], progress["n"], progress["progress"]) == (nonce, 2, 3, 0), progress
    assert sys.rekey_verify(made["keys"][0], nonce)["progress"] == 1
    begun_anew = sys.cancel_rekey_verify()
    assert begun_anew["progress"] == 0 and begun_anew["nonce"] != nonce, begun_anew
    assert sys.rekey_verify_multi(made["keys"], begun_anew["nonce"])["complete"] is True
    world.shares = made["keys"]
    refused(exceptions.InvalidRequest, sys.read_rekey_verify_progress)


def check_recovery_keys_are_refused_in_words(world):
    sys = world.client().sys
    for call, *args in [
        (sys.read_rekey_progress,),
        (sys.start_rekey, 1, 1),
        (sys.cancel_rekey,),
        (sys.rekey, "00"),
        (sys.rekey_multi, ["00"]),
        (sys.read_backup_keys,),
    ]:
        error = refused(exceptions.InvalidRequest, call, *args, recovery_key=True)
        assert "recovery keys are not supported" in str(error)


def check_backup_and_restore(world):
    vault = world.client()
    kv = vault.secrets.kv.v2
    kv.create_or_update_secret("restored", {"is": "before"})
    answer = vault.sys.take_raft_snapshot()
    snapshot = answer.content
    assert answer.status_code == 200 and snapshot[:2] == b"\x1f\x8b"
    kv.create_or_update_secret("restored", {"is": "after"})
    # Older than what the audit has seen.
    refused(exceptions.InvalidRequest, vault.sys.restore_raft_snapshot, snapshot)
    refused(exceptions.InvalidRequest, vault.sys.restore_raft_snapshot, snapshot[:100])
    refused(exceptions.InvalidRequest, vault.sys.force_restore_raft_snapshot, b"no backup")
    assert kv.read_secret("restored", raise_on_deleted_version=True)["data"]["data"] == {"is": "after"}
    restored = vault.sys.force_restore_raft_snapshot(snapshot)
    assert isinstance(restored, dict) or restored.status_code == 204, restored
    assert kv.read_secret("restored", raise_on_deleted_version=True)["data"]["data"] == {"is": "before"}


def check_seal(world):
    vault = world.client()
    refused(exceptions.Forbidden, world.client(token=world.token_with(RULES)).sys.seal)
    status(vault.sys.seal(), 204)
    assert vault.sys.is_sealed() is True
    status(vault.sys.read_health_status(), 503)
    status(vault.sys.read_health_status(method="GET", sealed_code=299), 299)
    error = refused(exceptions.VaultDown, vault.secrets.kv.v2.read_secret, "x", raise_on_deleted_version=True)
    assert "Vault is sealed" in str(error)
    refused(exceptions.VaultDown, vault.auth.token.lookup_self)
    # The shares of the last rekey open it.
    assert vault.sys.submit_unseal_keys(world.shares[1:], migrate=False)["sealed"] is False
    assert vault.is_authenticated()


def check_rekey_backup(world):
    """The last: nobody can open the shares that it makes."""
    vault = world.client()
    error = refused(exceptions.InvalidRequest, vault.sys.read_backup_keys)
    assert "no backed-up keys found" in str(error)
    # PGP is refused in words; shares are sealed to keys of another kind, and only then kept.
    nobody = base64.b64encode(bytes(range(1, 33))).decode()
    nonce = start(world, secret_shares=1, secret_threshold=1, share_public_keys=[nobody], backup=True)["nonce"]
    made = vault.sys.rekey_multi(world.shares, nonce=nonce)
    backup = vault.sys.read_backup_keys()
    assert backup["nonce"] == backup["data"]["nonce"] == nonce and list(backup["keys"].values()) == [made["keys"]], backup
    status(vault.adapter.delete("/v1/sys/rekey/backup"), 204)
    refused(exceptions.InvalidRequest, vault.sys.read_backup_keys)
