package e2e

import (
	"slices"
	"testing"

	"github.com/tidwall/gjson"
)

func child(u *User, space, room string, content Obj) {
	u.t.Helper()
	if content == nil {
		content = Obj{"via": []string{"example.org"}}
	}
	u.SetState(space, "m.space.child", room, content)
}

func hierarchy(u *User, space string, pairs ...string) *Response {
	u.t.Helper()
	query := ""
	if len(pairs) > 0 {
		query = Query(pairs...)
	}
	return u.Get(V1("rooms", space, "hierarchy") + query)
}

func roomIDs(r gjson.Result) []string {
	var ids []string
	for _, e := range r.Get("rooms").Array() {
		ids = append(ids, e.Get("room_id").Str)
	}
	return ids
}

func space(u *User, name string) string {
	u.t.Helper()
	return u.CreateRoom(Obj{"name": name, "preset": "public_chat", "creation_content": Obj{"type": "m.space"}})
}

func TestHierarchyWalksChildren(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("space")
		root, sub := space(u, "Root"), space(u, "Sub")
		a, b, deep := u.PublicRoom(), u.PublicRoom(), u.PublicRoom()
		child(u, root, a, Obj{"via": []string{s.Server.Name}, "order": "b"})
		child(u, root, sub, Obj{"via": []string{s.Server.Name}, "order": "a"})
		child(u, root, b, Obj{"via": []string{s.Server.Name}, "order": "c"})
		child(u, sub, deep, Obj{"via": []string{s.Server.Name}, "suggested": true})
		r := hierarchy(u, root).OK()
		if got := roomIDs(r.Result); !slices.Equal(got, []string{root, sub, deep, a, b}) {
			t.Fatalf("rooms %v, want depth first %v", got, []string{root, sub, deep, a, b})
		}
		first := r.Get("rooms.0")
		if first.Get("room_type").Str != "m.space" || first.Get("name").Str != "Root" || len(first.Get("children_state").Array()) != 3 {
			t.Errorf("the root is told as %s", first)
		}
		if got := roomIDs(hierarchy(u, root, "max_depth", "1").OK().Result); !slices.Equal(got, []string{root, sub, a, b}) {
			t.Errorf("max_depth=1 gives %v", got)
		}
		if got := roomIDs(hierarchy(u, sub, "suggested_only", "true").OK().Result); !slices.Equal(got, []string{sub, deep}) {
			t.Errorf("suggested_only gives %v", got)
		}
		if got := roomIDs(hierarchy(u, root, "suggested_only", "true").OK().Result); !slices.Equal(got, []string{root}) {
			t.Errorf("suggested_only gives %v", got)
		}
	})
}

func TestHierarchyPages(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("pagedspace")
		root := space(u, "Root")
		want := []string{root}
		for _, order := range []string{"1", "2", "3", "4"} {
			room := u.PublicRoom()
			child(u, root, room, Obj{"via": []string{s.Server.Name}, "order": order})
			want = append(want, room)
		}
		var got []string
		pairs := []string{"limit", "2"}
		for range 5 {
			r := hierarchy(u, root, pairs...).OK()
			got = append(got, roomIDs(r.Result)...)
			next := r.Get("next_batch").String()
			if next == "" {
				break
			}
			pairs = []string{"limit", "2", "from", next}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("pages give %v, want %v", got, want)
		}
		hierarchy(u, root, "from", "no token").WantError(400, "M_INVALID_PARAM")
	})
}

func TestHierarchyHidesWhatOneMayNotSee(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("owner"), s.User("visitor")
		root := space(u, "Root")
		open, closed := u.PublicRoom(), u.CreateRoom(Obj{"preset": "private_chat"})
		restricted := restrictedRoom(u, "restricted", "10", root)
		for i, room := range []string{open, closed, restricted} {
			child(u, root, room, Obj{"via": []string{s.Server.Name}, "order": string(rune('a' + i))})
		}
		if got := roomIDs(hierarchy(other, root).OK().Result); !slices.Equal(got, []string{root, open}) {
			t.Errorf("a visitor sees %v", got)
		}
		other.Join(root)
		if got := roomIDs(hierarchy(other, root).OK().Result); !slices.Equal(got, []string{root, open, restricted}) {
			t.Errorf("a member sees %v", got)
		}
		hierarchy(other, closed).WantError(403, "M_FORBIDDEN")
	})
}

func TestHierarchyIgnoresRemovedChildrenAndCycles(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("cycles")
		a, b := space(u, "A"), space(u, "B")
		gone := u.PublicRoom()
		child(u, a, b, Obj{"via": []string{s.Server.Name}})
		child(u, b, a, Obj{"via": []string{s.Server.Name}})
		child(u, a, gone, Obj{"via": []string{s.Server.Name}})
		u.SetState(a, "m.space.child", gone, Obj{})
		if got := roomIDs(hierarchy(u, a).OK().Result); !slices.Equal(got, []string{a, b}) {
			t.Fatalf("rooms %v", got)
		}
	})
}

