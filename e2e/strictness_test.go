package e2e

import (
	"strings"
	"testing"
)

// Events hold canonical JSON only (Appendices, "Canonical JSON"), and what is no JSON at all is told apart from what is.
func TestEventsOfImpossibleNumbersAreRefused(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("numbers")
		room := u.CreateRoom(nil)
		for value, code := range map[string]string{
			"9007199254740992": "M_BAD_JSON", "-9007199254740992": "M_BAD_JSON", "1.1": "M_BAD_JSON", "1e400": "M_BAD_JSON",
			"Infinity": "M_NOT_JSON", "-Infinity": "M_NOT_JSON", "NaN": "M_NOT_JSON", "01": "M_NOT_JSON", "'x'": "M_NOT_JSON",
		} {
			u.Put(V3("rooms", room, "send", "org.example.n", u.Txn()), `{"n":`+value+`}`).WantError(400, code)
			u.Put(StatePath(room, "org.example.n", ""), `{"n":{"deep":[`+value+`]}}`).WantError(400, code)
		}
		u.Put(V3("rooms", room, "send", "org.example.n", u.Txn()), `{"n":9007199254740991}`).OK()
	})
}

func TestStateEventsOverTheSizeAreTooLarge(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("largestate")
		room := u.CreateRoom(nil)
		u.Put(StatePath(room, "org.example.big", ""), Obj{"x": strings.Repeat("x", 66000)}).WantError(413, "M_TOO_LARGE")
		if r := u.Put(StatePath(room, "org.example.key", strings.Repeat("k", 256)), Obj{}); r.Status != 400 && r.Status != 413 {
			t.Errorf("a state key of 256 bytes answered %d", r.Status)
		}
		u.SetState(room, "org.example.key", strings.Repeat("k", 255), Obj{})
	})
}

func TestDuplicateKeysDoNotConfuse(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("twice")
		room := u.CreateRoom(nil)
		r := u.Put(V3("rooms", room, "send", "org.example.twice", u.Txn()), `{"a":1,"a":2}`)
		if r.Status == 200 {
			u.Get(V3("rooms", room, "event", r.Str("event_id"))).OK().WantJSON("content", Obj{"a": 2})
		} else {
			r.Want(400)
		}
	})
}

func TestCreateRoomRefusesANumericVersion(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("numeric")
		u.Post(V3("createRoom"), Obj{"room_version": 1}).WantError(400, "M_BAD_JSON")
		u.Post(V3("createRoom"), Obj{"creation_content": "words"}).WantError(400, "M_BAD_JSON")
	})
}

func TestCreateRoomTopicWinsOverInitialState(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("topics")
		room := u.CreateRoom(Obj{"topic": "Test Room", "initial_state": []Obj{{"type": "m.room.topic", "content": Obj{"topic": "Shadowed"}}}})
		u.Get(StatePath(room, "m.room.topic", "")).OK().WantJSON("topic", "Test Room", `m\.topic.m\.text.0.body`, "Test Room")
		own := u.CreateRoom(Obj{"initial_state": []Obj{{"type": "m.room.topic", "content": Obj{"topic": "Own"}}}})
		u.Get(StatePath(own, "m.room.topic", "")).OK().WantJSON("topic", "Own")
	})
}

func TestPowerLevelsMustBeIntegers(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("integers")
		for _, version := range []string{"10", "12"} {
			room := u.CreateRoom(Obj{"room_version": version})
			for _, content := range []Obj{
				{"users": Obj{"@x:y": "100"}}, {"events": Obj{"m.room.name": "50"}}, {"state_default": "50"}, {"notifications": Obj{"room": "20"}},
				{"users": Obj{"not a user": 1}}, {"users": []string{}}, {"events_default": 0.5},
			} {
				levels := u.PowerLevels(room)
				for k, v := range content {
					levels[k] = v
				}
				if r := u.Put(StatePath(room, "m.room.power_levels", ""), levels); r.Status != 400 && r.Status != 403 {
					t.Errorf("version %s: %v answered %d", version, content, r.Status)
				}
			}
		}
	})
}

func TestDemotionByUsersDefault(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("demoted")
		room := u.CreateRoom(Obj{
			"preset": "public_chat", "room_version": "11",
			"power_level_content_override": Obj{"users_default": 100, "users": Obj{u.ID: 100}, "events": Obj{}, "notifications": Obj{}},
		})
		other.Join(room)
		other.SetState(room, "m.room.power_levels", "", Obj{"users_default": 40, "users": Obj{u.ID: 100}, "events": Obj{}, "notifications": Obj{}})
		other.Put(StatePath(room, "m.room.name", ""), Obj{"name": "no more"}).WantError(403, "M_FORBIDDEN")
	})
}

