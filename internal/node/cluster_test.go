package node

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"bongsu.org/bongsu/internal/bus"
	"bongsu.org/bongsu/internal/testdb"
)

// pair is two nodes on one database, joined by routes.
func pair(t *testing.T) (one, two *running) {
	t.Helper()
	url := testdb.Postgres(t)
	first := settings(t, url)
	first.Bus.ClusterListen, first.Bus.Secret = "127.0.0.1:0", "secret"
	one = start(t, first)
	second := settings(t, url)
	second.Bus.ClusterListen, second.Bus.Secret = "127.0.0.1:0", "secret"
	second.Bus.Routes = []string{one.parts.bus.(*bus.NATS).Addr().(*net.TCPAddr).String()}
	two = start(t, second)
	eventually(t, func() bool { return one.parts.bus.Stats().Peers == 1 && two.parts.bus.Stats().Peers == 1 })
	return one, two
}

func TestAMessageShowsAtTheOtherNode(t *testing.T) {
	one, two := pair(t)
	alice, bob := one.register("alice"), two.register("bob")
	room := one.createRoom(alice)
	two.must(bob, http.MethodPost, room+"/join", `{}`)
	for _, txn := range []string{"a", "b", "c"} {
		got := two.waiting(bob, two.syncUp(bob))
		sent := one.say(alice, room, txn)
		if r := receive(t, got); !strings.Contains(r.body, sent) {
			t.Errorf("no %s in %s", sent, r.body)
		}
	}
}

func TestTypingShowsAtTheOtherNode(t *testing.T) {
	one, two := pair(t)
	alice, bob := one.register("alice"), two.register("bob")
	room := one.createRoom(alice)
	two.must(bob, http.MethodPost, room+"/join", `{}`)
	got := two.waiting(bob, two.syncUp(bob))
	one.must(alice, http.MethodPut, room+"/typing/@alice:bongsu.test", `{"typing":true,"timeout":30000}`)
	if r := receive(t, got); !strings.Contains(r.body, "m.typing") {
		t.Errorf("no typing in %s", r.body)
	}
}

func TestALogoutReachesTheOtherNode(t *testing.T) {
	one, two := pair(t)
	alice := one.register("alice")
	two.must(alice, http.MethodGet, v3+"/account/whoami", "")
	one.must(alice, http.MethodPost, v3+"/logout", `{}`)
	eventually(t, func() bool {
		return two.call(alice, http.MethodGet, v3+"/account/whoami", "").status == http.StatusUnauthorized
	})
}
