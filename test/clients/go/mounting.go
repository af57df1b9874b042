package main

import (
	"github.com/openbao/openbao/api/v2"
)

func pointer[T any](value T) *T { return &value }

var mounting = []check{
	{"mounts", func(w *world) {
		sys := w.root().Sys()
		must(sys.Mount("plain", &api.MountInput{Type: "kv", Description: "by Go", Options: map[string]string{"version": "1"}}))
		must(sys.Mount("nested/two", &api.MountInput{Type: "kv-v2", Config: api.MountConfigInput{DefaultLeaseTTL: "1h", MaxLeaseTTL: "2h"}}))
		refused(badRequest, "path is already in use", sys.Mount("plain", &api.MountInput{Type: "kv"}))
		refused(badRequest, "", sys.Mount("none", &api.MountInput{Type: "no-such-engine"}))
		mounts := got(sys.ListMounts())
		that(mounts["plain/"].Description == "by Go" && mounts["plain/"].Options["version"] == "1" && mounts["plain/"].UUID != "", mounts["plain/"])
		same(mounts["nested/two/"].Config.DefaultLeaseTTL, 3600)
		info := got(sys.MountInfo("plain"))
		that(info.Type == "kv" && info.Accessor == mounts["plain/"].Accessor, info)
		refused(badRequest, "No secret engine mount at nope/", of(sys.MountInfo("nope")))
	}},
	{"tuning", func(w *world) {
		sys := w.root().Sys()
		must(sys.TuneMount("plain", api.MountConfigInput{
			DefaultLeaseTTL:           "30m",
			MaxLeaseTTL:               "1h",
			Description:               pointer("tuned"),
			AuditNonHMACRequestKeys:   []string{"a"},
			AuditNonHMACResponseKeys:  []string{"b"},
			ListingVisibility:         "unauth",
			PassthroughRequestHeaders: []string{"X-Mine"},
			AllowedResponseHeaders:    []string{"X-Other"},
		}))
		tuned := got(sys.MountConfig("plain"))
		that(tuned.DefaultLeaseTTL == 1800 && tuned.MaxLeaseTTL == 3600 && tuned.ListingVisibility == "unauth", tuned)
		same(tuned.AuditNonHMACRequestKeys, []string{"a"})
		same(tuned.PassthroughRequestHeaders, []string{"X-Mine"})
		same(tuned.AllowedResponseHeaders, []string{"X-Other"})
		same(got(sys.MountInfo("plain")).Description, "tuned")
		// What is not given is sent as "": unchanged.
		must(sys.TuneMount("plain", api.MountConfigInput{Options: map[string]string{"version": "1"}}))
		same(got(sys.MountConfig("plain")).DefaultLeaseTTL, 1800)
		refused(badRequest, "default_lease_ttl", sys.TuneMount("plain", api.MountConfigInput{DefaultLeaseTTL: "soon"}))
	}},
	{"remounting, waiting for its end", func(w *world) {
		root := w.root()
		sys := root.Sys()
		got(root.KVv2("nested/two").Put(ctx, "kept", object{"a": "1"}))
		must(sys.Remount("nested/two", "moved"))
		same(got(root.KVv2("moved").Get(ctx, "kept")).Data["a"], "1")
		started := got(sys.StartRemount("moved", "moved-again"))
		status := got(sys.RemountStatus(started.MigrationID))
		that(status.MigrationID == started.MigrationID && status.MigrationInfo.SourceMount == "moved/" && status.MigrationInfo.TargetMount == "moved-again/", status.MigrationInfo)
		refused(badRequest, "", sys.Remount("nope", "elsewhere"))
		must(sys.Unmount("moved-again"))
		must(sys.Unmount("moved-again"))
	}},
	{"auth methods", func(w *world) {
		sys := w.root().Sys()
		must(sys.EnableAuthWithOptions("people", &api.EnableAuthOptions{Type: "userpass", Description: "by Go", Config: api.AuthConfigInput{DefaultLeaseTTL: "1h"}}))
		must(sys.EnableAuth("others", "userpass", "old form"))
		refused(badRequest, "path is already in use", sys.EnableAuth("people", "userpass", ""))
		methods := got(sys.ListAuth())
		that(methods["people/"].Config.DefaultLeaseTTL == 3600 && methods["others/"].Description == "old form" && methods["token/"] != nil, methods)
		// By the path that needs no sudo.
		must(sys.TuneMount("auth/people", api.MountConfigInput{
			DefaultLeaseTTL:   "10m",
			TokenType:         "default-batch",
			UserLockoutConfig: &api.UserLockoutConfigInput{LockoutThreshold: "3", LockoutDuration: "10m", LockoutCounterResetDuration: "5m", DisableLockout: pointer(false)},
		}))
		tuned := got(sys.MountConfig("auth/people"))
		that(tuned.DefaultLeaseTTL == 600 && tuned.TokenType == "default-batch", tuned)
		// Vault answers these by names that the client's own type does not have.
		raw := got(w.root().Logical().Read("sys/auth/people/tune")).Data
		same([]any{raw["user_lockout_threshold"], raw["user_lockout_duration"]}, []any{"3", "600"})
		must(sys.DisableAuth("people"))
		must(sys.DisableAuth("others"))
		that(got(sys.ListAuth())["people/"] == nil)
	}},
	{"plugins, as they are here", func(w *world) {
		sys := w.root().Sys()
		listed := got(sys.ListPlugins(&api.ListPluginsInput{}))
		that(len(listed.PluginsByType[api.PluginTypeSecrets]) > 0, listed)
		that(got(sys.GetPlugin(&api.GetPluginInput{Name: "kv", Type: api.PluginTypeSecrets})).Builtin)
		refused(badRequest, "config file", sys.RegisterPlugin(&api.RegisterPluginInput{Name: "x", Type: api.PluginTypeSecrets, Command: "x", SHA256: "00"}))
		refused(badRequest, "config file", sys.DeregisterPlugin(&api.DeregisterPluginInput{Name: "x", Type: api.PluginTypeSecrets}))
		got(sys.ReloadPlugin(&api.ReloadPluginInput{Plugin: "kv"}))
		refused(missing, "", of(sys.ReloadPluginStatus(&api.ReloadPluginStatusInput{ReloadID: "x"})))
	}},
}
