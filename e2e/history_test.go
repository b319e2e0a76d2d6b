package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// talk sends numbered messages and returns their ids.
func talk(u *User, room string, n int) []string {
	u.t.Helper()
	var ids []string
	for i := range n {
		ids = append(ids, u.Say(room, fmt.Sprintf("message %d", i)))
	}
	return ids
}

func TestMessagesBackwardsPageToTheBeginning(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("pages")
		room := u.CreateRoom(nil)
		want := talk(u, room, 12)
		slices.Reverse(want)
		var got []string
		from, pages := "", 0
		for {
			query := []string{"dir", "b", "limit", "5"}
			if from != "" {
				query = append(query, "from", from)
			}
			r := u.Get(V3("rooms", room, "messages") + Query(query...)).OK()
			for _, e := range r.Get("chunk").Array() {
				got = append(got, e.Get("event_id").Str)
			}
			if pages++; !r.Get("end").Exists() {
				if last := r.Get("chunk.@reverse.0.type").Str; last != "m.room.create" && len(r.Get("chunk").Array()) > 0 {
					t.Fatalf("paging ended at %s", last)
				}
				break
			}
			if from = r.Str("end"); pages > 20 {
				t.Fatal("paging does not end")
			}
		}
		if !slices.Equal(got[:len(want)], want) {
			t.Fatalf("paged %v\nwant %v", got, want)
		}
		if unique := len(slices.Compact(slices.Sorted(slices.Values(got)))); unique != len(got) {
			t.Fatalf("%d events, %d different", len(got), unique)
		}
	})
}

func TestMessagesForwardsFromASyncToken(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("forwards")
		room := u.CreateRoom(nil)
		talk(u, room, 2)
		next := u.Next()
		want := talk(u, room, 5)
		r := u.Get(V3("rooms", room, "messages") + Query("dir", "f", "from", next, "limit", "3")).OK()
		got := IDs(r.Get("chunk"))
		r = u.Get(V3("rooms", room, "messages") + Query("dir", "f", "from", r.Str("end"), "limit", "3")).OK()
		got = append(got, IDs(r.Get("chunk"))...)
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func TestMessagesBackwardsFromASyncTokenExcludeTheLater(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("backfrom")
		room := u.CreateRoom(nil)
		before := talk(u, room, 2)
		next := u.Next()
		talk(u, room, 2)
		got := IDs(u.Get(V3("rooms", room, "messages") + Query("dir", "b", "from", next, "limit", "2")).OK().Get("chunk"))
		if !slices.Equal(got, []string{before[1], before[0]}) {
			t.Fatalf("got %v, want %v reversed", got, before)
		}
	})
}

func TestMessagesStopAtTo(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("to")
		room := u.CreateRoom(nil)
		talk(u, room, 2)
		to := u.Next()
		between := talk(u, room, 3)
		from := u.Next()
		talk(u, room, 1)
		got := IDs(u.Get(V3("rooms", room, "messages") + Query("dir", "b", "from", from, "to", to, "limit", "50")).OK().Get("chunk"))
		slices.Reverse(got)
		if !slices.Equal(got, between) {
			t.Fatalf("got %v, want %v", got, between)
		}
	})
}

func TestMessagesOfPrevBatchMeetTheTimeline(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("meets")
		room := u.CreateRoom(nil)
		want := talk(u, room, 15)
		r := u.Sync("", "filter", `{"room":{"timeline":{"limit":4}}}`)
		if !r.Get(In("join", room, "timeline.limited")).Bool() {
			t.Fatal("a cut timeline is not called limited")
		}
		timeline := IDs(r.Get(In("join", room, "timeline.events")))
		prev := r.Str(In("join", room, "timeline.prev_batch"))
		older := IDs(u.Get(V3("rooms", room, "messages") + Query("dir", "b", "from", prev, "limit", "11")).OK().Get("chunk"))
		slices.Reverse(older)
		if got := append(older, timeline...); !slices.Equal(got, want) {
			t.Fatalf("messages and timeline give %v\nwant %v", got, want)
		}
	})
}

func TestMessagesObeyTheFilter(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("other")
		room := u.PublicRoom()
		other.Join(room)
		mine, theirs := u.Say(room, "mine"), other.Say(room, "theirs")
		pic := u.Send(room, "m.room.message", Obj{"msgtype": "m.image", "body": "p", "url": "mxc://x/y"})
		custom := u.Send(room, "org.example.custom", Obj{})
		get := func(filter string) []string {
			return IDs(u.Get(V3("rooms", room, "messages") + Query("dir", "b", "limit", "20", "filter", filter)).OK().Get("chunk"))
		}
		for filter, want := range map[string][]string{
			`{"types":["org.example.*"]}`:                                         {custom},
			`{"types":["m.room.message"],"senders":["` + other.ID + `"]}`:         {theirs},
			`{"types":["m.room.message"],"not_senders":["` + other.ID + `"]}`:     {pic, mine},
			`{"types":["m.room.message"],"contains_url":true}`:                    {pic},
			`{"types":["m.room.message"],"contains_url":false}`:                   {theirs, mine},
			`{"types":["m.room.message","org.*"],"not_types":["m.room.message"]}`: {custom},
			`{"types":[]}`:                   {},
			`{"not_rooms":["` + room + `"]}`: {},
		} {
			if got := get(filter); !slices.Equal(got, want) && len(got)+len(want) > 0 {
				t.Errorf("%s gives %v, want %v", filter, got, want)
			}
		}
		u.Get(V3("rooms", room, "messages") + Query("dir", "b", "filter", "{broken")).Want(400)
	})
}

