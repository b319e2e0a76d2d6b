//go:build goolm

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/backup"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/crypto/ssss"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// phoneAsks lets a phone ask a browser's user for verification, up to where both have compared emoji.
func phoneAsks(t *testing.T, p *phone, b *browser) (id.VerificationTransactionID, string) {
	t.Helper()
	taken := b.start(t, "asked", nil)
	txn := must[id.VerificationTransactionID](t)(p.verifier.StartVerification(t.Context(), b.UserID))
	v := b.end(t, "asked", taken).Str
	p.verifier.await(t, "ready")
	if err := p.verifier.StartSAS(t.Context(), txn); err != nil {
		t.Fatal(err)
	}
	same(t, b.sees(t, "follow", v), p.verifier.await(t, "shown").emoji)
	return txn, v
}

// browserAsks lets a browser ask a phone for verification, up to where both have compared emoji.
func browserAsks(t *testing.T, b *browser, p *phone) (id.VerificationTransactionID, string) {
	t.Helper()
	b.tell(t, "knows", Obj{"user": p.UserID, "device": p.DeviceID})
	v := b.tell(t, "ask", Obj{"user": p.UserID, "device": p.DeviceID}).Str
	txn := p.verifier.await(t, "asked").txn
	if err := p.verifier.AcceptVerification(t.Context(), txn); err != nil {
		t.Fatal(err)
	}
	p.verifier.await(t, "ready")
	same(t, b.sees(t, "begin", v), p.verifier.await(t, "shown").emoji)
	return txn, v
}

func same(t *testing.T, a, b []string) {
	t.Helper()
	if len(a) != 7 || !slices.Equal(a, b) {
		t.Fatalf("one side shows %q, the other %q", a, b)
	}
}

// agree confirms on both sides.
func agree(t *testing.T, p *phone, b *browser, txn id.VerificationTransactionID, v string) {
	t.Helper()
	confirmed := b.start(t, "confirm", Obj{"verification": v})
	if err := p.verifier.ConfirmSAS(t.Context(), txn); err != nil {
		t.Fatal(err)
	}
	b.end(t, "confirm", confirmed)
	p.verifier.await(t, "done")
}

// Users of two implementations verify each other by emoji, whichever asks; and each then trusts the other's devices.
func TestImplementationsVerifyEachOther(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		agent := s.Agent(t)
		alice, bob := s.Phone(t, s.Person(t, "sas-alice"), "A1"), agent.Browser(t, s.Person(t, "sas-bob"))
		carol, dave := agent.Browser(t, s.Person(t, "sas-carol")), s.Phone(t, s.Person(t, "sas-dave"), "D1")
		alice.recovery(t)
		dave.recovery(t)
		bob.tell(t, "publishIdentity", nil)
		carol.tell(t, "publishIdentity", nil)
		// Devices take requests from those whose devices they follow: of users in the same encrypted rooms.
		for _, pair := range []struct {
			p *phone
			b *browser
		}{{alice, bob}, {dave, carol}, {alice, carol}} {
			room := pair.p.encryptedRoom(t, pair.b.UserID)
			pair.b.tell(t, "join", Obj{"roomId": room})
			pair.b.tell(t, "knows", Obj{"user": pair.p.UserID, "device": pair.p.DeviceID})
		}
		if got := alice.trusts(t, bob.UserID, bob.Device); got >= id.TrustStateCrossSignedVerified {
			t.Errorf("before it is verified, bob's device is %s", got)
		}

		txn, v := phoneAsks(t, alice, bob)
		agree(t, alice, bob, txn, v)
		txn, v = browserAsks(t, carol, dave)
		agree(t, dave, carol, txn, v)
		for _, pair := range []struct {
			p *phone
			b *browser
		}{{alice, bob}, {dave, carol}} {
			if got := pair.p.trusts(t, pair.b.UserID, pair.b.Device); got < id.TrustStateCrossSignedVerified {
				t.Errorf("%s has verified %s, whose device is %s", pair.p.UserID, pair.b.UserID, got)
			}
			// Not the device alone: a signature on the other's identity is at the server.
			if !must[bool](t)(pair.p.crypto.IsUserTrusted(t.Context(), pair.b.UserID)) {
				t.Errorf("%s has not signed the identity of %s", pair.p.UserID, pair.b.UserID)
			}
			pair.b.tell(t, "verified", Obj{"user": pair.p.UserID})
		}

		// Who sees something else says so, and nobody is verified.
		_, v = browserAsks(t, carol, alice)
		carol.tell(t, "mismatch", Obj{"verification": v})
		if got := alice.verifier.await(t, "cancelled").code; got != event.VerificationCancelCodeSASMismatch {
			t.Errorf("cancelled for %s", got)
		}
		if got := alice.trusts(t, carol.UserID, carol.Device); got >= id.TrustStateCrossSignedVerified {
			t.Errorf("after a mismatch carol's device is %s", got)
		}
	})
}

