package e2e

import (
	"testing"

	"github.com/tidwall/gjson"
)

func TestJoinByIDAndByAlias(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("joiner")
		name := s.Name("joinable")
		room := u.CreateRoom(Obj{"preset": "public_chat", "room_alias_name": name})
		other.Post(V3("join", room), Obj{}).OK().WantJSON("room_id", room)
		third := s.User("joiner")
		third.Post(V3("join", "#"+name+":"+s.Server.Name), Obj{}).OK().WantJSON("room_id", room)
		fourth := s.User("joiner")
		fourth.Post(V3("rooms", room, "join"), nil).OK().WantJSON("room_id", room)
		for _, member := range []*User{other, third, fourth} {
			if got := u.Membership(room, member.ID); got != "join" {
				t.Errorf("%s: membership %q", member.ID, got)
			}
		}
	})
}

func TestJoinUnknownRoomAndAlias(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("lost")
		u.Post(V3("join", "#nosuch:"+s.Server.Name), Obj{}).WantError(404, "M_NOT_FOUND")
		if r := u.Post(V3("join", "!nosuch:"+s.Server.Name), Obj{}); r.Status != 404 && r.Status != 403 {
			t.Fatalf("an unknown room answered %d", r.Status)
		}
		if r := u.Post(V3("join", "neither"), Obj{}); r.Status != 400 {
			t.Fatalf("neither a room id nor an alias answered %d", r.Status)
		}
	})
}

func TestJoinTwiceChangesNothing(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("twice")
		room := u.PublicRoom()
		other.Join(room)
		before := u.Get(V3("rooms", room, "messages") + Query("dir", "b", "limit", "1")).OK().Str("chunk.0.event_id")
		other.Join(room)
		after := u.Get(V3("rooms", room, "messages") + Query("dir", "b", "limit", "1")).OK().Str("chunk.0.event_id")
		if before != after {
			t.Fatal("a repeated join made another event")
		}
	})
}

func TestJoinInviteOnlyIsForbidden(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		room := s.User("host").CreateRoom(Obj{"preset": "private_chat"})
		s.User("stranger").Post(V3("join", room), Obj{}).WantError(403, "M_FORBIDDEN")
	})
}

func TestJoinKeepsTheReason(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("reasoned")
		room := u.PublicRoom()
		other.Post(V3("rooms", room, "join"), Obj{"reason": "to talk"}).OK()
		u.Get(StatePath(room, "m.room.member", other.ID)).OK().WantJSON("reason", "to talk")
	})
}

func TestInviteShowsAndJoins(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("invited")
		room := u.CreateRoom(Obj{"preset": "private_chat", "name": "Private"})
		next := other.Next()
		u.Post(V3("rooms", room, "invite"), Obj{"user_id": other.ID, "reason": "come"}).OK()
		r, next := other.SyncFor(next, "the invitation", HasSection("invite", room))
		events := r.Get(In("invite", room, "invite_state.events"))
		for _, want := range []string{"m.room.create", "m.room.join_rules", "m.room.name"} {
			if len(Pick(events, ByState(want, ""))) != 1 {
				t.Errorf("the invitation lacks %s: %s", want, events)
			}
		}
		own := Pick(events, ByState("m.room.member", other.ID))
		if len(own) != 1 || own[0].Get("content.membership").Str != "invite" || own[0].Get("content.reason").Str != "come" || own[0].Get("sender").Str != u.ID {
			t.Errorf("the invitation itself: %v", own)
		}
		other.Join(room)
		other.SyncUntil(next, "the joined room", HasSection("join", room))
		if r := other.Sync(""); r.Get("rooms.invite." + Esc(room)).Exists() {
			t.Error("a joined room is still among the invitations")
		}
	})
}

