package e2e

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func TestProfileNameAndAvatar(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("profile")
		u.Put(V3("profile", u.ID, "displayname"), Obj{"displayname": "봉수 Beacon"}).OK()
		u.Put(V3("profile", u.ID, "avatar_url"), Obj{"avatar_url": "mxc://" + s.Server.Name + "/pic"}).OK()
		c := s.Client() // a profile is readable without logging in
		c.Get(V3("profile", u.ID, "displayname")).OK().WantJSON("displayname", "봉수 Beacon", "avatar_url", nil)
		c.Get(V3("profile", u.ID, "avatar_url")).OK().WantJSON("avatar_url", "mxc://"+s.Server.Name+"/pic")
		c.Get(V3("profile", u.ID)).OK().WantJSON("displayname", "봉수 Beacon", "avatar_url", "mxc://"+s.Server.Name+"/pic")
	})
}

func TestProfileOfUnknownUserIsNotFound(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		c := s.User("asks")
		c.Get(V3("profile", "@nosuch:"+s.Server.Name)).WantError(404, "M_NOT_FOUND")
		c.Get(V3("profile", "@nosuch:"+s.Server.Name, "displayname")).WantError(404, "M_NOT_FOUND")
	})
}

func TestProfileOfOthersCannotBeChanged(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("mine"), s.User("theirs")
		u.Put(V3("profile", other.ID, "displayname"), Obj{"displayname": "x"}).WantError(403, "M_FORBIDDEN")
		u.Put(V3("profile", other.ID, "avatar_url"), Obj{"avatar_url": "mxc://a/b"}).WantError(403, "M_FORBIDDEN")
		u.Put(V3("profile", other.ID, "org.example.field"), Obj{"org.example.field": 1}).WantError(403, "M_FORBIDDEN")
		u.Delete(V3("profile", other.ID, "displayname"), nil).WantError(403, "M_FORBIDDEN")
	})
}

func TestProfileChangeReachesRooms(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("renames"), s.User("sees")
		room := u.PublicRoom()
		other.Join(room)
		next := other.Next()
		u.Put(V3("profile", u.ID, "displayname"), Obj{"displayname": "New Name"}).OK()
		next = other.SyncUntil(next, "the new name", HasTimeline(room, func(e gjson.Result) bool {
			return ByState("m.room.member", u.ID)(e) && e.Get("content.displayname").Str == "New Name" && e.Get("content.membership").Str == "join"
		}))
		u.Put(V3("profile", u.ID, "avatar_url"), Obj{"avatar_url": "mxc://" + s.Server.Name + "/new"}).OK()
		other.SyncUntil(next, "the new avatar", HasTimeline(room, func(e gjson.Result) bool {
			return ByState("m.room.member", u.ID)(e) && e.Get("content.avatar_url").Str == "mxc://"+s.Server.Name+"/new" &&
				e.Get("content.displayname").Str == "New Name"
		}))
	})
}

func TestProfileIsInNewMemberships(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("named")
		other.Put(V3("profile", other.ID, "displayname"), Obj{"displayname": "Known"}).OK()
		room := u.PublicRoom()
		u.Invite(room, other.ID)
		u.Get(StatePath(room, "m.room.member", other.ID)).OK().WantJSON("displayname", "Known", "membership", "invite")
		other.Join(room)
		u.Get(StatePath(room, "m.room.member", other.ID)).OK().WantJSON("displayname", "Known", "membership", "join")
	})
}

func TestProfileFieldsOfOnesOwn(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("fields")
		u.Put(V3("profile", u.ID, "m.tz"), Obj{"m.tz": "Asia/Seoul"}).OK()
		u.Put(V3("profile", u.ID, "org.example.pet"), Obj{"org.example.pet": Obj{"kind": "cat"}}).OK()
		s.Client().Get(V3("profile", u.ID, "m.tz")).OK().WantJSON(`m\.tz`, "Asia/Seoul")
		u.Get(V3("profile", u.ID)).OK().WantJSON(`m\.tz`, "Asia/Seoul", `org\.example\.pet.kind`, "cat")
		u.Delete(V3("profile", u.ID, "m.tz"), nil).OK()
		u.Get(V3("profile", u.ID, "m.tz")).WantError(404, "M_NOT_FOUND")
		u.Delete(V3("profile", u.ID, "m.tz"), nil).OK() // deleting what is not there is no error
	})
}

func TestProfileFieldsAreBounded(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("bounded")
		long := "org.example." + strings.Repeat("k", 250)
		u.Put(V3("profile", u.ID, long), Obj{long: 1}).WantError(400, "M_KEY_TOO_LARGE")
		u.Put(V3("profile", u.ID, "org.example.big"), Obj{"org.example.big": strings.Repeat("x", 65536)}).WantError(400, "M_PROFILE_TOO_LARGE")
		u.Put(V3("profile", u.ID, "org.example.a"), Obj{"org.example.b": 1}).WantError(400, "M_MISSING_PARAM")
	})
}

func TestProfileDisplayNameCanBeRemoved(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("removes")
		u.Put(V3("profile", u.ID, "displayname"), Obj{"displayname": "Temporary"}).OK()
		u.Delete(V3("profile", u.ID, "displayname"), nil).OK()
		if r := u.Get(V3("profile", u.ID)).OK(); r.Get("displayname").String() != "" {
			t.Fatalf("still named: %s", r.Raw)
		}
	})
}
