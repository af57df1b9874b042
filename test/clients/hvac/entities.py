"""Entities, groups and their aliases, and what is said of OIDC, which is not there."""

from hvac import exceptions
from world import refused, status


def accessor_of(world, path="userpass/"):
    return world.client().sys.list_auth_methods()["data"][path]["accessor"]


def check_entity(world):
    identity = world.client().secrets.identity
    made = identity.create_or_update_entity("ann", metadata={"team": "red"}, policies=["default"], disabled=False)["data"]
    assert made["name"] == "ann" and made["aliases"] is None, made
    status(identity.create_or_update_entity_by_name("ann", metadata={"team": "blue"}), 204)
    status(identity.update_entity(made["id"], policies=["default", "dev"]), 204)
    read = identity.read_entity(made["id"])["data"]
    assert read == identity.read_entity_by_name("ann")["data"]
    assert read["metadata"] == {"team": "blue"} and read["policies"] == ["default", "dev"] and read["disabled"] is False, read
    for method in ["LIST", "GET"]:
        assert made["id"] in identity.list_entities(method=method)["data"]["keys"]
        assert "ann" in identity.list_entities_by_name(method=method)["data"]["keys"]
    assert identity.lookup_entity(name="ann")["data"]["id"] == made["id"]
    assert identity.lookup_entity(entity_id=made["id"])["data"]["name"] == "ann"
    status(identity.lookup_entity(name="nobody"), 204)
    other = identity.create_or_update_entity_by_name("ann-too")["data"]["id"]
    status(identity.merge_entities(from_entity_ids=[other], to_entity_id=made["id"], force=False), 204)
    assert identity.read_entity(other)["data"]["id"] == made["id"]
    status(identity.delete_entity_by_name("ann"), 204)
    status(identity.delete_entity(made["id"]), 204)
    refused(exceptions.InvalidPath, identity.read_entity, made["id"])
    refused(exceptions.InvalidRequest, identity.create_or_update_entity, "ann", policies=["root"])


def check_entity_alias(world):
    identity = world.client().secrets.identity
    accessor = accessor_of(world)
    one = identity.create_or_update_entity("bea")["data"]["id"]
    two = identity.create_or_update_entity("bea-too")["data"]["id"]
    made = identity.create_or_update_entity_alias("bea-logs-in", canonical_id=one, mount_accessor=accessor)["data"]
    assert made["canonical_id"] == one, made
    read = identity.read_entity_alias(made["id"])["data"]
    assert (read["name"], read["mount_accessor"], read["mount_type"]) == ("bea-logs-in", accessor, "userpass"), read
    moved = identity.update_entity_alias(made["id"], name="bea-logs-in", canonical_id=two, mount_accessor=accessor)["data"]
    assert moved == {"id": made["id"], "canonical_id": two}, moved
    for method in ["LIST", "GET"]:
        assert identity.list_entity_aliases(method=method)["data"]["key_info"][made["id"]]["canonical_id"] == two
    assert identity.lookup_entity(alias_id=made["id"])["data"]["id"] == two
    assert identity.lookup_entity(alias_name="BEA-logs-in", alias_mount_accessor=accessor)["data"]["id"] == two
    status(identity.delete_entity_alias(made["id"]), 204)
    refused(exceptions.InvalidPath, identity.read_entity_alias, made["id"])