func TestInviteRefusals(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, member, banned, stranger := s.User("host"), s.User("member"), s.User("banned"), s.User("stranger")
		room := u.PublicRoom()
		member.Join(room)
		u.Post(V3("rooms", room, "ban"), Obj{"user_id": banned.ID}).OK()
		u.Post(V3("rooms", room, "invite"), Obj{"user_id": member.ID}).WantError(403, "M_FORBIDDEN")
		u.Post(V3("rooms", room, "invite"), Obj{"user_id": banned.ID}).WantError(403, "M_FORBIDDEN")
		stranger.Post(V3("rooms", room, "invite"), Obj{"user_id": s.User("x").ID}).WantError(403, "M_FORBIDDEN")
		if r := u.Post(V3("rooms", room, "invite"), Obj{"user_id": "no user id"}); r.Status != 400 {
			t.Errorf("a malformed user id answered %d", r.Status)
		}
		if r := u.Post(V3("rooms", room, "invite"), Obj{}); r.Status != 400 {
			t.Errorf("no user id answered %d", r.Status)
		}
	})
}

func TestInviteCanBeRejected(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("rejects")
		room := u.CreateRoom(Obj{"preset": "private_chat"})
		u.Invite(room, other.ID)
		next := other.SyncUntil("", "the invitation", HasSection("invite", room))
		other.Leave(room)
		other.SyncUntil(next, "the rejected room among the left", HasSection("leave", room))
		if got := u.Membership(room, other.ID); got != "leave" {
			t.Fatalf("membership %q", got)
		}
		if r := other.Sync(""); r.Get("rooms.invite." + Esc(room)).Exists() {
			t.Fatal("the rejected invitation is still there")
		}
		other.Post(V3("join", room), Obj{}).WantError(403, "M_FORBIDDEN")
	})
}

func TestInviteIsNotHistoryForTheInvited(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("peeks")
		room := u.CreateRoom(Obj{"preset": "private_chat"})
		u.Invite(room, other.ID)
		other.Get(V3("rooms", room, "state")).WantError(403, "M_FORBIDDEN")
		other.Put(V3("rooms", room, "send", "m.room.message", other.Txn()), Text("not yet")).WantError(403, "M_FORBIDDEN")
	})
}

func TestLeaveEndsMembership(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("leaver")
		room := u.PublicRoom()
		other.Join(room)
		next := other.SyncUntil("", "the room", HasSection("join", room))
		other.Post(V3("rooms", room, "leave"), Obj{"reason": "late"}).OK()
		r, _ := other.SyncFor(next, "the left room", HasSection("leave", room))
		if len(Pick(r.Get(In("leave", room, "timeline.events")), ByState("m.room.member", other.ID))) != 1 {
			t.Errorf("the leave section lacks the leaving itself: %s", r.Get("rooms.leave"))
		}
		u.Get(StatePath(room, "m.room.member", other.ID)).OK().WantJSON("membership", "leave", "reason", "late")
		other.Put(V3("rooms", room, "send", "m.room.message", other.Txn()), Text("still here?")).WantError(403, "M_FORBIDDEN")
		for _, id := range other.Get(V3("joined_rooms")).OK().Get("joined_rooms").Array() {
			if id.Str == room {
				t.Error("a left room is among the joined ones")
			}
		}
	})
}

func TestLeaveNeverJoinedIsRefused(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		room := s.User("host").PublicRoom()
		if r := s.User("never").Post(V3("rooms", room, "leave"), Obj{}); r.Status != 403 && r.Status != 404 {
			t.Fatalf("answered %d", r.Status)
		}
	})
}

func TestRejoinAfterLeaving(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("returns")
		room := u.PublicRoom()
		other.Join(room)
		other.Leave(room)
		other.Join(room)
		other.Say(room, "back")
	})
}

func TestForgetNeedsLeaving(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("forgets")
		room := u.PublicRoom()
		u.Post(V3("rooms", room, "forget"), Obj{}).WantError(400, "M_UNKNOWN")
		u.Leave(room)
		u.Post(V3("rooms", room, "forget"), Obj{}).OK()
	})
}

