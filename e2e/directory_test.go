package e2e

import (
	"fmt"
	"testing"

	"github.com/tidwall/gjson"
)

func TestAliasPutGetDelete(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("alias")
		room := u.CreateRoom(nil)
		alias := "#" + s.Name("alias") + ":" + s.Server.Name
		path := V3("directory", "room", alias)
		u.Get(path).WantError(404, "M_NOT_FOUND")
		u.Put(path, Obj{"room_id": room}).OK()
		r := s.Client().Get(path).OK().WantJSON("room_id", room)
		if r.Str("servers.0") != s.Server.Name {
			t.Errorf("servers %s", r.Get("servers"))
		}
		u.Put(path, Obj{"room_id": room}).WantError(409, "M_UNKNOWN")
		u.Delete(path, nil).OK()
		u.Get(path).WantError(404, "M_NOT_FOUND")
		u.Delete(path, nil).WantError(404, "M_NOT_FOUND")
	})
}

func TestAliasOfUnicodeAndOddCharacters(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("oddalias")
		room := u.CreateRoom(nil)
		alias := "#봉수/" + s.Name("é ") + ":" + s.Server.Name
		u.Put(V3("directory", "room", alias), Obj{"room_id": room}).OK()
		u.Get(V3("directory", "room", alias)).OK().WantJSON("room_id", room)
		if got := u.Get(V3("rooms", room, "aliases")).OK().Get("aliases.0").Str; got != alias {
			t.Fatalf("aliases give %q", got)
		}
	})
}

func TestAliasRefusesMalformed(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("badalias")
		room := u.CreateRoom(nil)
		for _, alias := range []string{"no-hash", "#nocolon", "#other:elsewhere.example"} {
			if r := u.Put(V3("directory", "room", alias), Obj{"room_id": room}); r.Status != 400 && r.Status != 403 {
				t.Errorf("%q answered %d", alias, r.Status)
			}
		}
		u.Get(V3("directory", "room", "no-hash")).WantError(400, "M_INVALID_PARAM")
		if r := u.Put(V3("directory", "room", "#"+s.Name("x")+":"+s.Server.Name), Obj{"room_id": "no room id"}); r.Status != 400 {
			t.Errorf("a malformed room id answered %d", r.Status)
		}
	})
}

func TestAliasDeletionNeedsARight(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, member := s.User("host"), s.User("member")
		room := u.PublicRoom()
		member.Join(room)
		hosts, members := "#"+s.Name("h")+":"+s.Server.Name, "#"+s.Name("m")+":"+s.Server.Name
		u.Put(V3("directory", "room", hosts), Obj{"room_id": room}).OK()
		member.Put(V3("directory", "room", members), Obj{"room_id": room}).OK()
		member.Delete(V3("directory", "room", hosts), nil).WantError(403, "M_FORBIDDEN")
		u.Delete(V3("directory", "room", members), nil).OK() // the room's power suffices
		u.Delete(V3("directory", "room", hosts), nil).OK()
	})
}

func TestAliasListIsForMembersOrWorldReadable(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, stranger := s.User("host"), s.User("stranger")
		room := u.PublicRoom()
		alias := "#" + s.Name("list") + ":" + s.Server.Name
		u.Put(V3("directory", "room", alias), Obj{"room_id": room}).OK()
		u.Get(V3("rooms", room, "aliases")).OK().WantJSON("aliases", []string{alias})
		stranger.Get(V3("rooms", room, "aliases")).WantError(403, "M_FORBIDDEN")
		u.SetState(room, "m.room.history_visibility", "", Obj{"history_visibility": "world_readable"})
		stranger.Get(V3("rooms", room, "aliases")).OK().WantJSON("aliases", []string{alias})
	})
}

func TestCanonicalAliasMustPointHere(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("canonical")
		room, second := u.CreateRoom(nil), u.CreateRoom(nil)
		here, there := "#"+s.Name("here")+":"+s.Server.Name, "#"+s.Name("there")+":"+s.Server.Name
		u.Put(V3("directory", "room", here), Obj{"room_id": room}).OK()
		u.Put(V3("directory", "room", there), Obj{"room_id": second}).OK()
		path := StatePath(room, "m.room.canonical_alias", "")
		u.Put(path, Obj{"alias": there}).WantError(400, "M_BAD_ALIAS")
		u.Put(path, Obj{"alias": "#nosuch:" + s.Server.Name}).WantError(400, "M_BAD_ALIAS")
		u.Put(path, Obj{"alias": here, "alt_aliases": []string{there}}).WantError(400, "M_BAD_ALIAS")
		u.Put(path, Obj{"alias": "malformed"}).WantError(400, "M_INVALID_PARAM")
		u.Put(path, Obj{"alias": here, "alt_aliases": []string{here}}).OK()
		u.Put(path, Obj{}).OK()
	})
}

