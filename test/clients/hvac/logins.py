"""Users, their logins, and what a token may do."""

from hvac import exceptions
from world import refused, status


def check_users(world):
    users = world.client().auth.userpass
    status(users.create_or_update_user("alice", "first password", policies="default", token_ttl="1h"), 204)
    status(users.create_or_update_user("bob", "b", token_policies=["default"]), 204)
    assert users.list_user()["data"]["keys"] == ["alice", "bob"]
    read = users.read_user("alice")["data"]
    assert read["token_policies"] == ["default"] and read["token_ttl"] == 3600, read
    status(users.update_password_on_user("alice", "second password"), 204)
    refused(exceptions.InvalidRequest, users.login, "alice", "first password")
    status(users.delete_user("bob"), 204)
    refused(exceptions.InvalidPath, users.read_user, "bob")


def check_logins(world):
    vault = world.client(token="")
    made = vault.auth.userpass.login("alice", "second password")["auth"]
    assert made["metadata"] == {"username": "alice"} and made["lease_duration"] == 3600, made
    assert vault.token == made["client_token"] and vault.is_authenticated()
    assert vault.auth.token.renew_self()["auth"]["renewable"] is True
    kept = world.client()
    kept.auth.userpass.login("alice", "second password", use_token=False)
    assert kept.token == world.root_token
    generic = world.client(token="")
    generic.login("/v1/auth/userpass/login/alice", json={"password": "second password"})
    assert generic.is_authenticated()
    generic.logout()
    assert generic.token is None
    refused(exceptions.InvalidRequest, vault.auth.userpass.login, "nobody", "x")


def check_lockout_ends_by_its_name(world):
    vault = world.client()
    vault.auth.userpass.create_or_update_user("carol", "c")
    for _ in range(5):
        refused(exceptions.InvalidRequest, vault.auth.userpass.login, "carol", "wrong")
    refused(exceptions.Forbidden, vault.auth.userpass.login, "carol", "c")
    accessor = vault.sys.list_auth_methods()["data"]["userpass/"]["accessor"]
    vault.write(f"sys/locked-users/{accessor}/unlock/carol")
    vault.auth.userpass.login("carol", "c", use_token=False)


def check_capabilities(world):
    vault = world.client()
    made = vault.auth.token.create(policies=["default"])["auth"]
    path = "auth/token/lookup-self"
    for answer in [
        vault.sys.get_capabilities([path], token=made["client_token"]),
        vault.sys.get_capabilities([path], accessor=made["accessor"]),
        world.client(token=made["client_token"]).sys.get_capabilities([path]),
    ]:
        assert answer["capabilities"] == answer["data"][path] == ["read"], answer
    both = vault.sys.get_capabilities([path, "secret/data/x"], token=made["client_token"])["data"]
    assert both["secret/data/x"] == ["deny"], both
    assert vault.sys.get_capabilities(["x"])["data"]["x"] == ["root"]
    refused(exceptions.InvalidRequest, vault.sys.get_capabilities, [path], accessor="nobody")
