"""Audit, policies, quotas, leases, the leader, namespaces and Raft."""

import os

from hvac import exceptions
from world import refused, status

RULES = 'path "secret/data/app" { capabilities = ["read"] }'


def check_audit(world):
    sys = world.client().sys
    options = {"file_path": os.path.join(world.devices, "hvac.log")}
    status(sys.enable_audit_device("file", description="by hvac", options=options, path="second", local=False), 204)
    devices = sys.list_enabled_audit_devices()
    assert devices["second/"] == devices["data"]["second/"] and devices["second/"]["description"] == "by hvac", devices
    hashed = sys.calculate_hash("second", "secret")
    assert hashed["hash"] == hashed["data"]["hash"] and hashed["hash"].startswith("hmac-sha256:"), hashed
    refused(exceptions.InvalidRequest, sys.enable_audit_device, "file", options=options, path="second")
    refused(exceptions.InvalidRequest, sys.enable_audit_device, "socket", path="third")
    refused(exceptions.InvalidRequest, sys.calculate_hash, "nope", "x")
    status(sys.disable_audit_device("second"), 204)
    assert "second/" not in sys.list_enabled_audit_devices()["data"]


def check_acl_policies(world):
    sys = world.client().sys
    status(sys.create_or_update_acl_policy("app", RULES), 204)
    assert sys.read_acl_policy("app")["data"] == {"name": "app", "policy": RULES}
    # Of a dict it sends JSON.
    status(sys.create_or_update_acl_policy("by-dict", {"path": {"secret/*": {"capabilities": ["list"]}}}), 204)
    status(sys.create_or_update_acl_policy("by-dict", {"path": {"secret/*": {"capabilities": ["list"]}}}, pretty_print=False), 204)
    names = sys.list_acl_policies()["data"]["keys"]
    assert names[-1] == "root" and names[:-1] == sorted(names[:-1]) and "by-dict" in names, names
    refused(exceptions.InvalidRequest, sys.create_or_update_acl_policy, "bad", "path {")
    refused(exceptions.InvalidRequest, sys.create_or_update_acl_policy, "root", RULES)
    status(sys.delete_acl_policy("by-dict"), 204)
    status(sys.delete_acl_policy("by-dict"), 204)
    refused(exceptions.InvalidPath, sys.read_acl_policy, "by-dict")


def check_legacy_policies(world):
    sys = world.client().sys
    status(sys.create_or_update_policy("old", RULES), 204)
    read = sys.read_policy("old")
    assert read["rules"] == read["data"]["rules"] == RULES and read["name"] == "old", read
    listed = sys.list_policies()
    assert "old" in listed["policies"] and listed["keys"] == listed["data"]["keys"] == listed["policies"], listed
    status(sys.delete_policy("old"), 204)
    refused(exceptions.InvalidPath, sys.read_policy, "old")


def check_policies_that_are_not_here(world):
    """Those of Sentinel: an unsupported path, which is what a server without them says."""
    sys = world.client().sys
    for call, *args in [
        (sys.list_rgp_policies,),
        (sys.read_rgp_policy, "x"),
        (sys.create_or_update_rgp_policy, "x", "main = rule { true }", "advisory"),
        (sys.delete_rgp_policy, "x"),
        (sys.list_egp_policies,),
        (sys.read_egp_policy, "x"),
        (sys.create_or_update_egp_policy, "x", "main = rule { true }", "advisory", ["*"]),
        (sys.delete_egp_policy, "x"),
    ]:
        error = refused(exceptions.InvalidPath, call, *args)
        assert "unsupported path" in str(error), error


def check_quotas(world):
    vault = world.client()
    sys = vault.sys
    made = dict(path="plain/", interval="60s", block_interval="60s")
    status(sys.create_or_update_quota("few", 2, rate_limit_type="rate-limit", inheritable=False, **made), 204)
    read = sys.read_quota("few")["data"]
    assert read == {"name": "few", "type": "rate-limit", "path": "plain/", "role": "", "rate": 2, "interval": 60, "block_interval": 60}, read
    assert sys.list_quotas()["data"]["keys"] == ["few"]
    vault.read("plain/x")
    vault.read("plain/x")
    refused(exceptions.RateLimitExceeded, vault.read, "plain/x")
    status(sys.delete_quota("few"), 204)
    assert vault.read("plain/x") is None
    refused(exceptions.InvalidPath, sys.read_quota, "few")
    refused(exceptions.InvalidPath, sys.list_quotas)
    refused(exceptions.InvalidRequest, sys.create_or_update_quota, "none", 0)


def issue(vault):
    return vault.read("keys/creds/app")


def check_leases(world):
    vault = world.client()
    vault.write("keys/config", url=world.service_url, token="service-token")
    vault.write("keys/roles/app", ttl="1h")
    issued = issue(vault)
    lease = issued["lease_id"]
    assert issued["renewable"] is True and issued["lease_duration"] == 3600 and lease.startswith("keys/creds/app/"), issued
    looked = vault.sys.read_lease(lease)["data"]
    assert looked["id"] == lease and looked["renewable"] is True and looked["issue_time"], looked
    assert vault.sys.list_leases("keys/creds/app")["data"]["keys"] == [lease.rsplit("/", 1)[1]]
    assert vault.sys.list_leases("keys/creds/")["data"]["keys"] == ["app/"]
    # The increment that is not given is sent as null.
    assert vault.sys.renew_lease(lease)["lease_id"] == lease
    assert vault.sys.renew_lease(lease, increment=600)["lease_duration"] == 600
    refused(exceptions.InvalidRequest, vault.sys.renew_lease, "keys/creds/app/none")
    status(vault.sys.revoke_lease(lease), 204)
    refused(exceptions.InvalidRequest, vault.sys.read_lease, lease)
    status(vault.sys.revoke_lease("keys/creds/app/none"), 204)
    issue(vault)
    status(vault.sys.revoke_prefix("keys/creds/app"), 204)
    refused(exceptions.InvalidPath, vault.sys.list_leases, "keys/creds/app")
    issue(vault)
    status(vault.sys.revoke_force("keys/creds"), 204)
    refused(exceptions.InvalidPath, vault.sys.list_leases, "keys/creds/app")


def check_leader(world):
    vault = world.client()
    assert vault.sys.read_leader_status()["ha_enabled"] is False
    assert vault.ha_status["ha_enabled"] is False
    status(vault.sys.step_down(), 204)


def check_namespaces(world):
    """There is one, and no other can be made."""
    sys = world.client().sys
    refused(exceptions.InvalidRequest, sys.create_namespace, "team")
    refused(exceptions.InvalidPath, sys.list_namespaces)
    assert sys.delete_namespace("team")["warnings"]


def check_raft_that_is_not_here(world):
    """Of Raft's paths only backup and restore are here: there is one node."""
    sys = world.client().sys
    for call, *args in [
        (sys.join_raft_cluster, "https://127.0.0.1:1"),
        (sys.read_raft_config,),
        (sys.remove_raft_node, "x"),
        (sys.read_raft_auto_snapshot_status, "x"),
        (sys.read_raft_auto_snapshot_config, "x"),
        (sys.list_raft_auto_snapshot_configs,),
        (sys.create_or_update_raft_auto_snapshot_config, "x", "1h", "local"),
        (sys.delete_raft_auto_snapshot_config, "x"),
    ]:
        refused(exceptions.InvalidPath, call, *args)