// A user's devices of two implementations verify each other, and others see that their owner vouches for the new one.
func TestOwnDevicesOfTwoImplementationsVerifyEachOther(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		agent := s.Agent(t)
		witness := s.Phone(t, s.Person(t, "own-witness"), "W1")
		phoneFirst, browserFirst := s.Person(t, "own-phone"), s.Person(t, "own-browser")

		old := s.Phone(t, phoneFirst, "OLD")
		old.recovery(t)
		young := agent.Browser(t, phoneFirst)
		old.awaitChange(t, old.UserID)
		txn, v := browserAsks(t, young, old)
		agree(t, old, young, txn, v)
		if got := witness.trusts(t, young.UserID, young.Device); got < id.TrustStateCrossSignedTOFU {
			t.Errorf("others see the browser as %s", got)
		}
		if got := old.trusts(t, young.UserID, young.Device); got < id.TrustStateCrossSignedVerified {
			t.Errorf("the browser that was verified is %s", got)
		}

		first := agent.Browser(t, browserFirst)
		first.tell(t, "publishIdentity", nil)
		second := s.Phone(t, browserFirst, "NEW")
		first.tell(t, "knows", Obj{"user": second.UserID, "device": second.DeviceID})
		txn, v = browserAsks(t, first, second)
		agree(t, second, first, txn, v)
		// The browser publishes its signature behind the verification.
		for witness.trusts(t, second.UserID, second.DeviceID) < id.TrustStateCrossSignedTOFU {
			second.awaitChange(t, second.UserID)
		}
	})
}

