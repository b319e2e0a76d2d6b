package clientapi

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

const v1 = "/_matrix/client/v1"

// inV1 is a room's path for endpoints below v1.
func inV1(room string) string { return v1 + strings.TrimPrefix(room, v3) }

// idOf is the room's id.
func idOf(room string) string {
	id, _ := url.PathUnescape(strings.TrimPrefix(room, v3+"/rooms/"))
	return id
}

func texts(a *answer, path string) []string {
	a.t.Helper()
	if a.status != 200 {
		a.t.Fatalf("%s: got %d %s", a.call, a.status, a.body)
	}
	out := []string{}
	for _, r := range gjson.Get(a.body, path).Array() {
		out = append(out, r.String())
	}
	return out
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) && len(got)+len(want) > 0 {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestContextSplitsItsLimit(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, eve := s.user("alice"), s.user("eve")
		room := alice.makeRoom(`{}`)
		var ids []string
		for i := range 10 {
			ids = append(ids, alice.say(room, fmt.Sprint(i)))
		}
		a := alice.get(room + "/context/" + ids[5] + "?limit=4")
		same(t, "before", texts(a, "events_before.#.content.body"), "4", "3")
		same(t, "after", texts(a, "events_after.#.content.body"), "6", "7")
		same(t, "event", texts(a, "event.content.body"), "5")
		a = alice.get(room + "/context/" + ids[9] + `?limit=0&filter={"lazy_load_members":true}`)
		same(t, "before, none wanted", texts(a, "events_before"))
		same(t, "members", texts(a, `state.#(type=="m.room.member")#.state_key`), "@alice:example.org")
		older := alice.get(room + "/messages?dir=b&limit=2&from=" + alice.get(room+"/context/"+ids[5]+"?limit=4").field("start"))
		same(t, "going on", texts(older, "chunk.#.content.body"), "2", "1")
		newer := alice.get(room + "/messages?dir=f&limit=2&from=" + alice.get(room+"/context/"+ids[5]+"?limit=4").field("end"))
		same(t, "going on", texts(newer, "chunk.#.content.body"), "8", "9")
		eve.get(room+"/context/"+ids[5]).wantError(404, "M_NOT_FOUND")
		alice.get(room+"/context/$none").wantError(404, "M_NOT_FOUND")
	})
}

func TestTimestampToEvent(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice := s.user("alice")
		room := alice.makeRoom(`{}`)
		id := alice.say(room, "x")
		ts := gjson.Get(alice.get(room+"/event/"+id).body, "origin_server_ts").Int()
		at := func(ts int64, dir string) *answer {
			return alice.get(fmt.Sprintf("%s/timestamp_to_event?ts=%d&dir=%s", inV1(room), ts, dir))
		}
		if got := at(ts+1000, "b").field("event_id"); got != id {
			t.Errorf("going back: %s", got)
		}
		if got := gjson.Get(at(0, "f").body, "event_id").Str; gjson.Get(alice.get(room+"/event/"+got).body, "type").Str != "m.room.create" {
			t.Errorf("the first event is %s", got)
		}
		at(ts+1000, "f").wantError(404, "M_NOT_FOUND")
		at(0, "b").wantError(404, "M_NOT_FOUND")
		at(0, "x").wantError(400, "M_INVALID_PARAM")
	})
}

func TestPeeking(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		room := alice.makeRoom(`{"initial_state":[{"type":"m.room.history_visibility","content":{"history_visibility":"world_readable"}}]}`)
		id := alice.say(room, "seen by all")
		same(t, "messages", bodies(bob.get(room+"/messages?dir=b&limit=1")), "seen by all")
		if got := bob.get(room + "/event/" + id); got.field("unsigned.membership") != "leave" {
			t.Error(got.body)
		}
		if len(texts(bob.get(room+"/state"), "@this")) == 0 || len(texts(bob.get(room+"/members"), "chunk")) != 1 {
			t.Error("no state")
		}
		bob.get(room+"/joined_members").wantError(403, "M_FORBIDDEN")
		snapshot := bob.get(room + "/initialSync")
		if got := texts(snapshot, "messages.chunk.#.content.body"); !slices.Contains(got, "seen by all") {
			t.Errorf("snapshot: %s", snapshot.body)
		}
		bob.get(v3 + "/events/" + id).field("event_id")
		alice.put(room+"/state/m.room.history_visibility", `{"history_visibility":"shared"}`).field("event_id")
		bob.get(room+"/messages?dir=b").wantError(403, "M_FORBIDDEN")
		bob.get(v3+"/events/"+id).wantError(404, "M_NOT_FOUND")
	})
}

