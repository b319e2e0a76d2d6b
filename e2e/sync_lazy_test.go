package e2e

import (
	"testing"
)

func TestSyncLazyMembersBringSendersOnly(t *testing.T) {
	const lazy = `{"room":{"state":{"lazy_load_members":true},"timeline":{"limit":3}}}`
	Each(t, func(t *testing.T, s *Suite) {
		u, talker, quiet := s.User("lazy"), s.User("talker"), s.User("quiet")
		room := u.CreateRoom(Obj{"preset": "public_chat", "name": "Named"})
		talker.Join(room)
		quiet.Join(room)
		talk(talker, room, 4)
		r := u.Sync("", "filter", lazy)
		state := r.Get(In("join", room, "state.events"))
		has := func(user string) bool { return len(Pick(state, ByState("m.room.member", user))) == 1 }
		if !has(talker.ID) || !has(u.ID) || has(quiet.ID) {
			t.Fatalf("members of the talker, of oneself, of the quiet: %v %v %v", has(talker.ID), has(u.ID), has(quiet.ID))
		}
		next := r.Str("next_batch")
		id := quiet.Say(room, "now I talk")
		r, _ = u.SyncFor(next, "the quiet one's message", HasTimeline(room, ByID(id)), "filter", lazy)
		state = r.Get(In("join", room, "state.events"))
		if !has(quiet.ID) {
			t.Error("the member of a new sender is not told")
		}
	})
}

func TestSyncLazyRedundantMembersAreLeftOutUnlessAskedFor(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, talker := s.User("lazy"), s.User("talker")
		room := u.CreateRoom(Obj{"preset": "public_chat", "name": "Named"})
		talker.Join(room)
		talk(talker, room, 12)
		const lazy = `{"room":{"state":{"lazy_load_members":true}}}`
		next := u.Sync("", "filter", lazy).Str("next_batch")
		id := talker.Say(room, "again")
		r, next := u.SyncFor(next, "the message", HasTimeline(room, ByID(id)), "filter", lazy)
		if n := len(Pick(r.Get(In("join", room, "state.events")), ByState("m.room.member", talker.ID))); n != 0 {
			t.Log("a known member was told again (allowed, wasteful)")
		}
		id = talker.Say(room, "and again")
		r, _ = u.SyncFor(next, "the message", HasTimeline(room, ByID(id)),
			"filter", `{"room":{"state":{"lazy_load_members":true,"include_redundant_members":true}}}`)
		if n := len(Pick(r.Get(In("join", room, "state.events")), ByState("m.room.member", talker.ID))); n != 1 {
			t.Error("include_redundant_members does not bring the member")
		}
	})
}
