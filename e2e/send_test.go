package e2e

import (
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"
)

func TestSendReachesTheOtherMember(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("sender"), s.User("reader")
		room := u.PublicRoom()
		other.Join(room)
		next := other.Next()
		id := u.Say(room, "smoke on the hill")
		r, _ := other.SyncFor(next, "the message", HasTimeline(room, ByID(id)))
		e := Pick(r.Get(In("join", room, "timeline.events")), ByID(id))[0]
		if e.Get("sender").Str != u.ID || e.Get("content.body").Str != "smoke on the hill" || e.Get("origin_server_ts").Int() == 0 {
			t.Fatalf("the message came as %s", e.Raw)
		}
		if e.Get("unsigned.transaction_id").Exists() {
			t.Fatal("another's device was told the transaction id")
		}
	})
}

func TestSendRepeatedTransactionGivesTheSameEvent(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("repeat")
		room := u.CreateRoom(nil)
		path := V3("rooms", room, "send", "m.room.message", "one")
		first := u.Put(path, Text("once")).OK().Str("event_id")
		if again := u.Put(path, Text("once")).OK().Str("event_id"); again != first {
			t.Fatalf("the repeat gave %s, the first %s", again, first)
		}
		chunk := u.Get(V3("rooms", room, "messages") + Query("dir", "b", "limit", "20")).OK().Get("chunk")
		if n := len(Pick(chunk, ByType("m.room.message"))); n != 1 {
			t.Fatalf("%d messages, want 1", n)
		}
	})
}

func TestSendRepeatedAtOnceMakesOneEvent(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("race")
		room := u.CreateRoom(nil)
		path := V3("rooms", room, "send", "m.room.message", "raced")
		var mu sync.Mutex
		ids := map[string]int{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				r, err := u.Try("PUT", path, Text("raced"))
				mu.Lock()
				defer mu.Unlock()
				if err != nil || r.Status != 200 {
					t.Errorf("a repeat failed: %v %v", err, r)
					return
				}
				ids[r.Get("event_id").Str]++
			})
		}
		wg.Wait()
		if len(ids) != 1 {
			t.Fatalf("event ids %v, want one", ids)
		}
	})
}

func TestTransactionIDIsOfItsDeviceRoomAndType(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("scope")
		room, second := u.CreateRoom(nil), u.CreateRoom(nil)
		other := u.Login()
		seen := map[string]bool{}
		for _, r := range []*Response{
			u.Put(V3("rooms", room, "send", "m.room.message", "same"), Text("a")),
			u.Put(V3("rooms", second, "send", "m.room.message", "same"), Text("b")),
			u.Put(V3("rooms", room, "send", "org.example.other", "same"), Text("c")),
			other.Put(V3("rooms", room, "send", "m.room.message", "same"), Text("d")),
		} {
			seen[r.OK().Str("event_id")] = true
		}
		if len(seen) != 4 {
			t.Fatalf("%d events, want 4: the same transaction id elsewhere is another transaction", len(seen))
		}
	})
}

func TestTransactionIDOutlivesTheTokenOfItsDevice(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("relogin")
		room := u.CreateRoom(nil)
		path := V3("rooms", room, "send", "m.room.message", "kept")
		first := u.Put(path, Text("kept")).OK().Str("event_id")
		body := passwordLogin(u, Obj{"type": "m.id.user", "user": u.ID})
		body["device_id"] = u.Device
		u.Token = s.Client().Post(V3("login"), body).OK().Str("access_token")
		// Client-Server API, "Transaction identifiers": the scope is the device, not the access token.
		if again := u.Put(path, Text("kept")).OK().Str("event_id"); again != first {
			t.Fatalf("after a new login of the device the repeat gave %s, the first was %s", again, first)
		}
	})
}

func TestLocalEchoHasTheTransactionID(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("echo")
		other := u.Login()
		room := u.CreateRoom(nil)
		next, nextOther := u.Next(), other.Next()
		id := u.Put(V3("rooms", room, "send", "m.room.message", "echo-txn"), Text("echo")).OK().Str("event_id")
		u.SyncUntil(next, "the echo with its transaction id", HasTimeline(room, func(e gjson.Result) bool {
			return ByID(id)(e) && e.Get("unsigned.transaction_id").Str == "echo-txn"
		}))
		other.SyncUntil(nextOther, "the event without a transaction id", HasTimeline(room, func(e gjson.Result) bool {
			return ByID(id)(e) && !e.Get("unsigned.transaction_id").Exists()
		}))
		u.Get(V3("rooms", room, "event", id)).OK().WantJSON(`unsigned.transaction_id`, "echo-txn")
		first := u.Get(V3("rooms", room, "messages") + Query("dir", "b", "limit", "1")).OK()
		first.WantJSON("chunk.0.unsigned.transaction_id", "echo-txn")
	})
}

func TestSendRefusesBadBodies(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("badbody")
		room := u.CreateRoom(nil)
		path := func() string { return V3("rooms", room, "send", "m.room.message", u.Txn()) }
		u.Put(path(), `{"body": `).WantError(400, "M_NOT_JSON")
		u.Put(path(), `not json`).WantError(400, "M_NOT_JSON")
		u.Put(path(), `["array"]`).WantError(400, "M_BAD_JSON")
		// Appendices, "Canonical JSON": no fractions, no integers over 2^53.
		u.Put(path(), `{"msgtype":"m.text","body":"x","n":1.5}`).WantError(400, "M_BAD_JSON")
		u.Put(path(), `{"msgtype":"m.text","body":"x","n":9007199254740992}`).WantError(400, "M_BAD_JSON")
		if r := u.Put(path(), ""); r.Status != 400 {
			t.Errorf("an empty body answered %d", r.Status)
		}
	})
}

