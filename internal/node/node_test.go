package node

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/testdb"
)

func TestServesAMessageOnEachDatabase(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := start(t, settings(t, url))
		alice, bob := n.register("alice"), n.register("bob")
		room := n.createRoom(alice)
		n.must(bob, http.MethodPost, room+"/join", `{}`)
		got := n.waiting(bob, n.syncUp(bob))
		sent := n.say(alice, room, "hello")
		if r := receive(t, got); !strings.Contains(r.body, sent) {
			t.Errorf("no %s in %s", sent, r.body)
		}
	})
}

func TestFirstRunLastsUntilThereIsAnAccount(t *testing.T) {
	cfg := settings(t, "")
	cfg.Registration = config.RegistrationToken
	n := start(t, cfg)
	token, first := n.FirstRun()
	if !first || token == "" {
		t.Fatalf("at the first start: %q, %t", token, first)
	}
	uia := n.call("", http.MethodPost, v3+"/register", `{"username":"alice","password":"correct horse battery"}`)
	n.must("", http.MethodPost, v3+"/register", `{"username":"alice","password":"correct horse battery","auth":{"type":"m.login.registration_token","token":"`+
		token+`","session":"`+uia.get("session")+`"}}`)
	n.stop()
	if again, first := start(t, cfg).FirstRun(); again != token || first {
		t.Errorf("at the second start: %q, %t", again, first)
	}
}

func TestKeyAndSessionsOutliveARestart(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		cfg := settings(t, url)
		n := start(t, cfg)
		alice := n.register("alice")
		since := n.syncUp(alice)
		key, err := loadSigner(t.Context(), n.parts.store, cfg.ServerName)
		if err != nil {
			t.Fatal(err)
		}
		n.stop()
		n = start(t, cfg)
		again, err := loadSigner(t.Context(), n.parts.store, cfg.ServerName)
		if err != nil {
			t.Fatal(err)
		}
		if again.KeyID != key.KeyID || !again.Key.Equal(key.Key) {
			t.Errorf("the key was %s and is %s", key.KeyID, again.KeyID)
		}
		sent := n.say(alice, n.createRoom(alice), "after")
		if r := n.must(alice, http.MethodGet, v3+"/sync?since="+since, ""); !strings.Contains(r.body, sent) {
			t.Errorf("no %s in %s", sent, r.body)
		}
	})
}

func TestANameIsForEver(t *testing.T) {
	cfg := settings(t, "")
	start(t, cfg).stop()
	cfg.ServerName = "other.test"
	log, _ := logged(slog.LevelError)
	_, err := Start(testContext(t), cfg, log)
	if err == nil || !strings.Contains(err.Error(), "--server-name bongsu.test") {
		t.Errorf("got %v", err)
	}
}

func TestAFailedStartLeavesNothingOpen(t *testing.T) {
	cfg := settings(t, "")
	taken := start(t, settings(t, ""))
	cfg.Listen = taken.Addr()
	log, _ := logged(slog.LevelError)
	if _, err := Start(testContext(t), cfg, log); err == nil {
		t.Fatal("two servers on one address")
	}
	cfg.Listen = "127.0.0.1:0"
	start(t, cfg)
}

func TestShutdownAnswersWhoWaits(t *testing.T) {
	n := start(t, settings(t, ""))
	alice := n.register("alice")
	got := n.waiting(alice, n.syncUp(alice))
	n.stop()
	if r := receive(t, got); r.get("next_batch") == "" {
		t.Errorf("got %s", r.body)
	}
}

func TestShutdownAnswersWhoWaitsOverHTTP2(t *testing.T) {
	n := start(t, settings(t, ""))
	n.transport = &http.Transport{Protocols: &http.Protocols{}}
	n.transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(n.transport.CloseIdleConnections)
	alice := n.register("alice")
	room := n.createRoom(alice)
	got := n.waiting(alice, n.syncUp(alice))
	sent := n.say(alice, room, "x")
	if r := receive(t, got); !strings.Contains(r.body, sent) {
		t.Errorf("no %s in %s", sent, r.body)
	}
	got = n.waiting(alice, n.syncUp(alice))
	n.stop()
	if r := receive(t, got); r.get("next_batch") == "" {
		t.Errorf("got %s", r.body)
	}
}

func TestWaitTellsThatServingFailed(t *testing.T) {
	n := start(t, settings(t, ""))
	if err := n.client.socket.Close(); err != nil {
		t.Fatal(err)
	}
	if err := n.Wait(); err == nil {
		t.Error("no error")
	}
	n.err = nil // what the test's end looks at
}

func TestMoreWaitersThanAllowedAreToldToComeBack(t *testing.T) {
	cfg := settings(t, "")
	cfg.Sync.MaxWaiters = 1
	n := start(t, cfg)
	alice := n.register("alice")
	since := n.syncUp(alice)
	n.waiting(alice, since)
	r := n.call(alice, http.MethodGet, v3+"/sync?timeout=60000&since="+since, "")
	if r.status != http.StatusServiceUnavailable || r.get("retry_after_ms") == "" || r.header.Get("Retry-After") == "" {
		t.Errorf("got %d %s", r.status, r.body)
	}
}

func TestThePageNamesTheServer(t *testing.T) {
	landing, err := newLanding("bongsu.test", "")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRecorder()
	landing(r, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8008/", nil))
	body := r.Body.String()
	for _, want := range []string{"bongsu.test", "http://127.0.0.1:8008"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	for _, not := range []string{"<script", "src=", "@import", "url("} {
		if strings.Contains(body, not) {
			t.Errorf("%q in the page", not)
		}
	}
	if policy := r.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("policy %q", policy)
	}
}

func TestMetricsAreServedApart(t *testing.T) {
	cfg := settings(t, "")
	cfg.Metrics.Listen = "127.0.0.1:0"
	n := start(t, cfg)
	n.createRoom(n.register("alice"))
	if r := n.call("", http.MethodGet, "/metrics", ""); r.status != http.StatusNotFound {
		t.Errorf("clients see metrics: %d", r.status)
	}
	operators := &running{Node: &Node{client: n.ops}, t: t}
	body := operators.must("", http.MethodGet, "/metrics", "").body
	for _, want := range []string{
		`bongsu_http_request_duration_seconds_count{method="POST",route="/_matrix/client/v3/createRoom",status="2xx"} 1`,
		`bongsu_requests_running{class="sync"} 0`, "bongsu_connections ", "bongsu_bus_peers 0", "bongsu_lane_batch_jobs_count", "bongsu_lane_batches_failed_total 0", "bongsu_database_connections_max", "go_goroutines ",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
}