def check_group(world):
    identity = world.client().secrets.identity
    member = identity.create_or_update_entity("cleo")["data"]["id"]
    inner = identity.create_or_update_group("night-shift", member_entity_ids=[member], policies=["default"])["data"]["id"]
    outer = identity.create_or_update_group_by_name("everybody", member_group_ids=[inner], metadata={"a": "b"})["data"]["id"]
    assert identity.read_entity(member)["data"]["group_ids"] == [inner, outer]
    read = identity.read_group(inner)["data"]
    assert read == identity.read_group_by_name("night-shift")["data"]
    assert read["member_entity_ids"] == [member] and read["parent_group_ids"] == [outer] and read["type"] == "internal", read
    assert identity.update_group(inner, name="late-shift")["data"] == {"id": inner, "name": "late-shift"}
    for method in ["LIST", "GET"]:
        assert inner in identity.list_groups(method=method)["data"]["keys"]
        assert "late-shift" in identity.list_groups_by_name(method=method)["data"]["keys"]
    assert identity.lookup_group(name="late-shift")["data"]["id"] == inner
    refused(exceptions.InvalidRequest, identity.update_group, inner, name="late-shift", member_group_ids=[outer])
    status(identity.delete_group(outer), 204)
    status(identity.delete_group_by_name("late-shift"), 204)
    refused(exceptions.InvalidPath, identity.read_group, inner)


def check_group_alias(world):
    identity = world.client().secrets.identity
    accessor = accessor_of(world)
    group = identity.create_or_update_group("staff", group_type="external")["data"]["id"]
    made = identity.create_or_update_group_alias("cn=staff", mount_accessor=accessor, canonical_id=group)["data"]
    assert identity.read_group_alias(made["id"])["data"]["name"] == "cn=staff"
    changed = identity.update_group_alias(made["id"], "cn=all staff", mount_accessor=accessor, canonical_id=group)
    assert changed["data"]["id"] == made["id"], changed
    for method in ["LIST", "GET"]:
        assert identity.list_group_aliases(method=method)["data"]["key_info"][made["id"]]["name"] == "cn=all staff"
    assert identity.lookup_group(alias_name="cn=all staff", alias_mount_accessor=accessor)["data"]["id"] == group
    status(identity.delete_group_alias(made["id"]), 204)
    refused(exceptions.InvalidPath, identity.read_group_alias, made["id"])


def check_entity_of_token(world):
    vault = world.client()
    vault.auth.token.create_or_update_role("of-entities", allowed_entity_aliases=["svc-*"])
    made = vault.auth.token.create(role_name="of-entities", policies=["default"], entity_alias="svc-build")["auth"]
    entity = vault.secrets.identity.lookup_entity(alias_name="svc-build", alias_mount_accessor=accessor_of(world, "token/"))["data"]
    assert made["entity_id"] == entity["id"], (made, entity)
    vault.secrets.identity.update_entity(entity["id"], policies=["night"])
    looked = world.client(token=made["client_token"]).auth.token.lookup_self()["data"]
    assert looked["entity_id"] == entity["id"] and looked["identity_policies"] == ["night"], looked
    vault.secrets.identity.update_entity(entity["id"], disabled=True)
    refused(exceptions.Forbidden, world.client(token=made["client_token"]).auth.token.lookup_self)
    refused(exceptions.InvalidRequest, vault.auth.token.create, role_name="of-entities", entity_alias="other")
    vault.auth.token.delete_role("of-entities")


def check_oidc_is_refused(world):
    identity = world.client().secrets.identity
    for call in [
        lambda: identity.configure_tokens_backend(issuer="https://example.com"),
        lambda: identity.create_named_key("k"),
        lambda: identity.rotate_named_key("k", "1h"),
        lambda: identity.create_or_update_role("r", key="k"),
        lambda: identity.introspect_signed_id_token("t"),
    ]:
        assert "no OIDC providers yet" in str(refused(exceptions.InvalidRequest, call))
    for call in [
        identity.read_tokens_backend_configuration,
        lambda: identity.read_named_key("k"),
        identity.list_named_keys,
        lambda: identity.read_role("r"),
        identity.list_roles,
        lambda: identity.generate_signed_id_token("r"),
        identity.read_well_known_configurations,
        identity.read_active_public_keys,
    ]:
        refused(exceptions.InvalidPath, call)
    status(identity.delete_named_key("k"), 204)
    status(identity.delete_role("r"), 204)
