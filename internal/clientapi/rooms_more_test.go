package clientapi

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

const v1 = "/_matrix/client/v1"

// inV1 is a room's path for endpoints below v1.
func inV1(room string) string { return v1 + strings.TrimPrefix(room, v3) }

// idOf is the room's id.
func idOf(room string) string {
	id, _ := url.PathUnescape(strings.TrimPrefix(room, v3+"/rooms/"))
	return id
}

func texts(a *answer, path string) []string {
	a.t.Helper()
	if a.status != 200 {
		a.t.Fatalf("%s: got %d %s", a.call, a.status, a.body)
	}
	out := []string{}
	for _, r := range gjson.Get(a.body, path).Array() {
		out = append(out, r.String())
	}
	return out
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) && len(got)+len(want) > 0 {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestContextSplitsItsLimit(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, eve := s.user("alice"), s.user("eve")
		room := alice.makeRoom(`{}`)
		var ids []string
		for i := range 10 {
			ids = append(ids, alice.say(room, fmt.Sprint(i)))
		}
		a := alice.get(room + "/context/" + ids[5] + "?limit=4")
		same(t, "before", texts(a, "events_before.#.content.body"), "4", "3")
		same(t, "after", texts(a, "events_after.#.content.body"), "6", "7")
		same(t, "event", texts(a, "event.content.body"), "5")
		a = alice.get(room + "/context/" + ids[9] + `?limit=0&filter={"lazy_load_members":true}`)
		same(t, "before, none wanted", texts(a, "events_before"))
		same(t, "members", texts(a, `state.#(type=="m.room.member")#.state_key`), "@alice:example.org")
		older := alice.get(room + "/messages?dir=b&limit=2&from=" + alice.get(room+"/context/"+ids[5]+"?limit=4").field("start"))
		same(t, "going on", texts(older, "chunk.#.content.body"), "2", "1")
		newer := alice.get(room + "/messages?dir=f&limit=2&from=" + alice.get(room+"/context/"+ids[5]+"?limit=4").field("end"))
		same(t, "going on", texts(newer, "chunk.#.content.body"), "8", "9")
		eve.get(room+"/context/"+ids[5]).wantError(404, "M_NOT_FOUND")
		alice.get(room+"/context/$none").wantError(404, "M_NOT_FOUND")
	})
}

func TestTimestampToEvent(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice := s.user("alice")
		room := alice.makeRoom(`{}`)
		id := alice.say(room, "x")
		ts := gjson.Get(alice.get(room+"/event/"+id).body, "origin_server_ts").Int()
		at := func(ts int64, dir string) *answer {
			return alice.get(fmt.Sprintf("%s/timestamp_to_event?ts=%d&dir=%s", inV1(room), ts, dir))
		}
		if got := at(ts+1000, "b").field("event_id"); got != id {
			t.Errorf("going back: %s", got)
		}
		if got := gjson.Get(at(0, "f").body, "event_id").Str; gjson.Get(alice.get(room+"/event/"+got).body, "type").Str != "m.room.create" {
			t.Errorf("the first event is %s", got)
		}
		at(ts+1000, "f").wantError(404, "M_NOT_FOUND")
		at(0, "b").wantError(404, "M_NOT_FOUND")
		at(0, "x").wantError(400, "M_INVALID_PARAM")
	})
}

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

