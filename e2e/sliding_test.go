package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"bongsu.org/bongsu/internal/testdb"
)

const slidingPath = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync"

// slidingList is a request for the newest rooms, as Element X makes it.
func slidingList(last, limit int) Obj {
	return Obj{
		"conn_id": "room-list",
		"lists": Obj{"all_rooms": Obj{
			"ranges": []any{[]int{0, last}}, "timeline_limit": limit,
			"required_state": []any{[]string{"m.room.name", ""}, []string{"m.room.member", "$LAZY"}, []string{"m.room.member", "$ME"}},
		}},
		"extensions": Obj{
			"account_data": Obj{"enabled": true}, "receipts": Obj{"enabled": true}, "typing": Obj{"enabled": true},
			"e2ee": Obj{"enabled": true}, "to_device": Obj{"enabled": true},
		},
	}
}

// slide asks once more from a position; "" begins.
func (u *User) slide(pos string, body Obj) *Response {
	u.t.Helper()
	path := slidingPath
	if pos != "" {
		path += Query("pos", pos)
	}
	return u.Post(path, body)
}

func TestSlidingSyncIsAdvertised(t *testing.T) {
	Each(t, func(_ *testing.T, s *Suite) {
		s.Client().Get("/_matrix/client/versions").OK().WantJSON("unstable_features.org\\.matrix\\.simplified_msc3575", true)
	})
}

func TestSlidingSync(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		alice := s.User("alice")
		id := alice.CreateRoom(Obj{"name": "Beacons"})
		room := "rooms." + Esc(id)
		r := alice.slide("", slidingList(19, 1)).OK().WantJSON("lists.all_rooms.count", 1, room+".initial", true, room+".name", "Beacons",
			room+".membership", "join", room+".joined_count", 1, room+".limited", true,
			"extensions.e2ee.device_one_time_keys_count.signed_curve25519", 0)
		if r.Get("extensions.account_data.global.#(type==m.push_rules)").Raw == "" || r.Str("extensions.to_device.next_batch") == "" {
			t.Errorf("the extensions are %s", r.Get("extensions").Raw)
		}
		sent := alice.Say(id, "smoke")
		next := alice.slide(r.Str("pos"), slidingList(19, 1)).OK().WantJSON(room+".timeline.#", 1, room+".timeline.0.event_id", sent, room+".num_live", 1)
		if next.Get(room + ".initial").Exists() {
			t.Error("a room that the client has is said to be new")
		}
		// MSC4186: a position may be used for pages, too.
		alice.Get(V3("rooms", id, "messages")+Query("dir", "b", "limit", "1", "from", next.Str("pos"))).OK().WantJSON("chunk.0.event_id", sent)
		alice.Post(slidingPath+Query("pos", "nonsense"), slidingList(19, 1)).WantError(http.StatusBadRequest, "M_UNKNOWN_POS")
	})
}

// The form of requests that the proposal has now is read, too.
func TestSlidingSyncAsProposed(t *testing.T) {
	Each(t, func(_ *testing.T, s *Suite) {
		alice, bob := s.User("alice"), s.User("bob")
		id := alice.CreateRoom(Obj{"name": "Beacons"})
		alice.Invite(id, bob.ID)
		body := Obj{"lists": Obj{"all": Obj{
			"range": []int{0, 9}, "timeline_limit": 2, "required_state": Obj{"include": []any{Obj{}}, "exclude": []any{Obj{"type": "m.room.create"}}},
		}}}
		room := "rooms." + Esc(id)
		r := alice.slide("", body).OK().WantJSON("lists.all.count", 1, room+".timeline.#", 2, room+".lists.0", "all",
			room+`.required_state.#(type=="m.room.name").content.name`, "Beacons")
		if r.Get(room + `.required_state.#(type=="m.room.create")`).Exists() {
			s.T.Error("what is excluded came")
		}
		bob.slide("", body).OK().WantJSON(room+".membership", "invite", room+`.invite_state.#(type=="m.room.name").content.name`, "Beacons")
		sent := alice.Say(id, "smoke")
		body["pos"] = r.Str("pos")
		alice.slide("", body).OK().WantJSON(room+".timeline.0.event_id", sent)
	})
}

func TestSlidingSyncRefusesNonsense(t *testing.T) {
	Each(t, func(_ *testing.T, s *Suite) {
		alice := s.User("alice")
		list := func(fields Obj) Obj { return Obj{"lists": Obj{"l": fields}} }
		for _, body := range []Obj{
			list(Obj{"ranges": []any{[]int{3, 1}}}), list(Obj{"ranges": []any{[]int{-1, 1}}}), list(Obj{"timeline_limit": -1}),
			{"timeout": -1}, {"set_presence": "asleep"}, {"extensions": Obj{"to_device": Obj{"enabled": true, "since": "x"}}},
		} {
			alice.Post(slidingPath, body).WantError(http.StatusBadRequest, "M_INVALID_PARAM")
		}
		for _, body := range []Obj{list(Obj{"required_state": []any{[]string{"a"}}}), list(Obj{"required_state": 3}), {"lists": []int{}}, {"conn_id": "a\x00"}} {
			alice.Post(slidingPath, body).WantError(http.StatusBadRequest, "M_BAD_JSON")
		}
		s.Client().Post(slidingPath, Obj{}).WantError(http.StatusUnauthorized, "M_MISSING_TOKEN")
	})
}

// A killed server goes on where it was: the client's position is known, rooms that it has are not sent anew.
func TestSlidingSyncSurvivesRestart(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		server := Start(t, Options{Database: url})
		s := On(t, server)
		alice := s.User("alice")
		var rooms []string
		for i := range 5 {
			rooms = append(rooms, alice.CreateRoom(Obj{"name": fmt.Sprint("Room ", i)}))
		}
		pos := alice.slide("", slidingList(9, 1)).OK().Str("pos")
		server.Kill()
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
		sent := alice.Say(rooms[2], "after the restart")
		room := "rooms." + Esc(rooms[2])
		r := alice.slide(pos, slidingList(9, 1)).OK().WantJSON("lists.all_rooms.count", 5, room+".timeline.0.event_id", sent)
		if n := len(r.Get("rooms").Map()); n != 1 || r.Get(room+".initial").Exists() {
			t.Errorf("after the restart %d rooms came: %s", n, r.Get("rooms").Raw)
		}
	})
}
