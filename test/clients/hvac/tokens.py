"""Tokens and their roles."""

from hvac import exceptions
from world import refused, status


def check_creation(world):
    token = world.client().auth.token
    made = token.create(
        policies=["default"],
        meta={"team": "red"},
        no_default_policy=True,
        ttl="1h",
        explicit_max_ttl="2h",
        display_name="by hvac",
        num_uses=9,
        renewable=True,
        type="service",
    )["auth"]
    assert made["client_token"].startswith("hvs.") and made["accessor"], made
    assert (made["lease_duration"], made["renewable"], made["num_uses"]) == (3600, True, 9), made
    assert made["metadata"] == {"team": "red"} and made["token_type"] == "service" and made["orphan"] is False, made
    own = token.create(id="hvac-chose-this", policies=["default"], ttl="10m")["auth"]
    assert own["client_token"] == "hvac-chose-this"
    assert token.create(policies=["default"], period="1h")["auth"]["lease_duration"] == 3600
    assert token.create(policies=["default"], no_parent=True)["auth"]["orphan"] is True
    orphan = token.create_orphan(policies=["default"], ttl="1h", meta={"a": "b"}, display_name="x", num_uses=3)["auth"]
    assert orphan["orphan"] is True and orphan["num_uses"] == 3, orphan
    batch = token.create(type="batch", policies=["default"], ttl="1h", renewable=False)["auth"]
    assert batch["client_token"].startswith("hvb.") and batch["accessor"] == "" and batch["token_type"] == "batch", batch
    wrapped = token.create(policies=["default"], wrap_ttl="1m")
    assert wrapped["auth"] is None and wrapped["wrap_info"]["wrapped_accessor"], wrapped
    assert token.create_orphan(policies=["default"], wrap_ttl="1m")["wrap_info"]["ttl"] == 60
    warned = token.create(policies=["not-there"])
    assert warned["warnings"] == ['Policy "not-there" does not exist'], warned
    refused(exceptions.InvalidRequest, token.create, policies=["default"], ttl="soon")
    refused(exceptions.InvalidRequest, token.create, policies=["default"], type="other")


def check_lookup(world):
    vault = world.client()
    made = vault.auth.token.create(policies=["default"], ttl="1h", meta={"a": "b"})["auth"]
    looked = vault.auth.token.lookup(made["client_token"])["data"]
    assert looked["id"] == made["client_token"] and looked["accessor"] == made["accessor"], looked
    assert looked["creation_ttl"] == 3600 and 0 < looked["ttl"] <= 3600 and looked["meta"] == {"a": "b"}, looked
    assert looked["policies"] == ["default"] and looked["path"] == "auth/token/create" and looked["num_uses"] == 0, looked
    assert vault.auth.token.lookup_accessor(made["accessor"])["data"]["id"] == ""
    self_ = world.client(token=made["client_token"])
    assert self_.auth.token.lookup_self()["data"]["accessor"] == made["accessor"]
    assert self_.lookup_token()["data"]["accessor"] == made["accessor"]
    assert vault.lookup_token(made["client_token"])["data"]["accessor"] == made["accessor"]
    assert vault.lookup_token(made["accessor"], accessor=True)["data"]["id"] == ""
    assert made["accessor"] in vault.auth.token.list_accessors()["data"]["keys"]
    error = refused(exceptions.Forbidden, vault.auth.token.lookup, "hvs.nobody")
    assert "bad token" in str(error)
    error = refused(exceptions.InvalidRequest, vault.auth.token.lookup_accessor, "nobody")
    assert "invalid accessor" in str(error)


