package main

import (
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/openbao/openbao/api/v2"
)

var keys = []check{
	{"rotation", func(w *world) {
		sys := w.root().Sys()
		before := got(sys.KeyStatus())
		that(before.Term > 0 && !before.InstallTime.IsZero(), before)
		must(sys.Rotate())
		must(sys.RotateKeyring())
		same(got(sys.KeyStatus()).Term, before.Term+2)
	}},
	{"a root token by shares", func(w *world) {
		sys := w.root().Sys()
		idle := got(sys.GenerateRootStatus())
		that(!idle.Started && idle.OTPLength == 28 && idle.Required == 2, idle)
		refused(badRequest, "", of(sys.GenerateRootInit("short", "")))
		got(sys.GenerateRootInit("", ""))
		must(sys.GenerateRootCancel())
		started := got(sys.GenerateRootInit("", ""))
		refused(badRequest, "", of(sys.GenerateRootUpdate(w.shares[0], "wrong")))
		same(got(sys.GenerateRootUpdate(w.shares[0], started.Nonce)).Progress, 1)
		done := got(sys.GenerateRootUpdate(w.shares[1], started.Nonce))
		that(done.Complete, done)
		mixed := got(base64.RawStdEncoding.DecodeString(done.EncodedToken))
		for i := range mixed {
			mixed[i] ^= started.OTP[i]
		}
		same(got(w.as(string(mixed)).Auth().Token().LookupSelf()).Data["policies"], []any{"root"})
	}},
	{"tokens for recovery are not here", func(w *world) {
		sys := w.root().Sys()
		refused(missing, "", of(sys.GenerateRecoveryOperationTokenStatus()))
		refused(missing, "", of(sys.GenerateRecoveryOperationTokenInit("", "")))
		refused(missing, "", of(sys.GenerateRecoveryOperationTokenUpdate("00", "x")))
		refused(missing, "", sys.GenerateRecoveryOperationTokenCancel())
	}},
	{"rekey", func(w *world) {
		sys := w.root().Sys()
		that(!got(sys.RekeyStatus()).Started)
		got(sys.RekeyInit(&api.RekeyInitRequest{SecretShares: 3, SecretThreshold: 2}))
		must(sys.RekeyCancel())
		started := got(sys.RekeyInit(&api.RekeyInitRequest{SecretShares: 3, SecretThreshold: 2, RequireVerification: true}))
		that(started.Started && started.T == 2 && started.N == 3 && started.Required == 2 && started.VerificationRequired, started)
		refused(badRequest, "", of(sys.RekeyUpdate(w.shares[0], "wrong")))
		that(!got(sys.RekeyUpdate(w.shares[0], started.Nonce)).Complete)
		done := got(sys.RekeyUpdate(w.shares[1], started.Nonce))
		that(done.Complete && len(done.Keys) == 3 && done.VerificationNonce != "", done)
		status := got(sys.RekeyVerificationStatus())
		that(status.Started && status.Nonce == done.VerificationNonce && status.T == 2, status)
		that(!got(sys.RekeyVerificationUpdate(done.Keys[0], status.Nonce)).Complete)
		must(sys.RekeyVerificationCancel())
		nonce := got(sys.RekeyVerificationStatus()).Nonce
		that(!got(sys.RekeyVerificationUpdate(done.Keys[0], nonce)).Complete)
		that(got(sys.RekeyVerificationUpdate(done.Keys[2], nonce)).Complete)
		w.shares = done.Keys
	}},
	{"what is kept of a rekey", func(w *world) {
		sys := w.root().Sys()
		refused(badRequest, "no backed-up keys found", of(sys.RekeyRetrieveBackup()))
		must(sys.RekeyDeleteBackup())
	}},
	{"the same by the newer paths", func(w *world) {
		sys := w.root().Sys()
		that(!got(sys.RotateRootStatus()).Started)
		wish := &api.RotateInitRequest{SecretShares: 3, SecretThreshold: 2, RequireVerification: true}
		started := patiently(func() (*api.RotateStatusResponse, error) { return sys.RotateRootInit(wish) })
		that(started.Started && started.N == 3, started)
		must(sys.RotateRootCancel())
		started = got(sys.RotateRootInit(wish))
		refused(badRequest, "", of(sys.RotateRootUpdate(w.shares[0], "wrong")))
		that(!got(sys.RotateRootUpdate(w.shares[0], started.Nonce)).Complete)
		done := got(sys.RotateRootUpdate(w.shares[1], started.Nonce))
		that(done.Complete && len(done.Keys) == 3, done)
		that(got(sys.RotateRootVerificationStatus()).Started)
		must(sys.RotateRootVerificationCancel())
		nonce := got(sys.RotateRootVerificationStatus()).Nonce
		that(!got(sys.RotateRootVerificationUpdate(done.Keys[0], nonce)).Complete)
		that(got(sys.RotateRootVerificationUpdate(done.Keys[1], nonce)).Complete)
		w.shares = done.Keys
		refused(badRequest, "no backed-up keys found", of(sys.RotateRootRetrieveBackup()))
		must(sys.RotateRootDeleteBackup())
		// In one step, without new shares: for seals that have none.
		refused(missing, "", sys.RotateRoot())
	}},
	{"recovery keys are refused in words", func(w *world) {
		sys := w.root().Sys()
		for _, err := range []error{
			of(sys.RekeyRecoveryKeyStatus()),
			of(sys.RekeyRecoveryKeyInit(&api.RekeyInitRequest{SecretShares: 1, SecretThreshold: 1})),
			sys.RekeyRecoveryKeyCancel(),
			of(sys.RekeyRecoveryKeyUpdate("00", "x")),
			of(sys.RekeyRecoveryKeyVerificationStatus()),
			of(sys.RekeyRecoveryKeyVerificationUpdate("00", "x")),
			sys.RekeyRecoveryKeyVerificationCancel(),
			of(sys.RekeyRetrieveRecoveryBackup()),
			sys.RekeyDeleteRecoveryBackup(),
			of(sys.RotateRecoveryStatus()),
			of(sys.RotateRecoveryInit(&api.RotateInitRequest{SecretShares: 1, SecretThreshold: 1})),
			sys.RotateRecoveryCancel(),
			of(sys.RotateRecoveryUpdate("00", "x")),
			of(sys.RotateRecoveryVerificationStatus()),
			of(sys.RotateRecoveryVerificationUpdate("00", "x")),
			sys.RotateRecoveryVerificationCancel(),
			of(sys.RotateRecoveryRetrieveBackup()),
			sys.RotateRecoveryDeleteBackup(),
		} {
			refused(badRequest, "recovery keys are not supported", err)
		}
	}},
}

// patiently starts a rekey once the storage is under the root key of the one before.
func patiently[T any](start func() (T, error)) T {
	for {
		value, err := start()
		var response *api.ResponseError
		if errors.As(err, &response) && response.StatusCode == sealed && strings.Contains(response.Errors[0], "try again") {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		return got(value, err)
	}
}
