"""The two versions of KV, by their own classes and by the generic methods."""

from hvac import exceptions
from world import refused, status


def check_kv_v1(world):
    kv = world.client().secrets.kv.v1
    status(kv.create_or_update_secret("a/b", {"x": 1, "n": 12345678901234567890}, mount_point="plain"), 204)
    # It reads first, and sends POST or PUT accordingly.
    status(kv.create_or_update_secret("a/b", {"x": 2, "n": 12345678901234567890}, method="PUT", mount_point="plain"), 204)
    status(kv.create_or_update_secret("a/c", {"ttl": "30m"}, method="POST", mount_point="plain"), 204)
    read = kv.read_secret("a/b", mount_point="plain")
    assert read["data"] == {"x": 2, "n": 12345678901234567890}, read
    assert (read["lease_id"], read["renewable"]) == ("", False)
    assert kv.read_secret("a/c", mount_point="plain")["lease_duration"] == 1800
    assert kv.list_secrets("a", mount_point="plain")["data"]["keys"] == ["b", "c"]
    assert kv.list_secrets("", mount_point="plain")["data"]["keys"] == ["a/"]
    status(kv.delete_secret("a/b", mount_point="plain"), 204)
    status(kv.delete_secret("a/c", mount_point="plain"), 204)
    status(kv.delete_secret("a/c", mount_point="plain"), 204)
    refused(exceptions.InvalidPath, kv.read_secret, "a/b", mount_point="plain")
    refused(exceptions.InvalidPath, kv.list_secrets, "a", mount_point="plain")


def check_kv_v2_configuration(world):
    kv = world.client().secrets.kv.v2
    status(kv.configure(max_versions=5, cas_required=False, delete_version_after="1h"), 204)
    read = kv.read_configuration()["data"]
    assert (read["max_versions"], read["cas_required"], read["delete_version_after"]) == (5, False, "1h0m0s"), read
    status(kv.configure(max_versions=0, delete_version_after="0s"), 204)


def check_kv_v2_versions(world):
    kv = world.client().secrets.kv.v2
    one = kv.create_or_update_secret("deep/one", {"a": "1"}, cas=0)["data"]
    assert one["version"] == 1 and one["destroyed"] is False and one["deletion_time"] == "", one
    error = refused(exceptions.InvalidRequest, kv.create_or_update_secret, "deep/one", {}, cas=0)
    assert "check-and-set parameter did not match the current version" in error.errors[0]
    assert kv.create_or_update_secret("deep/one", {"a": "2"})["data"]["version"] == 2
    assert kv.patch("deep/one", {"b": 12345678901234567890})["data"]["version"] == 3
    assert kv.read_secret("deep/one", raise_on_deleted_version=True)["data"]["data"] == {"a": "2", "b": 12345678901234567890}
    assert kv.read_secret_version("deep/one", version=1, raise_on_deleted_version=True)["data"]["data"] == {"a": "1"}
    refused(exceptions.InvalidPath, kv.patch, "deep/none", {"b": 1})
    refused(exceptions.InvalidPath, kv.read_secret_version, "deep/one", version=9, raise_on_deleted_version=True)
    assert kv.list_secrets("deep")["data"]["keys"] == ["one"]
    assert "deep/" in kv.list_secrets("")["data"]["keys"]
    refused(exceptions.InvalidPath, kv.list_secrets, "none")


def check_kv_v2_deletion(world):
    kv = world.client().secrets.kv.v2
    status(kv.delete_latest_version_of_secret("deep/one"), 204)
    refused(exceptions.InvalidPath, kv.read_secret_version, "deep/one", raise_on_deleted_version=True)
    # Of a deleted version it hands out what the 404 says of it.
    deleted = kv.read_secret_version("deep/one", raise_on_deleted_version=False)
    assert deleted["data"]["data"] is None and deleted["data"]["metadata"]["deletion_time"] != "", deleted
    status(kv.undelete_secret_versions("deep/one", [3]), 204)
    assert kv.read_secret("deep/one", raise_on_deleted_version=False)["data"]["data"]["a"] == "2"
    status(kv.delete_secret_versions("deep/one", [1, 2]), 204)
    status(kv.destroy_secret_versions("deep/one", [1]), 204)
    refused(exceptions.ParamValidationError, kv.destroy_secret_versions, "deep/one", [])
    versions = kv.read_secret_metadata("deep/one")["data"]["versions"]
    assert versions["1"]["destroyed"] is True and versions["2"]["destroyed"] is False, versions
    assert versions["2"]["deletion_time"] != "" and versions["3"]["deletion_time"] == "", versions


def check_kv_v2_metadata(world):
    kv = world.client().secrets.kv.v2
    status(kv.update_metadata("deep/one", max_versions=2, cas_required=True, delete_version_after="30m", custom_metadata={"team": "red"}), 204)
    read = kv.read_secret_metadata("deep/one")["data"]
    assert read["custom_metadata"] == {"team": "red"} and read["cas_required"] is True, read
    assert (read["max_versions"], read["delete_version_after"], read["current_version"]) == (2, "30m0s", 3), read
    refused(exceptions.InvalidRequest, kv.create_or_update_secret, "deep/one", {})
    status(kv.delete_metadata_and_all_versions("deep/one"), 204)
    refused(exceptions.InvalidPath, kv.read_secret_metadata, "deep/one")


def check_kv_by_version(world):
    kv = world.client().secrets.kv
    assert kv.default_kv_version == "2"
    kv.create_or_update_secret("by-default", {"a": 1})
    # What is not its own goes to the version it is told.
    assert kv.read_secret_version("by-default", raise_on_deleted_version=True)["data"]["data"] == {"a": 1}
    kv.default_kv_version = "1"
    kv.create_or_update_secret("by-default", {"a": 1}, mount_point="plain")
    assert kv.read_secret("by-default", mount_point="plain")["data"] == {"a": 1}


def check_cubbyhole(world):
    # It has no class for it.
    vault = world.client()
    vault.write_data("cubbyhole/mine/a", data={"k": "v"})
    assert vault.read("cubbyhole/mine/a")["data"] == {"k": "v"}
    assert vault.list("cubbyhole/mine")["data"]["keys"] == ["a"]
    other = world.client(token=vault.auth.token.create(policies=["default"])["auth"]["client_token"])
    assert other.read("cubbyhole/mine/a") is None
    vault.delete("cubbyhole/mine/a")
    assert vault.read("cubbyhole/mine/a") is None