func TestRoomSummaryTellsOfAPublicRoom(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("summary")
		name := s.Name("sum")
		room := u.CreateRoom(Obj{"preset": "public_chat", "name": "Summed", "topic": "up", "room_alias_name": name})
		other := s.User("outsider")
		for _, ref := range []string{room, "#" + name + ":" + s.Server.Name} {
			other.Get(V1("room_summary", ref)).OK().WantJSON("room_id", room, "name", "Summed", "topic", "up", "num_joined_members", 1, "join_rule", "public")
		}
		u.Get(V1("room_summary", room)).OK().WantJSON("membership", "join")
		other.Get(V1("room_summary", u.CreateRoom(nil))).WantError(404, "M_NOT_FOUND")
	})
}

func TestUpgradeLinksOldAndNew(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("upgrades"), s.User("member")
		name := s.Name("upgraded")
		old := u.CreateRoom(Obj{"preset": "public_chat", "room_version": "10", "name": "Kept", "topic": "also", "room_alias_name": name})
		other.Join(old)
		u.SetState(old, "m.room.history_visibility", "", Obj{"history_visibility": "world_readable"})
		next := other.Next()
		newRoom := u.Post(V3("rooms", old, "upgrade"), Obj{"new_version": "11"}).OK().Str("replacement_room")
		other.SyncUntil(next, "the tombstone", HasTimeline(old, func(e gjson.Result) bool {
			return ByState("m.room.tombstone", "")(e) && e.Get("content.replacement_room").Str == newRoom
		}))
		u.Get(StatePath(newRoom, "m.room.create", "")).OK().WantJSON("room_version", "11", "predecessor.room_id", old)
		u.Get(StatePath(newRoom, "m.room.name", "")).OK().WantJSON("name", "Kept")
		u.Get(StatePath(newRoom, "m.room.topic", "")).OK().WantJSON("topic", "also")
		u.Get(StatePath(newRoom, "m.room.join_rules", "")).OK().WantJSON("join_rule", "public")
		u.Get(StatePath(newRoom, "m.room.history_visibility", "")).OK().WantJSON("history_visibility", "world_readable")
		u.Get(V3("directory", "room", "#"+name+":"+s.Server.Name)).OK().WantJSON("room_id", newRoom)
		if got := u.Membership(newRoom, other.ID); got == "join" {
			t.Error("a member was taken along unasked")
		}
		other.Put(V3("rooms", old, "send", "m.room.message", other.Txn()), Text("too late")).WantError(403, "M_FORBIDDEN")
		other.Join(newRoom)
	})
}

func TestUpgradeToTheNewestVersion(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, friend := s.User("upgrades12"), s.User("deputy")
		old := u.CreateRoom(Obj{"preset": "public_chat", "room_version": "11"})
		newRoom := u.Post(V3("rooms", old, "upgrade"), Obj{"new_version": "12", "additional_creators": []string{friend.ID}}).OK().Str("replacement_room")
		u.Get(StatePath(newRoom, "m.room.create", "")).OK().
			WantJSON("room_version", "12", "predecessor.room_id", old, "additional_creators", []string{friend.ID})
		u.Say(newRoom, "first")
	})
}

func TestUpgradeKeepsPower(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, mod := s.User("upgrader"), s.User("mod")
		old := u.CreateRoom(Obj{"preset": "public_chat", "room_version": "10", "power_level_content_override": Obj{"users": Obj{u.ID: 100, mod.ID: 50}}})
		newRoom := u.Post(V3("rooms", old, "upgrade"), Obj{"new_version": "11"}).OK().Str("replacement_room")
		if got := u.Get(StatePath(newRoom, "m.room.power_levels", "")).OK(); got.Get("users."+Esc(mod.ID)).Int() != 50 {
			t.Errorf("power levels of the new room %s", got.Raw)
		}
	})
}

func TestUpgradeRefusals(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("upgrader"), s.User("weak")
		room := u.PublicRoom()
		other.Join(room)
		u.Post(V3("rooms", room, "upgrade"), Obj{"new_version": "999"}).WantError(400, "M_UNSUPPORTED_ROOM_VERSION")
		other.Post(V3("rooms", room, "upgrade"), Obj{"new_version": "11"}).WantError(403, "M_FORBIDDEN")
		if r := u.Post(V3("rooms", room, "upgrade"), Obj{}); r.Status != 400 {
			t.Errorf("no version answered %d", r.Status)
		}
	})
}
