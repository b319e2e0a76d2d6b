package gateway

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

func TestNotificationsComeInBothFormats(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir(), "a", quickTiming())
		full, short := newSink(t, nil), newSink(t, nil)
		id := n.newRoom(t, bob, alice, carol)
		n.setPusher(t, alice, "full", full.URL, "")
		n.setPusher(t, alice, "short", short.URL, formatIDOnly)
		n.setPusher(t, bob, "own", full.URL, "")
		said := n.say(t, id, bob, "smoke on the hill")

		got := full.event(t, said)
		want := fmt.Sprintf(`{"event_id":%q,"room_id":%q,"type":"m.room.message","sender":"@bob:example.org","room_name":"Hill","prio":"low",`+
			`"content":{"msgtype":"m.text","body":"smoke on the hill"},"counts":{"unread":1},"devices":[{"app_id":"app","pushkey":"full",`+
			`"pushkey_ts":%d,"data":{"format":""}}]}`, said, id, got.Get("devices.0.pushkey_ts").Int())
		same(t, got, want)
		if ts := got.Get("devices.0.pushkey_ts").Int(); time.Since(time.Unix(ts, 0)) > time.Hour {
			t.Errorf("pushkey_ts %d", ts)
		}
		got = short.event(t, said)
		same(t, got, fmt.Sprintf(`{"event_id":%q,"room_id":%q,"prio":"low","counts":{"unread":1},"devices":[{"app_id":"app","pushkey":"short",`+
			`"pushkey_ts":%d,"data":{"format":"event_id_only"}}]}`, said, id, got.Get("devices.0.pushkey_ts").Int()))
	})
}

func same(t *testing.T, got gjson.Result, want string) {
	t.Helper()
	if a, b := fmt.Sprint(got.Value()), fmt.Sprint(gjson.Parse(want).Value()); a != b {
		t.Errorf("got %s\nwant %s", a, b)
	}
}

func TestEncryptedContentIsNeverSent(t *testing.T) {
	n := newNode(t, "", t.TempDir(), "a", quickTiming())
	s := newSink(t, nil)
	id := n.newRoom(t, bob, alice, carol)
	n.setPusher(t, alice, "k", s.URL, "")
	sent := n.send(t, id, bob, "m.room.encrypted", `{"algorithm":"m.megolm.v1.aes-sha2","ciphertext":"SECRET"}`)
	got := s.event(t, sent)
	if got.Get("content").Exists() || got.Get("prio").Str != "high" || got.Get("type").Str != "m.room.encrypted" {
		t.Errorf("got %s", got.Raw)
	}
}

func TestMentionsAreUrgentAndTweaked(t *testing.T) {
	n := newNode(t, "", t.TempDir(), "a", quickTiming())
	s := newSink(t, nil)
	id := n.newRoom(t, bob, alice, carol)
	n.setPusher(t, alice, "k", s.URL, "")
	sent := n.send(t, id, bob, "m.room.message", `{"body":"alice","m.mentions":{"user_ids":["`+alice+`"]}}`)
	got := s.event(t, sent)
	if got.Get("prio").Str != "high" || !got.Get("devices.0.tweaks.highlight").Bool() || got.Get("devices.0.tweaks.sound").Str != "default" {
		t.Errorf("got %s", got.Raw)
	}
}

func TestAnInvitedUserIsTheTarget(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir(), "a", quickTiming())
		s := newSink(t, nil)
		id := n.newRoom(t, bob)
		n.setPusher(t, alice, "k", s.URL, "")
		if err := n.engine.Invite(t.Context(), room.MemberRequest{RoomID: id, Sender: bob, Target: alice}); err != nil {
			t.Fatal(err)
		}
		got := s.next(t)
		if !got.Get("user_is_target").Bool() || got.Get("content.membership").Str != "invite" || got.Get("counts.unread").Int() != 1 {
			t.Errorf("got %s", got.Raw)
		}
		if err := n.engine.Join(t.Context(), room.MemberRequest{RoomID: id, Sender: alice}); err != nil {
			t.Fatal(err)
		}
		same(t, s.next(t).Get("counts"), `{"unread":0}`)
		// From now on alice is a member, whom the node learns of without reading the room again.
		s.event(t, n.say(t, id, bob, "welcome"))
	})
}

