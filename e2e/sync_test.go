package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

func TestSyncInitialHasRoomsWithStateAndTimeline(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("initial")
		room := u.CreateRoom(Obj{"name": "Initial"})
		id := u.Say(room, "hello")
		r := u.Sync("")
		timeline := r.Get(In("join", room, "timeline.events"))
		if len(Pick(timeline, ByID(id))) != 1 {
			t.Fatal("the timeline lacks the message")
		}
		for _, want := range []string{"m.room.create", "m.room.power_levels", "m.room.name"} {
			n := len(Pick(timeline, ByState(want, ""))) + len(Pick(r.Get(In("join", room, "state.events")), ByState(want, "")))
			if n != 1 {
				t.Errorf("%s comes %d times over state and timeline", want, n)
			}
		}
	})
}

func TestSyncIsEmptyWithoutNews(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("quiet")
		u.CreateRoom(nil)
		next := u.Next()
		r := u.Sync(next)
		if len(r.Get("rooms.join").Map()) != 0 {
			t.Fatalf("news without news: %s", r.Raw)
		}
	})
}

func TestSyncWaitsForItsTimeout(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("waits")
		next := u.SyncUntil("", "anything", func(gjson.Result) bool { return true })
		start := time.Now()
		u.Get(V3("sync") + Query("since", next, "timeout", "300")).OK()
		if waited := time.Since(start); waited < 250*time.Millisecond {
			// A late change of the account itself may answer once; then the second call waits.
			next = u.Next()
			start = time.Now()
			u.Get(V3("sync") + Query("since", next, "timeout", "300")).OK()
			if waited = time.Since(start); waited < 250*time.Millisecond {
				t.Fatalf("answered after %s", waited)
			}
		}
	})
}

func TestSyncIsWokenByAMessage(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("woken"), s.User("wakes")
		room := u.PublicRoom()
		other.Join(room)
		next := u.Next()
		got := make(chan *Response, 1)
		go func() {
			r, err := u.Try("GET", V3("sync")+Query("since", next, "timeout", "30000"), nil)
			if err == nil {
				got <- r
			}
			close(got)
		}()
		id := other.Say(room, "wake up")
		select {
		case r := <-got:
			if r == nil || r.Status != 200 {
				t.Fatalf("the waiting sync failed: %v", r)
			}
			if !HasTimeline(room, ByID(id))(r.Result) {
				u.SyncUntil(r.Str("next_batch"), "the message", HasTimeline(room, ByID(id)))
			}
		case <-time.After(15 * time.Second):
			t.Fatal("the waiting sync was not woken")
		}
	})
}

func TestSyncIncrementsHaveEachEventOnceInOrder(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("reader"), s.User("writer")
		room := u.PublicRoom()
		other.Join(room)
		next := u.Next()
		var want, got []string
		for range 5 {
			want = append(want, talk(other, room, 3)...)
			_, next = u.SyncFor(next, "the last message", func(r gjson.Result) bool {
				got = append(got, IDs(r.Get(In("join", room, "timeline.events")))...)
				return len(got) > 0 && got[len(got)-1] == want[len(want)-1]
			})
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
	})
}

func TestSyncOldTokenCanBeUsedAgain(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("again")
		room := u.CreateRoom(nil)
		next := u.Next()
		ids := talk(u, room, 3)
		u.SyncUntil(next, "the last message", HasTimeline(room, ByID(ids[2])))
		if got := IDs(u.Sync(next).Get(In("join", room, "timeline.events"))); !slices.Equal(got, ids) {
			t.Fatalf("the second use of a token gives %v, want %v", got, ids)
		}
	})
}

func TestSyncLimitedTimelineHasAGapThatCanBeFilled(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("gap")
		room := u.CreateRoom(nil)
		next := u.Next()
		topic := u.SetState(room, "m.room.topic", "", Obj{"topic": "in the gap"})
		ids := talk(u, room, 10)
		u.SyncUntil(next, "the last message", HasTimeline(room, ByID(ids[9])))
		r := u.Sync(next, "filter", `{"room":{"timeline":{"limit":3}}}`)
		if !r.Get(In("join", room, "timeline.limited")).Bool() {
			t.Fatal("not limited")
		}
		if got := IDs(r.Get(In("join", room, "timeline.events"))); !slices.Equal(got, ids[7:]) {
			t.Fatalf("the timeline is %v, want %v", got, ids[7:])
		}
		if len(Pick(r.Get(In("join", room, "state.events")), ByID(topic))) != 1 {
			t.Error("the state of the gap is not told")
		}
		back := u.Get(V3("rooms", room, "messages") + Query("dir", "b", "from", r.Str(In("join", room, "timeline.prev_batch")), "to", next, "limit", "50")).OK()
		got := IDs(back.Get("chunk"))
		slices.Reverse(got)
		if want := append([]string{topic}, ids[:7]...); !slices.Equal(got, want) {
			t.Fatalf("the gap holds %v, want %v", got, want)
		}
	})
}

