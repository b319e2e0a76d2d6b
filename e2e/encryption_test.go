//go:build goolm

package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/backup"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

const cryptoPassword = "correct horse battery staple"

// phone is a device of a user: mautrix-go with its Olm, which syncs until the test ends.
type phone struct {
	*mautrix.Client
	crypto   *crypto.OlmMachine
	verifier *verifier
	events   chan *event.Event
	changed  chan id.UserID // whose devices changed
	synced   chan struct{}  // closed after the first sync

	// own is held while the own cross-signing keys are set or looked at: the machine does not guard them.
	own sync.Mutex
}

// Person registers a user without a device and returns the name.
func (s *Suite) Person(t *testing.T, name string) string {
	t.Helper()
	client := must[*mautrix.Client](t)(mautrix.NewClient(s.Server.URL, "", ""))
	client.Client = s.HTTP()
	name = s.Name(name)
	if _, err := client.RegisterDummy(t.Context(), &mautrix.ReqRegister[any]{Username: name, Password: cryptoPassword, InhibitLogin: true}); err != nil {
		t.Fatalf("registering: %v", err)
	}
	return name
}

// Phone logs a user in on a new device that encrypts.
func (s *Suite) Phone(t *testing.T, name, device string) *phone {
	t.Helper()
	client := must[*mautrix.Client](t)(mautrix.NewClient(s.Server.URL, "", ""))
	client.Client = s.HTTP()
	client.StateStore = mautrix.NewMemoryStateStore()
	if _, err := client.Login(t.Context(), &mautrix.ReqLogin{
		Type: mautrix.AuthTypePassword, Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: name},
		Password: cryptoPassword, DeviceID: id.DeviceID(device), StoreCredentials: true,
	}); err != nil {
		t.Fatalf("logging in: %v", err)
	}
	p := &phone{Client: client, events: make(chan *event.Event, 1000), changed: make(chan id.UserID, 1000), synced: make(chan struct{})}
	p.crypto = crypto.NewOlmMachine(client, nil, newMemoryStore(), client.StateStore.(crypto.StateStore))
	if err := p.crypto.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.crypto.ShareKeys(t.Context(), -1); err != nil {
		t.Fatalf("publishing keys: %v", err)
	}
	p.verifies(t)
	p.listen(t)
	// What follows is told of the devices that log in later; those that are there the client asks for.
	<-p.synced
	if _, err := p.crypto.FetchKeys(t.Context(), []id.UserID{client.UserID}, true); err != nil {
		t.Fatalf("fetching the user's own devices: %v", err)
	}
	return p
}

func (p *phone) listen(t *testing.T) {
	syncer := p.Syncer.(*mautrix.DefaultSyncer)
	syncer.OnSync(func(ctx context.Context, res *mautrix.RespSync, since string) bool {
		p.own.Lock()
		defer p.own.Unlock()
		return p.crypto.ProcessSyncResponse(ctx, res, since)
	})
	syncer.OnSync(func(_ context.Context, res *mautrix.RespSync, since string) bool {
		if since == "" {
			close(p.synced)
		}
		for _, user := range res.DeviceLists.Changed {
			p.changed <- user
		}
		return true
	})
	syncer.OnEvent(p.StateStoreSyncHandler)
	syncer.OnEvent(func(ctx context.Context, e *event.Event) {
		// Handlers of one type run after those of all types: who awaits a membership must find the key of the room's members changed.
		if e.Type == event.StateMember {
			p.crypto.HandleMemberEvent(ctx, e)
		}
		p.events <- e
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.SyncWithContext(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, mautrix.MUnknownToken) {
			t.Errorf("syncing: %v", err)
		}
		p.crypto.Destroy()
	})
}

// publishIdentity makes the user's cross-signing keys and keeps them in secret storage, of which it returns the recovery key.
func (p *phone) publishIdentity(ctx context.Context) (string, *crypto.CrossSigningKeysCache, error) {
	p.own.Lock()
	defer p.own.Unlock()
	return p.crypto.GenerateAndUploadCrossSigningKeysWithPassword(ctx, cryptoPassword, "")
}

// proveBy signs the device with the keys that a recovery key opens.
func (p *phone) proveBy(ctx context.Context, recovery string) error {
	p.own.Lock()
	defer p.own.Unlock()
	return p.crypto.VerifyWithRecoveryKey(ctx, recovery)
}

// await returns the next event that is as wanted.
func (p *phone) await(t *testing.T, what string, wanted func(*event.Event) bool) *event.Event {
	t.Helper()
	timeout := time.After(syncPatience)
	for {
		select {
		case e := <-p.events:
			if wanted(e) {
				return e
			}
		case <-timeout:
			t.Fatalf("%s %s did not see in time: %s", p.UserID, p.DeviceID, what)
		}
	}
}