func TestCountsFallWhenTheUserReads(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir(), "a", quickTiming())
		s := newSink(t, nil)
		one, two := n.newRoom(t, bob, alice, carol), n.newRoom(t, bob, alice, carol)
		n.setPusher(t, alice, "k", s.URL, formatIDOnly)
		var last string
		for i, id := range []string{one, two, one} {
			last = n.say(t, id, bob, "text")
			if got := s.event(t, last).Get("counts.unread").Int(); got != int64(i+1) {
				t.Fatalf("unread %d after %d messages", got, i+1)
			}
		}
		n.read(t, one, alice, last)
		same(t, s.next(t), `{"counts":{"unread":1},"devices":[`+lastDevice(n, t)+`]}`)
		n.say(t, two, alice, "an answer, which reads what was before it")
		same(t, s.next(t).Get("counts"), `{"unread":0}`)
		regretted := n.say(t, two, bob, "regretted")
		s.event(t, regretted)
		if _, err := n.engine.Redact(t.Context(), room.RedactRequest{RoomID: two, Target: regretted, Sender: bob}); err != nil {
			t.Fatal(err)
		}
		same(t, s.next(t).Get("counts"), `{"unread":0}`)
		s.event(t, n.say(t, two, bob, "left behind"))
		if err := n.engine.Leave(t.Context(), room.MemberRequest{RoomID: two, Sender: alice}); err != nil {
			t.Fatal(err)
		}
		same(t, s.next(t).Get("counts"), `{"unread":0}`)
	})
}

func lastDevice(n *node, t *testing.T) string {
	p := n.pushers(t, alice)[0]
	return fmt.Sprintf(`{"app_id":"app","pushkey":%q,"pushkey_ts":%d,"data":{"format":"event_id_only"}}`, p.Pushkey, p.UpdatedTS/1000)
}

func TestAFailingGatewayIsTriedAgainAndKeepsNobodyElseWaiting(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir(), "a", quickTiming())
		var up atomic.Bool
		failing := newSink(t, func(w http.ResponseWriter, _ gjson.Result) bool {
			if !up.Load() {
				w.WriteHeader(http.StatusBadGateway)
			}
			return up.Load()
		})
		release := make(chan struct{})
		slow := newSink(t, func(http.ResponseWriter, gjson.Result) bool { <-release; return true })
		good := newSink(t, nil)
		id := n.newRoom(t, bob, alice, carol)
		n.setPusher(t, alice, "failing", failing.URL, "")
		n.setPusher(t, alice, "slow", slow.URL, "")
		n.setPusher(t, carol, "good", good.URL, "")
		var sent []string
		for i := range 5 {
			sent = append(sent, n.say(t, id, bob, fmt.Sprint(i)))
			good.event(t, sent[i])
		}
		for range 4 { // attempts that failed
			<-failing.tried
		}
		up.Store(true)
		close(release)
		for _, event := range sent {
			failing.event(t, event)
			slow.event(t, event)
		}
	})
}

func TestARejectedPusherIsRemoved(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir(), "a", quickTiming())
		asked, answer := make(chan struct{}), make(chan struct{})
		var calls atomic.Int32
		s := newSink(t, func(w http.ResponseWriter, _ gjson.Result) bool {
			if calls.Add(1) == 1 {
				close(asked)
				<-answer
			}
			_, _ = w.Write([]byte(`{"rejected":["other","k"]}`))
			return false
		})
		id := n.newRoom(t, bob, alice, carol)
		n.setPusher(t, alice, "k", s.URL, "")
		n.say(t, id, bob, "text")
		<-asked
		replacing := newSink(t, nil)
		n.setPusher(t, alice, "k", replacing.URL, "") // set again while the first is being rejected
		close(answer)
		replacing.next(t)
		if left := n.pushers(t, alice); len(left) != 1 {
			t.Fatalf("%d pushers: the rejection of one removed its successor", len(left))
		}
		n.setPusher(t, alice, "k", s.URL, "")
		n.say(t, id, bob, "text")
		eventually(t, "the rejected pusher is still there", func() bool { return len(n.pushers(t, alice)) == 0 })
	})
}

// eventually waits for what comes about without a sign of its own.
func eventually(t *testing.T, otherwise string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(otherwise)
		}
	}
}

