package e2e

import (
	"slices"
	"testing"

	"github.com/tidwall/gjson"
)

func TestSyncShowsOnesOwnPresence(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("ownpresence")
		u.SyncUntil("", "own presence", func(r gjson.Result) bool {
			return len(Pick(r.Get("presence.events"), func(e gjson.Result) bool { return e.Get("sender").Str == u.ID })) > 0
		})
	})
}

func TestSyncBringsPresenceOfNewlySharedRooms(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("joins")
		room := u.PublicRoom()
		u.Sync("")
		next := other.Next()
		u.Put(V3("presence", u.ID, "status"), Obj{"presence": "online"}).OK()
		other.Join(room)
		other.SyncUntil(next, "the presence of a member of the joined room", presenceIs(u.ID, "online"))
	})
}

func TestSyncBringsPresenceOfNewMembers(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("joins")
		room := u.PublicRoom()
		other.Sync("")
		other.Put(V3("presence", other.ID, "status"), Obj{"presence": "online"}).OK()
		next := u.Next()
		other.Join(room)
		u.SyncUntil(next, "the presence of the new member", presenceIs(other.ID, "online"))
	})
}

func TestSyncOfNewlyJoinedRoomHasItsTimeline(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("joins")
		room := u.PublicRoom()
		ids := talk(u, room, 4)
		next := other.Next()
		other.Join(room)
		r, _ := other.SyncFor(next, "the room", HasSection("join", room), "filter", `{"room":{"timeline":{"limit":5}}}`)
		got := IDs(r.Get(In("join", room, "timeline.events")))
		if len(got) != 5 || !slices.Equal(got[:4], ids) {
			t.Fatalf("the timeline is %v, want %v and the join", got, ids)
		}
		if !r.Get(In("join", room, "timeline.limited")).Bool() {
			t.Error("a newly joined room with more history is not limited")
		}
	})
}

func TestSyncLeavesStateOutThatAFilterDropsFromTheTimeline(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("filtered")
		room := u.CreateRoom(nil)
		filter := `{"room":{"timeline":{"types":["m.room.message"],"limit":1},"state":{"types":[]}}}`
		next := u.Sync("", "filter", filter).Str("next_batch")
		u.SetState(room, "m.room.topic", "", Obj{"topic": "x"})
		first, second := u.Say(room, "one"), u.Say(room, "two")
		r, _ := u.SyncFor(next, "the last message", HasTimeline(room, ByID(second)), "filter", filter)
		if got := IDs(r.Get(In("join", room, "timeline.events"))); slices.Contains(got, first) && len(got) > 1 {
			t.Errorf("a limit of one gives %v", got)
		}
		if n := len(r.Get(In("join", room, "state.events")).Array()); n != 0 {
			t.Errorf("%d state events though the filter wants none", n)
		}
	})
}

func TestSyncStateThatTheTimelineFilterDropsComesInTheState(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("kept")
		room := u.CreateRoom(nil)
		filter := `{"room":{"timeline":{"types":["m.room.message"]}}}`
		next := u.Sync("", "filter", filter).Str("next_batch")
		topic := u.SetState(room, "m.room.topic", "", Obj{"topic": "x"})
		last := u.Say(room, "after")
		r, _ := u.SyncFor(next, "the message", HasTimeline(room, ByID(last)), "filter", filter)
		inTimeline := len(Pick(r.Get(In("join", room, "timeline.events")), ByID(topic)))
		inState := len(Pick(r.Get(In("join", room, "state.events")), ByID(topic)))
		if inTimeline != 0 {
			t.Error("the filter is not obeyed")
		}
		if inState != 1 {
			t.Logf("a state change before the timeline is told %d times in the state", inState)
		}
	})
}

func TestSyncOlderLeftRoomsStayAway(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("leaves")
		room, later := u.PublicRoom(), u.PublicRoom()
		other.Join(room)
		other.Join(later)
		other.Leave(room)
		next := other.SyncUntil("", "the other room", HasSection("join", later))
		other.Leave(later)
		r, _ := other.SyncFor(next, "the left room", HasSection("leave", later))
		if HasSection("leave", room)(r.Result) {
			t.Fatal("a room that was left before the token is in the leave section")
		}
	})
}

func TestSyncRejectedInvitationLeaves(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("rejects")
		room := u.CreateRoom(Obj{"preset": "private_chat"})
		u.Invite(room, other.ID)
		next := other.SyncUntil("", "the invitation", HasSection("invite", room))
		other.Leave(room)
		r, _ := other.SyncFor(next, "the rejected room", HasSection("leave", room))
		if len(Pick(r.Get(In("leave", room, "timeline.events")), ByState("m.room.member", other.ID))) != 1 {
			t.Errorf("the rejection itself is not told: %s", r.Get("rooms.leave"))
		}
		if n := len(Pick(r.Get(In("leave", room, "state.events")), ByType("m.room.name"))); n != 0 {
			t.Error("state of a room that was never joined is told")
		}
	})
}

func TestSyncGappedLeaveSection(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("leaves")
		room := u.PublicRoom()
		other.Join(room)
		filter := `{"room":{"timeline":{"limit":1}}}`
		next := other.Sync("", "filter", filter).Str("next_batch")
		u.SetState(room, "m.room.topic", "", Obj{"topic": "missed"})
		talk(u, room, 3)
		other.Leave(room)
		r, _ := other.SyncFor(next, "the left room", HasSection("leave", room), "filter", filter)
		if !r.Get(In("leave", room, "timeline.limited")).Bool() {
			t.Error("not limited")
		}
		if len(Pick(r.Get(In("leave", room, "state.events")), ByState("m.room.topic", ""))) != 1 {
			t.Error("the state of the gap is missing")
		}
	})
}