func TestReports(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, eve := s.user("alice"), s.user("eve")
		room := alice.makeRoom(`{}`)
		id := alice.say(room, "x")
		alice.post(room+"/report/"+id, `{"reason":"bad","score":-100}`).want("{}")
		eve.post(room+"/report/"+id, `{"reason":"bad"}`).wantError(404, "M_NOT_FOUND")
		alice.post(room+"/report/$none", `{"reason":"bad"}`).wantError(404, "M_NOT_FOUND")
		eve.post(room+"/report", `{"reason":""}`).want("{}")
		eve.post(v3+"/rooms/!none/report", `{"reason":""}`).want("{}")
		eve.post(room+"/report", `{}`).wantError(400, "M_MISSING_PARAM")
		eve.post(v3+"/users/@alice:example.org/report", `{"reason":"x"}`).want("{}")
		eve.post(v3+"/users/@none:example.org/report", `{"reason":"x"}`).want("{}")
		var kept []store.Report
		err := s.api.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
			kept, err = tx.Reports(t.Context(), 10)
			return err
		})
		if err != nil || len(kept) != 3 {
			t.Errorf("kept: %+v, %v", kept, err)
		}
	})
}

func TestGuestsLeaveWhenARoomIsClosedToThem(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, bob, guest := s.user("alice"), s.user("bob"), s.user("guest")
		err := s.api.Store.Write(t.Context(), func(tx *store.Tx) error {
			return tx.InsertUser(t.Context(), store.User{ID: "@visitor:example.org", Guest: true})
		})
		if err != nil {
			t.Fatal(err)
		}
		room := alice.makeRoom(`{"preset":"public_chat","initial_state":[{"type":"m.room.guest_access","content":{"guest_access":"can_join"}}]}`)
		bob.post(room+"/join", "").field("room_id")
		guest.post(room+"/join", "").field("room_id")
		visitor := "@visitor:example.org"
		if err := s.api.Rooms.Join(t.Context(), roomMember(idOf(room), visitor)); err != nil {
			t.Fatal(err)
		}
		alice.put(room+"/state/m.room.guest_access", `{"guest_access":"can_join","more":1}`).field("event_id")
		if got := alice.get(room + "/state/m.room.member/" + visitor).field("membership"); got != "join" {
			t.Errorf("while guests are let in, the guest's membership is %s", got)
		}
		alice.put(room+"/state/m.room.guest_access", `{"guest_access":"forbidden"}`).field("event_id")
		if got := alice.get(room + "/state/m.room.member/" + visitor).field("membership"); got != "leave" {
			t.Errorf("the guest's membership is %s", got)
		}
		if got := alice.get(room + "/state/m.room.member/@bob:example.org").field("membership"); got != "join" {
			t.Errorf("the user's membership is %s", got)
		}
	})
}

func roomMember(roomID, user string) room.MemberRequest {
	return room.MemberRequest{RoomID: roomID, Sender: user, Guest: true}
}

func TestWhoTakesNoInvites(t *testing.T) {
	s := newRoomServer(t, "")
	alice, bob := s.user("alice"), s.user("bob")
	room := alice.makeRoom(`{}`)
	config := v3 + "/user/@bob:example.org/account_data/m.invite_permission_config"
	bob.put(config, `{"default_action":"block"}`).want("{}")
	alice.post(room+"/invite", `{"user_id":"@bob:example.org"}`).wantError(403, "M_INVITE_BLOCKED")
	alice.put(room+"/state/m.room.member/@bob:example.org", `{"membership":"invite"}`).wantError(403, "M_INVITE_BLOCKED")
	alice.post(v3+"/createRoom", `{"invite":["@bob:example.org"]}`).wantError(403, "M_INVITE_BLOCKED")
	bob.put(config, `{}`).want("{}")
	alice.post(room+"/invite", `{"user_id":"@bob:example.org"}`).want("{}")
}

func TestMembersOfAPastThatMayNotBeSeen(t *testing.T) {
	s := newRoomServer(t, "")
	alice, bob := s.user("alice"), s.user("bob")
	room := alice.makeRoom(`{"preset":"public_chat","initial_state":[{"type":"m.room.history_visibility","content":{"history_visibility":"joined"}}]}`)
	alice.say(room, "before")
	before := alice.get(room + "/messages?dir=b").field("start")
	bob.post(room+"/join", "").field("room_id")
	bob.get(room+"/members?at="+before).wantError(403, "M_FORBIDDEN")
	if got := texts(alice.get(room+"/members?at="+before), "chunk"); len(got) != 1 {
		t.Errorf("members then: %q", got)
	}
}

func TestPeekingWaits(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		room := alice.makeRoom(`{"initial_state":[{"type":"m.room.history_visibility","content":{"history_visibility":"world_readable"}}]}`)
		path := v3 + "/events?room_id=" + idOf(room)
		now := bob.get(path + "&timeout=0")
		same(t, "nothing yet", texts(now, "chunk"))
		alice.say(room, "one")
		first := bob.get(path + "&from=" + now.field("end"))
		same(t, "what came", bodies(first), "one")
		got := make(chan *answer)
		go func() { got <- bob.get(path + "&from=" + first.field("end")) }()
		alice.say(room, "two")
		same(t, "what comes", bodies(<-got), "two")
		s.user("carol").get(v3+"/events?room_id=!none").wantError(403, "M_FORBIDDEN")
	})
}
