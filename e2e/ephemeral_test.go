package e2e

import (
	"testing"

	"github.com/tidwall/gjson"
)

// typingIs is a condition on a typing event: exactly these users type.
func typingIs(users ...string) func(gjson.Result) bool {
	return func(e gjson.Result) bool {
		ids := e.Get("content.user_ids").Array()
		if e.Get("type").Str != "m.typing" || len(ids) != len(users) {
			return false
		}
		for _, id := range ids {
			if len(Pick(gjson.Parse(e.Get("content.user_ids").Raw), func(x gjson.Result) bool { return x.Str == id.Str })) != 1 {
				return false
			}
		}
		for i, want := range users {
			if ids[i].Str != want && len(users) == 1 {
				return false
			}
		}
		return true
	}
}

func TestTypingStartsAndStops(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("types")
		room := u.PublicRoom()
		other.Join(room)
		next := u.Next()
		path := V3("rooms", room, "typing", other.ID)
		other.Put(path, Obj{"typing": true, "timeout": 30000}).OK()
		next = u.SyncUntil(next, "typing", HasEphemeral(room, typingIs(other.ID)))
		other.Put(path, Obj{"typing": false}).OK()
		u.SyncUntil(next, "the end of typing", HasEphemeral(room, typingIs()))
	})
}

func TestTypingRunsOut(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("brief")
		room := u.CreateRoom(nil)
		next := u.Next()
		u.Put(V3("rooms", room, "typing", u.ID), Obj{"typing": true, "timeout": 500}).OK()
		next = u.SyncUntil(next, "typing", HasEphemeral(room, typingIs(u.ID)))
		u.SyncUntil(next, "the end of typing by itself", HasEphemeral(room, typingIs()))
	})
}

func TestTypingIsForOneselfInOnesRooms(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("stranger")
		room := u.PublicRoom()
		u.Put(V3("rooms", room, "typing", other.ID), Obj{"typing": true}).WantError(403, "M_FORBIDDEN")
		other.Put(V3("rooms", room, "typing", other.ID), Obj{"typing": true}).WantError(403, "M_FORBIDDEN")
		u.Put(V3("rooms", room, "typing", u.ID), `{"typing": "yes"}`).WantError(400, "M_BAD_JSON")
	})
}

// receiptOf is a condition on a receipt event: it has such a receipt of a user.
func receiptOf(event, kind, user string) func(gjson.Result) bool {
	return func(e gjson.Result) bool {
		return e.Get("type").Str == "m.receipt" && e.Get("content."+Esc(event)+"."+Esc(kind)+"."+Esc(user)+".ts").Int() > 0
	}
}

func TestReceiptReachesOthers(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("reads")
		room := u.PublicRoom()
		other.Join(room)
		id := u.Say(room, "read me")
		next := u.Next()
		other.Post(V3("rooms", room, "receipt", "m.read", id), Obj{}).OK()
		u.SyncUntil(next, "the receipt", HasEphemeral(room, receiptOf(id, "m.read", other.ID)))
		if !HasEphemeral(room, receiptOf(id, "m.read", other.ID))(u.Sync("").Result) {
			t.Error("an initial sync lacks the receipt")
		}
	})
}

func TestPrivateReceiptIsOnesOwn(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("discreet")
		device := other.Login()
		room := u.PublicRoom()
		other.Join(room)
		id := u.Say(room, "read me in secret")
		next, nextDevice := u.Next(), device.Next()
		other.Post(V3("rooms", room, "receipt", "m.read.private", id), Obj{}).OK()
		device.SyncUntil(nextDevice, "the private receipt on another device", HasEphemeral(room, receiptOf(id, "m.read.private", other.ID)))
		sentinel := u.Say(room, "after")
		r, _ := u.SyncFor(next, "the message after the receipt", HasTimeline(room, ByID(sentinel)))
		if HasEphemeral(room, func(e gjson.Result) bool { return e.Get("content." + Esc(id) + ".m\\.read\\.private").Exists() })(r.Result) {
			t.Fatal("a private receipt was shown to another")
		}
	})
}

