package main

import (
	"strings"

	"github.com/openbao/openbao/api/v2"
)

var first = []check{
	{"a server that is not initialized", func(w *world) {
		sys := w.as("").Sys()
		same(got(sys.InitStatus()), false)
		health := got(sys.Health())
		that(!health.Initialized && health.Sealed, health)
		that(got(sys.SealStatus()).Sealed)
		refused(sealed, "", of(w.as("").Logical().Read("secret/data/x")))
	}},
	{"a certificate of another authority is refused", func(w *world) {
		client := got(api.NewClient(&api.Config{Address: w.address, MaxRetries: 0}))
		err := of(client.Sys().SealStatus())
		that(err != nil && strings.Contains(err.Error(), "certificate"), err)
	}},
	{"init", func(w *world) {
		sys := w.as("").Sys()
		refused(badRequest, "", of(sys.Init(&api.InitRequest{SecretShares: 2, SecretThreshold: 3})))
		refused(badRequest, "PGP", of(sys.Init(&api.InitRequest{SecretShares: 1, SecretThreshold: 1, PGPKeys: []string{"a2V5"}})))
		made := got(sys.Init(&api.InitRequest{SecretShares: 3, SecretThreshold: 2}))
		same(len(made.KeysB64), 3)
		w.shares, w.rootToken = made.Keys, made.RootToken
		same(got(sys.InitStatus()), true)
		refused(badRequest, "already initialized", of(sys.Init(&api.InitRequest{SecretShares: 1, SecretThreshold: 1})))
	}},
	{"unseal", func(w *world) {
		sys := w.as("").Sys()
		same(got(sys.Unseal(w.shares[0])).Progress, 1)
		same(got(sys.ResetUnsealProcess()).Progress, 0)
		same(got(sys.UnsealWithOptions(&api.UnsealOpts{Key: w.shares[0]})).Progress, 1)
		status := got(sys.Unseal(w.shares[2]))
		that(!status.Sealed && status.Type == "shamir" && status.T == 2 && status.N == 3 && status.ClusterID != "", status)
		health := got(sys.Health())
		that(health.Initialized && !health.Sealed && !health.Standby && health.ServerTimeUTC > 0, health)
	}},
	{"leader, nodes, steps down", func(w *world) {
		sys := w.root().Sys()
		that(!got(sys.Leader()).HAEnabled)
		nodes := got(sys.HAStatus()).Nodes
		that(len(nodes) == 1 && nodes[0].ActiveNode, nodes)
		must(sys.StepDown())
	}},
}