func TestSyncOwnJoinAndOthersJoinsAreSeen(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("joins")
		room := u.PublicRoom()
		next, nextOther := u.Next(), other.Next()
		other.Join(room)
		joined := func(e gjson.Result) bool {
			return ByState("m.room.member", other.ID)(e) && e.Get("content.membership").Str == "join"
		}
		other.SyncUntil(nextOther, "own join", HasTimeline(room, joined))
		u.SyncUntil(next, "the other's join", HasTimeline(room, joined))
	})
}

func TestSyncTransactionIDSurvivesARefresh(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("refreshed")
		body := passwordLogin(u, Obj{"type": "m.id.user", "user": u.ID})
		body["refresh_token"] = true
		r := s.Client().Post(V3("login"), body).OK()
		c := &User{Client: s.Client(), ID: u.ID, Device: r.Str("device_id")}
		c.Token = r.Str("access_token")
		room := c.CreateRoom(nil)
		path := V3("rooms", room, "send", "m.room.message", "kept")
		id := c.Put(path, Text("x")).OK().Str("event_id")
		c.Token = s.Client().Post(V3("refresh"), Obj{"refresh_token": r.Str("refresh_token")}).OK().Str("access_token")
		c.Get(V3("rooms", room, "event", id)).OK().WantJSON("unsigned.transaction_id", "kept")
		if again := c.Put(path, Text("x")).OK().Str("event_id"); again != id {
			t.Errorf("the repeat after a refresh gave %s, the first %s", again, id)
		}
	})
}

func TestPushRuleChangesWakeASync(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("wakes")
		rules := func(r gjson.Result) bool { return len(Pick(r.Get("account_data.events"), ByType("m.push_rules"))) == 1 }
		if !rules(u.Sync("").Result) {
			t.Fatal("an initial sync has no push rules")
		}
		path := V3("pushrules", "global", "room", "!foo:example.com")
		next := u.Next()
		u.Put(path, Obj{"actions": []any{"notify"}}).OK()
		next = u.SyncUntil(next, "a new rule", rules)
		u.Put(path+"/enabled", Obj{"enabled": false}).OK()
		next = u.SyncUntil(next, "a disabled rule", rules)
		u.Put(path+"/enabled", Obj{"enabled": true}).OK()
		next = u.SyncUntil(next, "an enabled rule", rules)
		u.Put(path+"/actions", Obj{"actions": []any{}}).OK()
		next = u.SyncUntil(next, "changed actions", rules)
		u.Delete(path, nil).OK()
		u.SyncUntil(next, "a deleted rule", rules)
	})
}

func TestPushRulesMoveWithAnUpgrade(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("moves")
		room := u.CreateRoom(Obj{"preset": "public_chat", "room_version": "10"})
		u.Put(V3("pushrules", "global", "room", room), Obj{"actions": []any{"notify"}}).OK()
		u.Put(V3("user", u.ID, "rooms", room, "tags", "m.favourite"), Obj{"order": 0.5}).OK()
		next := u.Post(V3("rooms", room, "upgrade"), Obj{"new_version": "11"}).OK().Str("replacement_room")
		u.Get(V3("pushrules", "global", "room", next)).OK().WantJSON("rule_id", next)
		u.Get(V3("user", u.ID, "rooms", next, "tags")).OK().WantJSON("tags", Obj{"m.favourite": Obj{"order": 0.5}})
	})
}

func TestPasswordChangeDropsPushersOfOtherDevices(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("pushers")
		other := u.Login()
		set := func(c *User, key string) {
			c.Post(V3("pushers", "set"), Obj{
				"kind": "http", "app_id": "org.example", "pushkey": key, "app_display_name": "A", "device_display_name": "D", "lang": "en",
				"data": Obj{"url": "https://example.org/_matrix/push/v1/notify"},
			}).OK()
		}
		set(u, "own")
		set(other, "other")
		u.Post(V3("account", "password"), Obj{"new_password": "another long password", "auth": u.PasswordAuth("")}).OK()
		u.Get(V3("pushers")).OK().WantJSON("pushers.#", 1, "pushers.0.pushkey", "own")
	})
}

func TestUserDirectoryShowsNoNamesOfPrivateRooms(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other, seeker := s.User("host"), s.User("named"), s.User("seeks")
		public, private := s.Name("Public"), s.Name("Private")
		other.Put(V3("profile", other.ID, "displayname"), Obj{"displayname": public}).OK()
		other.PublicRoom()
		room := u.CreateRoom(Obj{"preset": "private_chat", "invite": []string{other.ID}})
		other.Join(room)
		other.SetState(room, "m.room.member", other.ID, Obj{"membership": "join", "displayname": private})
		found := func(term string) gjson.Result {
			return seeker.Post(V3("user_directory", "search"), Obj{"search_term": term}).OK().Get("results")
		}
		if r := found(private); len(r.Array()) != 0 {
			t.Errorf("a name of a private room finds %s", r)
		}
		if r := found(public); r.Get("0.display_name").Str != public {
			t.Errorf("the public name finds %s", r)
		}
	})
}
