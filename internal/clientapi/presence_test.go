package clientapi

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/bus"
	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/testdb"
)

// newEphemeralServer is newRoomServer with typing and presence; told gets the rooms and users of which there is news.
func newEphemeralServer(t *testing.T, url string) (s *testServer, told chan string) {
	t.Helper()
	s = newRoomServer(t, url)
	told = make(chan string, 100)
	tell := func(id string) { told <- id }
	typing, err := ephemeral.NewTyping(bus.NewLocal(), s.api.Log, tell)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(typing.Close)
	presence, err := ephemeral.NewPresence(bus.NewLocal(), s.api.Store, s.api.Log, tell)
	if err != nil {
		t.Fatal(err)
	}
	s.api.Typing, s.api.Presence = typing, presence
	t.Cleanup(func() {
		if err := presence.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s, told
}

// share makes a room with a second member, and returns the room's id and its path in the API.
func (u *testUser) share(with *testUser) (id, path string) {
	u.s.t.Helper()
	path = u.makeRoom(`{"preset":"public_chat"}`)
	id = with.post(path+"/join", `{}`).field("room_id")
	return id, path
}

func TestPresence(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s, told := newEphemeralServer(t, url)
		alice, bob, carol := s.user("alice"), s.user("bob"), s.user("carol")
		alice.share(bob)
		const path = v3 + "/presence/@alice:example.org/status"
		bob.get(path).want(`{"presence":"offline"}`)
		carol.get(path).wantError(http.StatusForbidden, "M_FORBIDDEN")
		alice.get(v3+"/presence/@nobody:example.org/status").wantError(http.StatusForbidden, "M_FORBIDDEN")

		alice.put(path, `{"presence":"online","status_msg":"I am here."}`).want(`{}`)
		if got := <-told; got != "@alice:example.org" {
			t.Errorf("news of %s", got)
		}
		seen := bob.get(path)
		if seen.field("presence") != "online" || seen.field("status_msg") != "I am here." || seen.field("currently_active") != "true" ||
			!gjson.Get(seen.body, "last_active_ago").Exists() {
			t.Errorf("bob sees %s", seen.body)
		}
		alice.put(path, `{"presence":"unavailable","status_msg":null}`).want(`{}`)
		seen = alice.get(path)
		if seen.field("presence") != "unavailable" || strings.Contains(seen.body, "status_msg") || strings.Contains(seen.body, "currently_active") {
			t.Errorf("alice sees %s", seen.body)
		}

		bob.put(path, `{"presence":"online"}`).wantError(http.StatusForbidden, "M_FORBIDDEN")
		alice.put(path, `{"presence":"dreaming"}`).wantError(http.StatusBadRequest, "M_INVALID_PARAM")
		alice.put(path, `{"presence":3}`).wantError(http.StatusBadRequest, "M_BAD_JSON")
		alice.put(path, `{"status_msg":"x"}`).wantError(http.StatusBadRequest, "M_MISSING_PARAM")
		alice.put(path, `{"presence":"online","status_msg":"`+strings.Repeat("x", ephemeral.MaxStatus+1)+`"}`).
			wantError(http.StatusBadRequest, "M_INVALID_PARAM")
	})
}

func TestSendingIsAnActivity(t *testing.T) {
	s, _ := newEphemeralServer(t, "")
	alice := s.user("alice")
	room := alice.makeRoom(`{}`)
	const path = v3 + "/presence/@alice:example.org/status"
	alice.put(path, `{"presence":"unavailable"}`).want(`{}`)
	alice.say(room, "back again")
	if got := alice.get(path).field("presence"); got != "online" {
		t.Errorf("after a message: %s", got)
	}
}

func TestPresenceSwitchedOff(t *testing.T) {
	s := newRoomServer(t, "")
	alice := s.user("alice")
	alice.say(alice.makeRoom(`{}`), "hello")
	const path = v3 + "/presence/@alice:example.org/status"
	alice.put(path, `{"presence":"online","status_msg":"x"}`).want(`{}`)
	alice.get(path).want(`{"presence":"offline"}`)
}

func TestTyping(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s, told := newEphemeralServer(t, url)
		alice, bob, carol := s.user("alice"), s.user("bob"), s.user("carol")
		room, path := alice.share(bob)
		const me = "/typing/@bob:example.org"
		// want waits for news of the room and checks who types.
		want := func(users ...string) {
			t.Helper()
			for {
				select {
				case id := <-told:
					if id != room {
						continue
					}
				case <-time.After(30 * time.Second):
					t.Fatal("no news")
				}
				break
			}
			if got := s.api.Typing.Room(room).Users; strings.Join(got, " ") != strings.Join(users, " ") {
				t.Errorf("%v type, want %v", got, users)
			}
		}
		bob.put(path+me, `{"typing":true,"timeout":30000}`).want(`{}`)
		want("@bob:example.org")
		alice.put(path+"/typing/@alice:example.org", `{"typing":true}`).want(`{}`)
		want("@bob:example.org", "@alice:example.org")
		bob.put(path+me, `{"typing":false}`).want(`{}`)
		want("@alice:example.org")
		bob.put(path+me, `{"typing":true,"timeout":9223372036854775807}`).want(`{}`)
		want("@alice:example.org", "@bob:example.org")

		alice.put(path+me, `{"typing":true}`).wantError(http.StatusForbidden, "M_FORBIDDEN")
		carol.put(path+"/typing/@carol:example.org", `{"typing":true}`).wantError(http.StatusForbidden, "M_FORBIDDEN")
		bob.put(v3+"/rooms/!unknown:example.org"+me, `{"typing":true}`).wantError(http.StatusForbidden, "M_FORBIDDEN")
		bob.put(v3+"/rooms/unknown"+me, `{"typing":true}`).wantError(http.StatusBadRequest, "M_INVALID_PARAM")
		bob.put(path+me, `{"typing":true,"timeout":-1}`).wantError(http.StatusBadRequest, "M_INVALID_PARAM")
		bob.put(path+me, `{"typing":"yes"}`).wantError(http.StatusBadRequest, "M_BAD_JSON")
		bob.put(path+me, `{"timeout":1000}`).wantError(http.StatusBadRequest, "M_MISSING_PARAM")
		bob.post(path+"/leave", `{}`).want(`{}`)
		bob.put(path+me, `{"typing":true}`).wantError(http.StatusForbidden, "M_FORBIDDEN")
	})
}
