"""The generic methods, both adapters, wrapping, and which class each refusal has."""

from hvac import adapters, exceptions
from world import refused, status


def check_generic(world):
    vault = world.client()
    written = vault.write("secret/data/generic/a", data={"k": "v"})
    assert written["data"]["version"] == 1
    assert vault.write_data("secret/data/generic/a", data={"data": {"path": "p"}})["data"]["version"] == 2
    assert vault.read("secret/data/generic/a")["data"]["data"] == {"path": "p"}
    # Its list asks by `?list=True`.
    assert vault.list("secret/metadata/generic")["data"]["keys"] == ["a"]
    assert vault.list("secret/metadata/none") is None
    assert vault.read("secret/data/none") is None
    assert vault.delete("secret/data/generic/a") is None
    assert vault.read("secret/data/generic/a") is None
    vault.write("plain/generic", k="v")
    assert vault.read("plain/generic")["data"] == {"k": "v"}
    assert "sys/health" not in vault.get_policy("default") and "lookup-self" in vault.get_policy("default")
    assert vault.get_policy("none") is None
    assert vault.read("sys/leader")["ha_enabled"] is False


def check_adapters(world):
    raw = world.client(adapter=adapters.RawAdapter)
    answer = raw.adapter.get("/v1/sys/seal-status")
    assert answer.status_code == 200 and answer.json()["sealed"] is False
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    strict = world.client(strict_http=True)
    assert "default" in strict.sys.list_acl_policies()["data"]["keys"]
    # It takes doubled slashes out by itself.
    assert world.client().adapter.get("/v1//sys//mounts")["data"]["secret/"]
    assert raw.adapter.request("head", "/v1/sys/health").status_code == 200
    namespaced = world.client(namespace="root")
    assert namespaced.sys.list_mounted_secrets_engines()["data"]["secret/"]
    refused(exceptions.InvalidPath, world.client(namespace="elsewhere").sys.list_mounted_secrets_engines)
    silent = world.client(token="hvs.nobody")
    assert silent.adapter.get("/v1/secret/data/x", raise_exception=False).status_code == 403


def check_wrapping(world):
    vault = world.client()
    vault.secrets.kv.v2.create_or_update_secret("wrapped", {"k": "v"})
    wrapped = vault.read("secret/data/wrapped", wrap_ttl="1m")
    assert wrapped["data"] is None and wrapped["wrap_info"]["ttl"] == 60, wrapped
    assert wrapped["wrap_info"]["creation_path"] == "secret/data/wrapped"
    token = wrapped["wrap_info"]["token"]
    assert vault.write("sys/wrapping/lookup", token=token)["data"]["creation_ttl"] == 60
    token = vault.write("sys/wrapping/rewrap", token=token)["wrap_info"]["token"]
    assert vault.sys.unwrap(token)["data"]["data"] == {"k": "v"}
    error = refused(exceptions.InvalidRequest, vault.sys.unwrap, token)
    assert "wrapping token is not valid or does not exist" in str(error)
    own = vault.sys.wrap({"a": {"b": 1}}, ttl=120)["wrap_info"]
    assert own["ttl"] == 120
    # The wrapping token as the token of the request.
    assert world.client(token=own["token"]).sys.unwrap()["data"] == {"a": {"b": 1}}
    assert vault.sys.wrap()["wrap_info"]["ttl"] == 60
    # As an argument ahead of the data, which the method is told apart by.
    assert vault.write("secret/data/wrapped", "30s", data={"k": "w"})["wrap_info"]["ttl"] == 30
    assert vault.write_data("secret/data/wrapped", data={"data": {}}, wrap_ttl="1h")["wrap_info"]["ttl"] == 3600
    assert vault.lookup_token(wrap_ttl="1m")["wrap_info"]["ttl"] == 60


def check_login_by_a_wrapped_token(world):
    wrapped = world.client().auth.token.create(policies=["default"], wrap_ttl="1m")["wrap_info"]
    client = world.client(token="")
    client.auth_cubbyhole(wrapped["token"])
    assert client.auth.token.lookup_self()["data"]["accessor"] == wrapped["wrapped_accessor"]


def check_classes_of_refusals(world):
    vault = world.client()
    limited = world.client(token=world.token_with('path "secret/data/mine" { capabilities = ["read"] }'))
    refused(exceptions.Forbidden, limited.secrets.kv.v2.create_or_update_secret, "mine", {})
    refused(exceptions.Forbidden, limited.secrets.kv.v2.read_secret, "other", raise_on_deleted_version=True)
    refused(exceptions.InvalidPath, limited.secrets.kv.v2.read_secret, "mine", raise_on_deleted_version=True)
    error = refused(exceptions.Forbidden, world.client(token="hvs.nobody").list, "secret/metadata/x")
    assert "permission denied" in str(error)
    refused(exceptions.Forbidden, world.client(token="").write, "secret/data/x", data={})
    refused(exceptions.InvalidRequest, vault.write_data, "secret/data/x", data={})
    error = refused(exceptions.InvalidPath, vault.adapter.get, "/v1/nope/x")
    assert error.errors == ['no handler for route "nope/x". route entry not found.'], error.errors
    # 405 has no class of its own.
    refused(exceptions.UnexpectedError, vault.adapter.post, "/v1/sys/seal-status")
    refused(exceptions.UnexpectedError, vault.adapter.post, "/v1/secret/data/x", data=b"x" * (33 << 20))


def check_parsed_policies(world):
    # Parsing needs a package that does not come with it.
    refused(ImportError, world.client().get_policy, "default", parse=True)