func TestSyncUnlimitedTimelineIsNotLimited(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("whole")
		room := u.CreateRoom(nil)
		next := u.Next()
		ids := talk(u, room, 3)
		u.SyncUntil(next, "the last message", HasTimeline(room, ByID(ids[2])))
		r := u.Sync(next, "filter", `{"room":{"timeline":{"limit":3}}}`)
		if r.Get(In("join", room, "timeline.limited")).Bool() {
			t.Fatal("a timeline that holds all is called limited")
		}
	})
}

func TestSyncNewlyJoinedRoomHasItsState(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("joins")
		room := u.CreateRoom(Obj{"preset": "public_chat", "name": "Joined"})
		talk(u, room, 15)
		next := other.Next()
		other.Join(room)
		r, _ := other.SyncFor(next, "the room", HasSection("join", room))
		all := append(r.Get(In("join", room, "state.events")).Array(), r.Get(In("join", room, "timeline.events")).Array()...)
		for _, want := range []string{"m.room.create", "m.room.join_rules", "m.room.name"} {
			n := 0
			for _, e := range all {
				if ByState(want, "")(e) {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%s comes %d times", want, n)
			}
		}
	})
}

func TestSyncFullStateTellsAllAgain(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("full")
		room := u.CreateRoom(Obj{"name": "Full"})
		next := u.Next()
		r := u.Sync(next, "full_state", "true")
		if len(Pick(r.Get(In("join", room, "state.events")), ByState("m.room.name", ""))) != 1 {
			t.Fatalf("full_state gives %s", r.Raw)
		}
	})
}

func TestSyncUseStateAfter(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("after")
		room := u.CreateRoom(nil)
		next := u.Next()
		u.SetState(room, "m.room.topic", "", Obj{"topic": "one"})
		last := u.SetState(room, "m.room.topic", "", Obj{"topic": "two"})
		u.SyncUntil(next, "the last topic", HasTimeline(room, ByID(last)))
		r := u.Sync(next, "use_state_after", "true")
		after := r.Get(In("join", room, "state_after.events"))
		topics := Pick(after, ByState("m.room.topic", ""))
		if len(topics) != 1 || topics[0].Get("event_id").Str != last {
			t.Fatalf("state_after holds %s", after)
		}
		if r.Get(In("join", room, "state")).Exists() {
			t.Error("state is there beside state_after")
		}
	})
}

func TestSyncSummaryNamesHeroesAndCounts(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, a, b := s.User("host"), s.User("hero"), s.User("invited")
		room := u.CreateRoom(Obj{"preset": "private_chat", "invite": []string{a.ID, b.ID}})
		a.Join(room)
		summary := u.Sync("").Get(In("join", room, "summary"))
		if summary.Get("m\\.joined_member_count").Int() != 2 || summary.Get("m\\.invited_member_count").Int() != 1 {
			t.Fatalf("summary %s", summary)
		}
		heroes := summary.Get("m\\.heroes").Array()
		if len(heroes) != 2 {
			t.Fatalf("heroes of a nameless room: %s", summary)
		}
		for _, h := range heroes {
			if h.Str == u.ID {
				t.Error("oneself is a hero")
			}
		}
	})
}

func TestSyncLeaveSectionOnlyOnceAndOnRequest(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("leaves")
		room := u.PublicRoom()
		id := u.Say(room, "before leaving")
		next := u.Next()
		u.Leave(room)
		_, next = u.SyncFor(next, "the left room", HasSection("leave", room))
		if HasSection("leave", room)(u.Sync(next).Result) {
			t.Error("the left room came twice")
		}
		if HasSection("leave", room)(u.Sync("").Result) {
			t.Error("an initial sync has left rooms without being asked")
		}
		r := u.Sync("", "filter", `{"room":{"include_leave":true}}`)
		if len(Pick(r.Get(In("leave", room, "timeline.events")), ByID(id))) != 1 {
			t.Errorf("include_leave gives %s", r.Get("rooms.leave"))
		}
	})
}

func TestSyncLeftRoomEndsAtTheLeaving(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("gone")
		room := u.PublicRoom()
		other.Join(room)
		next := other.SyncUntil("", "the room", HasSection("join", room))
		other.Leave(room)
		later := u.Say(room, "after the leaving")
		r, next := other.SyncFor(next, "the left room", HasSection("leave", room))
		if strings.Contains(string(r.Raw), later) {
			t.Fatal("an event after the leaving is shown")
		}
		u.Say(room, "still later")
		if r := other.Sync(next); r.Get("rooms.join."+Esc(room)).Exists() || r.Get("rooms.leave."+Esc(room)).Exists() {
			t.Fatalf("news of a left room: %s", r.Raw)
		}
	})
}

