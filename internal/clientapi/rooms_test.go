package clientapi

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net/url"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/testdb"
)

// newRoomServer is newTestServer with rooms.
func newRoomServer(t *testing.T, url string) *testServer {
	t.Helper()
	s := newTestServer(t, url)
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	rooms, err := room.NewEngine(room.Options{
		Store: s.api.Store, Signer: &room.Signer{ServerName: "example.org", KeyID: "ed25519:1", Key: key}, DefaultVersion: "12", Log: s.api.Log,
	})
	if err != nil {
		t.Fatal(err)
	}
	reader := room.NewReader(s.api.Store)
	s.api.Rooms, s.api.Reader, s.api.Aliases, s.api.Receipts = rooms, reader, room.NewAliases(rooms, reader), room.NewReceipts(reader)
	return s
}

const v3 = "/_matrix/client/v3"

// makeRoom makes a room and returns its path in the API.
func (u *testUser) makeRoom(body string) string {
	u.s.t.Helper()
	return v3 + "/rooms/" + url.PathEscape(u.post(v3+"/createRoom", body).field("room_id"))
}

// say sends a message and returns its id.
func (u *testUser) say(room, text string) string {
	u.s.t.Helper()
	return u.sendEvent(room, "m.room.message", fmt.Sprintf(`{"msgtype":"m.text","body":%q}`, text))
}

func (u *testUser) sendEvent(room, typ, content string) string {
	u.s.t.Helper()
	return u.put(fmt.Sprintf("%s/send/%s/%s", room, typ, rand.Text()), content).field("event_id")
}

func bodies(a *answer) []string {
	a.t.Helper()
	if a.status != 200 {
		a.t.Fatalf("%s: got %d %s", a.call, a.status, a.body)
	}
	out := []string{}
	for _, r := range gjson.Get(a.body, "chunk.#.content.body").Array() {
		out = append(out, r.Str)
	}
	return out
}

func TestMessagesPageBothWays(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice := s.user("alice")
		room := alice.makeRoom(`{"preset":"public_chat"}`)
		for i := range 25 {
			alice.say(room, fmt.Sprint(i))
		}
		for _, dir := range []string{"b", "f"} {
			var got []string
			from := ""
			for page := 0; page < 20; page++ {
				a := alice.get(room + "/messages?limit=7&dir=" + dir + from + `&filter={"types":["m.room.message"]}`)
				got = append(got, bodies(a)...)
				end := gjson.Get(a.body, "end")
				if !end.Exists() {
					break
				}
				from = "&from=" + end.Str
			}
			if len(got) != 25 {
				t.Fatalf("dir=%s gave %v", dir, got)
			}
			for i, body := range got {
				want := i
				if dir == "b" {
					want = 24 - i
				}
				if body != fmt.Sprint(want) {
					t.Fatalf("dir=%s: at %d: %v", dir, i, got)
				}
			}
		}
	})
}

func TestMessagesParameters(t *testing.T) {
	s := newRoomServer(t, "")
	alice, eve := s.user("alice"), s.user("eve")
	room := alice.makeRoom(`{}`)
	alice.get(room+"/messages").wantError(400, "M_MISSING_PARAM")
	alice.get(room+"/messages?dir=x").wantError(400, "M_INVALID_PARAM")
	alice.get(room+"/messages?dir=b&from=nonsense").wantError(400, "M_INVALID_PARAM")
	alice.get(room+"/messages?dir=b&filter={").wantError(400, "M_NOT_JSON")
	alice.get(room+"/messages?dir=b&limit=-1").wantError(400, "M_INVALID_PARAM")
	eve.get(room+"/messages?dir=b").wantError(403, "M_FORBIDDEN")
	eve.get(v3+"/rooms/!none:example.org/messages?dir=b").wantError(403, "M_FORBIDDEN")
}

func TestStateOfARoom(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		room := alice.makeRoom(`{"preset":"public_chat","name":"Tea"}`)
		alice.get(room + "/state/m.room.name").want(`{"name":"Tea"}`)
		alice.get(room + "/state/m.room.name/").want(`{"name":"Tea"}`)
		if got := alice.get(room + "/state/m.room.name?format=event").field("type"); got != "m.room.name" {
			t.Errorf("type is %q", got)
		}
		alice.get(room+"/state/m.room.topic").wantError(404, "M_NOT_FOUND")
		bob.get(room+"/state/m.room.name").wantError(403, "M_FORBIDDEN")
		bob.post(room+"/join", "").field("room_id")
		bob.post(room+"/leave", "{}").want("{}")
		alice.put(room+"/state/m.room.name", `{"name":"Coffee"}`).field("event_id")
		bob.get(room + "/state/m.room.name").want(`{"name":"Tea"}`)
		alice.get(room + "/state/m.room.name").want(`{"name":"Coffee"}`)
		if n := len(gjson.Parse(bob.get(room + "/state").body).Array()); n == 0 {
			t.Error("bob sees no state of the room that he left")
		}
		bob.post(room+"/forget", "{}").want("{}")
		bob.get(room+"/state").wantError(403, "M_FORBIDDEN")
	})
}

func TestMembersOfARoom(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		room := alice.makeRoom(`{"preset":"public_chat"}`)
		before := gjson.Get(alice.get(room+"/messages?dir=b").body, "start").Str
		bob.post(room+"/join", "{}").field("room_id")
		count := func(query string) int {
			return len(gjson.Get(alice.get(room+"/members"+query).body, "chunk").Array())
		}
		for query, want := range map[string]int{
			"": 2, "?at=" + before: 1, "?membership=join": 2, "?membership=leave": 0, "?not_membership=join": 0, "?not_membership=leave": 2,
		} {
			if got := count(query); got != want {
				t.Errorf("%s: %d members, want %d", query, got, want)
			}
		}
		alice.get(room+"/members?membership=guest").wantError(400, "M_INVALID_PARAM")
		alice.get(room + "/joined_members").want(`{"joined":{"@alice:example.org":{},"@bob:example.org":{}}}`)
		if got := len(gjson.Get(bob.get(v3+"/joined_rooms").body, "joined_rooms").Array()); got != 1 {
			t.Errorf("bob is in %d rooms", got)
		}
	})
}
