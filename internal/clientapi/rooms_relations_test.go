package clientapi

import (
	"fmt"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/testdb"
)

func TestRelations(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		room := alice.makeRoom(`{"preset":"public_chat"}`)
		bob.post(room+"/join", "").field("room_id")
		root := alice.say(room, "root")
		relate := func(u *testUser, relType, body, more string) string {
			return u.sendEvent(room, "m.room.message", fmt.Sprintf(`{"body":%q,"m.relates_to":{"rel_type":%q,"event_id":%q}%s}`, body, relType, root, more))
		}
		edit := relate(alice, "m.replace", "e1", `,"m.new_content":{"body":"e1"}`)
		relate(bob, "m.replace", "not his own", `,"m.new_content":{"body":"no"}`)
		relate(alice, "m.replace", "without content", "")
		ref := relate(bob, "m.reference", "r", "")
		relate(bob, "m.thread", "t1", "")
		last := relate(alice, "m.thread", "t2", "")
		rel := gjson.Get(alice.get(room+"/event/"+root).body, `unsigned.m\.relations`)
		if got := rel.Get(`m\.replace.event_id`).Str; got != edit {
			t.Errorf("edit: %s", rel)
		}
		if got := rel.Get(`m\.reference.chunk.#.event_id`).String(); got != `["`+ref+`"]` {
			t.Errorf("references: %s", rel)
		}
		th := rel.Get(`m\.thread`)
		if th.Get("count").Int() != 2 || th.Get("latest_event.event_id").Str != last || !th.Get("current_user_participated").Bool() {
			t.Errorf("thread: %s", th)
		}
		path := inV1(room) + "/relations/" + root
		first := bob.get(path + "?limit=4")
		same(t, "first page", texts(first, "chunk.#.content.body"), "t2", "t1", "r", "without content")
		second := bob.get(path + "?limit=4&from=" + first.field("next_batch"))
		same(t, "second page", texts(second, "chunk.#.content.body"), "not his own", "e1")
		same(t, "its end", texts(second, "next_batch"))
		same(t, "threads only", texts(bob.get(path+"/m.thread?dir=f"), "chunk.#.content.body"), "t1", "t2")
		same(t, "of a type", texts(bob.get(path+"/m.thread/m.sticker"), "chunk.#.content.body"))
		s.user("eve").get(path).wantError(404, "M_NOT_FOUND")

		reaction := fmt.Sprintf(`{"m.relates_to":{"rel_type":"m.annotation","event_id":%q,"key":"+"}}`, last)
		bob.sendEvent(room, "m.reaction", reaction)
		bob.put(room+"/send/m.reaction/again", reaction).wantError(400, "M_DUPLICATE_ANNOTATION")
		alice.sendEvent(room, "m.reaction", reaction)
		all := bob.get(path + "?recurse=true&limit=100")
		same(t, "all", texts(all, "chunk.#.type"), "m.reaction", "m.reaction", "m.room.message", "m.room.message", "m.room.message", "m.room.message", "m.room.message", "m.room.message")
		if !gjson.Get(all.body, "recursion_depth").Exists() {
			t.Error("no recursion_depth")
		}
		bob.put(room+"/send/m.room.message/nested", fmt.Sprintf(`{"m.relates_to":{"rel_type":"m.thread","event_id":%q}}`, last)).wantError(400, "M_UNKNOWN")

		// A redacted original has no edits, and a redacted child is no child.
		alice.put(room+"/redact/"+root+"/r1", "{}").field("event_id")
		bob.put(room+"/redact/"+ref+"/r2", `{"reason":"x"}`).field("event_id")
		body := alice.get(room + "/event/" + root).body
		if gjson.Get(body, `unsigned.m\.relations.m\.replace`).Exists() || gjson.Get(body, `unsigned.m\.relations.m\.reference`).Exists() {
			t.Errorf("after redactions: %s", body)
		}
		if !gjson.Get(body, "unsigned.redacted_because.event_id").Exists() || gjson.Get(body, "content.body").Exists() {
			t.Errorf("redacted: %s", body)
		}
	})
}

