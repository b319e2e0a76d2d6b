package node

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/testdb"
)

// The primary is lost: reads go on, from the standby, and say nothing that is older than what was said before; a send waits, and goes
// through when there is a primary again; health tells all of it.
func TestPrimaryIsLost(t *testing.T) {
	p := testdb.NewPair(t)
	n := start(t, settings(t, p.URL()))
	alice, bob := n.register("alice"), n.register("bob")
	room := n.createRoom(alice)
	since := n.syncUp(alice)
	first := n.say(alice, room, "one")
	health := func(path string) reply { return n.call("", http.MethodGet, "/health/"+path, "") }
	if r := health("writable"); r.status != http.StatusOK || r.get("details.database.primary") != p.Address(0) {
		t.Fatalf("before: %d %s", r.status, r.body)
	}
	p.Kill(0)
	eventually(t, func() bool { return health("writable").status == http.StatusServiceUnavailable })
	ready := health("ready")
	if ready.status != http.StatusOK || ready.get("status") != "read-only" || ready.get("details.database.reads") != p.Address(1) {
		t.Fatalf("ready: %d %s", ready.status, ready.body)
	}
	began := time.Now()
	synced := n.must(alice, http.MethodGet, v3+"/sync?since="+since+"&"+quiet, "")
	if !strings.Contains(synced.body, first) {
		t.Errorf("a sync from the standby lacks %s: %s", first, synced.body)
	}
	page := n.must(alice, http.MethodGet, room+"/messages?dir=b&from="+synced.get("next_batch"), "")
	if gjson.Get(page.body, "chunk.0.event_id").Str != first {
		t.Errorf("messages: %s", page.body)
	}
	n.must(bob, http.MethodGet, v3+"/sync?"+quiet, "") // a first one
	if r := n.call("syt_unknown", http.MethodGet, v3+"/account/whoami", ""); r.status != http.StatusServiceUnavailable {
		t.Errorf("a token that the standby does not know: %d %s", r.status, r.body)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("reading took %s", took)
	}
	sent := make(chan reply, 1)
	go func() {
		sent <- n.call(alice, http.MethodPut, room+"/send/m.room.message/two", `{"msgtype":"m.text","body":"two"}`)
	}()
	p.Promote(1)
	second := receive(t, sent).get("event_id")
	if again := n.say(alice, room, "two"); again != second {
		t.Errorf("sent again it is %s, not %s", again, second)
	}
	eventually(t, func() bool { return health("writable").get("details.database.primary") == p.Address(1) })
	news := n.must(alice, http.MethodGet, v3+"/sync?since="+synced.get("next_batch")+"&"+quiet, "")
	if strings.Count(news.body, second) == 0 || strings.Contains(news.body, first) {
		t.Errorf("after the move: %s", news.body)
	}
}

// Commits that wait for another site longer than a while make a node one that only reads, and a request is answered in time.
func TestStandbyIsLost(t *testing.T) {
	p := testdb.NewPair(t)
	cfg := settings(t, p.URL())
	cfg.DatabasePatience = config.Duration(2 * time.Second)
	n := start(t, cfg)
	alice := n.register("alice")
	room := n.createRoom(alice)
	p.Kill(1)
	r := n.call(alice, http.MethodPut, room+"/send/m.room.message/one", `{"msgtype":"m.text","body":"one"}`)
	if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" {
		t.Fatalf("a send that nobody else has: %d %s", r.status, r.body)
	}
	eventually(t, func() bool {
		return n.call("", http.MethodGet, "/health/writable", "").status == http.StatusServiceUnavailable
	})
	page := n.must(alice, http.MethodGet, room+"/messages?dir=b", "")
	if strings.Contains(page.body, `"one"`) {
		t.Errorf("what is not replicated is shown: %s", page.body)
	}
	p.Rejoin(1)
	id := n.say(alice, room, "one")
	page = n.must(alice, http.MethodGet, room+"/messages?dir=b", "")
	if strings.Count(page.body, `"body":"one"`) != 1 || !strings.Contains(page.body, id) {
		t.Errorf("it is not there once: %s", page.body)
	}
	eventually(t, func() bool { return n.call("", http.MethodGet, "/health/writable", "").status == http.StatusOK })
}
