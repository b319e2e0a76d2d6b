package e2e

import (
	"testing"
)

func worldReadable(u *User, guestAccess string) string {
	u.t.Helper()
	return u.CreateRoom(Obj{"preset": "public_chat", "initial_state": []Obj{
		{"type": "m.room.history_visibility", "content": Obj{"history_visibility": "world_readable"}},
		{"type": "m.room.guest_access", "content": Obj{"guest_access": guestAccess}},
	}})
}

func TestGuestRegistersWithoutPassword(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		g := s.Guest()
		g.Get(V3("account", "whoami")).OK().WantJSON("user_id", g.ID, "is_guest", true)
	})
}

func TestGuestJoinsWhereGuestsMay(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, g := s.User("host"), s.Guest()
		closed, open := u.PublicRoom(), worldReadable(u, "can_join")
		if r := g.Post(V3("join", closed), Obj{}); r.Status != 403 {
			t.Errorf("a guest joined a room that forbids guests: %d", r.Status)
		}
		g.Post(V3("join", open), Obj{}).OK()
		g.Say(open, "from a guest")
	})
}

func TestGuestPeeksWorldReadable(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, g := s.User("host"), s.Guest()
		room := worldReadable(u, "forbidden")
		id := u.Say(room, "for all")
		g.Get(V3("rooms", room, "state")).OK()
		g.Get(V3("rooms", room, "messages") + Query("dir", "b")).OK()
		g.Get(V3("rooms", room, "event", id)).OK()
		private := u.CreateRoom(nil)
		g.Get(V3("rooms", private, "state")).WantError(403, "M_FORBIDDEN")
	})
}

func TestGuestIsKickedWhenAccessEnds(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, g := s.User("host"), s.Guest()
		room := worldReadable(u, "can_join")
		g.Post(V3("join", room), Obj{}).OK()
		next := u.Next()
		u.SetState(room, "m.room.guest_access", "", Obj{"guest_access": "forbidden"})
		u.SyncUntil(next, "the guest leaving", HasTimeline(room, ByState("m.room.member", g.ID)))
		if got := u.Membership(room, g.ID); got != "leave" {
			t.Fatalf("membership %q", got)
		}
	})
}

func TestGuestMayNotDoWhatGuestsMayNot(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		g := s.Guest()
		// Client-Server API, "Guest access": the list of what guests may do is closed.
		for path, body := range map[string]Obj{
			V3("account", "password"): {"new_password": "pw"},
			V3("pushers", "set"):      {"kind": nil, "app_id": "a", "pushkey": "k"},
			V3("delete_devices"):      {"devices": []string{}},
		} {
			if r := g.Post(path, body); r.Status != 403 || r.Get("errcode").Str != "M_GUEST_ACCESS_FORBIDDEN" {
				t.Errorf("%s answered %d %s", path, r.Status, r.Get("errcode"))
			}
		}
		if r := g.Post(V3("createRoom"), Obj{}); r.Status != 200 && r.Status != 403 {
			t.Errorf("createRoom answered %d", r.Status)
		}
		g.Put(V3("profile", g.ID, "displayname"), Obj{"displayname": "Guest"}).OK()
		g.Sync("")
	})
}

func TestGuestCanBecomeAUser(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		g := s.Guest()
		name := g.ID[1 : len(g.ID)-len(s.Server.Name)-1]
		r := s.Client().Post(V3("register"), Obj{
			"username": name, "password": "some long password", "guest_access_token": g.Token, "auth": Obj{"type": "m.login.dummy"},
		})
		if r.Status == 200 {
			r.WantJSON("user_id", g.ID)
			return
		}
		t.Logf("upgrading a guest is refused with %s", r.Get("errcode"))
	})
}
