package main

import (
	"strings"
	"time"

	"github.com/openbao/openbao/api/v2"
)

var keyValues = []check{
	{"KV version 1", func(w *world) {
		kv1 := w.root().KVv1("plain")
		must(kv1.Put(ctx, "kv/a", object{"k": "v"}))
		same(got(kv1.Get(ctx, "kv/a")).Data["k"], "v")
		same(keysOf(got(kv1.List(ctx, "kv"))), []string{"a"})
		same(keysOf(got(kv1.Scan(ctx, "kv"))), []string{"a"})
		must(kv1.Delete(ctx, "kv/a"))
		that(strings.Contains(of(kv1.Get(ctx, "kv/a")).Error(), "secret not found"))
	}},
	{"KV version 2", func(w *world) {
		kv2 := w.root().KVv2("secret")
		one := got(kv2.Put(ctx, "kv/one", object{"a": "1"}, api.WithCheckAndSet(0)))
		that(one.VersionMetadata.Version == 1 && time.Since(one.VersionMetadata.CreatedTime) < time.Hour, one.VersionMetadata)
		refused(badRequest, "check-and-set", of(kv2.Put(ctx, "kv/one", object{}, api.WithCheckAndSet(0))))
		same(got(kv2.Put(ctx, "kv/one", object{"a": "2"})).VersionMetadata.Version, 2)
		// By merge patch, by reading and writing, and as the client chooses.
		same(got(kv2.Patch(ctx, "kv/one", object{"b": "3"}, api.WithMergeMethod("patch"))).VersionMetadata.Version, 3)
		same(got(kv2.Patch(ctx, "kv/one", object{"c": "4"}, api.WithMergeMethod("rw"))).VersionMetadata.Version, 4)
		same(got(kv2.Patch(ctx, "kv/one", object{"c": "5"}, api.WithCheckAndSet(4))).VersionMetadata.Version, 5)
		same(got(kv2.Get(ctx, "kv/one")).Data, object{"a": "2", "b": "3", "c": "5"})
		same(got(kv2.GetVersion(ctx, "kv/one", 1)).Data, object{"a": "1"})
		same(len(got(kv2.GetVersionsAsList(ctx, "kv/one"))), 5)
		same(got(kv2.Rollback(ctx, "kv/one", 1)).VersionMetadata.Version, 6)
		same(got(kv2.Get(ctx, "kv/one")).Data, object{"a": "1"})
		that(strings.Contains(of(kv2.Patch(ctx, "kv/none", object{"a": "1"})).Error(), "secret not found"))
	}},
	{"deletion of versions", func(w *world) {
		kv2 := w.root().KVv2("secret")
		must(kv2.Delete(ctx, "kv/one"))
		deleted := got(kv2.Get(ctx, "kv/one"))
		that(deleted.Data == nil && !deleted.VersionMetadata.DeletionTime.IsZero(), deleted)
		must(kv2.Undelete(ctx, "kv/one", []int{6}))
		must(kv2.DeleteVersions(ctx, "kv/one", []int{1, 2}))
		must(kv2.Destroy(ctx, "kv/one", []int{1}))
		versions := got(kv2.GetVersionsAsList(ctx, "kv/one"))
		that(versions[0].Destroyed && !versions[1].Destroyed && !versions[1].DeletionTime.IsZero() && versions[5].DeletionTime.IsZero(), versions)
	}},
	{"metadata", func(w *world) {
		kv2 := w.root().KVv2("secret")
		must(kv2.PutMetadata(ctx, "kv/one", api.KVMetadataPutInput{
			CASRequired: true, MaxVersions: 3, DeleteVersionAfter: time.Hour, CustomMetadata: object{"team": "red", "floor": "2"},
		}))
		must(kv2.PatchMetadata(ctx, "kv/one", api.KVMetadataPatchInput{CASRequired: pointer(false), CustomMetadata: object{"floor": nil}}))
		metadata := got(kv2.GetMetadata(ctx, "kv/one"))
		that(!metadata.CASRequired && metadata.MaxVersions == 3 && metadata.DeleteVersionAfter == time.Hour && metadata.CurrentVersion == 6, metadata)
		same(metadata.CustomMetadata, object{"team": "red"})
		got(kv2.Put(ctx, "kv/deep/two", object{"a": "1"}))
		same(keysOf(got(kv2.List(ctx, "kv"))), []string{"deep/", "one"})
		same(keysOf(got(kv2.Scan(ctx, "kv"))), []string{"deep/two", "one"})
		same(keysOf(got(kv2.ListWithDetails(ctx, "kv"))), []string{"deep/", "one"})
		same(keysOf(got(kv2.ScanWithDetails(ctx, "kv"))), []string{"deep/two", "one"})
		must(kv2.DeleteMetadata(ctx, "kv/one"))
		that(of(kv2.GetMetadata(ctx, "kv/one")) != nil)
	}},
}

func keysOf(list *api.KVList) []string { return list.Keys }
