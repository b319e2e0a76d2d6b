package clientapi

import (
	"crypto/ed25519"
	"log/slog"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/bus"
	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/room"
	bsync "bongsu.org/bongsu/internal/sync"
	"bongsu.org/bongsu/internal/testdb"
)

// newSyncServer is a server with rooms, search and /sync.
func newSyncServer(t *testing.T, url string) *testServer {
	t.Helper()
	s := newSearchServer(t, url)
	service, err := bsync.New(t.Context(), bsync.Options{Store: s.api.Store, Rooms: s.api.Reader, NodeID: "n", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	typing, err := ephemeral.NewTyping(bus.NewLocal(), s.api.Log, service.TypingChanged)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(typing.Close)
	service.SetEphemeral(typing, nil)
	// The engine of newRoomServer tells nobody what it wrote.
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	s.api.Rooms, err = room.NewEngine(room.Options{
		Store: s.api.Store, Signer: &room.Signer{ServerName: "example.org", KeyID: "ed25519:1", Key: key}, DefaultVersion: "12",
		Committed: service.Committed, Log: s.api.Log,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.api.Aliases = room.NewAliases(s.api.Rooms, s.api.Reader)
	s.api.Sync, s.api.Typing = service, typing
	return s
}

func TestOldSync(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newSyncServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		in := alice.makeRoom(`{"preset":"public_chat","name":"In"}`)
		bob.post(in+"/join", `{}`).field("room_id")
		left := alice.makeRoom(`{"preset":"public_chat"}`)
		bob.post(left+"/join", `{}`).field("room_id")
		bob.post(left+"/leave", `{}`).want(`{}`)
		invited := alice.makeRoom(`{"invite":["@bob:example.org"]}`)
		alice.say(in, "one")
		alice.say(in, "two")
		a := bob.get(v3 + "/initialSync?limit=1")
		rooms := map[string]gjson.Result{}
		for _, r := range gjson.Get(a.body, "rooms").Array() {
			rooms[r.Get("room_id").Str] = r
		}
		if len(rooms) != 2 || rooms[idOf(invited)].Get("invite.state_key").Str != "@bob:example.org" {
			t.Fatalf("rooms: %s", a.body)
		}
		if r := rooms[idOf(in)]; r.Get("messages.chunk.#.content.body").Raw != `["two"]` || r.Get("messages.chunk.0.room_id").Str != idOf(in) ||
			r.Get(`state.#(type=="m.room.name").content.name`).Str != "In" || r.Get("membership").Str != "join" {
			t.Errorf("the room: %s", r.Raw)
		}
		if n := gjson.Get(bob.get(v3+"/initialSync?archived=true").body, `rooms.#(membership=="leave").room_id`).Str; n != idOf(left) {
			t.Errorf("the room that was left: %q", n)
		}
		alice.say(in, "three")
		events := v3 + "/events?timeout=0&from="
		next := bob.get(events + a.field("end"))
		same(t, "new", texts(next, "chunk.#.content.body"), "three")
		same(t, "in", texts(next, "chunk.#.room_id"), idOf(in))
		again := bob.get(events + next.field("end"))
		same(t, "nothing new", texts(again, "chunk"))
		same(t, "from now", texts(bob.get(v3+"/events?timeout=0"), "chunk"))
		bob.get(events+"x").wantError(400, "M_INVALID_PARAM")
	})
}

func TestNotificationsParameters(t *testing.T) {
	s := newSyncServer(t, "")
	alice, bob := s.user("alice"), s.user("bob")
	in := alice.makeRoom(`{"preset":"public_chat"}`)
	bob.post(in+"/join", `{}`).field("room_id")
	alice.say(in, "one")
	alice.say(in, "two")
	first := bob.get(v3 + "/notifications?limit=1")
	same(t, "first", texts(first, "notifications.#.event.content.body"), "two")
	same(t, "second", texts(bob.get(v3+"/notifications?limit=5&from="+first.field("next_token")), "notifications.#.event.content.body"), "one")
	same(t, "highlights", texts(bob.get(v3+"/notifications?only=highlight"), "notifications"))
	bob.get(v3+"/notifications?limit=0").wantError(400, "M_INVALID_PARAM")
	bob.get(v3+"/notifications?from=x").wantError(400, "M_INVALID_PARAM")
	s.anonymous(v3+"/notifications").wantError(401, "M_MISSING_TOKEN")
}
