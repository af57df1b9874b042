package main

import (
	"bytes"
)

var sealing = []check{
	{"backup and restore", func(w *world) {
		root := w.root()
		sys, kv2 := root.Sys(), root.KVv2("secret")
		got(kv2.Put(ctx, "restored", object{"is": "before"}))
		var backup bytes.Buffer
		// It looks for the file of sums at the archive's end.
		must(sys.RaftSnapshot(&backup))
		got(kv2.Put(ctx, "restored", object{"is": "after"}))
		restore := func(force bool, bytes_ []byte) error { return sys.RaftSnapshotRestore(bytes.NewReader(bytes_), force) }
		refused(badRequest, "the audit has seen revision", restore(false, backup.Bytes()))
		refused(badRequest, "", restore(true, backup.Bytes()[:100]))
		must(restore(true, backup.Bytes()))
		same(got(kv2.Get(ctx, "restored")).Data["is"], "before")
	}},
	{"seal, and a client that waits until it is over", func(w *world) {
		root := w.root()
		sys := root.Sys()
		must(sys.Seal())
		that(got(sys.SealStatus()).Sealed)
		refused(sealed, "Vault is sealed", of(root.KVv2("secret").Get(ctx, "restored")))
		health := got(sys.Health())
		that(health.Sealed && health.Standby, health)
		patient := w.root()
		patient.SetMaxRetries(100)
		answered := make(chan error)
		go func() { answered <- of(patient.Logical().Read("secret/data/restored")) }()
		got(sys.Unseal(w.shares[0]))
		got(sys.Unseal(w.shares[1]))
		must(<-answered)
	}},
}