// Three users, each with devices of both implementations, talk in a group that changes: who is there can read on every device, and nobody
// else.
func TestGroupOfTwoImplementations(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		agent := s.Agent(t)
		aliceName, bobName, carolName := s.Person(t, "mix-alice"), s.Person(t, "mix-bob"), s.Person(t, "mix-carol")
		alice, alice2 := s.Phone(t, aliceName, "A1"), agent.Browser(t, aliceName)
		bob, bob2 := agent.Browser(t, bobName), s.Phone(t, bobName, "B2")
		carol, carol2 := s.Phone(t, carolName, "C1"), agent.Browser(t, carolName)
		phones, browsers := []*phone{alice, bob2, carol}, []*browser{alice2, bob, carol2}

		// Nobody says that the room is to be encrypted: it is.
		room := must[*mautrix.RespCreateRoom](t)(alice.CreateRoom(t.Context(), &mautrix.ReqCreateRoom{
			Preset: "private_chat", Invite: []id.UserID{bob.UserID, carol.UserID},
		})).RoomID
		bob.tell(t, "join", Obj{"roomId": room})
		carol.enter(t, room)
		for _, user := range []id.UserID{bob.UserID, carol.UserID} {
			for _, p := range phones {
				p.knowsMember(t, room, user, event.MembershipJoin)
			}
			for _, b := range browsers {
				b.tell(t, "member", Obj{"roomId": room, "user": user, "membership": "join"})
			}
		}
		for _, b := range browsers {
			if !b.tell(t, "isEncrypted", Obj{"roomId": room}).Bool() {
				t.Fatalf("%s does not see that the room is encrypted", b.UserID)
			}
		}
		all := func(message id.EventID, text string) {
			t.Helper()
			for _, p := range phones {
				p.reads(t, message, text)
			}
			for _, b := range browsers {
				b.reads(t, room, message, text)
			}
		}
		all(alice.say(t, room, "from alice's phone"), "from alice's phone")
		all(alice2.say(t, room, "from alice's browser"), "from alice's browser")
		all(bob.say(t, room, "from bob's browser"), "from bob's browser")
		all(bob2.say(t, room, "from bob's phone"), "from bob's phone")
		all(carol2.say(t, room, "from carol's browser"), "from carol's browser")

		// A device that is lost gets no more keys, and a new one does; of either implementation.
		drain(alice.changed)
		bob.tell(t, "logout", nil)
		alice.awaitChange(t, bob.UserID)
		alice2.tell(t, "knows", Obj{"user": bob.UserID, "device": bob.Device, "gone": true})
		drain(alice.changed)
		bob3 := agent.Browser(t, bobName)
		alice.awaitChange(t, bob.UserID)
		alice2.tell(t, "knows", Obj{"user": bob.UserID, "device": bob3.Device})
		bob2.awaitChange(t, bob.UserID)
		browsers[1] = bob3
		if _, err := alice.crypto.FetchKeys(t.Context(), []id.UserID{bob.UserID}, true); err != nil {
			t.Fatal(err)
		}
		all(alice.say(t, room, "to the new browser"), "to the new browser")
		all(alice2.say(t, room, "to the new browser, from a browser"), "to the new browser, from a browser")

		// Who is removed reads nothing of what follows, on no device.
		must[*mautrix.RespKickUser](t)(alice.KickUser(t.Context(), room, &mautrix.ReqKickUser{UserID: carol.UserID}))
		phones, browsers = phones[:2], browsers[:2]
		for _, p := range phones {
			p.awaitMember(t, room, carol.UserID, event.MembershipLeave)
		}
		for _, b := range browsers {
			b.tell(t, "member", Obj{"roomId": room, "user": carol.UserID, "membership": "leave"})
		}
		for _, say := range []func() id.EventID{
			func() id.EventID { return alice.say(t, room, "without carol") },
			func() id.EventID { return bob3.say(t, room, "without carol") },
		} {
			message := say()
			all(message, "without carol")
			wire := must[*event.Event](t)(alice.GetEvent(t.Context(), room, message))
			_ = wire.Content.ParseRaw(wire.Type)
			if _, err := carol.crypto.DecryptMegolmEvent(t.Context(), wire); !errors.Is(err, crypto.ErrNoSessionFound) {
				t.Errorf("what carol's phone makes of a message after she was removed: %v", err)
			}
			if !carol2.tell(t, "cannotRead", Obj{"wire": wire}).Bool() {
				t.Error("carol's browser reads a message after she was removed")
			}
		}
	})
}

// knowsMember returns once the phone knows of a membership, also if it was told of it long ago.
func (p *phone) knowsMember(t *testing.T, room id.RoomID, user id.UserID, membership event.Membership) {
	t.Helper()
	if p.StateStore.IsMembership(t.Context(), room, user, membership) {
		return
	}
	p.awaitMember(t, room, user, membership)
}

// storage opens a user's secret storage with the recovery key.
func (p *phone) storage(t *testing.T, recovery string) *ssss.Key {
	t.Helper()
	keyID, data, err := p.crypto.SSSS.GetDefaultKeyData(t.Context())
	if err != nil {
		t.Fatalf("finding the key of secret storage: %v", err)
	}
	return must[*ssss.Key](t)(data.VerifyRecoveryKey(keyID, recovery))
}