// awaitChange returns once a user's devices are said to have changed.
func (p *phone) awaitChange(t *testing.T, user id.UserID) {
	t.Helper()
	timeout := time.After(syncPatience)
	for {
		select {
		case changed := <-p.changed:
			if changed == user {
				return
			}
		case <-timeout:
			t.Fatalf("%s was not told of the devices of %s", p.UserID, user)
		}
	}
}

// awaitMember returns once a user has a membership in a room.
func (p *phone) awaitMember(t *testing.T, room id.RoomID, user id.UserID, membership event.Membership) {
	t.Helper()
	p.await(t, string(membership), func(e *event.Event) bool {
		return e.Type == event.StateMember && e.RoomID == room && e.GetStateKey() == user.String() && e.Content.AsMember().Membership == membership
	})
}

// encryptedRoom makes a room that is encrypted from its first event on.
func (p *phone) encryptedRoom(t *testing.T, invite ...id.UserID) id.RoomID {
	t.Helper()
	return must[*mautrix.RespCreateRoom](t)(p.CreateRoom(t.Context(), &mautrix.ReqCreateRoom{
		Preset: "private_chat", Invite: invite, InitialState: []*event.Event{{
			Type: event.StateEncryption, Content: event.Content{Parsed: &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}},
		}},
	})).RoomID
}

// enter joins a room that the user is or will be invited to.
func (p *phone) enter(t *testing.T, room id.RoomID) {
	t.Helper()
	p.awaitMember(t, room, p.UserID, event.MembershipInvite)
	must[*mautrix.RespJoinRoom](t)(p.JoinRoomByID(t.Context(), room))
}

// say sends an encrypted message, sharing its key with all devices in the room first if need be.
func (p *phone) say(t *testing.T, room id.RoomID, text string) id.EventID {
	t.Helper()
	ctx := t.Context()
	content := &event.MessageEventContent{MsgType: event.MsgText, Body: text}
	encrypted, err := p.crypto.EncryptMegolmEvent(ctx, room, event.EventMessage, content)
	if err != nil {
		members := must[*mautrix.RespJoinedMembers](t)(p.JoinedMembers(ctx, room))
		var users []id.UserID
		for user := range members.Joined {
			users = append(users, user)
		}
		if err := p.crypto.ShareGroupSession(ctx, room, users); err != nil {
			t.Fatalf("sharing the room's key: %v", err)
		}
		if encrypted, err = p.crypto.EncryptMegolmEvent(ctx, room, event.EventMessage, content); err != nil {
			t.Fatalf("encrypting: %v", err)
		}
	}
	return must[*mautrix.RespSendEvent](t)(p.SendMessageEvent(ctx, room, event.EventEncrypted, encrypted)).EventID
}

// reads waits for a message, checks that it comes encrypted, and decrypts it. It returns the event as it came.
func (p *phone) reads(t *testing.T, message id.EventID, text string) *event.Event {
	t.Helper()
	e := p.await(t, text, withID(message))
	if e.Type != event.EventEncrypted {
		t.Fatalf("%q came as %s", text, e.Type.Type)
	}
	plain, err := p.crypto.DecryptMegolmEvent(t.Context(), e)
	if err != nil {
		t.Fatalf("%s %s cannot read %q: %v", p.UserID, p.DeviceID, text, err)
	}
	if got := plain.Content.AsMessage().Body; got != text {
		t.Errorf("%q was read as %q", text, got)
	}
	return e
}

// exported are the keys of a room that the device has, as they go into a back-up.
func (p *phone) exported(t *testing.T, room id.RoomID) map[id.SessionID]backup.MegolmSessionData {
	t.Helper()
	sessions, err := p.crypto.CryptoStore.GetGroupSessionsForRoom(t.Context(), room).AsList()
	if err != nil || len(sessions) == 0 {
		t.Fatalf("%d sessions, %v", len(sessions), err)
	}
	out := map[id.SessionID]backup.MegolmSessionData{}
	for _, session := range sessions {
		out[session.ID()] = backup.MegolmSessionData{
			Algorithm: id.AlgorithmMegolmV1, SenderKey: session.SenderKey, ForwardingKeyChain: []string{},
			SenderClaimedKeys: backup.SenderClaimedKeys{Ed25519: session.SigningKey},
			SessionKey:        string(must[[]byte](t)(session.Internal.Export(session.Internal.FirstKnownIndex()))),
		}
	}
	return out
}

