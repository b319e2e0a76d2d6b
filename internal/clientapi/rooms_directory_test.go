package clientapi

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/testdb"
)

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
