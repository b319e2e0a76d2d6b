package e2e

import (
	"testing"

	"github.com/tidwall/gjson"
)

func TestCreateRoomPresetsSetRules(t *testing.T) {
	presets := []struct{ preset, join, history, guests string }{
		{"public_chat", "public", "shared", "forbidden"},
		{"private_chat", "invite", "shared", "can_join"},
		{"trusted_private_chat", "invite", "shared", "can_join"},
	}
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("presets")
		for _, p := range presets {
			room := u.CreateRoom(Obj{"preset": p.preset})
			u.Get(StatePath(room, "m.room.join_rules", "")).OK().WantJSON("join_rule", p.join)
			u.Get(StatePath(room, "m.room.history_visibility", "")).OK().WantJSON("history_visibility", p.history)
			r := u.Get(StatePath(room, "m.room.guest_access", ""))
			if p.guests == "can_join" {
				r.OK().WantJSON("guest_access", "can_join")
			} else if r.Status == 200 && r.Get("guest_access").Str != "forbidden" {
				t.Fatalf("%s: guest access %s", p.preset, r.Raw)
			}
		}
	})
}

func TestCreateRoomVisibilityChoosesThePreset(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("visibility")
		public := u.CreateRoom(Obj{"visibility": "public"})
		u.Get(StatePath(public, "m.room.join_rules", "")).OK().WantJSON("join_rule", "public")
		private := u.CreateRoom(Obj{"visibility": "private"})
		u.Get(StatePath(private, "m.room.join_rules", "")).OK().WantJSON("join_rule", "invite")
		u.Get(StatePath(u.CreateRoom(nil), "m.room.join_rules", "")).OK().WantJSON("join_rule", "invite")
	})
}

func TestCreateRoomTrustedPrivateRaisesInvitees(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, friend := s.User("trusting"), s.User("trusted")
		room := u.CreateRoom(Obj{"preset": "trusted_private_chat", "invite": []string{friend.ID}})
		friend.Join(room)
		// In the newest room versions the creators' power is not in the list, and invitees become creators too.
		create := u.Get(StatePath(room, "m.room.create", "")).OK()
		power := u.Get(StatePath(room, "m.room.power_levels", "")).OK()
		creators := create.Get("additional_creators").String()
		if !gjson.Valid(creators) && power.Get("users."+Esc(friend.ID)).Int() != 100 {
			t.Fatalf("the invitee has no power: create %s, power levels %s", create.Raw, power.Raw)
		}
		friend.SetState(room, "m.room.power_levels", "", friend.PowerLevels(room))
	})
}

func TestCreateRoomNameAndTopicAreState(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("named")
		room := u.CreateRoom(Obj{"name": "Hill of Namsan", "topic": "Beacons"})
		u.Get(StatePath(room, "m.room.name", "")).OK().WantJSON("name", "Hill of Namsan")
		u.Get(StatePath(room, "m.room.topic", "")).OK().WantJSON("topic", "Beacons")
	})
}

func TestCreateRoomTopicIsRich(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("rich")
		room := u.CreateRoom(Obj{"topic": "Beacons"})
		r := u.Get(StatePath(room, "m.room.topic", "")).OK()
		if got := r.Get(`m\.topic.m\.text.0.body`).String(); got != "Beacons" {
			t.Fatalf("m.topic of createRoom's topic: %s", r.Raw)
		}
	})
}

func TestCreateRoomInitialStateIsApplied(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("initial")
		room := u.CreateRoom(Obj{"preset": "public_chat", "name": "kept", "initial_state": []Obj{
			{"type": "m.room.history_visibility", "state_key": "", "content": Obj{"history_visibility": "joined"}},
			{"type": "m.room.name", "content": Obj{"name": "overridden"}},
			{"type": "org.example.custom", "state_key": "key", "content": Obj{"a": 1}},
		}})
		// createRoom: initial_state wins over the preset, name and topic win over initial_state.
		u.Get(StatePath(room, "m.room.history_visibility", "")).OK().WantJSON("history_visibility", "joined")
		u.Get(StatePath(room, "m.room.name", "")).OK().WantJSON("name", "kept")
		u.Get(StatePath(room, "org.example.custom", "key")).OK().WantJSON("a", 1)
	})
}

func TestCreateRoomCreationContentIsKept(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("content")
		room := u.CreateRoom(Obj{"creation_content": Obj{"m.federate": false, "type": "org.example.kind", "room_version": "1"}})
		r := u.Get(StatePath(room, "m.room.create", "")).OK().WantJSON("m\\.federate", false, "type", "org.example.kind")
		if r.Get("room_version").String() == "1" {
			t.Fatal("creation_content overrode room_version")
		}
	})
}

func TestCreateRoomPowerLevelOverrideIsApplied(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("override")
		room := u.CreateRoom(Obj{"power_level_content_override": Obj{"events_default": 25, "kick": 77}})
		u.Get(StatePath(room, "m.room.power_levels", "")).OK().WantJSON("events_default", 25, "kick", 77)
	})
}

