package e2e

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// bot is a client of mautrix-go that is logged in and syncs.
type bot struct {
	*mautrix.Client
	events chan *event.Event
}

// Bot registers a user with mautrix-go, logs in and syncs until the test ends.
func (s *Suite) Bot(t *testing.T, name string) *bot {
	t.Helper()
	client, err := mautrix.NewClient(s.Server.URL, "", "")
	if err != nil {
		t.Fatal(err)
	}
	client.Client = s.HTTP()
	ctx := t.Context()
	name = s.Name(name)
	if _, err := client.RegisterDummy(ctx, &mautrix.ReqRegister[any]{Username: name, Password: "mautrix password", InhibitLogin: true}); err != nil {
		t.Fatalf("registering: %v", err)
	}
	if _, err := client.Login(ctx, &mautrix.ReqLogin{
		Type: mautrix.AuthTypePassword, Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: name},
		Password: "mautrix password", StoreCredentials: true,
	}); err != nil {
		t.Fatalf("logging in: %v", err)
	}
	b := &bot{Client: client, events: make(chan *event.Event, 1000)}
	syncer := client.Syncer.(*mautrix.DefaultSyncer)
	syncer.OnEvent(func(_ context.Context, e *event.Event) { b.events <- e })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- client.SyncWithContext(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("syncing: %v", err)
		}
	})
	return b
}

// await returns the next event that is as wanted.
func (b *bot) await(t *testing.T, what string, wanted func(*event.Event) bool) *event.Event {
	t.Helper()
	timeout := time.After(syncPatience)
	for {
		select {
		case e := <-b.events:
			if wanted(e) {
				return e
			}
		case <-timeout:
			t.Fatalf("%s did not see in time: %s", b.UserID, what)
		}
	}
}

func withID(want id.EventID) func(*event.Event) bool {
	return func(e *event.Event) bool { return e.ID == want }
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestMautrixConversation(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		alice, bob := s.Bot(t, "mau-alice"), s.Bot(t, "mau-bob")
		ctx := t.Context()
		sent := must[*mautrix.RespSendEvent](t)
		room := must[*mautrix.RespCreateRoom](t)(alice.CreateRoom(ctx, &mautrix.ReqCreateRoom{
			Preset: "private_chat", Name: "Beacons", Invite: []id.UserID{bob.UserID}, IsDirect: true,
		})).RoomID
		bob.await(t, "the invitation", func(e *event.Event) bool {
			return e.Type == event.StateMember && e.RoomID == room && e.Content.AsMember().Membership == event.MembershipInvite
		})
		must[*mautrix.RespJoinRoom](t)(bob.JoinRoomByID(ctx, room))
		alice.await(t, "the join", func(e *event.Event) bool {
			return e.Type == event.StateMember && e.GetStateKey() == bob.UserID.String() && e.Content.AsMember().Membership == event.MembershipJoin
		})
		hello := sent(alice.SendText(ctx, room, "smoke on the hill")).EventID
		if got := bob.await(t, "the message", withID(hello)).Content.AsMessage().Body; got != "smoke on the hill" {
			t.Errorf("the body is %q", got)
		}
		reaction := sent(bob.SendReaction(ctx, room, hello, "🔥")).EventID
		alice.await(t, "the reaction", withID(reaction))
		edit := &event.MessageEventContent{MsgType: event.MsgText, Body: "fire on the hill"}
		edit.SetEdit(hello)
		edited := sent(alice.SendMessageEvent(ctx, room, event.EventMessage, edit)).EventID
		if got := bob.await(t, "the edit", withID(edited)).Content.AsMessage().NewContent; got == nil || got.Body != "fire on the hill" {
			t.Errorf("the edit is %v", got)
		}
		if err := bob.MarkRead(ctx, room, edited); err != nil {
			t.Error(err)
		}
		alice.await(t, "the receipt", func(e *event.Event) bool { return e.Type == event.EphemeralEventReceipt && e.RoomID == room })
		must[*mautrix.RespTyping](t)(bob.UserTyping(ctx, room, true, 10*time.Second))
		alice.await(t, "typing", func(e *event.Event) bool {
			return e.Type == event.EphemeralEventTyping && len(e.Content.AsTyping().UserIDs) == 1
		})
		redaction := sent(alice.RedactEvent(ctx, room, hello, mautrix.ReqRedact{Reason: "over"})).EventID
		bob.await(t, "the redaction", withID(redaction))
		must[*mautrix.RespLeaveRoom](t)(bob.LeaveRoom(ctx, room))
		alice.await(t, "the leave", func(e *event.Event) bool {
			return e.Type == event.StateMember && e.GetStateKey() == bob.UserID.String() && e.Content.AsMember().Membership == event.MembershipLeave
		})
	})
}

func TestMautrixStateHistoryAndMedia(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		alice := s.Bot(t, "mau-state")
		ctx := t.Context()
		room := must[*mautrix.RespCreateRoom](t)(alice.CreateRoom(ctx, &mautrix.ReqCreateRoom{Preset: "public_chat"})).RoomID
		must[*mautrix.RespSendEvent](t)(alice.SendStateEvent(ctx, room, event.StateTopic, "", &event.TopicEventContent{Topic: "hills"}))
		var topic event.TopicEventContent
		if err := alice.StateEvent(ctx, room, event.StateTopic, "", &topic); err != nil || topic.Topic != "hills" {
			t.Errorf("topic %q, %v", topic.Topic, err)
		}
		state := must[mautrix.RoomStateMap](t)(alice.State(ctx, room))
		if state[event.StateCreate][""] == nil || state[event.StateMember][alice.UserID.String()] == nil {
			t.Errorf("state %v", state)
		}
		var last id.EventID
		for range 5 {
			last = must[*mautrix.RespSendEvent](t)(alice.SendNotice(ctx, room, "counted")).EventID
		}
		page := must[*mautrix.RespMessages](t)(alice.Messages(ctx, room, "", "", mautrix.DirectionBackward, nil, 3))
		if len(page.Chunk) != 3 || page.Chunk[0].ID != last {
			t.Errorf("page %v", page.Chunk)
		}
		data := []byte("a file")
		uploaded := must[*mautrix.RespMediaUpload](t)(alice.UploadBytesWithName(ctx, data, "text/plain", "file.txt"))
		if got := must[[]byte](t)(alice.DownloadBytes(ctx, uploaded.ContentURI)); !bytes.Equal(got, data) {
			t.Errorf("downloaded %q", got)
		}
		if err := alice.SetDisplayName(ctx, "Alice"); err != nil {
			t.Error(err)
		}
		members := must[*mautrix.RespJoinedMembers](t)(alice.JoinedMembers(ctx, room))
		if members.Joined[alice.UserID].DisplayName != "Alice" {
			t.Errorf("members %v", members.Joined)
		}
		_, err := alice.JoinRoomByID(ctx, "!nosuch:"+id.RoomID(s.Server.Name))
		if !errors.Is(err, mautrix.MForbidden) && !errors.Is(err, mautrix.MNotFound) {
			t.Errorf("joining an unknown room: %v", err)
		}
	})
}
