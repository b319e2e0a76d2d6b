package node

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/bus"
	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/testdb"
)

// pushed is a push gateway; what it is told of comes out of the channel.
func pushed(t *testing.T) (address string, got <-chan string) {
	t.Helper()
	out := make(chan string, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, `{"rejected":[]}`)
		if id := gjson.GetBytes(body, "notification.event_id").Str; id != "" {
			out <- id
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/_matrix/push/v1/notify", out
}

func (r *running) setPusher(token, address string) {
	r.t.Helper()
	r.must(token, http.MethodPost, v3+"/pushers/set", fmt.Sprintf(`{"kind":"http","app_id":"app","pushkey":"key","lang":"en",`+
		`"app_display_name":"App","device_display_name":"Phone","data":{"url":%q,"format":"event_id_only"}}`, address))
}

func wantPush(t *testing.T, got <-chan string, want string) {
	t.Helper()
	select {
	case id := <-got:
		if id != want {
			t.Errorf("a push of %s, not of %s", id, want)
		}
	case <-testContext(t).Done():
		t.Fatal("no push came")
	}
}

func pushing(t *testing.T, database string) config.Config {
	cfg := settings(t, database)
	cfg.AllowPrivateAddresses = true
	return cfg
}

func TestAMessageIsPushed(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database string) {
		n := start(t, pushing(t, database))
		address, got := pushed(t)
		alice, bob := n.register("alice"), n.register("bob")
		room := n.createRoom(alice)
		n.must(bob, http.MethodPost, room+"/join", `{}`)
		n.setPusher(bob, address)
		for i := range 3 {
			wantPush(t, got, n.say(alice, room, fmt.Sprint(i)))
		}
		if key := n.must(bob, http.MethodGet, v3+"/capabilities", "").get(`capabilities.m\.webpush.vapid`); len(key) != 87 {
			t.Errorf("a key for Web Push of %d characters", len(key))
		}
	})
}

func TestTheOtherNodePushesWhenOneEnds(t *testing.T) {
	url := testdb.Postgres(t)
	first := pushing(t, url)
	first.Bus.ClusterListen, first.Bus.Secret = "127.0.0.1:0", "secret"
	one := start(t, first)
	second := pushing(t, url)
	second.Bus.ClusterListen, second.Bus.Secret = "127.0.0.1:0", "secret"
	second.Bus.Routes = []string{one.parts.bus.(*bus.NATS).Addr().String()}
	two := start(t, second)
	address, got := pushed(t)
	alice, bob := one.register("alice"), two.register("bob")
	room := one.createRoom(alice)
	two.must(bob, http.MethodPost, room+"/join", `{}`)
	two.setPusher(bob, address)
	wantPush(t, got, two.say(alice, room, "both"))
	one.stop()
	for i := range 3 {
		wantPush(t, got, two.say(alice, room, fmt.Sprint(i)))
	}
}