func TestForgottenRoomIsGoneFromSyncAndMessages(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("forgetful")
		room := u.PublicRoom()
		other.Join(room)
		other.Leave(room)
		filter := `{"room":{"include_leave":true}}`
		if r := other.Sync("", "filter", filter); !r.Get("rooms.leave." + Esc(room)).Exists() {
			t.Fatal("the left room is not in a sync with include_leave")
		}
		other.Post(V3("rooms", room, "forget"), Obj{}).OK()
		if r := other.Sync("", "filter", filter); r.Get("rooms.leave." + Esc(room)).Exists() {
			t.Error("a forgotten room is in a sync with include_leave")
		}
		other.Get(V3("rooms", room, "messages")+Query("dir", "b")).WantError(403, "M_FORBIDDEN")
		other.Join(room) // a forgotten room can be joined again
		other.SyncUntil("", "the room again", HasSection("join", room))
	})
}

func TestKickRemovesAMember(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("kicked")
		room := u.PublicRoom()
		other.Join(room)
		next := other.SyncUntil("", "the room", HasSection("join", room))
		u.Post(V3("rooms", room, "kick"), Obj{"user_id": other.ID, "reason": "noise"}).OK()
		other.SyncUntil(next, "the kick", HasSection("leave", room))
		u.Get(StatePath(room, "m.room.member", other.ID)).OK().WantJSON("membership", "leave", "reason", "noise")
		other.Join(room) // a kick is no ban
	})
}

func TestKickNeedsPowerAndAMember(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("weak")
		room := u.PublicRoom()
		other.Join(room)
		other.Post(V3("rooms", room, "kick"), Obj{"user_id": u.ID}).WantError(403, "M_FORBIDDEN")
		stranger := s.User("stranger")
		u.Post(V3("rooms", room, "kick"), Obj{"user_id": stranger.ID}).WantError(403, "M_FORBIDDEN")
		stranger.Post(V3("rooms", room, "kick"), Obj{"user_id": other.ID}).WantError(403, "M_FORBIDDEN")
	})
}

func TestKickTakesAnInvitationBack(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("uninvited")
		room := u.CreateRoom(Obj{"preset": "private_chat"})
		u.Invite(room, other.ID)
		next := other.SyncUntil("", "the invitation", HasSection("invite", room))
		u.Post(V3("rooms", room, "kick"), Obj{"user_id": other.ID}).OK()
		other.SyncUntil(next, "the end of the invitation", HasSection("leave", room))
	})
}

func TestBanKeepsOutUntilUnbanned(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("bad")
		room := u.PublicRoom()
		other.Join(room)
		u.Post(V3("rooms", room, "ban"), Obj{"user_id": other.ID, "reason": "spam"}).OK()
		u.Get(StatePath(room, "m.room.member", other.ID)).OK().WantJSON("membership", "ban", "reason", "spam")
		other.Post(V3("join", room), Obj{}).WantError(403, "M_FORBIDDEN")
		other.Post(V3("rooms", room, "leave"), Obj{}).WantError(403, "M_FORBIDDEN")
		u.Post(V3("rooms", room, "unban"), Obj{"user_id": other.ID}).OK()
		if got := u.Membership(room, other.ID); got != "leave" {
			t.Fatalf("membership after unban %q", got)
		}
		other.Join(room)
	})
}

func TestBanWorksOnStrangersAndNeedsPower(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, weak, stranger := s.User("host"), s.User("weak"), s.User("stranger")
		room := u.PublicRoom()
		weak.Join(room)
		weak.Post(V3("rooms", room, "ban"), Obj{"user_id": stranger.ID}).WantError(403, "M_FORBIDDEN")
		u.Post(V3("rooms", room, "ban"), Obj{"user_id": stranger.ID}).OK()
		stranger.Post(V3("join", room), Obj{}).WantError(403, "M_FORBIDDEN")
		weak.Post(V3("rooms", room, "unban"), Obj{"user_id": stranger.ID}).WantError(403, "M_FORBIDDEN")
	})
}