func TestDeletedAliasLeavesTheCanonicalOne(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("canondelete")
		name := s.Name("gone")
		room := u.CreateRoom(Obj{"room_alias_name": name})
		u.Delete(V3("directory", "room", "#"+name+":"+s.Server.Name), nil).OK()
		if r := u.Get(StatePath(room, "m.room.canonical_alias", "")); r.Status == 200 && r.Get("alias").String() != "" {
			t.Logf("the canonical alias still names %s (allowed)", r.Get("alias"))
		}
	})
}

func TestRoomDirectoryVisibility(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("other")
		room := u.PublicRoom()
		path := V3("directory", "list", "room", room)
		s.Client().Get(path).OK().WantJSON("visibility", "private")
		u.Put(path, Obj{"visibility": "public"}).OK()
		s.Client().Get(path).OK().WantJSON("visibility", "public")
		other.Put(path, Obj{"visibility": "private"}).WantError(403, "M_FORBIDDEN")
		u.Put(path, Obj{"visibility": "sometimes"}).Want(400)
		s.Client().Get(V3("directory", "list", "room", "!nosuch:"+s.Server.Name)).WantError(404, "M_NOT_FOUND")
	})
}

// listed makes a room that is in the directory under a name.
func listed(u *User, name string, more Obj) string {
	u.t.Helper()
	body := Obj{"visibility": "public", "preset": "public_chat", "name": name}
	for k, v := range more {
		body[k] = v
	}
	return u.CreateRoom(body)
}

func findRoom(r gjson.Result, room string) []gjson.Result {
	return Pick(r.Get("chunk"), func(e gjson.Result) bool { return e.Get("room_id").Str == room })
}

func TestPublicRoomsTellOfARoom(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("guest")
		name := s.Name("Public room")
		room := listed(u, name, Obj{"topic": "For all", "room_alias_name": s.Name("pub")})
		other.Join(room)
		r := other.Post(V3("publicRooms"), Obj{"filter": Obj{"generic_search_term": name}}).OK()
		found := findRoom(r.Result, room)
		if len(found) != 1 {
			t.Fatalf("the room is not listed: %s", r.Raw)
		}
		e := found[0]
		if e.Get("name").Str != name || e.Get("topic").Str != "For all" || e.Get("num_joined_members").Int() != 2 ||
			e.Get("world_readable").Bool() || e.Get("guest_can_join").Bool() || e.Get("join_rule").Str != "public" || !e.Get("canonical_alias").Exists() {
			t.Fatalf("listed as %s", e.Raw)
		}
		if len(findRoom(s.Client().Get(V3("publicRooms")+Query("limit", "1000")).OK().Result, room)) != 1 {
			t.Error("GET /publicRooms lacks the room")
		}
	})
}

func TestPublicRoomsOmitTheUnlisted(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("host")
		name := s.Name("Unlisted")
		u.CreateRoom(Obj{"preset": "public_chat", "name": name})
		if r := u.Post(V3("publicRooms"), Obj{"filter": Obj{"generic_search_term": name}}).OK(); len(r.Get("chunk").Array()) != 0 {
			t.Fatalf("listed: %s", r.Raw)
		}
	})
}

func TestPublicRoomsSearchNameTopicAndAlias(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("host")
		name, topic, alias := s.Name("findname"), s.Name("findtopic"), s.Name("findalias")
		room := listed(u, name+" Room", Obj{"topic": "about " + topic, "room_alias_name": alias})
		listed(u, "another", nil)
		for _, term := range []string{name, "FINDNAME" + name[len("findname"):], topic, alias} {
			r := u.Post(V3("publicRooms"), Obj{"filter": Obj{"generic_search_term": term}}).OK()
			if len(findRoom(r.Result, room)) != 1 || len(r.Get("chunk").Array()) != 1 {
				t.Errorf("%s finds %s", term, r.Raw)
			}
		}
	})
}