func TestWhatWasReadBeforeItCouldBeSentIsNot(t *testing.T) {
	n := newNode(t, "", t.TempDir(), "a", quickTiming())
	var up atomic.Bool
	s := newSink(t, func(w http.ResponseWriter, _ gjson.Result) bool {
		if !up.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
		return up.Load()
	})
	id := n.newRoom(t, bob, alice, carol)
	n.setPusher(t, alice, "k", s.URL, "")
	first := n.say(t, id, bob, "read elsewhere")
	<-s.tried
	n.read(t, id, alice, first)
	eventually(t, "the receipt changes nothing", func() bool { return n.unread(t, alice) == 0 })
	second := n.say(t, id, bob, "not read")
	up.Store(true)
	s.event(t, second)
}

func (n *node) unread(t *testing.T, user string) (count int) {
	t.Helper()
	err := n.st.Read(t.Context(), func(tx *store.Tx) (err error) {
		count, err = tx.CountPushUnread(t.Context(), user, 1000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// settled waits until nothing waits for alice's pushers, so that nothing is sent twice.
func (n *node) settled(t *testing.T) {
	t.Helper()
	eventually(t, "something still waits", func() bool {
		left := 0
		err := n.st.Read(t.Context(), func(tx *store.Tx) error {
			for _, p := range n.pushers(t, alice) {
				items, err := tx.PushItems(t.Context(), p, 10)
				if err != nil {
					return err
				}
				left += len(items)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return left == 0
	})
}

func TestNothingIsLostByARestart(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir(), "a", quickTiming())
		s := newSink(t, nil)
		id := n.newRoom(t, bob, alice, carol)
		n.setPusher(t, alice, "k", s.URL, "")
		s.event(t, n.say(t, id, bob, "before"))
		n.settled(t)
		n.push.Close()
		var sent []string
		for i := range 30 {
			sent = append(sent, n.say(t, id, bob, fmt.Sprint("while nobody pushes ", i)))
		}
		n.startPush(t, "b", quickTiming())
		for _, event := range sent {
			s.event(t, event)
		}
	})
}

func TestAnotherNodeGoesOnForOneThatDied(t *testing.T) {
	url := testdb.Postgres(t)
	s := newSink(t, nil)
	first := newNode(t, url, "", "first", quickTiming())
	id := first.newRoom(t, bob, alice, carol)
	first.setPusher(t, alice, "k", s.URL, "")
	s.event(t, first.say(t, id, bob, "before"))
	first.settled(t)

	second := newNode(t, url, "", "second", quickTiming())
	// To die is to say nothing any more: the leases are not released.
	first.push.stop()
	first.push.done.Wait()
	var sent []string
	for i := range 20 {
		sent = append(sent, second.say(t, id, bob, fmt.Sprint(i)))
	}
	for _, event := range sent {
		s.event(t, event)
	}
	holders := map[string]int{}
	err := second.st.Read(t.Context(), func(tx *store.Tx) error {
		lanes, err := tx.PushLanes(t.Context())
		for _, l := range lanes {
			holders[l.Holder]++
		}
		return err
	})
	if err != nil || holders["first"] == 4 {
		t.Errorf("%v, lanes are held by %v", err, holders)
	}
}

func TestNodesShareTheLanes(t *testing.T) {
	url := testdb.Postgres(t)
	nodes := map[string]*node{}
	for _, name := range []string{"first", "second"} {
		nodes[name] = newNode(t, url, "", name, quickTiming())
	}
	for _, n := range nodes { // Peers is read by the lease's goroutine alone, which these replace
		n.push.Close()
	}
	for name, n := range nodes {
		vapid, err := LoadVAPID(t.Context(), n.st)
		if err != nil {
			t.Fatal(err)
		}
		n.push, err = Start(t.Context(), Options{
			Store: n.st, NodeID: name, VAPID: vapid, AllowPrivate: true, Timing: quickTiming(), Peers: func() int { return 1 }, Log: testLog(t),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(n.push.Close)
	}
	eventually(t, "the lanes are not shared", func() bool {
		return len(nodes["first"].push.leases.numbers()) == 2 && len(nodes["second"].push.leases.numbers()) == 2
	})
	// A room's lane and a user's lane may now be held by different nodes.
	s := newSink(t, nil)
	n := nodes["first"]
	n.setPusher(t, alice, "k", s.URL, "")
	for range 8 {
		s.event(t, n.say(t, n.newRoom(t, bob, alice, carol), bob, "text"))
	}
}
