package main

import "github.com/openbao/openbao/api/v2"

func issue(w *world) *api.Secret { return got(w.root().Logical().Read("keys/creds/app")) }

var leases = []check{
	{"leases", func(w *world) {
		logic := w.root().Logical()
		sys := w.root().Sys()
		got(logic.Write("keys/config", object{"url": w.serviceURL, "token": "service-token"}))
		got(logic.Write("keys/roles/app", object{"ttl": "1h"}))
		issued := issue(w)
		that(issued.Renewable && issued.LeaseDuration == 3600, issued)
		same(got(sys.Lookup(issued.LeaseID)).Data["id"], issued.LeaseID)
		same(got(sys.Renew(issued.LeaseID, 600)).LeaseDuration, 600)
		refused(badRequest, "", of(sys.Renew("keys/creds/app/none", 0)))
		must(sys.Revoke(issued.LeaseID))
		refused(badRequest, "", of(sys.Lookup(issued.LeaseID)))
	}},
	{"revocation of many", func(w *world) {
		logic := w.root().Logical()
		sys := w.root().Sys()
		for _, revoke := range []func(id string) error{
			func(id string) error { return sys.RevokeWithOptions(&api.RevokeOptions{LeaseID: id, Sync: true}) },
			func(string) error {
				return sys.RevokeWithOptions(&api.RevokeOptions{LeaseID: "keys/creds/app", Prefix: true, Sync: true})
			},
			func(string) error {
				return sys.RevokeWithOptions(&api.RevokeOptions{LeaseID: "keys/", Force: true, Prefix: true})
			},
			func(string) error { return sys.RevokePrefix("keys/creds/") },
			func(string) error { return sys.RevokeForce("keys/creds") },
		} {
			id := issue(w).LeaseID
			must(revoke(id))
			refused(badRequest, "", of(sys.Lookup(id)))
			that(got(logic.List("sys/leases/lookup/keys/creds/app")) == nil)
		}
	}},
	{"a watcher keeps a lease alive", func(w *world) {
		got(w.root().Logical().Write("keys/roles/brief", object{"ttl": "1m", "max_ttl": "1h"}))
		issued := got(w.root().Logical().Read("keys/creds/brief"))
		watcher := got(w.root().NewLifetimeWatcher(&api.LifetimeWatcherInput{Secret: issued, Increment: 600}))
		go watcher.Start()
		defer watcher.Stop()
		select {
		case renewal := <-watcher.RenewCh():
			same(renewal.Secret.LeaseID, issued.LeaseID)
		case err := <-watcher.DoneCh():
			panic(err)
		}
	}},
}
