"""Engines and auth methods: mount, list, tune, move, unmount."""

from hvac import exceptions
from world import refused, status


def check_secrets_engines(world):
    sys = world.client().sys
    # It sends explicit nulls for what is not given.
    status(sys.enable_secrets_engine("kv", path="plain", description="by hvac", options={"version": 1}), 204)
    status(sys.enable_secrets_engine("kv-v2", path="nested/two", config={"default_lease_ttl": "1h", "max_lease_ttl": "2h"}), 204)
    refused(exceptions.InvalidRequest, sys.enable_secrets_engine, "kv", path="plain")
    refused(exceptions.InvalidRequest, sys.enable_secrets_engine, "no-such-engine")
    mounts = sys.list_mounted_secrets_engines()
    # Old callers read the top level.
    assert mounts["plain/"] == mounts["data"]["plain/"]
    assert mounts["data"]["plain/"]["description"] == "by hvac"
    assert mounts["data"]["plain/"]["options"] == {"version": "1"}, mounts["data"]["plain/"]
    assert mounts["data"]["nested/two/"]["config"]["default_lease_ttl"] == 3600
    assert sys.retrieve_mount_option("plain", "version") == "1"
    assert sys.retrieve_mount_option("nested/two", "version") == "2"
    assert sys.retrieve_mount_option("plain", "none", default_value="d") == "d"
    assert sys.retrieve_mount_option("cubbyhole", "version", default_value="d") == "d"


def check_tuning_of_engines(world):
    sys = world.client().sys
    status(
        sys.tune_mount_configuration(
            "plain",
            default_lease_ttl="30m",
            max_lease_ttl="3600",
            description="tuned",
            audit_non_hmac_request_keys=["a"],
            audit_non_hmac_response_keys=["b"],
            listing_visibility="unauth",
            passthrough_request_headers=["X-Mine"],
            force_no_cache=False,
        ),
        204,
    )
    tuned = sys.read_mount_configuration("plain")["data"]
    assert (tuned["default_lease_ttl"], tuned["max_lease_ttl"]) == (1800, 3600), tuned
    assert tuned["description"] == "tuned" and tuned["listing_visibility"] == "unauth", tuned
    assert tuned["audit_non_hmac_request_keys"] == ["a"] and tuned["audit_non_hmac_response_keys"] == ["b"], tuned
    assert tuned["passthrough_request_headers"] == ["X-Mine"], tuned
    status(sys.tune_mount_configuration("plain", options={"version": "1"}), 204)
    refused(exceptions.InvalidRequest, sys.tune_mount_configuration, "plain", default_lease_ttl="soon")
    refused(exceptions.InvalidRequest, sys.tune_mount_configuration, "plain", default_lease_ttl="10h")
    refused(exceptions.InvalidRequest, sys.read_mount_configuration, "nope")


def check_moves(world):
    vault = world.client()
    vault.secrets.kv.v2.create_or_update_secret("kept", {"a": "1"}, mount_point="nested/two")
    moved = vault.sys.move_backend("nested/two", "moved")
    assert moved["migration_id"] == moved["data"]["migration_id"]
    # At once, without asking for the state of the move.
    assert vault.secrets.kv.v2.read_secret("kept", mount_point="moved", raise_on_deleted_version=True)["data"]["data"] == {"a": "1"}
    refused(exceptions.InvalidRequest, vault.sys.move_backend, "nope", "elsewhere")
    status(vault.sys.disable_secrets_engine("moved"), 204)
    status(vault.sys.disable_secrets_engine("moved"), 204)
    assert "moved/" not in vault.sys.list_mounted_secrets_engines()["data"]
    refused(exceptions.InvalidPath, vault.secrets.kv.v2.read_secret, "kept", mount_point="moved", raise_on_deleted_version=True)


def check_auth_methods(world):
    sys = world.client().sys
    status(sys.enable_auth_method("userpass", path="people", description="by hvac", config={"default_lease_ttl": "1h"}), 204)
    refused(exceptions.InvalidRequest, sys.enable_auth_method, "userpass", path="people")
    refused(exceptions.InvalidRequest, sys.enable_auth_method, "no-such-method")
    methods = sys.list_auth_methods()
    assert methods["people/"] == methods["data"]["people/"]
    assert methods["people/"]["config"]["default_lease_ttl"] == 3600
    status(
        sys.tune_auth_method(
            "people",
            default_lease_ttl="10m",
            max_lease_ttl="20m",
            description="tuned",
            # It joins lists by commas here, where it doesn't for engines.
            audit_non_hmac_request_keys=["a", "b"],
            audit_non_hmac_response_keys=["c"],
            listing_visibility="unauth",
            passthrough_request_headers=["X-Mine", "X-Other"],
        ),
        204,
    )
    tuned = sys.read_auth_method_tuning("people")["data"]
    assert (tuned["default_lease_ttl"], tuned["max_lease_ttl"], tuned["description"]) == (600, 1200, "tuned"), tuned
    assert tuned["audit_non_hmac_request_keys"] == ["a", "b"], tuned
    assert tuned["passthrough_request_headers"] == ["X-Mine", "X-Other"], tuned
    status(sys.disable_auth_method("people"), 204)
    status(sys.disable_auth_method("people"), 204)
    assert "people/" not in sys.list_auth_methods()["data"]