func TestSyncRejoinedRoomStartsAnew(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("back")
		room := u.PublicRoom()
		other.Join(room)
		next := other.SyncUntil("", "the room", HasSection("join", room))
		other.Leave(room)
		next = other.SyncUntil(next, "the left room", HasSection("leave", room))
		missed := u.Say(room, "missed")
		topic := u.SetState(room, "m.room.topic", "", Obj{"topic": "set meanwhile"})
		other.Join(room)
		r, _ := other.SyncFor(next, "the room again", HasSection("join", room))
		all := append(IDs(r.Get(In("join", room, "state.events"))), IDs(r.Get(In("join", room, "timeline.events")))...)
		if !slices.Contains(all, topic) {
			t.Error("state that was set meanwhile is missing")
		}
		if limited := r.Get(In("join", room, "timeline.limited")).Bool(); !slices.Contains(all, missed) && !limited {
			t.Error("a gap is not called limited")
		}
	})
}

func TestSyncRefusesBadParameters(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("badsync")
		for _, query := range []string{
			Query("since", "no token"), Query("filter", "{broken"), Query("timeout", "long"), Query("set_presence", "dreaming"),
			Query("filter", "987654"),
		} {
			if r := u.Get(V3("sync") + query); r.Status != 400 && r.Status != 404 {
				t.Errorf("%s answered %d", query, r.Status)
			}
		}
	})
}

func TestSyncObeysRoomFilters(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("roomfilter")
		a, b := u.CreateRoom(nil), u.CreateRoom(nil)
		only := u.Sync("", "filter", `{"room":{"rooms":["`+a+`"]}}`)
		if !HasSection("join", a)(only.Result) || HasSection("join", b)(only.Result) {
			t.Errorf("rooms: %s", only.Raw)
		}
		without := u.Sync("", "filter", `{"room":{"not_rooms":["`+a+`"]}}`)
		if HasSection("join", a)(without.Result) || !HasSection("join", b)(without.Result) {
			t.Errorf("not_rooms: %s", without.Raw)
		}
	})
}

func TestSyncObeysTypeFilters(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("typefilter")
		room := u.CreateRoom(Obj{"name": "n"})
		msg := u.Say(room, "m")
		custom := u.Send(room, "org.example.custom", Obj{})
		filter := u.Post(V3("user", u.ID, "filter"), Obj{"room": Obj{
			"timeline": Obj{"types": []string{"m.room.message"}}, "state": Obj{"types": []string{"m.room.name"}},
			"ephemeral": Obj{"types": []string{}}, "account_data": Obj{"types": []string{}},
		}, "account_data": Obj{"types": []string{}}, "presence": Obj{"types": []string{}}}).OK().Str("filter_id")
		r := u.Sync("", "filter", filter)
		got := IDs(r.Get(In("join", room, "timeline.events")))
		if !slices.Equal(got, []string{msg}) || slices.Contains(got, custom) {
			t.Errorf("timeline %v", got)
		}
		state := r.Get(In("join", room, "state.events")).Array()
		if len(state) != 1 || state[0].Get("type").Str != "m.room.name" {
			t.Errorf("state %v", state)
		}
		if len(r.Get("account_data.events").Array()) != 0 || len(r.Get("presence.events").Array()) != 0 {
			t.Errorf("filtered account data or presence came: %s", r.Raw)
		}
	})
}

func TestSyncArchivedRoomsKeepTheirHistoryOnly(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("archives")
		room := u.PublicRoom()
		other.Join(room)
		ids := talk(u, room, 3)
		other.Leave(room)
		after := u.Say(room, "after")
		r := other.Sync("", "filter", `{"room":{"include_leave":true,"timeline":{"limit":20}}}`)
		got := IDs(r.Get(In("leave", room, "timeline.events")))
		if !slices.Contains(got, ids[2]) || slices.Contains(got, after) {
			t.Fatalf("the archive holds %v", got)
		}
	})
}

func TestSyncInvitationComesOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("invited")
		room := u.CreateRoom(Obj{"preset": "private_chat"})
		next := other.Next()
		u.Invite(room, other.ID)
		next = other.SyncUntil(next, "the invitation", HasSection("invite", room))
		if HasSection("invite", room)(other.Sync(next).Result) {
			t.Error("the invitation came twice")
		}
		if !HasSection("invite", room)(other.Sync("").Result) {
			t.Error("an initial sync lacks the invitation")
		}
	})
}
