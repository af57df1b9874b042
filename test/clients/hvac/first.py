"""From a server that nobody has initialized to one that is unsealed."""

import hvac
from hvac import exceptions
from world import refused, status


def check_not_initialized(world):
    vault = world.client(token="")
    assert vault.sys.is_initialized() is False
    assert vault.sys.read_init_status() == {"initialized": False}
    assert vault.sys.is_sealed() is True
    status(vault.sys.read_health_status(), 501)
    status(vault.sys.read_health_status(method="GET"), 501)
    assert vault.sys.read_health_status(method="GET", uninit_code=299).status_code == 299
    refused(exceptions.ParamValidationError, vault.sys.read_health_status, method="POST")
    refused(exceptions.InvalidRequest, vault.sys.submit_unseal_key, key="00" * 33)
    # Sealed or not initialized: what can't be served is 503.
    refused(exceptions.VaultDown, vault.secrets.kv.v2.read_secret_version, path="x", raise_on_deleted_version=True)


def check_a_certificate_of_another_authority_is_refused(world):
    import certifi
    import requests

    stranger = hvac.Client(url=world.address, verify=certifi.where())
    refused(requests.exceptions.SSLError, stranger.sys.read_seal_status)


def check_initialize(world):
    vault = world.client(token="")
    refused(exceptions.InvalidRequest, vault.sys.initialize, secret_shares=2, secret_threshold=3)
    refused(exceptions.InvalidRequest, vault.sys.initialize, secret_shares=1, secret_threshold=1, pgp_keys=["a2V5"])
    made = vault.sys.initialize(secret_shares=3, secret_threshold=2)
    assert len(made["keys"]) == len(made["keys_base64"]) == 3
    world.shares = made["keys"]
    world.root_token = made["root_token"]
    assert vault.sys.is_initialized() is True
    refused(exceptions.InvalidRequest, vault.sys.initialize, secret_shares=1, secret_threshold=1)


def check_unseal(world):
    vault = world.client()
    before = vault.sys.read_seal_status()
    assert (before["sealed"], before["t"], before["n"], before["progress"]) == (True, 2, 3, 0), before
    assert vault.sys.submit_unseal_key(key=world.shares[0])["progress"] == 1
    assert vault.sys.submit_unseal_key(reset=True)["progress"] == 0
    assert vault.sys.submit_unseal_keys(world.shares)["sealed"] is False
    assert vault.sys.is_sealed() is False
    assert vault.seal_status["sealed"] is False
    health = vault.sys.read_health_status(method="GET")
    assert health["initialized"] is True and health["sealed"] is False and health["standby"] is False, health
    status(vault.sys.read_health_status(), 200)
    status(vault.sys.read_health_status(method="GET", active_code=204), 204)
