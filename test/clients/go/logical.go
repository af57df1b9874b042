package main

import (
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/openbao/openbao/api/v2"
)

var logical = []check{
	{"reads, writes, lists, deletes", func(w *world) {
		logic := w.root().Logical()
		same(got(logic.Write("secret/data/go/a", object{"data": object{"k": "v"}})).Data["version"], 1)
		got(logic.WriteBytes("secret/data/go/a", []byte(`{"data":{"k":"w","n":12345678901234567890}}`)))
		read := got(logic.Read("secret/data/go/a")).Data["data"].(object)
		that(read["k"] == "w" && read["n"] == json.Number("12345678901234567890"), read)
		old := got(logic.ReadWithData("secret/data/go/a", map[string][]string{"version": {"1"}}))
		same(old.Data["data"], object{"k": "v"})
		raw := got(logic.ReadRaw("secret/data/go/a"))
		that(raw.StatusCode == 200 && strings.Contains(string(got(io.ReadAll(raw.Body))), `"n":12345678901234567890`))
		parsed := got(logic.ParseRawResponseAndCloseBody(logic.ReadRawWithData("secret/data/go/a", map[string][]string{"version": {"1"}})))
		same(parsed.Data["data"], object{"k": "v"})
		same(got(logic.JSONMergePatch(ctx, "secret/data/go/a", object{"data": object{"k": nil, "m": "x"}})).Data["version"], 3)
		same(got(logic.Read("secret/data/go/a")).Data["data"], object{"m": "x", "n": json.Number("12345678901234567890")})
		refused(missing, "", of(logic.JSONMergePatch(ctx, "secret/data/go/none", object{"data": object{}})))
		same(got(logic.List("secret/metadata/go")).Data["keys"], []any{"a"})
		that(got(logic.List("secret/metadata/none")) == nil && got(logic.Read("secret/data/none")) == nil)
		got(logic.Delete("secret/data/go/a"))
		deleted := got(logic.Read("secret/data/go/a"))
		that(deleted != nil && deleted.Data["data"] == nil, deleted)
		got(logic.DeleteWithData("secret/metadata/go/a", map[string][]string{"ignored": {"x"}}))
		that(got(logic.Read("secret/metadata/go/a")) == nil)
	}},
	{"pages and scans", func(w *world) {
		logic := w.root().Logical()
		for _, name := range []string{"p/a", "p/b", "p/c/d"} {
			got(logic.Write("plain/"+name, object{"k": name}))
		}
		same(got(logic.ListPage("plain/p", "a", 1)).Data["keys"], []any{"b"})
		same(got(logic.Scan("plain/p")).Data["keys"], []any{"a", "b", "c/d"})
		same(got(logic.ScanPage("plain/p", "a", 1)).Data["keys"], []any{"b"})
	}},
	{"wrapping by a function of the path", func(w *world) {
		client := w.root()
		logic := client.Logical()
		got(logic.Write("secret/data/wrapped", object{"data": object{"k": "v"}}))
		client.SetWrappingLookupFunc(func(operation, path string) string {
			if operation == "GET" && path == "secret/data/wrapped" {
				return "1m"
			}
			return ""
		})
		wrapped := got(logic.Read("secret/data/wrapped"))
		that(wrapped.Data == nil && wrapped.WrapInfo.TTL == 60 && wrapped.WrapInfo.CreationPath == "secret/data/wrapped", wrapped.WrapInfo)
		that(time.Since(wrapped.WrapInfo.CreationTime) < time.Hour)
		// By the token that is to be unwrapped, and by its own, which then is the request's.
		same(got(logic.Unwrap(wrapped.WrapInfo.Token)).Data["data"], object{"k": "v"})
		refused(badRequest, "wrapping token is not valid or does not exist", of(logic.Unwrap(wrapped.WrapInfo.Token)))
		again := got(logic.Read("secret/data/wrapped")).WrapInfo.Token
		same(got(w.as(again).Logical().Unwrap("")).Data["data"], object{"k": "v"})
		// Without a function the client asks for five minutes here.
		same(got(w.root().Logical().Write("sys/wrapping/wrap", object{"k": "v"})).WrapInfo.TTL, 300)
		refused(badRequest, "", of(logic.Unwrap("hvs.nobody")))
	}},
	{"refusals by status", func(w *world) {
		refused(forbidden, "permission denied", of(w.as("hvs.nobody").Logical().Read("secret/data/x")))
		refused(forbidden, "permission denied", of(w.as("").Logical().Write("secret/data/x", object{"data": object{}})))
		limited := w.as(w.holding("go-limited", `path "secret/data/mine" { capabilities = ["read"] }`))
		that(got(limited.Logical().Read("secret/data/mine")) == nil)
		refused(forbidden, "permission denied", of(limited.Logical().Write("secret/data/mine", object{"data": object{}})))
		refused(405, "unsupported operation", of(w.root().Logical().Write("sys/internal/ui/mounts", nil)))
		refused(badRequest, "no data provided", of(w.root().Logical().Write("secret/data/x", object{})))
		// What is not there is no error for reads, and one for writes.
		that(got(w.root().Logical().Read("nope/x")) == nil)
		refused(missing, "no handler for route", of(w.root().Logical().Write("nope/x", object{})))
	}},
	{"namespaces", func(w *world) {
		client := w.root()
		that(got(client.WithNamespace("root").Sys().ListMounts())["secret/"] != nil)
		client.SetNamespace("elsewhere")
		refused(missing, "namespace", of(client.Sys().ListMounts()))
		sys := w.root().Sys()
		// Reads take a 404 for no answer.
		that(len(got(sys.ListNamespaces())) == 0 && got(sys.ReadNamespace("x")) == nil && got(sys.NamespaceSealStatus("x")) == nil)
		only := "root namespace only"
		refused(badRequest, only, of(sys.UnsealNamespace(&api.UnsealNamespaceInput{Path: "x", Key: "00"})))
		refused(badRequest, only, of(sys.CreateNamespace("x", nil)))
		refused(wrongVerb, "", of(sys.PatchNamespace("x", &api.PatchNamespaceInput{})))
		got(sys.DeleteNamespace("x"))
		refused(badRequest, only, sys.SealNamespace("x"))
	}},
	{"rate limits are waited out", func(w *world) {
		logic := w.root().Logical()
		got(logic.Write("sys/quotas/rate-limit/slow", object{"path": "plain/", "rate": 1, "interval": "1s"}))
		got(logic.Read("plain/p/a"))
		// At most one of these fits the window.
		refused(429, "rate limit quota exceeded", firstError(func() error { return of(logic.Read("plain/p/a")) }))
		patient := w.root()
		patient.SetMaxRetries(10)
		same(got(patient.Logical().Read("plain/p/a")).Data["k"], "p/a")
		got(logic.Delete("sys/quotas/rate-limit/slow"))
	}},
}

// firstError calls until something is refused.
func firstError(call func() error) error {
	for {
		if err := call(); err != nil {
			return err
		}
	}
}
