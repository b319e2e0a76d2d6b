package e2e

import (
	"testing"

	"github.com/tidwall/gjson"
)

func TestStateWithAndWithoutTrailingSlash(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("slash")
		room := u.CreateRoom(nil)
		u.Put(V3("rooms", room, "state", "m.room.topic")+"/", Obj{"topic": "with slash"}).OK()
		u.Get(V3("rooms", room, "state", "m.room.topic")).OK().WantJSON("topic", "with slash")
		u.Put(V3("rooms", room, "state", "m.room.topic"), Obj{"topic": "without"}).OK()
		u.Get(V3("rooms", room, "state", "m.room.topic")+"/").OK().WantJSON("topic", "without")
	})
}

func TestStateKeysHoldAnyCharacter(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("keys")
		room := u.CreateRoom(nil)
		for _, key := range []string{"a/b", "a b", "ü봉수", "100%", "a?b#c", "plus+sign", "..", "%2F"} {
			u.SetState(room, "org.example.keyed", key, Obj{"key": key})
			u.Get(StatePath(room, "org.example.keyed", key)).OK().WantJSON("key", key)
			if n := len(Pick(u.Get(V3("rooms", room, "state")).OK().Result, ByState("org.example.keyed", key))); n != 1 {
				t.Errorf("%d events of state key %q", n, key)
			}
		}
	})
}

func TestStateUnknownIsNotFound(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("absent")
		room := u.CreateRoom(nil)
		u.Get(StatePath(room, "org.example.absent", "")).WantError(404, "M_NOT_FOUND")
		u.Get(StatePath(room, "m.room.name", "otherkey")).WantError(404, "M_NOT_FOUND")
	})
}

func TestStateOfARoomOneIsNotInIsForbidden(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		room := s.User("host").PublicRoom()
		stranger := s.User("stranger")
		stranger.Get(V3("rooms", room, "state")).WantError(403, "M_FORBIDDEN")
		stranger.Get(StatePath(room, "m.room.create", "")).WantError(403, "M_FORBIDDEN")
		stranger.Put(StatePath(room, "m.room.topic", ""), Obj{"topic": "mine"}).WantError(403, "M_FORBIDDEN")
		if r := stranger.Get(V3("rooms", "!nosuch:"+s.Server.Name, "state")); r.Status != 403 && r.Status != 404 {
			t.Errorf("an unknown room answered %d", r.Status)
		}
	})
}

func TestStateIsTheNewestOfEachKey(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("newest")
		room := u.CreateRoom(nil)
		u.SetState(room, "m.room.topic", "", Obj{"topic": "first"})
		last := u.SetState(room, "m.room.topic", "", Obj{"topic": "second"})
		topics := Pick(u.Get(V3("rooms", room, "state")).OK().Result, ByState("m.room.topic", ""))
		if len(topics) != 1 || topics[0].Get("event_id").Str != last || topics[0].Get("room_id").Str != room {
			t.Fatalf("topics %v", topics)
		}
	})
}

func TestStateCanBeReadAsAWholeEvent(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("whole")
		room := u.CreateRoom(nil)
		id := u.SetState(room, "m.room.topic", "", Obj{"topic": "whole"})
		u.Get(StatePath(room, "m.room.topic", "")+Query("format", "event")).OK().
			WantJSON("event_id", id, "sender", u.ID, "type", "m.room.topic", "state_key", "", "content.topic", "whole")
		u.Get(StatePath(room, "m.room.topic", "")+Query("format", "content")).OK().WantJSON("topic", "whole", "event_id", nil)
	})
}

func TestStateOfALeftRoomIsThatOfTheLeaving(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("left")
		room := u.PublicRoom()
		u.SetState(room, "m.room.topic", "", Obj{"topic": "before"})
		other.Join(room)
		other.Leave(room)
		u.SetState(room, "m.room.topic", "", Obj{"topic": "after"})
		other.Get(StatePath(room, "m.room.topic", "")).OK().WantJSON("topic", "before")
		topics := Pick(other.Get(V3("rooms", room, "state")).OK().Result, ByState("m.room.topic", ""))
		if len(topics) != 1 || topics[0].Get("content.topic").Str != "before" {
			t.Fatalf("topics %v", topics)
		}
		members := other.Get(V3("rooms", room, "members")).OK().Get("chunk")
		if own := Pick(members, ByState("m.room.member", other.ID)); len(own) != 1 || own[0].Get("content.membership").Str != "leave" {
			t.Fatalf("members %s", members)
		}
	})
}

