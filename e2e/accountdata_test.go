package e2e

import (
	"testing"

	"github.com/tidwall/gjson"
)

func TestAccountDataIsKeptAndSynced(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("data")
		next := u.Next()
		u.Put(V3("user", u.ID, "account_data", "org.example.setting"), Obj{"a": 1}).OK()
		u.Get(V3("user", u.ID, "account_data", "org.example.setting")).OK().WantJSON("a", 1)
		has := func(r gjson.Result) bool {
			found := Pick(r.Get("account_data.events"), ByType("org.example.setting"))
			return len(found) == 1 && found[0].Get("content.a").Int() == 1
		}
		next = u.SyncUntil(next, "the account data", has)
		if !has(u.Sync("").Result) {
			t.Error("an initial sync lacks the account data")
		}
		if has(u.Sync(next).Result) {
			t.Error("unchanged account data came again")
		}
	})
}

func TestAccountDataOfARoom(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("roomdata")
		room := u.CreateRoom(nil)
		path := V3("user", u.ID, "rooms", room, "account_data", "org.example.note")
		u.Get(path).WantError(404, "M_NOT_FOUND")
		next := u.Next()
		u.Put(path, Obj{"note": "n"}).OK()
		u.Get(path).OK().WantJSON("note", "n")
		u.SyncUntil(next, "the room's account data", func(r gjson.Result) bool {
			return len(Pick(r.Get(In("join", room, "account_data.events")), ByType("org.example.note"))) == 1
		})
	})
}

func TestAccountDataUnknownIsNotFound(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("nodata")
		u.Get(V3("user", u.ID, "account_data", "org.example.absent")).WantError(404, "M_NOT_FOUND")
	})
}

func TestAccountDataOfOthersIsForbidden(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("mine"), s.User("theirs")
		other.Put(V3("user", other.ID, "account_data", "org.example.secret"), Obj{"s": 1}).OK()
		u.Get(V3("user", other.ID, "account_data", "org.example.secret")).WantError(403, "M_FORBIDDEN")
		u.Put(V3("user", other.ID, "account_data", "org.example.secret"), Obj{}).WantError(403, "M_FORBIDDEN")
	})
}

func TestAccountDataRefusesServerManagedTypes(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("managed")
		room := u.CreateRoom(nil)
		u.Put(V3("user", u.ID, "account_data", "m.push_rules"), Obj{}).WantError(405, "M_BAD_JSON")
		u.Put(V3("user", u.ID, "account_data", "m.fully_read"), Obj{}).WantError(405, "M_BAD_JSON")
		u.Put(V3("user", u.ID, "rooms", room, "account_data", "m.fully_read"), Obj{"event_id": "$x"}).WantError(405, "M_BAD_JSON")
	})
}

func TestAccountDataRefusesBadBodies(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("baddata")
		u.Put(V3("user", u.ID, "account_data", "org.example.x"), `{"a":`).WantError(400, "M_NOT_JSON")
		u.Put(V3("user", u.ID, "account_data", "org.example.x"), `[1]`).WantError(400, "M_BAD_JSON")
		u.Put(V3("user", u.ID, "rooms", "no room id", "account_data", "org.example.x"), Obj{}).WantError(400, "M_INVALID_PARAM")
	})
}

func TestAccountDataReachesOtherDevices(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("devicesdata")
		other := u.Login()
		next := other.Next()
		u.Put(V3("user", u.ID, "account_data", "org.example.shared"), Obj{"b": true}).OK()
		other.SyncUntil(next, "the account data", func(r gjson.Result) bool {
			return len(Pick(r.Get("account_data.events"), ByType("org.example.shared"))) == 1
		})
	})
}