func TestJoinKeepsCustomContent(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("host")
		name := s.Name("custom")
		room := u.CreateRoom(Obj{"preset": "public_chat", "room_alias_name": name})
		for _, target := range []string{room, "#" + name + ":" + s.Server.Name} {
			other := s.User("custom")
			other.Post(V3("join", target), Obj{"foo": "bar"}).OK()
			r := u.Get(StatePath(room, "m.room.member", other.ID)).OK().WantJSON("membership", "join")
			if r.Get("foo").String() != "bar" {
				t.Errorf("the member is %s", r.Raw)
			}
		}
	})
}

func TestRoomsThatAreNotThere(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("nowhere")
		nowhere := "!nosuch:" + s.Server.Name
		u.Get(V3("rooms", nowhere, "messages")+Query("dir", "b")).WantError(403, "M_FORBIDDEN")
		for _, path := range []string{
			V3("rooms", nowhere, "members"), V3("rooms", nowhere, "joined_members"), V3("rooms", nowhere, "event", "$x"),
			V3("rooms", nowhere, "context", "$x"), V1("rooms", nowhere, "threads"), V1("rooms", nowhere, "hierarchy"), V3("rooms", nowhere, "aliases"),
		} {
			if r := u.Get(path); r.Status != 403 && r.Status != 404 {
				t.Errorf("%s answered %d", path, r.Status)
			}
		}
		for _, action := range []string{"leave", "forget", "invite", "kick", "ban", "unban", "upgrade"} {
			r := u.Post(V3("rooms", nowhere, action), Obj{"user_id": u.ID, "new_version": "11"})
			if r.Status != 403 && r.Status != 404 && r.Status != 400 {
				t.Errorf("%s answered %d", action, r.Status)
			}
		}
	})
}

func TestDepartedRoomShowsItsPast(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("departed")
		room := u.CreateRoom(Obj{"preset": "public_chat", "name": "N1"})
		other.Join(room)
		seen := u.Say(room, "seen")
		other.Leave(room)
		unseen := u.Say(room, "unseen")
		u.SetState(room, "m.room.name", "", Obj{"name": "N2"})
		other.Get(StatePath(room, "m.room.name", "")).OK().WantJSON("name", "N1")
		other.Get(V3("rooms", room, "joined_members")).WantError(403, "M_FORBIDDEN")
		chunk := other.Get(V3("rooms", room, "messages") + Query("dir", "b", "limit", "10")).OK().Get("chunk")
		if len(Pick(chunk, ByID(seen))) != 1 || len(Pick(chunk, ByID(unseen))) != 0 {
			t.Errorf("messages of a departed room: %s", chunk)
		}
		if first := chunk.Get("0"); first.Get("state_key").Str != other.ID || first.Get("content.membership").Str != "leave" {
			t.Errorf("the newest event is %s", first)
		}
		other.Get(V3("rooms", room, "event", unseen)).WantError(404, "M_NOT_FOUND")
	})
}

func TestMembershipIsToldWithEvents(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("told")
		room := u.PublicRoom()
		before := u.Say(room, "before")
		other.Join(room)
		during := u.Say(room, "during")
		// Client-Server API, events: unsigned.membership is that of the asking user when the event was sent.
		other.Get(V3("rooms", room, "event", before)).OK().WantJSON("unsigned.membership", "leave")
		other.Get(V3("rooms", room, "event", during)).OK().WantJSON("unsigned.membership", "join")
		chunk := other.Get(V3("rooms", room, "messages") + Query("dir", "b", "limit", "5")).OK().Get("chunk")
		for id, want := range map[string]string{before: "leave", during: "join"} {
			if e := Pick(chunk, ByID(id)); len(e) != 1 || e[0].Get("unsigned.membership").Str != want {
				t.Errorf("%s in messages: %v, want %s", id, e, want)
			}
		}
	})
}

func TestRegistrationTakesPasswordsOfAnyScript(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := &User{Password: "übers3kr1t 봉수 🔥"}
		name := s.Name("script")
		u.ID = s.Client().Post(V3("register"), Obj{"username": name, "password": u.Password, "auth": Obj{"type": "m.login.dummy"}}).OK().Str("user_id")
		s.Client().Post(V3("login"), passwordLogin(u, Obj{"type": "m.id.user", "user": name})).OK().WantJSON("user_id", u.ID)
	})
}

func TestRegistrationRefusesEverySpecialCharacter(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		for _, c := range "!\":?\\@[]{|}£é\n'" {
			s.Client().Post(V3("register"), Obj{"username": "user-" + string(c) + "-reject", "password": "sUp3rs3kr1t", "auth": Obj{"type": "m.login.dummy"}}).
				WantError(400, "M_INVALID_USERNAME")
		}
	})
}

func TestRegisterByGETIsNotServed(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		s.Client().Get(V3("register")).WantError(405, "M_UNRECOGNIZED")
	})
}
