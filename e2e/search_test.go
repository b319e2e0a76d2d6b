package e2e

import (
	"net/http"
	"slices"
	"testing"
)

// searchFor is the body of a search in the events of rooms.
func searchFor(term string, more Obj) Obj {
	criteria := Obj{"search_term": term}
	for name, value := range more {
		criteria[name] = value
	}
	return Obj{"search_categories": Obj{"room_events": criteria}}
}

const roomEvents = "search_categories.room_events."

func foundBodies(r *Response) []string {
	out := []string{}
	for _, body := range r.Get(roomEvents + "results.#.result.content.body").Array() {
		out = append(out, body.Str)
	}
	return out
}

func TestSearchFindsWhatWasJustSaid(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		alice, bob := s.User("alice"), s.User("bob")
		room := alice.CreateRoom(Obj{"preset": "public_chat", "name": "Beacons"})
		alice.Say(room, "the first fire on the hill")
		bob.Join(room)
		bob.Say(room, "a second fire, 봉수대에서")
		alice.Say(room, "all is quiet")
		r := alice.Post(V3("search"), searchFor("fire", Obj{
			"order_by": "recent", "include_state": true, "groupings": Obj{"group_by": []Obj{{"key": "room_id"}, {"key": "sender"}}},
			"event_context": Obj{"before_limit": 1, "after_limit": 1, "include_profile": true},
		})).OK()
		if got := foundBodies(r); !slices.Equal(got, []string{"a second fire, 봉수대에서", "the first fire on the hill"}) {
			t.Errorf("found %q", got)
		}
		r.WantJSON(roomEvents+"count", 2, roomEvents+"highlights", []string{"fire"}, roomEvents+"next_batch", nil,
			roomEvents+"results.0.context.events_after.0.content.body", "all is quiet")
		if got := foundBodies(bob.Post(V3("search"), searchFor("봉수", nil)).OK()); len(got) != 1 {
			t.Errorf("found %q", got)
		}
		if got := foundBodies(s.User("eve").Post(V3("search"), searchFor("fire", nil)).OK()); len(got) != 0 {
			t.Errorf("a stranger finds %q", got)
		}
		alice.Post(V3("search"), Obj{}).WantError(http.StatusBadRequest, "M_MISSING_PARAM")
		alice.Post(V3("search"), "{").WantError(http.StatusBadRequest, "M_NOT_JSON")
	})
}

func TestSearchGoesOnAfterARestart(t *testing.T) {
	server := Start(t, Options{})
	s := On(t, server)
	alice := s.User("alice")
	room := alice.CreateRoom(nil)
	alice.Say(room, "before the fall")
	server.Kill()
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	alice.Say(room, "after the fall")
	if got := foundBodies(alice.Post(V3("search"), searchFor("fall", Obj{"order_by": "recent"})).OK()); len(got) != 2 {
		t.Errorf("found %q", got)
	}
}