func TestPublicRoomsFilterByRoomType(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("host")
		name := s.Name("typed")
		plain := listed(u, name, nil)
		space := listed(u, name, Obj{"creation_content": Obj{"type": "m.space"}})
		search := func(types ...any) gjson.Result {
			return u.Post(V3("publicRooms"), Obj{"filter": Obj{"generic_search_term": name, "room_types": types}}).OK().Result
		}
		if r := search("m.space"); len(findRoom(r, space)) != 1 || len(findRoom(r, plain)) != 0 {
			t.Errorf("m.space finds %s", r)
		}
		if r := search(nil); len(findRoom(r, space)) != 0 || len(findRoom(r, plain)) != 1 {
			t.Errorf("null finds %s", r)
		}
		if r := search(nil, "m.space"); len(r.Get("chunk").Array()) != 2 {
			t.Errorf("both find %s", r)
		}
	})
}

func TestPublicRoomsPageBothWays(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("host")
		name := s.Name("paged")
		for i := range 5 {
			listed(u, fmt.Sprintf("%s number %d", name, i), nil)
		}
		seen := map[string]bool{}
		body := Obj{"limit": 2, "filter": Obj{"generic_search_term": name}}
		var prev string
		for range 5 {
			r := u.Post(V3("publicRooms"), body).OK()
			if n := len(r.Get("chunk").Array()); n > 2 {
				t.Fatalf("%d rooms for limit 2", n)
			}
			for _, e := range r.Get("chunk").Array() {
				if seen[e.Get("room_id").Str] {
					t.Fatalf("%s came twice", e.Get("room_id"))
				}
				seen[e.Get("room_id").Str] = true
			}
			prev = r.Get("prev_batch").String()
			if !r.Get("next_batch").Exists() {
				break
			}
			body["since"] = r.Str("next_batch")
		}
		if len(seen) != 5 {
			t.Fatalf("%d rooms in all, want 5", len(seen))
		}
		if prev == "" {
			t.Fatal("the last page has no prev_batch")
		}
		body["since"] = prev
		if n := len(u.Post(V3("publicRooms"), body).OK().Get("chunk").Array()); n != 2 {
			t.Fatalf("the page before the last has %d rooms", n)
		}
	})
}

func TestUserDirectoryFindsWhomOneMaySee(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, friend, hidden := s.User("seeker"), s.User("friend"), s.User("hidden")
		name := s.Name("Findable")
		friend.Put(V3("profile", friend.ID, "displayname"), Obj{"displayname": name}).OK()
		hidden.Put(V3("profile", hidden.ID, "displayname"), Obj{"displayname": name + " hidden"}).OK()
		room := u.CreateRoom(Obj{"preset": "private_chat", "invite": []string{friend.ID}})
		friend.Join(room)
		search := func(term string) gjson.Result {
			return u.Post(V3("user_directory", "search"), Obj{"search_term": term}).OK().Get("results")
		}
		for _, term := range []string{name, "fINDABLE" + name[len("Findable"):], friend.Localpart} {
			found := search(term)
			if len(Pick(found, func(e gjson.Result) bool {
				return e.Get("user_id").Str == friend.ID && e.Get("display_name").Str == name
			})) != 1 {
				t.Errorf("%q finds %s", term, found)
			}
			if len(Pick(found, func(e gjson.Result) bool { return e.Get("user_id").Str == hidden.ID })) != 0 {
				t.Errorf("%q finds a user of no shared and no public room", term)
			}
		}
		hidden.PublicRoom()
		if r := u.Post(V3("user_directory", "search"), Obj{"search_term": name, "limit": 1}).OK(); len(r.Get("results").Array()) > 1 {
			t.Error("the limit is not kept")
		}
	})
}

func TestUserDirectoryFindsMembersOfPublicRooms(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("seeker"), s.User("publicly-known")
		other.PublicRoom()
		found := u.Post(V3("user_directory", "search"), Obj{"search_term": other.Localpart}).OK().Get("results")
		if len(Pick(found, func(e gjson.Result) bool { return e.Get("user_id").Str == other.ID })) != 1 {
			t.Fatalf("found %s", found)
		}
	})
}