func TestAliases(t *testing.T) {
	testdb.Each(t, func(t *testing.T, dbURL string) {
		s := newRoomServer(t, dbURL)
		alice, bob := s.user("alice"), s.user("bob")
		room, other := alice.makeRoom(`{"room_alias_name":"tea"}`), alice.makeRoom(`{}`)
		at := func(alias string) string { return v3 + "/directory/room/" + url.PathEscape(alias) }
		alice.get(at("#tea:example.org")).want(`{"room_id":"` + idOf(room) + `","servers":["example.org"]}`)
		alice.put(at("#chai:example.org"), `{"room_id":"`+idOf(room)+`"}`).want("{}")
		alice.put(at("#chai:example.org"), `{"room_id":"`+idOf(other)+`"}`).wantError(409, "M_UNKNOWN")
		alice.put(at("#chai:elsewhere.org"), `{"room_id":"`+idOf(room)+`"}`).wantError(400, "M_INVALID_PARAM")
		alice.put(at("chai"), `{"room_id":"`+idOf(room)+`"}`).wantError(400, "M_INVALID_PARAM")
		bob.put(at("#mate:example.org"), `{"room_id":"`+idOf(room)+`"}`).wantError(403, "M_FORBIDDEN")
		alice.get(at("#mate:example.org")).wantError(404, "M_NOT_FOUND")
		same(t, "aliases", texts(alice.get(room+"/aliases"), "aliases"), "#chai:example.org", "#tea:example.org")
		bob.get(room+"/aliases").wantError(403, "M_FORBIDDEN")

		canonical := room + "/state/m.room.canonical_alias"
		alice.put(canonical, `{"alias":"#tea:example.org","alt_aliases":["#chai:example.org"]}`).field("event_id")
		alice.put(canonical, `{"alias":"#none:example.org"}`).wantError(400, "M_BAD_ALIAS")
		alice.put(canonical, `{"alt_aliases":["tea"]}`).wantError(400, "M_INVALID_PARAM")
		alice.put(canonical, `{"alt_aliases":"tea"}`).wantError(400, "M_INVALID_PARAM")
		alice.put(other+"/state/m.room.canonical_alias", `{"alias":"#tea:example.org"}`).wantError(400, "M_BAD_ALIAS")
		bob.put(canonical, `{"alias":"#none:example.org"}`).wantError(403, "M_FORBIDDEN")

		bob.delete(at("#tea:example.org")).wantError(403, "M_FORBIDDEN")
		alice.delete(at("#tea:example.org")).want("{}")
		alice.get(at("#tea:example.org")).wantError(404, "M_NOT_FOUND")
		alice.get(canonical).want(`{"alt_aliases":["#chai:example.org"]}`)
		// What was there before is not checked again.
		alice.delete(at("#tea:example.org")).wantError(404, "M_NOT_FOUND")
		bob.post(v3+"/join/"+url.PathEscape("#tea:example.org"), "").wantError(404, "M_NOT_FOUND")
		bob.post(v3+"/join/tea", "").wantError(400, "M_INVALID_PARAM")
	})
}

func TestPublicRoomsPageBothWays(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		for i := range 5 {
			room := alice.makeRoom(fmt.Sprintf(`{"visibility":"public","name":"Room %d","topic":"Über %d"}`, i, i))
			if i == 3 {
				bob.post(room+"/join", "").field("room_id")
			}
		}
		alice.makeRoom(`{"visibility":"public","name":"A space","creation_content":{"type":"m.space"}}`)
		alice.makeRoom(`{"name":"hidden"}`)
		names := func(a *answer) []string { return texts(a, "chunk.#.name") }
		get := func(since string) *answer { return alice.get(v3 + "/publicRooms?limit=2&since=" + since) }
		one := get("")
		two := get(one.field("next_batch"))
		three := get(two.field("next_batch"))
		all := slices.Concat(names(one), names(two), names(three))
		same(t, "largest first", all[:1], "Room 3")
		if slices.Sort(all); len(slices.Compact(all)) != 6 {
			t.Errorf("all pages: %q", all)
		}
		same(t, "the first has no previous", texts(one, "prev_batch"))
		same(t, "the last has no next", texts(three, "next_batch"))
		same(t, "back", names(get(three.field("prev_batch"))), names(two)...)
		back := get(two.field("prev_batch"))
		same(t, "back to the start", names(back), names(one)...)
		same(t, "nothing before the start", texts(back, "prev_batch"))
		same(t, "and forward again", names(get(back.field("next_batch"))), names(two)...)
		search := func(filter string) []string {
			return names(bob.post(v3+"/publicRooms", `{"filter":`+filter+`}`))
		}
		same(t, "search", search(`{"generic_search_term":"ÜBER 4"}`), "Room 4")
		same(t, "spaces", search(`{"room_types":["m.space"]}`), "A space")
		if got := search(`{"room_types":[null]}`); len(got) != 5 {
			t.Errorf("rooms without a type: %q", got)
		}
		get("nonsense").wantError(400, "M_INVALID_PARAM")
		alice.get(v3+"/publicRooms?server=elsewhere.org").wantError(404, "M_NOT_FOUND")
	})
}