func TestCreateRoomInvitesAreSent(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, a, b := s.User("inviter"), s.User("invitee"), s.User("invitee")
		room := u.CreateRoom(Obj{"name": "Party", "invite": []string{a.ID, b.ID}, "is_direct": true})
		for _, guest := range []*User{a, b} {
			r, _ := guest.SyncFor("", "the invitation", HasSection("invite", room))
			own := Pick(r.Get(In("invite", room, "invite_state.events")), ByState("m.room.member", guest.ID))
			if len(own) != 1 || !own[0].Get("content.is_direct").Bool() {
				t.Fatalf("the invitation is not marked direct: %v", own)
			}
			if len(Pick(r.Get(In("invite", room, "invite_state.events")), ByState("m.room.name", ""))) != 1 {
				t.Fatal("the invitation does not tell the room's name")
			}
		}
	})
}

func TestCreateRoomVersionsAreObeyed(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("versions")
		for _, version := range []string{"6", "7", "8", "9", "10", "11", "12"} {
			room := u.CreateRoom(Obj{"room_version": version})
			u.Get(StatePath(room, "m.room.create", "")).OK().WantJSON("room_version", version)
			u.Say(room, "in version "+version)
		}
		fallback := u.Get(StatePath(u.CreateRoom(nil), "m.room.create", "")).OK().Str("room_version")
		want := u.Get(V3("capabilities")).OK().Str(`capabilities.m\.room_versions.default`)
		if fallback != want {
			t.Fatalf("default version %s, capabilities say %s", fallback, want)
		}
	})
}

func TestCreateRoomRefusesUnknownVersion(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		s.User("future").Post(V3("createRoom"), Obj{"room_version": "999"}).WantError(400, "M_UNSUPPORTED_ROOM_VERSION")
	})
}

func TestCreateRoomRefusesBadFields(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("badfields")
		u.Post(V3("createRoom"), `{"preset": `).WantError(400, "M_NOT_JSON")
		for _, body := range []string{`{"name": 5}`, `{"invite": "everyone"}`, `{"room_version": 11}`} {
			if r := u.Post(V3("createRoom"), body); r.Status != 400 {
				t.Errorf("%s answered %d", body, r.Status)
			}
		}
		if r := u.Post(V3("createRoom"), Obj{"invite": []string{"not a user id"}}); r.Status != 400 {
			t.Errorf("a malformed invitee answered %d", r.Status)
		}
		if r := u.Post(V3("createRoom"), Obj{"preset": "org.example.unknown"}); r.Status != 400 {
			t.Errorf("an unknown preset answered %d", r.Status)
		}
	})
}

func TestCreateRoomAliasIsTakenOnce(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("aliased")
		name := s.Name("alias")
		room := u.CreateRoom(Obj{"room_alias_name": name})
		alias := "#" + name + ":" + s.Server.Name
		u.Get(V3("directory", "room", alias)).OK().WantJSON("room_id", room)
		u.Get(StatePath(room, "m.room.canonical_alias", "")).OK().WantJSON("alias", alias)
		u.Post(V3("createRoom"), Obj{"room_alias_name": name}).WantError(400, "M_ROOM_IN_USE")
	})
}

func TestCreateRoomEventsComeInOrder(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("order")
		room := u.CreateRoom(Obj{"preset": "private_chat", "name": "n"})
		events := u.Get(V3("rooms", room, "messages") + Query("dir", "f", "limit", "50")).OK().Get("chunk").Array()
		var types []string
		for _, e := range events {
			types = append(types, e.Get("type").String())
		}
		if len(types) < 4 || types[0] != "m.room.create" || types[1] != "m.room.member" || types[2] != "m.room.power_levels" {
			t.Fatalf("the room begins %v", types)
		}
	})
}

func TestCreateRoomShowsInCreatorsSync(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("creator")
		next := u.Next()
		room := u.CreateRoom(nil)
		u.SyncUntil(next, "the new room", HasTimeline(room, ByType("m.room.create")))
	})
}

func TestCreateSpaceIsOfItsType(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("space")
		room := u.CreateRoom(Obj{"creation_content": Obj{"type": "m.space"}})
		u.Get(StatePath(room, "m.room.create", "")).OK().WantJSON("type", "m.space")
	})
}

func TestNewestRoomVersionGivesCreatorsPowerForEver(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("founder"), s.User("deputy")
		room := u.CreateRoom(Obj{"room_version": "12", "preset": "public_chat"})
		if room[0] != '!' || len(room) < 30 {
			t.Fatalf("a room id of version 12 is the hash of its first event, got %s", room)
		}
		other.Join(room)
		levels := u.PowerLevels(room)
		if users, _ := levels["users"].(map[string]any); users[u.ID] != nil {
			t.Fatal("the creator is in the power levels of a room of version 12")
		}
		levels["users"] = Obj{u.ID: 50}
		if r := u.Put(StatePath(room, "m.room.power_levels", ""), levels); r.Status == 200 {
			t.Fatal("power levels that name the creator were accepted")
		}
		levels["users"] = Obj{other.ID: 100}
		u.SetState(room, "m.room.power_levels", "", levels)
		other.Post(V3("rooms", room, "kick"), Obj{"user_id": u.ID}).WantError(403, "M_FORBIDDEN")
	})
}