// Two users with several devices write to each other in a group that changes: who is there can read, and nobody else.
func TestEncryption(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		aliceName, bobName, carolName := s.Person(t, "olm-alice"), s.Person(t, "olm-bob"), s.Person(t, "olm-carol")
		alice, alice2 := s.Phone(t, aliceName, "A1"), s.Phone(t, aliceName, "A2")
		bob, bob2, carol := s.Phone(t, bobName, "B1"), s.Phone(t, bobName, "B2"), s.Phone(t, carolName, "C1")
		room := alice.encryptedRoom(t, bob.UserID)
		bob.enter(t, room)
		alice.awaitMember(t, room, bob.UserID, event.MembershipJoin)

		first := alice.say(t, room, "to all devices")
		for _, p := range []*phone{alice2, bob, bob2} {
			p.reads(t, first, "to all devices")
		}
		answer := bob2.say(t, room, "an answer")
		for _, p := range []*phone{alice, alice2, bob} {
			p.reads(t, answer, "an answer")
		}

		// A new device of bob's: alice is told, and the next message is for it, too.
		drain(alice.changed)
		bob3 := s.Phone(t, bobName, "B3")
		alice.awaitChange(t, bob.UserID)
		second := alice.say(t, room, "to the new device, too")
		bob3.reads(t, second, "to the new device, too")
		bob.reads(t, second, "to the new device, too")

		// A device that logs out is told on, and gets no further keys.
		drain(alice.changed)
		if _, err := bob2.Logout(t.Context()); err != nil {
			t.Fatal(err)
		}
		alice.awaitChange(t, bob.UserID)
		if devices, err := alice.crypto.CryptoStore.GetDevices(t.Context(), bob.UserID); err != nil || devices["B2"] != nil {
			t.Errorf("bob's devices are %v, %v", devices, err)
		}

		// Who comes reads what follows, and who was removed does not.
		must[*mautrix.RespInviteUser](t)(alice.InviteUser(t.Context(), room, &mautrix.ReqInviteUser{UserID: carol.UserID}))
		carol.enter(t, room)
		alice.awaitMember(t, room, carol.UserID, event.MembershipJoin)
		third := alice.say(t, room, "with carol")
		carol.reads(t, third, "with carol")
		must[*mautrix.RespKickUser](t)(alice.KickUser(t.Context(), room, &mautrix.ReqKickUser{UserID: carol.UserID}))
		alice.awaitMember(t, room, carol.UserID, event.MembershipLeave)
		fourth := alice.say(t, room, "without carol")
		secret := bob.reads(t, fourth, "without carol")
		if _, err := carol.crypto.DecryptMegolmEvent(t.Context(), secret); !errors.Is(err, crypto.ErrNoSessionFound) {
			t.Errorf("what carol makes of a message after she was removed: %v", err)
		}
	})
}

func drain(c chan id.UserID) {
	for {
		select {
		case <-c:
		default:
			return
		}
	}
}

// A user's cross-signing keys, kept in secret storage, vouch for a new device, and others see it.
func TestCrossSigningFromSecretStorage(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		aliceName := s.Person(t, "xs-alice")
		alice, bob := s.Phone(t, aliceName, "A1"), s.Phone(t, s.Person(t, "xs-bob"), "B1")
		ctx := t.Context()
		recovery, _, err := alice.publishIdentity(ctx)
		if err != nil {
			t.Fatalf("publishing cross-signing keys: %v", err)
		}
		room := alice.encryptedRoom(t, bob.UserID)
		bob.enter(t, room)
		hello := bob.say(t, room, "hello")
		alice.reads(t, hello, "hello")

		fresh := s.Phone(t, aliceName, "A2")
		bob.awaitChange(t, alice.UserID)
		trust := func() id.TrustState {
			t.Helper()
			if _, err := bob.crypto.FetchKeys(ctx, []id.UserID{alice.UserID}, true); err != nil {
				t.Fatal(err)
			}
			device, err := bob.crypto.GetOrFetchDevice(ctx, alice.UserID, "A2")
			if err != nil {
				t.Fatal(err)
			}
			return must[id.TrustState](t)(bob.crypto.ResolveTrustContext(ctx, device))
		}
		if trust() != id.TrustStateUnset {
			t.Errorf("before it is signed the device is %s", trust())
		}
		drain(bob.changed)
		if err := fresh.proveBy(ctx, recovery); err != nil {
			t.Fatalf("signing the new device: %v", err)
		}
		bob.awaitChange(t, alice.UserID)
		if got := trust(); got != id.TrustStateCrossSignedTOFU {
			t.Errorf("after it is signed the device is %s", got)
		}

		// Other keys in their place need the password.
		if _, _, err := alice.crypto.GenerateAndUploadCrossSigningKeys(ctx, nil, ""); err == nil {
			t.Error("keys were replaced without a password")
		}
		if _, _, err := alice.publishIdentity(ctx); err != nil {
			t.Errorf("replacing keys with the password: %v", err)
		}

		// Bob verifies alice: he sees his signature, and he alone.
		if _, _, err := bob.publishIdentity(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := bob.crypto.FetchKeys(ctx, []id.UserID{alice.UserID, bob.UserID}, true); err != nil {
			t.Fatal(err)
		}
		keys := must[*crypto.CrossSigningPublicKeysCache](t)(bob.crypto.GetCrossSigningPublicKeys(ctx, alice.UserID))
		if err := bob.crypto.SignUser(ctx, alice.UserID, keys.MasterKey); err != nil {
			t.Fatalf("signing alice: %v", err)
		}
		for _, viewer := range []*phone{bob, alice} {
			res := must[*mautrix.RespQueryKeys](t)(viewer.QueryKeys(ctx, &mautrix.ReqQueryKeys{
				DeviceKeys: map[id.UserID]mautrix.DeviceIDList{alice.UserID: {}},
			}))
			if sees := len(res.MasterKeys[alice.UserID].Signatures[bob.UserID]) > 0; sees != (viewer == bob) {
				t.Errorf("%s sees the signature: %v", viewer.UserID, sees)
			}
		}
	})
}

