package inflight

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
)

func enter(t *testing.T, g *Gates, class string) (leave func()) {
	t.Helper()
	leave, err := g.Enter(t.Context(), class)
	if err != nil {
		t.Fatal(err)
	}
	return leave
}

func wantRefused(t *testing.T, err error) {
	t.Helper()
	var mx *mxerr.Error
	if !errors.As(err, &mx) || mx.Status != http.StatusServiceUnavailable || mx.Fields["retry_after_ms"] == nil {
		t.Errorf("got %v, want a 503 with the time to come back", err)
	}
}

func TestFullAndQueueFullIsRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(map[string]Limit{"sync": {Running: 2, Waiting: 1, Patience: time.Second}, "free": {}})
		first, second := enter(t, g, "sync"), enter(t, g, "sync")
		entered := make(chan func(), 1)
		go func() {
			leave, err := g.Enter(t.Context(), "sync")
			if err != nil {
				t.Error(err)
			}
			entered <- leave
		}()
		synctest.Wait()
		began := time.Now()
		_, err := g.Enter(t.Context(), "sync")
		wantRefused(t, err)
		if time.Since(began) != 0 {
			t.Error("refused after a wait")
		}
		enter(t, g, "free")()
		enter(t, g, "unknown")()
		if got, want := g.Stats()["sync"], (Stats{Running: 2, Waiting: 1, Refused: 1}); got != want {
			t.Errorf("%v, want %v", got, want)
		}
		first()
		first()
		third := <-entered
		if got, want := g.Stats()["sync"], (Stats{Running: 2, Refused: 1}); got != want {
			t.Errorf("%v, want %v", got, want)
		}
		second()
		third()
		if got := g.Stats()["sync"].Running; got != 0 {
			t.Errorf("%d run after all have left", got)
		}
	})
}

func TestWaitingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(map[string]Limit{"send": {Running: 1, Waiting: 5, Patience: 3 * time.Second}})
		defer enter(t, g, "send")()
		began := time.Now()
		_, err := g.Enter(t.Context(), "send")
		wantRefused(t, err)
		if waited := time.Since(began); waited != 3*time.Second {
			t.Errorf("waited %s", waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := g.Enter(ctx, "send"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
		if got := g.Stats()["send"].Waiting; got != 0 {
			t.Errorf("%d wait", got)
		}
	})
}

func TestNeverMoreThanTheLimitRun(t *testing.T) {
	g := New(map[string]Limit{"send": {Running: 3, Waiting: 1000, Patience: time.Hour}})
	var running, done atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			leave, err := g.Enter(t.Context(), "send")
			if err != nil {
				t.Error(err)
				return
			}
			defer leave()
			if n := running.Add(1); n > 3 {
				t.Errorf("%d run", n)
			}
			done.Add(1)
			running.Add(-1)
		})
	}
	wg.Wait()
	if done.Load() != 200 {
		t.Errorf("%d done", done.Load())
	}
}