func TestListedInTheDirectory(t *testing.T) {
	s := newRoomServer(t, "")
	alice, bob := s.user("alice"), s.user("bob")
	room := alice.makeRoom(`{}`)
	path := v3 + "/directory/list/room/" + idOf(room)
	alice.get(path).want(`{"visibility":"private"}`)
	bob.put(path, `{}`).wantError(403, "M_FORBIDDEN")
	alice.put(path, `{"visibility":"secret"}`).wantError(400, "M_INVALID_PARAM")
	alice.put(path, `{}`).want("{}")
	alice.get(path).want(`{"visibility":"public"}`)
	alice.put(path, `{"visibility":"private"}`).want("{}")
	alice.get(path).want(`{"visibility":"private"}`)
	alice.get(v3+"/directory/list/room/!none:example.org").wantError(404, "M_NOT_FOUND")
	alice.put(v3+"/directory/list/room/!none:example.org", "{}").wantError(404, "M_NOT_FOUND")
}

func TestHierarchy(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		space := func(name string) string {
			return alice.makeRoom(`{"preset":"public_chat","name":"` + name + `","creation_content":{"type":"m.space"}}`)
		}
		root, inner := space("root"), space("inner")
		open, secret := alice.makeRoom(`{"preset":"public_chat","name":"open"}`), alice.makeRoom(`{"name":"secret"}`)
		only := alice.makeRoom(fmt.Sprintf(`{"name":"only","initial_state":[{"type":"m.room.join_rules","content":
			{"join_rule":"restricted","allow":[{"type":"m.room_membership","room_id":%q}]}}]}`, idOf(root)))
		child := func(parent, room, content string) {
			alice.put(parent+"/state/m.space.child/"+strings.TrimPrefix(room, v3+"/rooms/"), content).field("event_id")
		}
		child(root, open, `{"via":["example.org"],"order":"b"}`)
		child(root, inner, `{"via":["example.org"],"order":"a","suggested":true}`)
		child(root, secret, `{"via":["example.org"],"order":"c"}`)
		child(root, only, `{"via":["example.org"]}`)
		child(inner, root, `{"via":["example.org"]}`) // a loop
		child(inner, secret, `{"order":"a"}`)         // not a child
		path := inV1(root) + "/hierarchy"
		names := func(a *answer) []string { return texts(a, "rooms.#.name") }
		same(t, "all", names(alice.get(path)), "root", "inner", "open", "secret", "only")
		same(t, "a stranger", names(bob.get(path)), "root", "inner", "open")
		bob.post(root+"/join", "").field("room_id")
		same(t, "a member", names(bob.get(path)), "root", "inner", "open", "only")
		same(t, "suggested", names(alice.get(path+"?suggested_only=true")), "root", "inner")
		same(t, "depth 0", names(alice.get(path+"?max_depth=0")), "root")
		page := alice.get(path + "?limit=2&max_depth=1")
		same(t, "page 1", names(page), "root", "inner")
		next := "&from=" + page.field("next_batch")
		page = alice.get(path + "?limit=2&max_depth=1" + next)
		same(t, "page 2", names(page), "open", "secret")
		last := alice.get(path + "?limit=2&max_depth=1&from=" + page.field("next_batch"))
		same(t, "page 3", names(last), "only")
		same(t, "its end", texts(last, "next_batch"))
		alice.get(path+"?max_depth=2"+next).wantError(400, "M_INVALID_PARAM")
		alice.get(path+"?from=x").wantError(400, "M_INVALID_PARAM")
		bob.get(inV1(secret)+"/hierarchy").wantError(403, "M_FORBIDDEN")

		summary := func(u *testUser, room string) *answer {
			return u.get(v1 + "/room_summary/" + strings.TrimPrefix(room, v3+"/rooms/"))
		}
		if got := summary(bob, only); got.field("membership") != "leave" || got.field("allowed_room_ids.0") != idOf(root) {
			t.Errorf("summary: %s", got.body)
		}
		summary(bob, secret).wantError(404, "M_NOT_FOUND")
		summary(bob, v3+"/rooms/!none").wantError(404, "M_NOT_FOUND")
		nobody := &testUser{s: s}
		if got := summary(nobody, open); got.field("name") != "open" || gjson.Get(got.body, "membership").Exists() {
			t.Errorf("summary for nobody: %s", got.body)
		}
		summary(nobody, only).wantError(404, "M_NOT_FOUND")
	})
}

