package ops_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/ops"
)

type answer struct {
	code   int
	Status string            `json:"status"`
	Checks map[string]string `json:"checks"`
}

func get(t *testing.T, h http.Handler) answer {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	got := answer{code: w.Code}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return got
}

func passing(context.Context) error { return nil }

func TestReadiness(t *testing.T) {
	broken := errors.New("the database at 10.0.0.1 is read-only")
	cases := map[string]struct {
		checks []ops.Check
		code   int
		want   map[string]string
	}{
		"nothing to check": {code: 200},
		"all pass": {
			checks: []ops.Check{{Name: "database", Timeout: time.Minute, Run: passing}, {Name: "media", Timeout: time.Minute, Run: passing}},
			code:   200, want: map[string]string{"database": "ok", "media": "ok"},
		},
		"one fails": {
			checks: []ops.Check{
				{Name: "database", Timeout: time.Minute, Run: func(context.Context) error { return broken }},
				{Name: "media", Timeout: time.Minute, Run: passing},
			},
			code: 503, want: map[string]string{"database": "failing", "media": "ok"},
		},
		"one ends by its timeout": {
			checks: []ops.Check{{Name: "database", Timeout: time.Nanosecond, Run: func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			}}},
			code: 503, want: map[string]string{"database": "failing"},
		},
		"one panics": {
			checks: []ops.Check{{Name: "database", Timeout: time.Minute, Run: func(context.Context) error { panic("oh") }}},
			code:   503, want: map[string]string{"database": "failing"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			health := ops.NewHealth(slog.New(slog.DiscardHandler), nil, c.checks...)
			got := get(t, health.Ready())
			if got.code != c.code || !maps.Equal(got.Checks, c.want) {
				t.Errorf("got %d %v, want %d %v", got.code, got.Checks, c.code, c.want)
			}
			if live := get(t, health.Live()); live.code != 200 {
				t.Errorf("liveness is %d: it must not depend on checks", live.code)
			}
		})
	}
}

func TestHangingCheckIsRunOnce(t *testing.T) {
	var runs atomic.Int32
	release := make(chan struct{})
	health := ops.NewHealth(slog.New(slog.DiscardHandler), nil, ops.Check{Name: "database", Timeout: time.Nanosecond, Run: func(context.Context) error {
		runs.Add(1)
		<-release
		return nil
	}})
	for range 20 {
		if got := get(t, health.Ready()); got.code != 503 {
			t.Fatalf("got %d from a check that hangs, want 503", got.code)
		}
	}
	close(release)
	if n := runs.Load(); n != 1 {
		t.Errorf("a check that hangs ran %d times at once", n)
	}
}

// lockedBuffer is a buffer that a logger may write from several goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func TestChangesOfHealthAreLoggedOnce(t *testing.T) {
	var out lockedBuffer
	var broken atomic.Bool
	log := ops.NewLogger(&out, config.Log{Level: config.LogInfo, Format: config.LogJSON})
	health := ops.NewHealth(log, nil, ops.Check{Name: "database", Timeout: time.Minute, Run: func(context.Context) error {
		if broken.Load() {
			return errors.New("it burns")
		}
		return nil
	}})
	for _, now := range []bool{false, true, true, true, false, false} {
		broken.Store(now)
		get(t, health.Ready())
	}
	text := out.buf.String()
	if n := strings.Count(text, "\n"); n != 2 || !strings.Contains(text, "it burns") || !strings.Contains(text, "ready again") {
		t.Errorf("want one line when the check begins to fail and one when it passes again, got\n%s", text)
	}
}

func TestDraining(t *testing.T) {
	health := ops.NewHealth(slog.New(slog.DiscardHandler), nil, ops.Check{Name: "database", Timeout: time.Minute, Run: passing})
	health.Drain()
	if got := get(t, health.Ready()); got.code != 503 || got.Status != "stopping" {
		t.Errorf("got %d %s while draining, want 503 stopping", got.code, got.Status)
	}
	if got := get(t, health.Live()); got.code != 200 {
		t.Errorf("a draining server is alive, got %d", got.code)
	}
}
