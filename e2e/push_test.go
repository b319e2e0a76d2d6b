package e2e

import (
	"testing"

	"github.com/tidwall/gjson"
)

func ruleIDs(r gjson.Result) []string {
	var ids []string
	for _, rule := range r.Array() {
		ids = append(ids, rule.Get("rule_id").Str)
	}
	return ids
}

func TestPushRulesStartWithTheDefaults(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("defaults")
		r := u.Get(V3("pushrules") + "/").OK()
		for kind, want := range map[string][]string{
			"override": {
				".m.rule.master", ".m.rule.suppress_notices", ".m.rule.invite_for_me", ".m.rule.member_event", ".m.rule.is_user_mention",
				".m.rule.is_room_mention", ".m.rule.tombstone", ".m.rule.reaction", ".m.rule.room.server_acl", ".m.rule.suppress_edits",
			},
			"underride": {
				".m.rule.call", ".m.rule.encrypted_room_one_to_one", ".m.rule.room_one_to_one", ".m.rule.message", ".m.rule.encrypted",
			},
		} {
			have := map[string]bool{}
			for _, id := range ruleIDs(r.Get("global." + kind)) {
				have[id] = true
			}
			for _, id := range want {
				if !have[id] {
					t.Errorf("%s lacks %s", kind, id)
				}
			}
		}
		u.Get(V3("pushrules", "global")+"/").OK().WantJSON("override.0.rule_id", ".m.rule.master")
	})
}

func TestPushRuleIsMadeReadAndDeleted(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("rule")
		path := V3("pushrules", "global", "content", "org.example odd id")
		u.Put(path, Obj{"pattern": "beacon*", "actions": []any{"notify", Obj{"set_tweak": "highlight"}}}).OK()
		u.Get(path).OK().WantJSON("rule_id", "org.example odd id", "pattern", "beacon*", "enabled", true, "default", false)
		u.Get(path+"/actions").OK().WantJSON("actions", []any{"notify", Obj{"set_tweak": "highlight"}})
		u.Put(path+"/actions", Obj{"actions": []any{}}).OK()
		u.Get(path+"/actions").OK().WantJSON("actions", []any{})
		u.Put(path+"/enabled", Obj{"enabled": false}).OK()
		u.Get(path+"/enabled").OK().WantJSON("enabled", false)
		u.Delete(path, nil).OK()
		u.Get(path).WantError(404, "M_NOT_FOUND")
		u.Delete(path, nil).WantError(404, "M_NOT_FOUND")
	})
}

func TestPushRulesKeepTheirOrder(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("ordered")
		put := func(id, query string) {
			u.Put(V3("pushrules", "global", "content", id)+query, Obj{"pattern": "x", "actions": []any{"notify"}}).OK()
		}
		put("one", "")
		put("two", Query("before", "one"))
		put("three", Query("after", "two"))
		got := ruleIDs(u.Get(V3("pushrules") + "/").OK().Get("global.content"))
		var own []string
		for _, id := range got {
			if id[0] != '.' {
				own = append(own, id)
			}
		}
		if len(own) != 3 || own[0] != "two" || own[1] != "three" || own[2] != "one" {
			t.Fatalf("order %v", own)
		}
		u.Put(V3("pushrules", "global", "content", "four")+Query("before", "nosuch"), Obj{"pattern": "x", "actions": []any{}}).WantError(400, "M_UNKNOWN")
		if r := u.Put(V3("pushrules", "global", "content", "four")+Query("before", ".m.rule.contains_user_name"), Obj{"pattern": "x", "actions": []any{}}); r.Status != 400 && r.Status != 404 {
			t.Errorf("a place relative to a default answered %d", r.Status)
		}
	})
}

func TestPushRuleRefusals(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("badrule")
		u.Put(V3("pushrules", "global", "override", ".org.example.dotted"), Obj{"conditions": []Obj{}, "actions": []any{}}).Want(400)
		for _, c := range []struct {
			kind, id string
			body     any
		}{
			{"content", "nopattern", Obj{"actions": []any{"notify"}}},
			{"override", "noactions", Obj{"conditions": []Obj{}}},
			{"override", "badactions", Obj{"conditions": []Obj{}, "actions": "notify"}},
			{"override", "badjson", `{"actions":`},
		} {
			if r := u.Put(V3("pushrules", "global", c.kind, c.id), c.body); r.Status != 400 {
				t.Errorf("%s answered %d", c.id, r.Status)
			}
		}
		if r := u.Put(V3("pushrules", "global", "nokind", "x"), Obj{"actions": []any{}}); r.Status != 400 && r.Status != 404 {
			t.Errorf("an unknown kind answered %d", r.Status)
		}
		u.Get(V3("pushrules", "global", "override", "nosuch")).WantError(404, "M_NOT_FOUND")
		u.Put(V3("pushrules", "global", "override", "nosuch", "enabled"), Obj{"enabled": true}).WantError(404, "M_NOT_FOUND")
		if r := u.Delete(V3("pushrules", "global", "override", ".m.rule.master"), nil); r.Status < 400 {
			t.Error("a default rule was deleted")
		}
	})
}

