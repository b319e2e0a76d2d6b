package e2e

import (
	"testing"

	"github.com/tidwall/gjson"
)

func TestKnockAskAndBeLetIn(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("knocks")
		room := u.CreateRoom(Obj{"preset": "private_chat", "name": "Knockable"})
		other.Post(V3("knock", room), Obj{}).WantError(403, "M_FORBIDDEN")
		u.SetState(room, "m.room.join_rules", "", Obj{"join_rule": "knock"})
		next := u.Next()
		other.Post(V3("knock", room), Obj{"reason": "please"}).OK().WantJSON("room_id", room)
		u.SyncUntil(next, "the knock", HasTimeline(room, func(e gjson.Result) bool {
			return ByState("m.room.member", other.ID)(e) && e.Get("content.membership").Str == "knock" && e.Get("content.reason").Str == "please"
		}))
		r, next := other.SyncFor("", "the knocked room", HasSection("knock", room))
		if len(Pick(r.Get(In("knock", room, "knock_state.events")), ByState("m.room.name", ""))) != 1 {
			t.Errorf("the knocked room's stripped state: %s", r.Get("rooms.knock"))
		}
		other.Post(V3("join", room), Obj{}).WantError(403, "M_FORBIDDEN")
		u.Invite(room, other.ID)
		next = other.SyncUntil(next, "the invitation", HasSection("invite", room))
		other.Join(room)
		other.SyncUntil(next, "the room", HasSection("join", room))
	})
}

func TestKnockCanBeTakenBackAndRefused(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("knocks")
		room := u.CreateRoom(Obj{"preset": "private_chat", "initial_state": []Obj{{"type": "m.room.join_rules", "content": Obj{"join_rule": "knock"}}}})
		other.Post(V3("knock", room), Obj{}).OK()
		next := other.SyncUntil("", "the knocked room", HasSection("knock", room))
		other.Leave(room)
		next = other.SyncUntil(next, "the room among the left", HasSection("leave", room))
		other.Post(V3("knock", room), Obj{}).OK()
		next = other.SyncUntil(next, "the knocked room", HasSection("knock", room))
		u.Post(V3("rooms", room, "kick"), Obj{"user_id": other.ID}).OK()
		other.SyncUntil(next, "the refusal", HasSection("leave", room))
	})
}

func TestKnockIsRefusedToMembersInvitedAndBanned(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, invited, banned := s.User("host"), s.User("invited"), s.User("banned")
		room := u.CreateRoom(Obj{"preset": "private_chat", "initial_state": []Obj{{"type": "m.room.join_rules", "content": Obj{"join_rule": "knock"}}}})
		u.Invite(room, invited.ID)
		u.Post(V3("rooms", room, "ban"), Obj{"user_id": banned.ID}).OK()
		for _, c := range []*User{u, invited, banned} {
			c.Post(V3("knock", room), Obj{}).WantError(403, "M_FORBIDDEN")
		}
		if r := u.Post(V3("knock", "!nosuch:"+s.Server.Name), Obj{}); r.Status != 404 && r.Status != 403 {
			t.Fatalf("an unknown room answered %d", r.Status)
		}
	})
}

// restrictedRoom makes a room for the members of another.
func restrictedRoom(u *User, rule, version, allowed string) string {
	u.t.Helper()
	return u.CreateRoom(Obj{"preset": "private_chat", "room_version": version, "initial_state": []Obj{{
		"type": "m.room.join_rules", "content": Obj{"join_rule": rule, "allow": []Obj{{"type": "m.room_membership", "room_id": allowed}}},
	}}})
}

func TestRestrictedRoomAdmitsMembersOfTheOther(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("member")
		space := u.PublicRoom()
		for _, version := range []string{"8", "10", "12"} {
			room := restrictedRoom(u, "restricted", version, space)
			other.Post(V3("join", room), Obj{}).WantError(403, "M_FORBIDDEN")
			other.Join(space)
			other.Join(room)
			r := u.Get(StatePath(room, "m.room.member", other.ID)).OK().WantJSON("membership", "join")
			if r.Get("join_authorised_via_users_server").String() != u.ID {
				t.Errorf("version %s: join_authorised_via_users_server is %s", version, r.Get("join_authorised_via_users_server"))
			}
			other.Leave(room)
			other.Leave(space)
			other.Post(V3("join", room), Obj{}).WantError(403, "M_FORBIDDEN")
		}
	})
}

func TestRestrictedRoomAdmitsTheInvited(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("invited")
		room := restrictedRoom(u, "restricted", "10", u.PublicRoom())
		u.Invite(room, other.ID)
		other.Join(room)
	})
}

func TestRestrictedRoomNeedsSomebodyWhoMayInvite(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("member")
		space := u.PublicRoom()
		other.Join(space)
		room := restrictedRoom(u, "restricted", "10", space)
		levels := u.PowerLevels(room)
		levels["invite"] = 100
		levels["users"] = Obj{u.ID: 100}
		u.SetState(room, "m.room.power_levels", "", levels)
		other.Join(room) // the host may still invite
		if r := u.Get(StatePath(room, "m.room.member", other.ID)).OK(); r.Get("join_authorised_via_users_server").Str != u.ID {
			t.Fatalf("authorised by %s", r.Raw)
		}
	})
}

func TestRestrictedRoomKeepsOutTheBanned(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("banned")
		space := u.PublicRoom()
		other.Join(space)
		room := restrictedRoom(u, "restricted", "10", space)
		u.Post(V3("rooms", room, "ban"), Obj{"user_id": other.ID}).OK()
		other.Post(V3("join", room), Obj{}).WantError(403, "M_FORBIDDEN")
	})
}

func TestKnockRestrictedTakesBothWays(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, member, stranger := s.User("host"), s.User("member"), s.User("stranger")
		space := u.PublicRoom()
		member.Join(space)
		room := restrictedRoom(u, "knock_restricted", "10", space)
		member.Join(room)
		stranger.Post(V3("join", room), Obj{}).WantError(403, "M_FORBIDDEN")
		stranger.Post(V3("knock", room), Obj{}).OK()
	})
}