func TestTags(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("tags"), s.User("othertags")
		room := u.CreateRoom(nil)
		base := []string{"user", u.ID, "rooms", room, "tags"}
		u.Get(V3(base...)).OK().WantJSON("tags", Obj{})
		next := u.Next()
		u.Put(V3(append(base, "m.favourite")...), Obj{"order": 0.25}).OK()
		u.Put(V3(append(base, "u.work")...), Obj{}).OK()
		u.Get(V3(base...)).OK().WantJSON("tags", Obj{"m.favourite": Obj{"order": 0.25}, "u.work": Obj{}})
		next = u.SyncUntil(next, "the tags", func(r gjson.Result) bool {
			e := Pick(r.Get(In("join", room, "account_data.events")), ByType("m.tag"))
			return len(e) == 1 && e[0].Get(`content.tags.m\.favourite.order`).Float() == 0.25
		})
		u.Delete(V3(append(base, "m.favourite")...), nil).OK()
		u.Get(V3(base...)).OK().WantJSON("tags", Obj{"u.work": Obj{}})
		u.SyncUntil(next, "the removed tag", func(r gjson.Result) bool {
			e := Pick(r.Get(In("join", room, "account_data.events")), ByType("m.tag"))
			return len(e) == 1 && !e[0].Get(`content.tags.m\.favourite`).Exists()
		})
		other.Get(V3(base...)).WantError(403, "M_FORBIDDEN")
	})
}

func TestFiltersAreStoredAndRead(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("filters"), s.User("otherfilters")
		filter := Obj{
			"event_fields": []string{"type", "content", "sender", "event_id"}, "event_format": "client",
			"room": Obj{"timeline": Obj{"limit": 10, "types": []string{"m.room.message"}}, "include_leave": true},
		}
		id := u.Post(V3("user", u.ID, "filter"), filter).OK().Str("filter_id")
		if id == "" || id[0] == '{' {
			t.Fatalf("filter id %q", id)
		}
		r := u.Get(V3("user", u.ID, "filter", id)).OK()
		r.WantJSON("room.timeline.limit", 10, "room.include_leave", true, "room.timeline.types.0", "m.room.message")
		u.Get(V3("user", u.ID, "filter", "987654")).WantError(404, "M_NOT_FOUND")
		other.Get(V3("user", u.ID, "filter", id)).WantError(403, "M_FORBIDDEN")
		other.Post(V3("user", u.ID, "filter"), filter).WantError(403, "M_FORBIDDEN")
	})
}

func TestFiltersRefuseNonsense(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("badfilters")
		for _, body := range []string{
			`{"room": "all"}`, `{"room":{"timeline":{"limit":"ten"}}}`, `{"presence": 5}`, `{"room":{"rooms":["not a room"]}}`,
			`{"room":{"timeline":{"senders":["not a user"]}}}`, `{"event_format":"org.example.unknown"}`, `[]`,
		} {
			if r := u.Post(V3("user", u.ID, "filter"), body); r.Status != 400 {
				t.Errorf("%s answered %d", body, r.Status)
			}
		}
		u.Post(V3("user", u.ID, "filter"), `{"room":`).WantError(400, "M_NOT_JSON")
	})
}

func TestFilterEventFieldsCutEvents(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("cut")
		room := u.CreateRoom(nil)
		id := u.Say(room, "cut")
		u.Put(V3("user", u.ID, "account_data", "org.example.any"), Obj{"a": 1}).OK()
		// The answer is not held to the schema: a filter may cut fields that the schema requires.
		plain := &Client{Token: u.Token, t: t, base: s.Server.URL, http: plainHTTP}
		r := plain.Get(V3("sync") + Query("timeout", "0", "filter", `{"event_fields":["content.body","event_id","type"]}`)).OK()
		e := Pick(r.Get(In("join", room, "timeline.events")), ByID(id))
		if len(e) != 1 || e[0].Get("content.body").Str != "cut" || e[0].Get("sender").Exists() || e[0].Get("content.msgtype").Exists() {
			t.Fatalf("the cut event is %v", e)
		}
	})
}