// A new device reads old messages with keys from the back-up, of which the server sees nothing.
func TestRestoreFromKeyBackup(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		aliceName := s.Person(t, "backup")
		alice, bob := s.Phone(t, aliceName, "A1"), s.Phone(t, s.Person(t, "backup-bob"), "B1")
		ctx := t.Context()
		room := alice.encryptedRoom(t, bob.UserID)
		bob.enter(t, room)
		hello := bob.say(t, room, "before the loss")
		alice.reads(t, hello, "before the loss")

		key := must[*backup.MegolmBackupKey](t)(backup.NewMegolmBackupKey())
		public := id.Ed25519(base64.RawStdEncoding.EncodeToString(key.PublicKey().Bytes()))
		version := must[*mautrix.RespRoomKeysVersionCreate](t)(alice.CreateKeyBackupVersion(ctx, &mautrix.ReqRoomKeysVersionCreate[backup.MegolmAuthData]{
			Algorithm: id.KeyBackupAlgorithmMegolmBackupV1, AuthData: backup.MegolmAuthData{PublicKey: public},
		})).Version
		stored := map[id.SessionID]mautrix.ReqKeyBackupData{}
		for session, exported := range alice.exported(t, room) {
			data := must[*backup.EncryptedSessionData[backup.MegolmSessionData]](t)(backup.EncryptSessionData(key, exported))
			text := must[[]byte](t)(json.Marshal(data))
			stored[session] = mautrix.ReqKeyBackupData{IsVerified: true, SessionData: text}
		}
		req := &mautrix.ReqKeyBackup{Rooms: map[id.RoomID]mautrix.ReqRoomKeyBackup{room: {Sessions: stored}}}
		update := must[*mautrix.RespRoomKeysUpdate](t)(alice.PutKeysInBackup(ctx, version, req))
		if update.Count != len(stored) {
			t.Errorf("%d keys are in the back-up, not %d", update.Count, len(stored))
		}

		if _, err := alice.Logout(ctx); err != nil {
			t.Fatal(err)
		}
		fresh := s.Phone(t, aliceName, "A2")
		e := fresh.await(t, "the old message", withID(hello))
		if _, err := fresh.crypto.DecryptMegolmEvent(ctx, e); !errors.Is(err, crypto.ErrNoSessionFound) {
			t.Errorf("without the back-up: %v", err)
		}
		if got, err := fresh.crypto.DownloadAndStoreLatestKeyBackup(ctx, key); err != nil || got != version {
			t.Fatalf("restoring: %v, %v", got, err)
		}
		plain := must[*event.Event](t)(fresh.crypto.DecryptMegolmEvent(ctx, e))
		if plain.Content.AsMessage().Body != "before the loss" {
			t.Errorf("read as %q", plain.Content.AsMessage().Body)
		}
	})
}

// A device that was away gets all its messages, a hundred at a time, in order and once.
func TestManyToDeviceMessagesInOrder(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		alice, bob := s.User("queue-alice"), s.User("queue-bob")
		var sent []string
		for i := range 130 {
			text := string(rune('a'+i%26)) + alice.Txn()
			alice.Put(V3("sendToDevice", "org.example.test", alice.Txn()), Obj{"messages": Obj{bob.ID: Obj{"*": Obj{"n": text}}}}).OK()
			sent = append(sent, text)
		}
		var got []string
		since := ""
		for range 3 {
			r := bob.Sync(since)
			for _, e := range r.Get("to_device.events").Array() {
				got = append(got, e.Get("content.n").String())
			}
			since = r.Str("next_batch")
		}
		if !slices.Equal(got, sent) {
			t.Errorf("got %d messages of %d, or in another order", len(got), len(sent))
		}
	})
}