// A user loses the only device, of one implementation, and recovers on one of the other: the identity from secret storage, the messages from
// key back-up.
func TestRecoveryAcrossImplementations(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		agent := s.Agent(t)
		bob := s.Phone(t, s.Person(t, "recover-bob"), "B1")
		t.Run("from a phone to a browser", func(t *testing.T) {
			name := s.Person(t, "recover-phone")
			lost := s.Phone(t, name, "LOST")
			recovery := lost.recovery(t)
			room, hello := bob.greets(t, func(room id.RoomID) { lost.enter(t, room) }, lost.UserID)
			lost.reads(t, hello, "before the loss")
			lost.backsUp(t, room, lost.storage(t, recovery))
			if _, err := lost.Logout(t.Context()); err != nil {
				t.Fatal(err)
			}

			found := agent.Browser(t, name)
			locked := found.tell(t, "isLocked", Obj{"roomId": room, "eventId": hello}).Bool()
			if !locked {
				t.Error("the message can be read without a key")
			}
			if n := found.tell(t, "recover", Obj{"recoveryKey": recovery}).Int(); n == 0 {
				t.Fatal("nothing was restored")
			}
			found.reads(t, room, hello, "before the loss")
			if got := bob.trusts(t, found.UserID, found.Device); got < id.TrustStateCrossSignedTOFU {
				t.Errorf("bob sees the recovered device as %s", got)
			}
		})
		t.Run("from a browser to a phone", func(t *testing.T) {
			name := s.Person(t, "recover-browser")
			lost := agent.Browser(t, name)
			lost.tell(t, "publishIdentity", nil)
			recovery := lost.tell(t, "setUpRecovery", nil).Str
			room, hello := bob.greets(t, func(room id.RoomID) { lost.tell(t, "join", Obj{"roomId": room}) }, lost.UserID)
			lost.reads(t, room, hello, "before the loss")
			lost.tell(t, "backedUp", Obj{"count": 1})
			lost.tell(t, "logout", nil)

			found := s.Phone(t, name, "FOUND")
			e := found.await(t, "the old message", withID(hello))
			if _, err := found.crypto.DecryptMegolmEvent(t.Context(), e); !errors.Is(err, crypto.ErrNoSessionFound) {
				t.Errorf("without the back-up: %v", err)
			}
			if err := found.proveBy(t.Context(), recovery); err != nil {
				t.Fatalf("taking the identity from secret storage: %v", err)
			}
			secret := must[[]byte](t)(found.crypto.SSSS.GetDecryptedAccountData(t.Context(), event.AccountDataMegolmBackupKey, found.storage(t, recovery)))
			key := must[*backup.MegolmBackupKey](t)(backup.MegolmBackupKeyFromBytes(secret))
			if _, err := found.crypto.DownloadAndStoreLatestKeyBackup(t.Context(), key); err != nil {
				t.Fatalf("restoring: %v", err)
			}
			plain := must[*event.Event](t)(found.crypto.DecryptMegolmEvent(t.Context(), e))
			if got := plain.Content.AsMessage().Body; got != "before the loss" {
				t.Errorf("read as %q", got)
			}
			if got := bob.trusts(t, found.UserID, found.DeviceID); got < id.TrustStateCrossSignedTOFU {
				t.Errorf("bob sees the recovered device as %s", got)
			}
		})
	})
}

// greets makes a room with another user, who enters, and writes the first message.
func (p *phone) greets(t *testing.T, enter func(id.RoomID), user id.UserID) (id.RoomID, id.EventID) {
	t.Helper()
	room := p.encryptedRoom(t, user)
	enter(room)
	p.awaitMember(t, room, user, event.MembershipJoin)
	return room, p.say(t, room, "before the loss")
}

// backsUp puts a room's keys into a new back-up, and the back-up's key into secret storage.
func (p *phone) backsUp(t *testing.T, room id.RoomID, storage *ssss.Key) {
	t.Helper()
	ctx := t.Context()
	key := must[*backup.MegolmBackupKey](t)(backup.NewMegolmBackupKey())
	auth := backup.MegolmAuthData{PublicKey: id.Ed25519(base64.RawStdEncoding.EncodeToString(key.PublicKey().Bytes()))}
	master := p.crypto.CrossSigningKeys.MasterKey
	auth.Signatures = signatures.NewSingleSignature(p.UserID, id.KeyAlgorithmEd25519, master.PublicKey().String(),
		must[string](t)(master.SignJSON(auth)))
	version := must[*mautrix.RespRoomKeysVersionCreate](t)(p.CreateKeyBackupVersion(ctx, &mautrix.ReqRoomKeysVersionCreate[backup.MegolmAuthData]{
		Algorithm: id.KeyBackupAlgorithmMegolmBackupV1, AuthData: auth,
	})).Version
	stored := map[id.SessionID]mautrix.ReqKeyBackupData{}
	for session, data := range p.exported(t, room) {
		sealed := must[*backup.EncryptedSessionData[backup.MegolmSessionData]](t)(backup.EncryptSessionData(key, data))
		stored[session] = mautrix.ReqKeyBackupData{IsVerified: true, SessionData: must[[]byte](t)(json.Marshal(sealed))}
	}
	must[*mautrix.RespRoomKeysUpdate](t)(p.PutKeysInBackup(ctx, version, &mautrix.ReqKeyBackup{
		Rooms: map[id.RoomID]mautrix.ReqRoomKeyBackup{room: {Sessions: stored}},
	}))
	if err := p.crypto.SSSS.SetEncryptedAccountData(ctx, event.AccountDataMegolmBackupKey, key.Bytes(), storage); err != nil {
		t.Fatal(err)
	}
}
