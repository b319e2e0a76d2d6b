package appservice

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
)

// serving is a service that answers each path as given, everything else with 404, and notes what it was asked.
type serving struct {
	*Services
	mu    sync.Mutex
	asked []string
}

func newServing(t *testing.T, answers map[string]http.HandlerFunc) *serving {
	t.Helper()
	s := &serving{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.URL.EscapedPath())
		s.mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer hs-secret" || strings.Contains(r.URL.RawQuery, "secret") {
			t.Errorf("%s %s: wrong authorization", r.Method, r.URL)
		}
		if h := answers[r.URL.Path]; h != nil {
			h(w, r)
			return
		}
		http.Error(w, "404 page not found", http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	s.Services = newServices(t, server.URL)
	return s
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

func TestQueries(t *testing.T) {
	s := newServing(t, map[string]http.HandlerFunc{
		"/_matrix/app/v1/users/@ghost_new:example.org": status(200, `{}`),
		"/_matrix/app/v1/users/@ghost_no:example.org":  status(404, `{"errcode":"HILL_NOT_FOUND"}`),
		"/users/@ghost_old:example.org":                status(200, `{}`),
		"/_matrix/app/v1/rooms/#ghost_ill:example.org": status(500, ``),
	})
	for id, want := range map[string]bool{
		"@ghost_new:example.org": true, "@ghost_no:example.org": false, "@ghost_old:example.org": true, "@alice:example.org": false,
		"@ghost_new:elsewhere.org": false,
	} {
		if got, err := s.QueryUser(t.Context(), id, nil); err != nil || got != want {
			t.Errorf("QueryUser(%s) = %v, %v", id, got, err)
		}
	}
	if got, err := s.QueryUser(t.Context(), "@ghost_new:example.org", s.All()[0]); got || err != nil {
		t.Error("the service itself is asked for its own user")
	}
	s.asked = nil
	var refused *mxerr.Error
	_, err := s.QueryAlias(t.Context(), "#ghost_ill:example.org", nil)
	if !errors.As(err, &refused) || refused.Status != http.StatusRequestTimeout {
		t.Errorf("a service that fails: %v", err)
	}
	if len(s.asked) != queryTries {
		t.Errorf("asked %v", s.asked)
	}
}

func TestPingTimesOut(t *testing.T) {
	hang := make(chan struct{})
	s := newServing(t, map[string]http.HandlerFunc{"/_matrix/app/v1/ping": func(http.ResponseWriter, *http.Request) { <-hang }})
	defer close(hang)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Ping(ctx, s.All()[0], ""); !mxerr.HasCode(err, mxerr.ConnectionTimeout) {
		t.Errorf("got %v", err)
	}
}

func TestByToken(t *testing.T) {
	s := newServices(t, "http://127.0.0.1:1")
	for token, known := range map[string]bool{"as-secret": true, "hs-secret": false, "": false, "as-secre": false} {
		if got := s.ByToken(token) != nil; got != known {
			t.Errorf("ByToken(%q): %v", token, got)
		}
	}
	var none *Services
	if none.ByToken("as-secret") != nil || none.ReservedUser("@a:b", nil) || none.Asks("@a:b", nil) {
		t.Error("no services, and yet there is one")
	}
	if !s.ReservedUser("@bot:example.org", nil) || s.ReservedUser("@bot:example.org", s.All()[0]) || s.ReservedUser("@bot2:example.org", nil) {
		t.Error("the sender is the service's alone")
	}
	if got := s.All()[0].prefix; got != "@" {
		t.Errorf("the prefix is %q", got)
	}
}
