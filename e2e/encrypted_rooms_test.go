package e2e

import (
	"slices"
	"testing"

	"bongsu.org/bongsu/internal/testdb"
)

const megolm = "m.megolm.v1.aes-sha2"

func TestPrivateRoomsAreEncrypted(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("private")
		for _, fields := range []Obj{nil, {"preset": "private_chat"}, {"preset": "trusted_private_chat"}, {"visibility": "private"}} {
			room := u.CreateRoom(fields)
			u.Get(StatePath(room, "m.room.encryption", "")).OK().WantJSON("algorithm", megolm)
			if n := len(Pick(u.Get(V3("rooms", room, "state")).OK().Result, ByState("m.room.encryption", ""))); n != 1 {
				t.Errorf("%v: %d events say that the room is encrypted", fields, n)
			}
		}
		for _, fields := range []Obj{{"preset": "public_chat"}, {"visibility": "public"}, {"creation_content": Obj{"type": "m.space"}}} {
			u.Get(StatePath(u.CreateRoom(fields), "m.room.encryption", "")).WantError(404, "M_NOT_FOUND")
		}
		own := u.CreateRoom(Obj{"initial_state": []Obj{{"type": "m.room.encryption", "content": Obj{"algorithm": megolm, "rotation_period_msgs": 10}}}})
		u.Get(StatePath(own, "m.room.encryption", "")).OK().WantJSON("rotation_period_msgs", 10)
		u.Post(V3("createRoom"), Obj{"initial_state": []Obj{{"type": "m.room.encryption", "content": Obj{}}}}).WantError(400, "M_BAD_JSON")
	})
}

func TestEncryptionCannotBeTakenBack(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("admin")
		room := u.CreateRoom(Obj{"preset": "private_chat", "room_version": "11"})
		path := StatePath(room, "m.room.encryption", "")
		event := u.Get(path + Query("format", "event")).OK().Str("event_id")
		u.Put(path, Obj{}).WantError(400, "M_BAD_JSON")
		u.Put(path, Obj{"algorithm": 1}).WantError(400, "M_BAD_JSON")
		u.Put(path, Obj{"algorithm": "none"}).WantError(403, "M_FORBIDDEN")
		u.Put(path, Obj{"algorithm": megolm, "rotation_period_msgs": 100_000}).WantError(403, "M_FORBIDDEN")
		u.Put(V3("rooms", room, "redact", event, u.Txn()), Obj{}).WantError(403, "M_FORBIDDEN")
		u.Get(path).OK().WantJSON("algorithm", megolm)
		u.SetState(room, "m.room.encryption", "", Obj{"algorithm": megolm, "rotation_period_msgs": 50})
		next := u.Post(V3("rooms", room, "upgrade"), Obj{"new_version": "12"}).OK().Str("replacement_room")
		u.Get(StatePath(next, "m.room.encryption", "")).OK().WantJSON("algorithm", megolm, "rotation_period_msgs", 50)
	})
}

// What a client sends to an encrypted room in the clear is taken, delivered and found as elsewhere.
func TestPlainMessagesInEncryptedRooms(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		alice, bob := s.User("plain-alice"), s.User("plain-bob")
		room := alice.CreateRoom(Obj{"preset": "private_chat", "invite": []string{bob.ID}})
		bob.Join(room)
		next := bob.Next()
		id := alice.Say(room, "in the clear")
		bob.SyncUntil(next, "the message", HasTimeline(room, ByID(id)))
		if got := foundBodies(bob.Post(V3("search"), searchFor("clear", nil)).OK()); !slices.Equal(got, []string{"in the clear"}) {
			t.Errorf("found %q", got)
		}
	})
}

func TestOperatorSaysWhichRoomsAreEncrypted(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		for which, want := range map[string][2]int{"off": {404, 404}, "all": {200, 200}} {
			s := On(t, Start(t, Options{Database: url, Config: "rooms: {encrypt_by_default: " + which + "}\n"}))
			u := s.User("operator")
			for i, preset := range []string{"private_chat", "public_chat"} {
				u.Get(StatePath(u.CreateRoom(Obj{"preset": preset}), "m.room.encryption", "")).Want(want[i])
			}
		}
	})
}
