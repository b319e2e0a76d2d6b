package e2e

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/testdb"
)

// twoNodes starts two servers on one PostgreSQL, joined by routes.
func twoNodes(t *testing.T) (a, b *Suite) {
	t.Helper()
	url := testdb.Postgres(t)
	var routes [2]string
	for i := range routes {
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		routes[i] = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	node := func(own, other string) *Server {
		return Start(t, Options{Database: url, Config: fmt.Sprintf("bus:\n  cluster_listen: %s\n  routes: [%s]\n  secret: e2e\n", own, other)})
	}
	return On(t, node(routes[0], routes[1])), On(t, node(routes[1], routes[0]))
}

// at is the same user, on the same device, at another server.
func (u *User) at(s *Suite) *User {
	c := s.Client()
	c.Token = u.Token
	return &User{Client: c, ID: u.ID, Localpart: u.Localpart, Device: u.Device, Password: u.Password}
}

func TestTwoNodesAreOneServer(t *testing.T) {
	a, b := twoNodes(t)
	u, other := a.User("here"), b.User("there")
	room := u.PublicRoom()
	other.Join(room)
	next := other.Next()
	prompt := false
	for range 5 { // the route between the nodes may come up after them
		id := u.Say(room, "across the nodes")
		start := time.Now()
		next = other.SyncUntil(next, "the message from the other node", HasTimeline(room, ByID(id)))
		if prompt = time.Since(start) < time.Second; prompt {
			break
		}
	}
	if !prompt {
		t.Error("messages from the other node come late each time: the wake-ups do not arrive")
	}
	answer := other.Say(room, "an answer")
	u.SyncUntil("", "the answer", HasTimeline(room, ByID(answer)))
	// Ephemeral things cross as well, and a token of one node serves at the other.
	u.Put(V3("rooms", room, "typing", u.ID), Obj{"typing": true, "timeout": 30000}).OK()
	other.SyncUntil(next, "typing at the other node", HasEphemeral(room, typingIs(u.ID)))
	moved := other.at(a)
	id := u.Say(room, "to the one who moved")
	moved.SyncUntil(next, "the message at the other node", HasTimeline(room, ByID(id)))
}

func TestTransactionRepeatedAtTheOtherNodeGivesTheSameEvent(t *testing.T) {
	a, b := twoNodes(t)
	u := a.User("moves")
	room := u.CreateRoom(nil)
	moved := u.at(b)
	path := V3("rooms", room, "send", "m.room.message", "one")
	first := u.Put(path, Text("once")).OK().Str("event_id")
	if again := moved.Put(path, Text("once")).OK().Str("event_id"); again != first {
		t.Fatalf("the repeat gave %s, the first %s", again, first)
	}
}

func TestLogoutHoldsAtTheOtherNode(t *testing.T) {
	a, b := twoNodes(t)
	u := a.User("logsout")
	there := u.at(b)
	there.Get(V3("account", "whoami")).OK()
	u.Post(V3("logout"), Obj{}).OK()
	// The news takes a moment. Without it the other node would go on for some ten seconds.
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); {
		if there.Get(V3("account", "whoami")).Status == 401 {
			break
		}
	}
	there.Get(V3("account", "whoami")).WantError(401, "M_UNKNOWN_TOKEN")
}

func TestTwoNodesWriteOneOrder(t *testing.T) {
	a, b := twoNodes(t)
	u, other := a.User("here"), b.User("there")
	room := u.PublicRoom()
	other.Join(room)
	joined := HasTimeline(room, ByState("m.room.member", other.ID))
	readers := []*reader{
		{user: u, room: room, since: u.SyncUntil("", "the join at the other node", joined)},
		{user: other, room: room, since: other.SyncUntil("", "the room", joined)},
	}
	const each = 60
	var wg sync.WaitGroup
	acked := make([][]string, 2)
	for i, w := range []*User{u, other} {
		wg.Go(func() {
			for n := range each {
				r, err := w.Try("PUT", V3("rooms", room, "send", "m.room.message", strconv.Itoa(n)), Text(strconv.Itoa(n)))
				if err != nil || r.Status != 200 {
					t.Errorf("%s: message %d: %v %v", w.ID, n, err, r)
					return
				}
				acked[i] = append(acked[i], r.Get("event_id").Str)
			}
		})
	}
	for _, r := range readers {
		wg.Go(func() {
			deadline := time.Now().Add(syncPatience)
			for len(r.seen) < 2*each && time.Now().Before(deadline) {
				if err := r.read(2000); err != nil {
					t.Errorf("%s: %v", r.user.ID, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if !slices.Equal(readers[0].seen, readers[1].seen) || len(readers[0].seen) != 2*each {
		t.Fatalf("the nodes show %d and %d events, or in different orders; want %d", len(readers[0].seen), len(readers[1].seen), 2*each)
	}
	for i := range acked {
		own := slices.DeleteFunc(slices.Clone(readers[0].seen), func(id string) bool { return !slices.Contains(acked[i], id) })
		if !slices.Equal(own, acked[i]) {
			t.Errorf("the messages of one writer are out of order")
		}
	}
}

func TestNodeKilledLeavesTheOtherServing(t *testing.T) {
	a, b := twoNodes(t)
	u := a.User("survives")
	room := u.CreateRoom(nil)
	id := u.Say(room, "before")
	next := u.Next()
	a.Server.Kill()
	moved := u.at(b)
	moved.Get(V3("rooms", room, "event", id)).OK()
	after := moved.Say(room, "after")
	moved.SyncUntil(next, "the message after the kill", HasTimeline(room, func(e gjson.Result) bool { return ByID(after)(e) }))
}
