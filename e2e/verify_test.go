//go:build goolm

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/verificationhelper"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// verifier is a phone's side of verifications by emoji. It takes part in one at a time.
type verifier struct {
	*verificationhelper.VerificationHelper
	steps chan step
}

// step is what a verification has come to.
type step struct {
	what  string // asked, ready, shown, done, cancelled
	txn   id.VerificationTransactionID
	emoji []string
	code  event.VerificationCancelCode
}

// verifies makes a phone take part in verifications. It must not sync yet.
func (p *phone) verifies(t *testing.T) {
	t.Helper()
	p.Crypto = &helper{p.crypto}
	p.verifier = &verifier{steps: make(chan step, 100)}
	p.verifier.VerificationHelper = verificationhelper.NewVerificationHelper(p.Client, p.crypto, nil, p.verifier, false, false, true)
	if err := p.verifier.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// VerificationRequested implements verificationhelper.RequiredCallbacks.
func (v *verifier) VerificationRequested(_ context.Context, txn id.VerificationTransactionID, _ id.UserID, _ id.DeviceID) {
	v.steps <- step{what: "asked", txn: txn}
}

// VerificationReady implements verificationhelper.RequiredCallbacks.
func (v *verifier) VerificationReady(_ context.Context, txn id.VerificationTransactionID, _ id.DeviceID, _, _ bool, _ *verificationhelper.QRCode) {
	v.steps <- step{what: "ready", txn: txn}
}

// VerificationCancelled implements verificationhelper.RequiredCallbacks.
func (v *verifier) VerificationCancelled(_ context.Context, txn id.VerificationTransactionID, code event.VerificationCancelCode, _ string) {
	v.steps <- step{what: "cancelled", txn: txn, code: code}
}

// VerificationDone implements verificationhelper.RequiredCallbacks.
func (v *verifier) VerificationDone(_ context.Context, txn id.VerificationTransactionID, _ event.VerificationMethod) {
	v.steps <- step{what: "done", txn: txn}
}

// ShowSAS implements verificationhelper.ShowSASCallbacks.
func (v *verifier) ShowSAS(_ context.Context, txn id.VerificationTransactionID, emoji []rune, names []string, _ []int) {
	s := step{what: "shown", txn: txn}
	for i, e := range emoji {
		s.emoji = append(s.emoji, plainEmoji(fmt.Sprintf("%c %s", e, names[i])))
	}
	v.steps <- s
}

// plainEmoji is an emoji with its name as every implementation writes it: without the mark that asks for a coloured picture.
func plainEmoji(text string) string { return strings.ToLower(strings.ReplaceAll(text, "\ufe0f", "")) }

// await returns the step that is next, which must be the one that is named.
func (v *verifier) await(t *testing.T, what string) step {
	t.Helper()
	select {
	case s := <-v.steps:
		if s.what != what {
			t.Fatalf("the verification is %s (%s), not %s", s.what, s.code, what)
		}
		return s
	case <-time.After(syncPatience):
		t.Fatalf("the verification did not become %s", what)
	}
	return step{}
}

// recovery makes a user's cross-signing keys on a phone, which proves itself with them, and returns the recovery key.
func (p *phone) recovery(t *testing.T) string {
	t.Helper()
	recovery, _, err := p.publishIdentity(t.Context())
	if err != nil {
		t.Fatalf("publishing cross-signing keys: %v", err)
	}
	if err := p.proveBy(t.Context(), recovery); err != nil {
		t.Fatalf("signing the own device: %v", err)
	}
	return recovery
}

// trusts asks the server for a user's keys and says how far the phone trusts a device.
func (p *phone) trusts(t *testing.T, user id.UserID, device id.DeviceID) id.TrustState {
	t.Helper()
	if _, err := p.crypto.FetchKeys(t.Context(), []id.UserID{user}, true); err != nil {
		t.Fatal(err)
	}
	found := must[*id.Device](t)(p.crypto.GetOrFetchDevice(t.Context(), user, device))
	return must[id.TrustState](t)(p.crypto.ResolveTrustContext(t.Context(), found))
}

// helper lets mautrix-go's verification find the phone's cryptography.
type helper struct{ machine *crypto.OlmMachine }

var _ mautrix.CryptoHelper = (*helper)(nil)

// Encrypt implements mautrix.CryptoHelper.
func (h *helper) Encrypt(ctx context.Context, room id.RoomID, typ event.Type, content any) (*event.EncryptedEventContent, error) {
	return h.machine.EncryptMegolmEvent(ctx, room, typ, content)
}

// Decrypt implements mautrix.CryptoHelper.
func (h *helper) Decrypt(ctx context.Context, e *event.Event) (*event.Event, error) {
	return h.machine.DecryptMegolmEvent(ctx, e)
}

// WaitForSession implements mautrix.CryptoHelper.
func (h *helper) WaitForSession(ctx context.Context, room id.RoomID, sender id.SenderKey, session id.SessionID, timeout time.Duration) bool {
	return h.machine.WaitForSession(ctx, room, sender, session, timeout)
}

// RequestSession implements mautrix.CryptoHelper.
func (h *helper) RequestSession(ctx context.Context, room id.RoomID, sender id.SenderKey, session id.SessionID, user id.UserID, device id.DeviceID) {
	_ = h.machine.SendRoomKeyRequest(ctx, room, sender, session, "", map[id.UserID][]id.DeviceID{user: {device}})
}

// Init implements mautrix.CryptoHelper.
func (h *helper) Init(context.Context) error { return nil }