func TestThreadsList(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		room := alice.makeRoom(`{"preset":"public_chat"}`)
		bob.post(room+"/join", "").field("room_id")
		reply := func(u *testUser, root string) {
			u.sendEvent(room, "m.room.message", fmt.Sprintf(`{"body":"re","m.relates_to":{"rel_type":"m.thread","event_id":%q}}`, root))
		}
		a, b, c := bob.say(room, "a"), bob.say(room, "b"), bob.say(room, "c")
		reply(bob, a)
		reply(bob, b)
		reply(alice, c)
		reply(alice, a)
		path := inV1(room) + "/threads"
		first := alice.get(path + "?limit=2")
		same(t, "first page", texts(first, "chunk.#.content.body"), "a", "c")
		same(t, "second page", texts(alice.get(path+"?limit=2&from="+first.field("next_batch")), "chunk.#.content.body"), "b")
		same(t, "participated", texts(alice.get(path+"?include=participated"), "chunk.#.content.body"), "a", "c")
		alice.put(v3+"/user/@alice:example.org/account_data/m.ignored_user_list", `{"ignored_users":{"@bob:example.org":{}}}`).want("{}")
		ignoring := alice.get(path)
		same(t, "ignored roots are redacted", texts(ignoring, "chunk.#.content"), "{}", "{}")
		same(t, "messages of ignored users", bodies(alice.get(room+"/messages?dir=b&limit=2")), "re", "re")
		alice.get(path+"?from=x").wantError(400, "M_INVALID_PARAM")
		alice.get(path+"?limit=0").wantError(400, "M_INVALID_PARAM")
		s.user("eve").get(path).wantError(403, "M_FORBIDDEN")
	})
}

func TestReceipts(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, eve := s.user("alice"), s.user("eve")
		room := alice.makeRoom(`{}`)
		root, other := alice.say(room, "root"), alice.say(room, "other")
		inThread := alice.sendEvent(room, "m.room.message", fmt.Sprintf(`{"body":"re","m.relates_to":{"rel_type":"m.thread","event_id":%q}}`, root))
		post := func(typ, event, body string) *answer { return alice.post(room+"/receipt/"+typ+"/"+event, body) }
		post("m.read", root, "{}").want("{}")
		post("m.read.private", other, "").want("{}")
		post("m.read", inThread, `{"thread_id":"`+root+`"}`).want("{}")
		post("m.read", root, `{"thread_id":"`+root+`"}`).want("{}")
		post("m.read", root, `{"thread_id":"main"}`).want("{}")
		post("m.read", inThread, `{"thread_id":"main"}`).wantError(400, "M_INVALID_PARAM")
		post("m.read", other, `{"thread_id":"`+root+`"}`).wantError(400, "M_INVALID_PARAM")
		post("m.read", other, `{"thread_id":""}`).wantError(400, "M_INVALID_PARAM")
		post("m.read", other, `{"thread_id":5}`).wantError(400, "M_INVALID_PARAM")
		post("m.fully_read", other, `{"thread_id":"main"}`).wantError(400, "M_INVALID_PARAM")
		post("m.seen", other, `{}`).wantError(400, "M_INVALID_PARAM")
		post("m.read", "$none", `{}`).wantError(404, "M_NOT_FOUND")
		eve.post(room+"/receipt/m.read/"+root, "{}").wantError(403, "M_FORBIDDEN")
		marker := v3 + "/user/@alice:example.org/rooms/" + idOf(room) + "/account_data/m.fully_read"
		alice.post(room+"/read_markers", `{"m.fully_read":"`+other+`","m.read":"`+other+`"}`).want("{}")
		alice.get(marker).want(`{"event_id":"` + other + `"}`)
		before := s.positions()
		post("m.fully_read", root, "").want("{}")
		post("m.read", root, "").want("{}")
		alice.get(marker).want(`{"event_id":"` + other + `"}`)
		if s.positions() != before {
			t.Error("a receipt that is behind was written")
		}
	})
}