func TestUnbanOfNotBannedIsForbidden(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("innocent")
		room := u.PublicRoom()
		other.Join(room)
		u.Post(V3("rooms", room, "unban"), Obj{"user_id": other.ID}).WantError(403, "M_FORBIDDEN")
		if got := u.Membership(room, other.ID); got != "join" {
			t.Fatalf("membership %q", got)
		}
	})
}

func TestMembershipByStateEvent(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("bystate")
		room := u.CreateRoom(Obj{"preset": "private_chat"})
		u.SetState(room, "m.room.member", other.ID, Obj{"membership": "invite"})
		other.SetState(room, "m.room.member", other.ID, Obj{"membership": "join", "displayname": "Room nick"})
		u.Get(StatePath(room, "m.room.member", other.ID)).OK().WantJSON("displayname", "Room nick")
		u.Put(StatePath(room, "m.room.member", other.ID), Obj{"membership": "invite"}).WantError(403, "M_FORBIDDEN")
		if r := u.Put(StatePath(room, "m.room.member", other.ID), Obj{"membership": "dancing"}); r.Status != 400 && r.Status != 403 {
			t.Errorf("an unknown membership answered %d", r.Status)
		}
		u.SetState(room, "m.room.member", other.ID, Obj{"membership": "ban"})
	})
}

func TestJoinedMembersAndMembers(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, a, b := s.User("host"), s.User("present"), s.User("gone")
		room := u.PublicRoom()
		a.Put(V3("profile", a.ID, "displayname"), Obj{"displayname": "Present"}).OK()
		a.Join(room)
		b.Join(room)
		b.Leave(room)
		joined := u.Get(V3("rooms", room, "joined_members")).OK().Get("joined")
		if len(joined.Map()) != 2 || joined.Get(Esc(a.ID)+".display_name").Str != "Present" {
			t.Fatalf("joined members %s", joined)
		}
		count := func(query string) int {
			return len(u.Get(V3("rooms", room, "members") + query).OK().Get("chunk").Array())
		}
		if count("") != 3 || count(Query("membership", "join")) != 2 || count(Query("not_membership", "join")) != 1 {
			t.Fatal("members are not filtered by membership")
		}
		s.User("outsider").Get(V3("rooms", room, "joined_members")).WantError(403, "M_FORBIDDEN")
		s.User("outsider").Get(V3("rooms", room, "members")).WantError(403, "M_FORBIDDEN")
	})
}

func TestMembersAtAPastPoint(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, early, late := s.User("host"), s.User("early"), s.User("late")
		room := u.PublicRoom()
		early.Join(room)
		r, _ := u.SyncFor("", "both in the room", HasTimeline(room, ByState("m.room.member", early.ID)))
		at := r.Str("next_batch")
		late.Join(room)
		early.Leave(room)
		chunk := u.Get(V3("rooms", room, "members") + Query("at", at)).OK().Get("chunk")
		if len(Pick(chunk, ByState("m.room.member", late.ID))) != 0 {
			t.Fatal("a later member is among the members at the point")
		}
		then := Pick(chunk, ByState("m.room.member", early.ID))
		if len(then) != 1 || then[0].Get("content.membership").Str != "join" {
			t.Fatalf("the early member at the point: %v", then)
		}
	})
}

func TestJoinedRoomsListsRooms(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("lists")
		rooms := map[string]bool{u.PublicRoom(): true, u.CreateRoom(nil): true}
		got := u.Get(V3("joined_rooms")).OK().Get("joined_rooms").Array()
		if len(got) != len(rooms) {
			t.Fatalf("joined rooms %v", got)
		}
		for _, id := range got {
			if !rooms[id.Str] {
				t.Fatalf("joined rooms %v", got)
			}
		}
	})
}

func TestMembershipChangeTellsThePrevious(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("prev")
		room := u.PublicRoom()
		other.Join(room)
		next := u.Next()
		other.Leave(room)
		u.SyncUntil(next, "the leave with prev_content", HasTimeline(room, func(e gjson.Result) bool {
			return ByState("m.room.member", other.ID)(e) && e.Get("unsigned.prev_content.membership").Str == "join"
		}))
	})
}