func TestMessagesRefuseBadParameters(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("badparams")
		room := u.CreateRoom(nil)
		for _, query := range []string{"", Query("dir", "x"), Query("dir", "b", "from", "no token"), Query("dir", "b", "limit", "many")} {
			if r := u.Get(V3("rooms", room, "messages") + query); r.Status != 400 {
				t.Errorf("%q answered %d", query, r.Status)
			}
		}
		s.User("stranger").Get(V3("rooms", room, "messages")+Query("dir", "b")).WantError(403, "M_FORBIDDEN")
	})
}

func TestMessagesLazyMembersBringTheSenders(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, quiet := s.User("host"), s.User("quiet")
		room := u.PublicRoom()
		quiet.Join(room)
		talk(u, room, 3)
		r := u.Get(V3("rooms", room, "messages") + Query("dir", "b", "limit", "2", "filter", `{"lazy_load_members":true}`)).OK()
		if len(Pick(r.Get("state"), ByState("m.room.member", u.ID))) != 1 || len(Pick(r.Get("state"), ByState("m.room.member", quiet.ID))) != 0 {
			t.Fatalf("state %s", r.Get("state"))
		}
	})
}

func TestContextSurroundsTheEvent(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("context")
		room := u.CreateRoom(nil)
		ids := talk(u, room, 9)
		r := u.Get(V3("rooms", room, "context", ids[4])+Query("limit", "4")).OK().WantJSON("event.event_id", ids[4])
		before, after := IDs(r.Get("events_before")), IDs(r.Get("events_after"))
		if !slices.Equal(before, []string{ids[3], ids[2]}) || !slices.Equal(after, []string{ids[5], ids[6]}) {
			t.Fatalf("before %v after %v of %v", before, after, ids)
		}
		if len(Pick(r.Get("state"), ByState("m.room.create", ""))) != 1 {
			t.Error("no state")
		}
		more := IDs(u.Get(V3("rooms", room, "messages") + Query("dir", "b", "from", r.Str("start"), "limit", "2")).OK().Get("chunk"))
		if !slices.Equal(more, []string{ids[1], ids[0]}) {
			t.Errorf("before start come %v", more)
		}
		more = IDs(u.Get(V3("rooms", room, "messages") + Query("dir", "f", "from", r.Str("end"), "limit", "2")).OK().Get("chunk"))
		if !slices.Equal(more, []string{ids[7], ids[8]}) {
			t.Errorf("after end come %v", more)
		}
	})
}

func TestContextOfUnknownAndForbidden(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("nocontext")
		room := u.CreateRoom(nil)
		id := u.Say(room, "hidden")
		u.Get(V3("rooms", room, "context", "$nosuch")).WantError(404, "M_NOT_FOUND")
		if r := s.User("stranger").Get(V3("rooms", room, "context", id)); r.Status != 403 && r.Status != 404 {
			t.Errorf("a stranger got %d", r.Status)
		}
	})
}

func TestEventByID(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("byid")
		room, second := u.CreateRoom(nil), u.CreateRoom(nil)
		id := u.Say(room, "found")
		u.Get(V3("rooms", room, "event", id)).OK().WantJSON("event_id", id, "room_id", room, "content.body", "found")
		u.Get(V3("rooms", second, "event", id)).WantError(404, "M_NOT_FOUND")
		u.Get(V3("rooms", room, "event", "$nosuch")).WantError(404, "M_NOT_FOUND")
		s.User("stranger").Get(V3("rooms", room, "event", id)).WantError(404, "M_NOT_FOUND")
	})
}

func TestTimestampToEvent(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("timestamp")
		room := u.CreateRoom(nil)
		id := u.Say(room, "at a time")
		ts := u.Get(V3("rooms", room, "event", id)).OK().Get("origin_server_ts").Int()
		find := func(at int64, dir string) *Response {
			return u.Get(V1("rooms", room, "timestamp_to_event") + Query("ts", strconv.FormatInt(at, 10), "dir", dir))
		}
		find(ts+60000, "b").OK().WantJSON("event_id", id, "origin_server_ts", ts)
		create := find(0, "f").OK()
		u.Get(V3("rooms", room, "event", create.Str("event_id"))).OK().WantJSON("type", "m.room.create")
		find(time.Now().Add(time.Hour).UnixMilli(), "f").WantError(404, "M_NOT_FOUND")
		find(1, "b").WantError(404, "M_NOT_FOUND")
	})
}