func TestPeeking(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, bob := s.user("alice"), s.user("bob")
		room := alice.makeRoom(`{"initial_state":[{"type":"m.room.history_visibility","content":{"history_visibility":"world_readable"}}]}`)
		id := alice.say(room, "seen by all")
		same(t, "messages", bodies(bob.get(room+"/messages?dir=b&limit=1")), "seen by all")
		if got := bob.get(room + "/event/" + id); got.field("unsigned.membership") != "leave" {
			t.Error(got.body)
		}
		if len(texts(bob.get(room+"/state"), "@this")) == 0 || len(texts(bob.get(room+"/members"), "chunk")) != 1 {
			t.Error("no state")
		}
		bob.get(room+"/joined_members").wantError(403, "M_FORBIDDEN")
		snapshot := bob.get(room + "/initialSync")
		if got := texts(snapshot, "messages.chunk.#.content.body"); !slices.Contains(got, "seen by all") {
			t.Errorf("snapshot: %s", snapshot.body)
		}
		bob.get(v3 + "/events/" + id).field("event_id")
		alice.put(room+"/state/m.room.history_visibility", `{"history_visibility":"shared"}`).field("event_id")
		bob.get(room+"/messages?dir=b").wantError(403, "M_FORBIDDEN")
		bob.get(v3+"/events/"+id).wantError(404, "M_NOT_FOUND")
	})
}

func TestUserDirectory(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, bob, carol := s.user("alice"), s.user("bob"), s.user("carol")
		if err := s.api.Accounts.SetProfileField(t.Context(), "@bob:example.org", "displayname", []byte(`"Ångström"`)); err != nil {
			t.Fatal(err)
		}
		find := func(u *testUser, term string) []string {
			return texts(u.post(v3+"/user_directory/search", fmt.Sprintf(`{"search_term":%q}`, term)), "results.#.user_id")
		}
		same(t, "nobody shares a room", find(alice, "bob"))
		room := alice.makeRoom(`{"invite":["@bob:example.org"]}`)
		bob.post(room+"/join", "").field("room_id")
		same(t, "by id", find(alice, "BOB"), "@bob:example.org")
		same(t, "by name", find(alice, "ångSTRÖM"), "@bob:example.org")
		same(t, "not for others", find(carol, "bob"))
		same(t, "wildcards are plain", find(alice, "%"))
		bob.makeRoom(`{"preset":"public_chat"}`)
		same(t, "in a public room", find(carol, "bob"), "@bob:example.org")
		carol.makeRoom(`{"preset":"public_chat"}`)
		alice.makeRoom(`{"preset":"public_chat"}`)
		limited := carol.post(v3+"/user_directory/search", `{"search_term":"example.org","limit":1}`)
		if len(texts(limited, "results")) != 1 || !gjson.Get(limited.body, "limited").Bool() {
			t.Errorf("limited: %s", limited.body)
		}
		carol.post(v3+"/user_directory/search", `{}`).wantError(400, "M_MISSING_PARAM")
		mutual := alice.get(v1 + "/mutual_rooms?user_id=@bob:example.org")
		same(t, "mutual rooms", texts(mutual, "joined"), idOf(room))
		alice.get(v1+"/mutual_rooms?user_id=@alice:example.org").wantError(400, "M_INVALID_PARAM")
	})
}

func TestReports(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newRoomServer(t, url)
		alice, eve := s.user("alice"), s.user("eve")
		room := alice.makeRoom(`{}`)
		id := alice.say(room, "x")
		alice.post(room+"/report/"+id, `{"reason":"bad","score":-100}`).want("{}")
		eve.post(room+"/report/"+id, `{"reason":"bad"}`).wantError(404, "M_NOT_FOUND")
		alice.post(room+"/report/$none", `{"reason":"bad"}`).wantError(404, "M_NOT_FOUND")
		eve.post(room+"/report", `{"reason":""}`).want("{}")
		eve.post(v3+"/rooms/!none/report", `{"reason":""}`).want("{}")
		eve.post(room+"/report", `{}`).wantError(400, "M_MISSING_PARAM")
		eve.post(v3+"/users/@alice:example.org/report", `{"reason":"x"}`).want("{}")
		eve.post(v3+"/users/@none:example.org/report", `{"reason":"x"}`).want("{}")
		var kept []store.Report
		err := s.api.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
			kept, err = tx.Reports(t.Context(), 10)
			return err
		})
		if err != nil || len(kept) != 3 {
			t.Errorf("kept: %+v, %v", kept, err)
		}
	})
}
