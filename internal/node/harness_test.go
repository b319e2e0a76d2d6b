package node

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/config"
)

// patience bounds every wait of these tests. A test that works never gets there.
const patience = 60 * time.Second

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// settings are those of a server in a folder of the test, on a free port.
func settings(t *testing.T, database string) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.ServerName = "bongsu.test"
	cfg.Data = t.TempDir()
	cfg.Database = database
	cfg.Listen = "127.0.0.1:0"
	cfg.Lanes = 4
	cfg.Registration = config.RegistrationOpen
	cfg.RateLimits.Enabled = false
	return cfg
}

// running is a node under test.
type running struct {
	*Node
	t *testing.T
	// transport is how the test reaches it; nil: in the default way.
	transport *http.Transport
}

func start(t *testing.T, cfg config.Config) *running {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	n, err := Start(testContext(t), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{Node: n, t: t}
	t.Cleanup(r.stop)
	return r
}

// stop ends the node; it may be called again.
func (r *running) stop() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.Shutdown(ctx); err != nil {
		r.t.Error(err)
	}
	if err := r.Wait(); err != nil {
		r.t.Error(err)
	}
}

// reply is a response.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

func (r reply) get(path string) string { return gjson.Get(r.body, path).String() }

// call makes a request and returns what came of it.
func (r *running) call(token, method, path, body string) reply {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+r.Addr()+path, strings.NewReader(body))
	if err != nil {
		return reply{err: err}
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	transport := http.DefaultTransport
	if r.transport != nil {
		transport = r.transport
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return reply{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return reply{status: resp.StatusCode, header: resp.Header, body: string(text), err: err}
}

// must is call for what has to succeed.
func (r *running) must(token, method, path, body string) reply {
	r.t.Helper()
	out := r.call(token, method, path, body)
	if out.err != nil || out.status != http.StatusOK {
		r.t.Fatalf("%s %s: %d %s %v", method, path, out.status, out.body, out.err)
	}
	return out
}

const v3 = "/_matrix/client/v3"

// register makes an account and returns its token.
func (r *running) register(name string) string {
	r.t.Helper()
	body, err := json.Marshal(map[string]any{
		"username": name, "password": "correct horse battery staple", "auth": map[string]string{"type": "m.login.dummy"},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.must("", http.MethodPost, v3+"/register", string(body)).get("access_token")
}

// createRoom makes a public room and returns its path.
func (r *running) createRoom(token string) string {
	r.t.Helper()
	return v3 + "/rooms/" + url.PathEscape(r.must(token, http.MethodPost, v3+"/createRoom", `{"preset":"public_chat"}`).get("room_id"))
}

// say sends a message and returns its id.
func (r *running) say(token, room, txn string) string {
	r.t.Helper()
	return r.must(token, http.MethodPut, room+"/send/m.room.message/"+txn, `{"msgtype":"m.text","body":"`+txn+`"}`).get("event_id")
}

// syncUp is the token of a sync after which there is nothing new: changes of the user's own presence are over.
func (r *running) syncUp(token string) string {
	r.t.Helper()
	return r.must(token, http.MethodGet, v3+"/sync?"+quiet, "").get("next_batch")
}

// quiet asks for rooms alone.
const quiet = `set_presence=offline&filter=` + `%7B%22presence%22%3A%7B%22types%22%3A%5B%5D%7D%7D`

// waiting starts a long poll and returns when the server holds it.
func (r *running) waiting(token, since string) <-chan reply {
	r.t.Helper()
	out := make(chan reply, 1)
	before := r.gates.Stats()[classSync].Running
	go func() { out <- r.call(token, http.MethodGet, v3+"/sync?timeout=60000&since="+since+"&"+quiet, "") }()
	eventually(r.t, func() bool { return r.gates.Stats()[classSync].Running > before })
	return out
}

// eventually returns when the condition holds.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	ctx, tick := testContext(t), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("it did not come about in time")
		}
	}
}

// receive takes the reply that must come.
func receive(t *testing.T, c <-chan reply) reply {
	t.Helper()
	select {
	case r := <-c:
		if r.err != nil || r.status != http.StatusOK {
			t.Fatalf("%d %s %v", r.status, r.body, r.err)
		}
		return r
	case <-testContext(t).Done():
		t.Fatal("no answer came")
	}
	return reply{}
}

// logged is a log to look into.
func logged(level slog.Level) (*slog.Logger, *bytes.Buffer) {
	var out bytes.Buffer
	return slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level})), &out
}