// visibleTo tells which of the given messages a user finds by paging back through a room.
func visibleTo(u *User, room string, ids []string) []bool {
	u.t.Helper()
	r := u.Get(V3("rooms", room, "messages") + Query("dir", "b", "limit", "100"))
	seen := make([]bool, len(ids))
	if r.Status == 403 {
		return seen
	}
	r.OK()
	for i, id := range ids {
		seen[i] = len(Pick(r.Get("chunk"), ByID(id))) == 1
	}
	return seen
}

func TestHistoryVisibilityInAllFourForms(t *testing.T) {
	// Messages are sent before the invitation, while invited, while joined, and after leaving.
	forms := []struct {
		visibility string
		want       []bool
	}{
		{"world_readable", []bool{true, true, true, true}},
		{"shared", []bool{true, true, true, false}},
		{"invited", []bool{false, true, true, false}},
		{"joined", []bool{false, false, true, false}},
	}
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("host")
		for _, form := range forms {
			other := s.User("reader")
			room := u.CreateRoom(Obj{"preset": "private_chat", "initial_state": []Obj{{
				"type": "m.room.history_visibility", "content": Obj{"history_visibility": form.visibility},
			}}})
			ids := []string{u.Say(room, "before")}
			u.Invite(room, other.ID)
			ids = append(ids, u.Say(room, "invited"))
			other.Join(room)
			ids = append(ids, u.Say(room, "joined"))
			other.Leave(room)
			ids = append(ids, u.Say(room, "after"))
			if got := visibleTo(other, room, ids); !slices.Equal(got, form.want) {
				t.Errorf("%s: messages show %v, want %v", form.visibility, got, form.want)
			}
			for i, id := range ids {
				if r := other.Get(V3("rooms", room, "event", id)); (r.Status == 200) != form.want[i] {
					t.Errorf("%s: GET /event of message %d answered %d", form.visibility, i, r.Status)
				}
			}
			stranger := s.User("stranger")
			wantStranger := form.visibility == "world_readable"
			if got := visibleTo(stranger, room, ids[:1])[0]; got != wantStranger {
				t.Errorf("%s: a stranger sees %v", form.visibility, got)
			}
		}
	})
}

func TestHistoryVisibilityChangeKeepsThePast(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("reader")
		room := u.CreateRoom(Obj{"preset": "public_chat", "initial_state": []Obj{{
			"type": "m.room.history_visibility", "content": Obj{"history_visibility": "joined"},
		}}})
		hidden := u.Say(room, "hidden")
		u.SetState(room, "m.room.history_visibility", "", Obj{"history_visibility": "shared"})
		shown := u.Say(room, "shown")
		other.Join(room)
		if got := visibleTo(other, room, []string{hidden, shown}); got[0] || !got[1] {
			t.Fatalf("hidden and shown are seen %v", got)
		}
	})
}

func TestHistoryVisibilityHoldsInSync(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("reader")
		room := u.CreateRoom(Obj{"preset": "public_chat", "initial_state": []Obj{{
			"type": "m.room.history_visibility", "content": Obj{"history_visibility": "joined"},
		}}})
		hidden := u.Say(room, "hidden")
		other.Join(room)
		shown := u.Say(room, "shown")
		r, _ := other.SyncFor("", "the shown message", HasTimeline(room, ByID(shown)))
		if len(Pick(r.Get(In("join", room, "timeline.events")), ByID(hidden))) != 0 {
			t.Fatal("sync shows what history visibility hides")
		}
	})
}

func TestPeekingAWorldReadableRoom(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("peeks")
		room := u.CreateRoom(Obj{"preset": "public_chat", "initial_state": []Obj{{
			"type": "m.room.history_visibility", "content": Obj{"history_visibility": "world_readable"},
		}}})
		id := u.Say(room, "for all")
		other.Get(V3("rooms", room, "state")).OK()
		other.Get(StatePath(room, "m.room.history_visibility", "")).OK()
		other.Get(V3("rooms", room, "event", id)).OK()
		other.Get(V3("rooms", room, "context", id)).OK()
		other.Put(V3("rooms", room, "send", "m.room.message", other.Txn()), Text("no")).WantError(403, "M_FORBIDDEN")
	})
}

func TestEventsStreamPeeksAWorldReadableRoom(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("peeks")
		room := u.CreateRoom(Obj{"preset": "public_chat", "initial_state": []Obj{{
			"type": "m.room.history_visibility", "content": Obj{"history_visibility": "world_readable"},
		}}})
		end := other.Get(V3("events") + Query("room_id", room, "timeout", "0")).OK().Str("end")
		id := u.Say(room, "live")
		for range 20 {
			r := other.Get(V3("events") + Query("room_id", room, "from", end, "timeout", "2000")).OK()
			if len(Pick(r.Get("chunk"), func(e gjson.Result) bool { return ByID(id)(e) })) == 1 {
				return
			}
			end = r.Str("end")
		}
		t.Fatal("the message did not come")
	})
}