func TestSendOverTheEventSizeIsTooLarge(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("large")
		room := u.CreateRoom(nil)
		u.Put(V3("rooms", room, "send", "m.room.message", u.Txn()), Text(strings.Repeat("x", 70000))).WantError(413, "M_TOO_LARGE")
		u.Say(room, strings.Repeat("x", 60000))
		if r := u.Put(V3("rooms", room, "send", strings.Repeat("t", 300), u.Txn()), Obj{}); r.Status != 400 && r.Status != 413 {
			t.Errorf("an event type of 300 bytes answered %d", r.Status)
		}
	})
}

func TestSendToARoomOneIsNotInIsForbidden(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		room := s.User("host").PublicRoom()
		u := s.User("stranger")
		u.Put(V3("rooms", room, "send", "m.room.message", u.Txn()), Text("hi")).WantError(403, "M_FORBIDDEN")
		if r := u.Put(V3("rooms", "!nosuch:"+s.Server.Name, "send", "m.room.message", u.Txn()), Text("hi")); r.Status != 403 && r.Status != 404 {
			t.Errorf("an unknown room answered %d", r.Status)
		}
	})
}

func TestSendKeepsTheContentAsItIs(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("verbatim")
		room := u.CreateRoom(nil)
		content := Obj{
			"msgtype": "m.text", "body": "봉수 \u0000 \u2028 \"quoted\" \\ </script> 🔥", "org.example": Obj{"nested": []any{1, nil, true, Obj{}}, "": "empty"},
		}
		id := u.Send(room, "m.room.message", content)
		u.Get(V3("rooms", room, "event", id)).OK().WantJSON("content", content)
	})
}

func TestSendStateEventsOnlyThroughState(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("nostate")
		room := u.CreateRoom(Obj{"name": "kept"})
		u.Put(V3("rooms", room, "send", "m.room.name", u.Txn()), Obj{"name": "no state"})
		u.Get(StatePath(room, "m.room.name", "")).OK().WantJSON("name", "kept")
	})
}

func TestRedactionByTheSender(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("host"), s.User("regrets")
		room := u.PublicRoom()
		other.Join(room)
		id := other.Say(room, "oops")
		next := u.Next()
		redaction := other.Put(V3("rooms", room, "redact", id, "r1"), Obj{"reason": "typo"}).OK().Str("event_id")
		u.SyncUntil(next, "the redaction", HasTimeline(room, func(e gjson.Result) bool {
			redacts := e.Get("content.redacts").Str
			if redacts == "" {
				redacts = e.Get("redacts").Str
			}
			return ByID(redaction)(e) && redacts == id && e.Get("content.reason").Str == "typo"
		}))
		r := u.Get(V3("rooms", room, "event", id)).OK()
		if len(r.Get("content").Map()) != 0 || r.Get("unsigned.redacted_because.event_id").Str != redaction {
			t.Fatalf("the redacted event is %s", r.Raw)
		}
		if again := other.Put(V3("rooms", room, "redact", id, "r1"), Obj{"reason": "typo"}).OK().Str("event_id"); again != redaction {
			t.Fatal("a repeated redaction made another event")
		}
	})
}

func TestRedactionOfOthersNeedsPower(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other, stranger := s.User("host"), s.User("member"), s.User("stranger")
		room := u.PublicRoom()
		other.Join(room)
		hosts, members := u.Say(room, "by the host"), other.Say(room, "by the member")
		other.Put(V3("rooms", room, "redact", hosts, other.Txn()), Obj{}).WantError(403, "M_FORBIDDEN")
		stranger.Put(V3("rooms", room, "redact", members, stranger.Txn()), Obj{}).WantError(403, "M_FORBIDDEN")
		u.Put(V3("rooms", room, "redact", members, u.Txn()), Obj{}).OK()
		if r := u.Get(V3("rooms", room, "event", members)).OK(); len(r.Get("content").Map()) != 0 {
			t.Fatalf("not redacted: %s", r.Raw)
		}
	})
}

func TestRedactionKeepsTheStateThatCounts(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("redactstate")
		room := u.CreateRoom(Obj{"preset": "public_chat"})
		rules := u.Get(StatePath(room, "m.room.join_rules", "") + Query("format", "event")).OK().Str("event_id")
		topic := u.SetState(room, "m.room.topic", "", Obj{"topic": "gone"})
		u.Put(V3("rooms", room, "redact", rules, u.Txn()), Obj{}).OK()
		u.Put(V3("rooms", room, "redact", topic, u.Txn()), Obj{}).OK()
		u.Get(StatePath(room, "m.room.join_rules", "")).OK().WantJSON("join_rule", "public")
		u.Get(StatePath(room, "m.room.topic", "")).OK().WantJSON("topic", nil)
	})
}

func TestRedactedMessageIsRedactedInEveryView(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("views")
		room := u.CreateRoom(nil)
		id := u.Say(room, "secret")
		u.Put(V3("rooms", room, "redact", id, u.Txn()), Obj{}).OK()
		for name, r := range map[string]*Response{
			"messages": u.Get(V3("rooms", room, "messages") + Query("dir", "b", "limit", "20")).OK(),
			"context":  u.Get(V3("rooms", room, "context", id)).OK(),
			"sync":     u.Sync(""),
		} {
			if strings.Contains(string(r.Raw), "secret") {
				t.Errorf("%s still shows the redacted text", name)
			}
		}
	})
}