def check_renewal(world):
    vault = world.client()
    made = vault.auth.token.create(policies=["default"], ttl="1h", explicit_max_ttl="3h")["auth"]
    assert vault.auth.token.renew(made["client_token"], increment="2h")["auth"]["lease_duration"] == 7200
    assert vault.auth.token.renew(made["client_token"], increment=600)["auth"]["lease_duration"] == 600
    # The increment that is not given is sent as null.
    assert vault.renew_token(made["client_token"])["auth"]["client_token"] == made["client_token"]
    assert vault.renew_token(made["client_token"], increment=1200)["auth"]["lease_duration"] == 1200
    capped = vault.auth.token.renew(made["client_token"], increment="99h")
    assert capped["auth"]["lease_duration"] <= 10800 and capped["warnings"], capped
    assert vault.auth.token.renew_accessor(made["accessor"], increment="5m")["auth"]["lease_duration"] == 300
    assert world.client(token=made["client_token"]).auth.token.renew_self(increment="20m")["auth"]["lease_duration"] == 1200
    assert vault.auth.token.renew(made["client_token"], wrap_ttl="1m")["wrap_info"]["ttl"] == 60
    assert vault.auth.token.renew_accessor(made["accessor"], wrap_ttl="1m")["wrap_info"]["ttl"] == 60
    assert world.client(token=made["client_token"]).auth.token.renew_self(wrap_ttl="1m")["wrap_info"]["ttl"] == 60
    error = refused(exceptions.InvalidRequest, vault.auth.token.renew, "hvs.nobody")
    assert "token not found" in str(error)
    refused(exceptions.InvalidRequest, vault.auth.token.renew_accessor, "nobody")
    batch = vault.auth.token.create(type="batch", policies=["default"], ttl="1h", renewable=False)["auth"]["client_token"]
    refused(exceptions.InvalidRequest, vault.auth.token.renew, batch)


def family(world):
    """A token, and a child of it."""
    parent = world.client().auth.token.create(policies=["root"])["auth"]
    child = world.client(token=parent["client_token"]).auth.token.create(policies=["default"])["auth"]
    return parent, child


def alive(world, auth):
    return world.client(token=auth["client_token"]).is_authenticated()


def check_revocation(world):
    vault = world.client()
    for revoke in [
        lambda auth: status(vault.auth.token.revoke(auth["client_token"]), 204),
        lambda auth: status(vault.auth.token.revoke_accessor(auth["accessor"]), 204),
        lambda auth: status(world.client(token=auth["client_token"]).auth.token.revoke_self(), 204),
        lambda auth: vault.revoke_token(auth["client_token"]),
        lambda auth: vault.revoke_token(auth["accessor"], accessor=True),
        lambda auth: world.client(token=auth["client_token"]).logout(revoke_token=True),
    ]:
        parent, child = family(world)
        assert alive(world, parent) and alive(world, child)
        revoke(parent)
        assert not alive(world, parent) and not alive(world, child)
    for revoke in [vault.auth.token.revoke_and_orphan_children, lambda token: vault.revoke_token(token, orphan=True)]:
        parent, child = family(world)
        revoke(parent["client_token"])
        assert not alive(world, parent) and alive(world, child)
        assert vault.auth.token.lookup(child["client_token"])["data"]["orphan"] is True
    status(vault.auth.token.revoke("hvs.nobody"), 204)
    refused(exceptions.InvalidRequest, vault.revoke_token, "x", orphan=True, accessor=True)
    refused(exceptions.Forbidden, world.client(token="hvs.nobody").auth.token.lookup_self)
    assert world.client(token="hvs.nobody").is_authenticated() is False
    assert world.client(token="").is_authenticated() is False


def check_roles(world):
    token = world.client().auth.token
    status(
        token.create_or_update_role(
            "night",
            allowed_policies=["default"],
            disallowed_policies=["root"],
            orphan=True,
            renewable=False,
            path_suffix="shift",
            allowed_entity_aliases=["nobody"],
            token_period="1h",
            token_explicit_max_ttl="4h",
        ),
        204,
    )
    role = token.read_role("night")["data"]
    assert role["allowed_policies"] == ["default"] and role["orphan"] is True and role["renewable"] is False, role
    assert (role["token_period"], role["token_explicit_max_ttl"], role["path_suffix"]) == (3600, 14400, "shift"), role
    assert token.list_roles()["data"]["keys"] == ["night"]
    made = token.create(role_name="night", policies=["default"])["auth"]
    assert made["orphan"] is True and made["renewable"] is False, made
    assert token.lookup(made["client_token"])["data"]["path"] == "auth/token/create/night/shift"
    refused(exceptions.InvalidRequest, token.create, role_name="night", policies=["other"])
    refused(exceptions.InvalidRequest, token.create, role_name="nobody")
    status(token.delete_role("night"), 204)
    refused(exceptions.InvalidPath, token.read_role, "night")
    refused(exceptions.InvalidPath, token.list_roles)


def check_tidy(world):
    # 202 with a warning: nothing but 200 is parsed by it.
    status(world.client().auth.token.tidy(), 202)
