package main

import (
	"fmt"
	"time"

	"github.com/openbao/openbao/api/v2"
)

var tokens = []check{
	{"creation", func(w *world) {
		token := w.root().Auth().Token()
		made := got(token.Create(&api.TokenCreateRequest{
			Policies: []string{"default"}, Metadata: map[string]string{"team": "red"}, TTL: "1h", ExplicitMaxTTL: "2h",
			DisplayName: "go", NumUses: 9, Renewable: pointer(true), Type: "service",
		}))
		that(made.Auth.LeaseDuration == 3600 && made.Auth.Renewable && !made.Auth.Orphan && made.Auth.Metadata["team"] == "red", made.Auth)
		same(got(made.TokenTTL()), time.Hour)
		same(got(made.TokenPolicies()), []string{"default"})
		that(got(token.CreateOrphan(&api.TokenCreateRequest{Policies: []string{"default"}})).Auth.Orphan)
		batch := got(token.Create(&api.TokenCreateRequest{Type: "batch", Policies: []string{"default"}, TTL: "1h", Renewable: pointer(false)}))
		that(batch.Auth.Accessor == "" && batch.Auth.ClientToken[:4] == "hvb.", batch.Auth)
		got(w.root().Logical().Write("auth/token/roles/go", object{"allowed_policies": "default", "orphan": true, "token_period": "1h"}))
		same(got(token.CreateWithRole(&api.TokenCreateRequest{Policies: []string{"default"}}, "go")).Auth.LeaseDuration, 3600)
		refused(badRequest, "", of(token.CreateWithRole(&api.TokenCreateRequest{}, "nobody")))
		same(got(token.Create(&api.TokenCreateRequest{Policies: []string{"none"}})).Warnings, []string{`Policy "none" does not exist`})
	}},
	{"lookup and renewal", func(w *world) {
		token := w.root().Auth().Token()
		made := got(token.Create(&api.TokenCreateRequest{Policies: []string{"default"}, TTL: "1h", ExplicitMaxTTL: "3h"})).Auth
		looked := got(token.Lookup(made.ClientToken))
		that(got(looked.TokenID()) == made.ClientToken && got(looked.TokenAccessor()) == made.Accessor && got(looked.TokenIsRenewable()), looked.Data)
		same(looked.Data["creation_ttl"], "3600")
		same(got(token.LookupAccessor(made.Accessor)).Data["id"], "")
		same(got(token.Renew(made.ClientToken, 600)).Auth.LeaseDuration, 600)
		same(got(token.RenewAccessor(made.Accessor, 700)).Auth.LeaseDuration, 700)
		same(got(token.RenewTokenAsSelf(made.ClientToken, 900)).Auth.LeaseDuration, 900)
		capped := got(token.Renew(made.ClientToken, 99*3600))
		that(capped.Auth.LeaseDuration <= 3*3600 && len(capped.Warnings) == 1, capped)
		refused(forbidden, "bad token", of(token.Lookup("hvs.nobody")))
		refused(badRequest, "token not found", of(token.Renew("hvs.nobody", 1)))
		refused(badRequest, "invalid accessor", of(token.LookupAccessor("nobody")))
		token = w.as(made.ClientToken).Auth().Token()
		same(got(token.LookupSelf()).Data["accessor"], made.Accessor)
		same(got(token.RenewSelf(800)).Auth.LeaseDuration, 800)
	}},
	{"revocation", func(w *world) {
		token := w.root().Auth().Token()
		for _, revoke := range []func(*api.SecretAuth){
			func(made *api.SecretAuth) { must(token.RevokeTree(made.ClientToken)) },
			func(made *api.SecretAuth) { must(token.RevokeAccessor(made.Accessor)) },
			// The argument is for old callers: it revokes the client's own.
			func(made *api.SecretAuth) {
				token := w.as(made.ClientToken).Auth().Token()
				must(token.RevokeSelf(""))
			},
		} {
			parent, child := family(w)
			revoke(parent)
			for _, made := range []*api.SecretAuth{parent, child} {
				refused(forbidden, "permission denied", of(w.as(made.ClientToken).Auth().Token().LookupSelf()))
			}
		}
		parent, child := family(w)
		must(token.RevokeOrphan(parent.ClientToken))
		that(got(w.as(child.ClientToken).Auth().Token().LookupSelf()).Data["orphan"] == true)
	}},
	{"a login", func(w *world) {
		logic := w.root().Logical()
		got(logic.Write("auth/userpass/users/alice", object{"password": "correct horse", "token_policies": "default", "token_ttl": "1h"}))
		client := w.as("")
		made := got(client.Logical().Write("auth/userpass/login/alice", object{"password": "correct horse"}))
		that(made.Auth.Metadata["username"] == "alice" && made.Auth.Renewable && made.Auth.MFARequirement == nil, made.Auth)
		client.SetToken(made.Auth.ClientToken)
		same(got(client.Auth().Token().LookupSelf()).Data["path"], "auth/userpass/login/alice")
		refused(badRequest, "invalid username or password", of(client.Logical().Write("auth/userpass/login/alice", object{"password": "x"})))
		sys := w.root().Sys()
		refused(missing, "", of(sys.MFAValidate("x", nil)))
	}},
	{"a watcher keeps a token alive", func(w *world) {
		made := got(w.root().Auth().Token().Create(&api.TokenCreateRequest{Policies: []string{"default"}, TTL: "1m"}))
		client := w.as(made.Auth.ClientToken)
		watcher := got(client.NewLifetimeWatcher(&api.LifetimeWatcherInput{Secret: made, Increment: 3600}))
		go watcher.Start()
		defer watcher.Stop()
		select {
		case renewal := <-watcher.RenewCh():
			same(renewal.Secret.Auth.LeaseDuration, 3600)
		case err := <-watcher.DoneCh():
			panic(fmt.Sprintf("ended: %v", err))
		}
	}},
}

// family makes a token, and a child of it.
func family(w *world) (parent, child *api.SecretAuth) {
	parent = got(w.root().Auth().Token().Create(&api.TokenCreateRequest{Policies: []string{"root"}})).Auth
	return parent, got(w.as(parent.ClientToken).Auth().Token().Create(&api.TokenCreateRequest{Policies: []string{"default"}})).Auth
}