func TestPushRuleChangesAreSynced(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("rulesync")
		next := u.Next()
		u.Put(V3("pushrules", "global", "override", ".m.rule.master", "enabled"), Obj{"enabled": true}).OK()
		u.SyncUntil(next, "the push rules", func(r gjson.Result) bool {
			e := Pick(r.Get("account_data.events"), ByType("m.push_rules"))
			return len(e) == 1 && e[0].Get(`content.global.override.#(rule_id==".m.rule.master").enabled`).Bool()
		})
	})
}

// counts is a condition on a sync: the notification and highlight counts of a room.
func counts(room string, notifications, highlights int64) func(gjson.Result) bool {
	return func(r gjson.Result) bool {
		c := r.Get(In("join", room, "unread_notifications"))
		return c.Get("notification_count").Exists() && c.Get("notification_count").Int() == notifications && c.Get("highlight_count").Int() == highlights
	}
}

func TestUnreadCountsRiseAndFall(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("counts"), s.User("talks")
		room := u.PublicRoom()
		other.Join(room)
		s.User("third").Join(room) // three members: no one-to-one rule
		next := u.Next()
		ids := talk(other, room, 3)
		next = u.SyncUntil(next, "three unread", counts(room, 3, 0))
		u.Post(V3("rooms", room, "receipt", "m.read", ids[1]), Obj{}).OK()
		next = u.SyncUntil(next, "one unread", counts(room, 1, 0))
		other.Send(room, "m.room.message", Obj{"msgtype": "m.text", "body": "you", "m.mentions": Obj{"user_ids": []string{u.ID}}})
		next = u.SyncUntil(next, "a highlight", counts(room, 2, 1))
		u.Say(room, "an answer reads all before it")
		u.SyncUntil(next, "none unread", counts(room, 0, 0))
	})
}

func TestUnreadCountsFollowTheRules(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("follows"), s.User("talks")
		room := u.PublicRoom()
		other.Join(room)
		s.User("third").Join(room)
		next := u.Next()
		other.Send(room, "m.room.message", Obj{"msgtype": "m.notice", "body": "a notice counts for nothing"})
		other.Say(room, "counts")
		next = u.SyncUntil(next, "one unread", counts(room, 1, 0))
		u.Put(V3("pushrules", "global", "room", room), Obj{"actions": []any{}}).OK() // the room is muted
		last := other.Say(room, "muted")
		next = u.SyncUntil(next, "the muted message", HasTimeline(room, ByID(last)))
		u.Post(V3("rooms", room, "receipt", "m.read", last), Obj{}).OK()
		next = u.SyncUntil(next, "none unread", counts(room, 0, 0))
		u.Put(V3("pushrules", "global", "content", "keyword"), Obj{"pattern": "beacon", "actions": []any{"notify", Obj{"set_tweak": "highlight"}}}).OK()
		other.Say(room, "still muted")
		other.Say(room, "the Beacon burns")
		// The room's rule comes after the content rules in the order of kinds, so the keyword rings.
		u.SyncUntil(next, "a highlight", counts(room, 1, 1))
	})
}

func TestUnreadCountsOfThreadsApart(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("threadcounts"), s.User("talks")
		room := u.PublicRoom()
		other.Join(room)
		s.User("third").Join(room)
		root := other.Say(room, "root")
		next := u.Next()
		relate(other, room, "m.room.message", "m.thread", root, nil)
		const filter = `{"room":{"timeline":{"unread_thread_notifications":true}}}`
		u.SyncUntil(next, "counts of the thread apart", func(r gjson.Result) bool {
			return r.Get(In("join", room, "unread_thread_notifications."+Esc(root)+".notification_count")).Int() == 1 &&
				r.Get(In("join", room, "unread_notifications.notification_count")).Int() == 1
		}, "filter", filter)
		u.SyncUntil(next, "one count of all without the filter", counts(room, 2, 0))
		if u.Get(V1("rooms", room, "threads")).OK().Get("chunk.0.event_id").Str != root {
			t.Error("the thread is not listed")
		}
	})
}

func TestNotificationsListTheUnread(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("notified"), s.User("talks")
		room := u.PublicRoom()
		other.Join(room)
		next := u.Next()
		id := other.Say(room, "ring")
		u.SyncUntil(next, "one unread", counts(room, 1, 0))
		list := u.Get(V3("notifications")).OK().Get("notifications")
		if found := Pick(list, func(n gjson.Result) bool { return n.Get("event.event_id").Str == id }); len(found) != 1 || found[0].Get("read").Bool() {
			t.Fatalf("notifications %s", list)
		}
	})
}

func TestPushersAreSetListedAndRemoved(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("pusher")
		pusher := Obj{
			"kind": "http", "app_id": "org.example.app", "pushkey": "key", "app_display_name": "App", "device_display_name": "Phone",
			"lang": "en", "data": Obj{"url": "https://push.example.org/_matrix/push/v1/notify", "format": "event_id_only"},
		}
		u.Post(V3("pushers", "set"), pusher).OK()
		u.Get(V3("pushers")).OK().WantJSON("pushers.0.pushkey", "key", "pushers.0.app_id", "org.example.app", "pushers.#", 1)
		pusher["kind"] = nil
		u.Post(V3("pushers", "set"), pusher).OK()
		u.Get(V3("pushers")).OK().WantJSON("pushers", []any{})
		u.Post(V3("pushers", "set"), Obj{"kind": "http", "app_id": "x"}).Want(400)
	})
}
