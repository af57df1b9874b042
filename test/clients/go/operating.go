package main

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openbao/openbao/api/v2"
)

const rules = `path "secret/data/app" { capabilities = ["read"] }`

var operating = []check{
	{"policies", func(w *world) {
		sys := w.root().Sys()
		must(sys.PutPolicy("go", rules))
		same(got(sys.GetPolicy("go")), rules)
		names := got(sys.ListPolicies())
		that(slices.Contains(names, "go") && names[len(names)-1] == "root", names)
		refused(badRequest, "", sys.PutPolicy("bad", "path {"))
		must(sys.DeletePolicy("go"))
		must(sys.DeletePolicy("go"))
		same(got(sys.GetPolicy("go")), "")
	}},
	{"capabilities", func(w *world) {
		held := w.holding("go-held", rules)
		sys := w.root().Sys()
		same(got(sys.Capabilities(held, "secret/data/app")), []string{"read"})
		sys = w.as(held).Sys()
		same(got(sys.CapabilitiesSelf("secret/data/app")), []string{"read"})
		same(got(sys.CapabilitiesSelf("secret/data/other")), []string{"deny"})
	}},
	{"audit devices", func(w *world) {
		sys := w.root().Sys()
		options := map[string]string{"file_path": filepath.Join(w.devices, "go.log")}
		must(sys.EnableAuditWithOptions("second", &api.EnableAuditOptions{Type: "file", Description: "by Go", Options: options}))
		same(got(sys.ListAudit())["second/"].Description, "by Go")
		that(strings.HasPrefix(got(sys.AuditHash("second", "x")), "hmac-sha256:"))
		must(sys.DisableAudit("second"))
		must(sys.EnableAudit("second", "file", "old form", options))
		refused(badRequest, "path already in use", sys.EnableAudit("second", "file", "", options))
		must(sys.DisableAudit("second"))
		that(got(sys.ListAudit())["second/"] == nil)
	}},
	{"cross-origin requests", func(w *world) {
		sys := w.root().Sys()
		must(sys.ConfigureCORS(&api.CORSRequest{AllowedOrigins: []string{"https://example.com"}, AllowedHeaders: []string{"X-Mine"}, Enabled: true}))
		status := got(sys.CORSStatus())
		that(status.Enabled && slices.Equal(status.AllowedOrigins, []string{"https://example.com"}) && slices.Contains(status.AllowedHeaders, "X-Mine"), status)
		must(sys.DisableCORS())
		that(!got(sys.CORSStatus()).Enabled)
	}},
	{"the log as it is written", func(w *world) {
		sys := w.root().Sys()
		watching, stop := context.WithCancel(ctx)
		defer stop()
		lines := got(sys.Monitor(watching, "debug", "json"))
		// Something that is logged when it is done.
		got(w.root().Logical().Write("sys/leases/tidy", nil))
		line, open := <-lines
		that(open && strings.HasPrefix(line, "{") && strings.Contains(line, "tidied"), line)
	}},
	{"Raft, of which backup and restore are here", func(w *world) {
		sys := w.root().Sys()
		refused(missing, "", of(sys.RaftJoin(&api.RaftJoinRequest{LeaderAPIAddr: "https://127.0.0.1:1"})))
		// It takes a 404 for no answer.
		that(got(sys.RaftAutopilotState()) == nil)
		that(got(sys.RaftAutopilotConfiguration()) == nil)
		refused(missing, "", sys.PutRaftAutopilotConfiguration(&api.AutopilotConfig{}))
	}},
}