func TestReceiptsOfThreadsAreApart(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("reads")
		room := u.PublicRoom()
		other.Join(room)
		root := u.Say(room, "root")
		reply := u.Send(room, "m.room.message", Obj{"msgtype": "m.text", "body": "in thread", "m.relates_to": Obj{"rel_type": "m.thread", "event_id": root}})
		next := u.Next()
		other.Post(V3("rooms", room, "receipt", "m.read", reply), Obj{"thread_id": root}).OK()
		other.Post(V3("rooms", room, "receipt", "m.read", root), Obj{"thread_id": "main"}).OK()
		want := map[string]string{reply: root, root: "main"}
		seen := map[string]bool{}
		u.SyncUntil(next, "both receipts", func(r gjson.Result) bool {
			for _, e := range Pick(r.Get(In("join", room, "ephemeral.events")), ByType("m.receipt")) {
				for event, thread := range want {
					if e.Get("content."+Esc(event)+".m\\.read."+Esc(other.ID)+".thread_id").Str == thread {
						seen[event] = true
					}
				}
			}
			return len(seen) == 2
		})
	})
}

func TestReceiptsRefuseNonsense(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("badreceipt")
		room := u.CreateRoom(nil)
		id := u.Say(room, "x")
		if r := u.Post(V3("rooms", room, "receipt", "org.example.kind", id), Obj{}); r.Status != 400 {
			t.Errorf("an unknown kind answered %d", r.Status)
		}
		u.Post(V3("rooms", room, "receipt", "m.read", id), Obj{"thread_id": ""}).WantError(400, "M_INVALID_PARAM")
		u.Post(V3("rooms", room, "receipt", "m.fully_read", id), Obj{"thread_id": "main"}).WantError(400, "M_INVALID_PARAM")
		u.Post(V3("rooms", room, "receipt", "m.read", id), nil).OK() // an empty body is old clients' way
		s.User("stranger").Post(V3("rooms", room, "receipt", "m.read", id), Obj{}).WantError(403, "M_FORBIDDEN")
	})
}

func TestReadMarkersSetAllThree(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("marks")
		room := u.PublicRoom()
		other.Join(room)
		id := u.Say(room, "mark me")
		next, nextHost := other.Next(), u.Next()
		other.Post(V3("rooms", room, "read_markers"), Obj{"m.fully_read": id, "m.read": id, "m.read.private": id}).OK()
		other.SyncUntil(next, "m.fully_read", func(r gjson.Result) bool {
			e := Pick(r.Get(In("join", room, "account_data.events")), ByType("m.fully_read"))
			return len(e) == 1 && e[0].Get("content.event_id").Str == id
		})
		u.SyncUntil(nextHost, "the receipt", HasEphemeral(room, receiptOf(id, "m.read", other.ID)))
		other.Get(V3("user", other.ID, "rooms", room, "account_data", "m.fully_read")).OK().WantJSON("event_id", id)
	})
}

func TestReceiptEndpointSetsFullyRead(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("fully")
		room := u.CreateRoom(nil)
		id := u.Say(room, "x")
		u.Post(V3("rooms", room, "receipt", "m.fully_read", id), Obj{}).OK()
		u.Get(V3("user", u.ID, "rooms", room, "account_data", "m.fully_read")).OK().WantJSON("event_id", id)
	})
}

func presenceIs(user, presence string) func(gjson.Result) bool {
	return func(r gjson.Result) bool {
		return len(Pick(r.Get("presence.events"), func(e gjson.Result) bool {
			return e.Get("sender").Str == user && e.Get("type").Str == "m.presence" && e.Get("content.presence").Str == presence
		})) > 0
	}
}

func TestPresenceReachesThoseWhoShareARoom(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("present")
		room := u.PublicRoom()
		other.Join(room)
		next := u.Next()
		other.Put(V3("presence", other.ID, "status"), Obj{"presence": "unavailable", "status_msg": "lunch"}).OK()
		u.SyncUntil(next, "the presence", presenceIs(other.ID, "unavailable"))
		u.Get(V3("presence", other.ID, "status")).OK().WantJSON("presence", "unavailable", "status_msg", "lunch")
	})
}

func TestPresenceRefusals(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("stranger")
		u.Put(V3("presence", other.ID, "status"), Obj{"presence": "online"}).WantError(403, "M_FORBIDDEN")
		if r := u.Put(V3("presence", u.ID, "status"), Obj{"presence": "dreaming"}); r.Status != 400 {
			t.Errorf("an unknown presence answered %d", r.Status)
		}
		if r := u.Get(V3("presence", other.ID, "status")); r.Status != 403 && r.Status != 404 && r.Status != 200 {
			t.Errorf("the presence of a stranger answered %d", r.Status)
		}
	})
}

func TestSyncSetsPresence(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("syncs")
		room := u.PublicRoom()
		other.Join(room)
		other.Put(V3("presence", other.ID, "status"), Obj{"presence": "offline"}).OK()
		next := u.Next()
		other.Sync("", "set_presence", "online")
		u.SyncUntil(next, "the one who syncs online", presenceIs(other.ID, "online"))
	})
}
