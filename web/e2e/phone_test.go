//go:build goolm

package e2e

import (
	"context"
	"errors"
	"testing"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"bongsu.org/bongsu/e2e"
)

const (
	phoneName     = "phone"
	phonePassword = "correct horse battery staple"
)

// phone is a user of another client with another implementation of the cryptography: it enters wherever it is invited, and says of each
// encrypted message what it has read.
type phone struct {
	*mautrix.Client
	crypto *crypto.OlmMachine
	t      *testing.T
}

// startPhone runs a phone until the test ends and returns its user id.
func startPhone(t *testing.T, server *e2e.Server) string {
	t.Helper()
	client, err := mautrix.NewClient(server.URL, "", "")
	if err != nil {
		t.Fatal(err)
	}
	client.StateStore = mautrix.NewMemoryStateStore()
	registered, err := client.RegisterDummy(t.Context(), &mautrix.ReqRegister[any]{Username: phoneName, Password: phonePassword})
	if err != nil {
		t.Fatalf("registering the phone: %v", err)
	}
	client.UserID, client.DeviceID, client.AccessToken = registered.UserID, registered.DeviceID, registered.AccessToken
	p := &phone{client, crypto.NewOlmMachine(client, nil, crypto.NewMemoryStore(nil), client.StateStore.(crypto.StateStore)), t}
	if err := p.crypto.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.crypto.ShareKeys(t.Context(), -1); err != nil {
		t.Fatalf("publishing the phone's keys: %v", err)
	}
	p.listen()
	return p.UserID.String()
}

func (p *phone) listen() {
	syncer := p.Syncer.(*mautrix.DefaultSyncer)
	syncer.OnSync(p.crypto.ProcessSyncResponse)
	syncer.OnEvent(p.StateStoreSyncHandler)
	syncer.OnEventType(event.StateMember, p.member)
	syncer.OnEventType(event.EventEncrypted, p.read)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.SyncWithContext(ctx) }()
	p.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			p.t.Errorf("the phone's sync: %v", err)
		}
		p.crypto.Destroy()
	})
}

func (p *phone) member(ctx context.Context, e *event.Event) {
	p.crypto.HandleMemberEvent(ctx, e)
	if e.GetStateKey() != p.UserID.String() || e.Content.AsMember().Membership != event.MembershipInvite {
		return
	}
	if _, err := p.JoinRoomByID(ctx, e.RoomID); err != nil {
		p.t.Errorf("the phone enters: %v", err)
	}
}

func (p *phone) read(ctx context.Context, e *event.Event) {
	if e.Sender == p.UserID {
		return
	}
	decrypted, err := p.crypto.DecryptMegolmEvent(ctx, e)
	if err != nil {
		p.t.Logf("the phone could not read %s: %v", e.ID, err)
		return
	}
	if message, ok := decrypted.Content.Parsed.(*event.MessageEventContent); ok {
		p.say(ctx, e.RoomID, "The phone read: "+message.Body)
	}
}

func (p *phone) say(ctx context.Context, room id.RoomID, text string) {
	content := &event.MessageEventContent{MsgType: event.MsgText, Body: text}
	encrypted, err := p.crypto.EncryptMegolmEvent(ctx, room, event.EventMessage, content)
	if err != nil {
		if err := p.shareKey(ctx, room); err != nil {
			p.t.Errorf("the phone shares its key: %v", err)
			return
		}
		if encrypted, err = p.crypto.EncryptMegolmEvent(ctx, room, event.EventMessage, content); err != nil {
			p.t.Errorf("the phone encrypts: %v", err)
			return
		}
	}
	if _, err := p.SendMessageEvent(ctx, room, event.EventEncrypted, encrypted); err != nil && !errors.Is(err, mautrix.MForbidden) {
		p.t.Errorf("the phone sends: %v", err)
	}
}

func (p *phone) shareKey(ctx context.Context, room id.RoomID) error {
	members, err := p.JoinedMembers(ctx, room)
	if err != nil {
		return err
	}
	users := make([]id.UserID, 0, len(members.Joined))
	for user := range members.Joined {
		users = append(users, user)
	}
	return p.crypto.ShareGroupSession(ctx, room, users)
}