func TestStateNeedsPower(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("weak")
		room := u.PublicRoom()
		other.Join(room)
		other.Put(StatePath(room, "m.room.name", ""), Obj{"name": "mine"}).WantError(403, "M_FORBIDDEN")
		other.Put(StatePath(room, "m.room.power_levels", ""), Obj{"users": Obj{other.ID: 100}}).WantError(403, "M_FORBIDDEN")
	})
}

func TestStateKeyOfAnotherUserIsForbidden(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("other")
		room := u.PublicRoom()
		other.Join(room)
		u.Put(StatePath(room, "org.example.own", other.ID), Obj{}).WantError(403, "M_FORBIDDEN")
		u.SetState(room, "org.example.own", u.ID, Obj{"mine": true})
	})
}

func TestStateShowsInSyncOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("statesync")
		room := u.CreateRoom(nil)
		next := u.Next()
		id := u.SetState(room, "m.room.topic", "", Obj{"topic": "news"})
		r, _ := u.SyncFor(next, "the topic", HasTimeline(room, ByID(id)))
		if n := len(Pick(r.Get(In("join", room, "state.events")), ByID(id))); n != 0 {
			t.Fatal("a state event of the timeline is repeated in the state")
		}
	})
}

func TestStateChangeTellsWhatItReplaces(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("replaces")
		room := u.CreateRoom(nil)
		first := u.SetState(room, "m.room.topic", "", Obj{"topic": "first"})
		next := u.Next()
		second := u.SetState(room, "m.room.topic", "", Obj{"topic": "second"})
		u.SyncUntil(next, "the topic with what it replaced", HasTimeline(room, func(e gjson.Result) bool {
			return ByID(second)(e) && e.Get("unsigned.prev_content.topic").Str == "first" && e.Get("unsigned.replaces_state").Str == first
		}))
	})
}

func TestStateOfCreateAndOfRulesIsGuarded(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("guarded")
		room := u.CreateRoom(nil)
		if r := u.Put(StatePath(room, "m.room.create", ""), Obj{"room_version": "11"}); r.Status != 400 && r.Status != 403 {
			t.Errorf("a second m.room.create answered %d", r.Status)
		}
		if r := u.Put(StatePath(room, "m.room.power_levels", ""), Obj{"ban": "very high"}); r.Status != 400 && r.Status != 403 {
			t.Errorf("power levels of words answered %d", r.Status)
		}
		u.Put(StatePath(room, "m.room.topic", ""), `["no", "object"]`).WantError(400, "M_BAD_JSON")
	})
}

func TestPowerLevelsRuleSending(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("talker")
		room := u.PublicRoom()
		other.Join(room)
		levels := u.PowerLevels(room)
		levels["events"] = Obj{"m.room.message": 50, "org.example.easy": 0}
		u.SetState(room, "m.room.power_levels", "", levels)
		other.Put(V3("rooms", room, "send", "m.room.message", other.Txn()), Text("too weak")).WantError(403, "M_FORBIDDEN")
		other.Send(room, "org.example.easy", Obj{})
		users, _ := levels["users"].(map[string]any)
		if users == nil {
			users = Obj{}
		}
		users[other.ID] = 50
		levels["users"] = users
		u.SetState(room, "m.room.power_levels", "", levels)
		other.Say(room, "strong enough")
	})
}

func TestPowerLevelsCannotBeRaisedAboveOnesOwn(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, mod, third := s.User("host"), s.User("mod"), s.User("third")
		room := u.PublicRoom()
		mod.Join(room)
		third.Join(room)
		levels := u.PowerLevels(room)
		users, _ := levels["users"].(map[string]any)
		if users == nil {
			users = Obj{}
		}
		users[mod.ID] = 50
		levels["users"] = users
		events, _ := levels["events"].(map[string]any)
		events["m.room.power_levels"] = 50
		u.SetState(room, "m.room.power_levels", "", levels)
		users[third.ID] = 60
		mod.Put(StatePath(room, "m.room.power_levels", ""), levels).WantError(403, "M_FORBIDDEN")
		users[third.ID] = 50
		mod.Put(StatePath(room, "m.room.power_levels", ""), levels).OK()
		users[third.ID] = 0
		mod.Put(StatePath(room, "m.room.power_levels", ""), levels).WantError(403, "M_FORBIDDEN")
	})
}
