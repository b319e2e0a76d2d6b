package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Check is one thing that must work for a server to be ready.
type Check struct {
	// Name says what is checked, in a word: database.
	Name string
	// Timeout is how long the check may take. One that takes longer has failed.
	Timeout time.Duration
	// Run returns nil if the thing works, and an error that is ErrReadOnly if it works for those who only read.
	Run func(context.Context) error
}

// ErrReadOnly says that a server cannot write, and still answers those who read. Such a server stays ready.
var ErrReadOnly = errors.New("read-only")

// Health answers the questions of load balancers and supervisors.
type Health struct {
	log      *slog.Logger
	details  func() map[string]any
	checks   []*check
	draining atomic.Bool
}

// NewHealth makes the health of a server that is ready as long as every check passes. What details returns, if it is not nil, is told
// beside the checks.
func NewHealth(log *slog.Logger, details func() map[string]any, checks ...Check) *Health {
	h := &Health{log: log, details: details}
	for _, c := range checks {
		h.checks = append(h.checks, &check{Check: c})
	}
	return h
}

// Drain makes the server not ready from now on, while it finishes what it has begun: a load balancer then sends requests elsewhere.
func (h *Health) Drain() { h.draining.Store(true) }

// Live answers 200 as long as the process answers at all. A supervisor restarts a process that does not.
func (h *Health) Live() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, report{Status: statusOK})
	})
}

// Ready answers 200 if every check passes now or says that the server can only read, and otherwise 503; with the outcome of each.
func (h *Health) Ready() http.Handler { return h.answer(statusOK, statusReadOnly) }

// Writable is Ready for those who send elsewhere what a server that can only read does not take: it then answers 503.
func (h *Health) Writable() http.Handler { return h.answer(statusOK) }

func (h *Health) answer(well ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.draining.Load() {
			respond(w, http.StatusServiceUnavailable, report{Status: statusStopping})
			return
		}
		result := h.run(r.Context())
		if h.details != nil {
			result.Details = h.details()
		}
		if !slices.Contains(well, result.Status) {
			respond(w, http.StatusServiceUnavailable, result)
			return
		}
		respond(w, http.StatusOK, result)
	})
}

const (
	statusOK       = "ok"
	statusReadOnly = "read-only"
	statusFailing  = "failing"
	statusStopping = "stopping"
)

type report struct {
	Status  string            `json:"status"`
	Checks  map[string]string `json:"checks,omitempty"`
	Details map[string]any    `json:"details,omitempty"`
}

func respond(w http.ResponseWriter, status int, body report) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// The client is gone if this fails; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(body)
}

// run asks every check at once.
func (h *Health) run(ctx context.Context) report {
	result := report{Status: statusOK, Checks: make(map[string]string, len(h.checks))}
	var (
		mu   sync.Mutex
		wait sync.WaitGroup
	)
	for _, c := range h.checks {
		wait.Go(func() {
			err := c.ask(ctx)
			if ctx.Err() == nil {
				c.note(h.log, err)
			}
			mu.Lock()
			defer mu.Unlock()
			status := statusOf(err)
			result.Checks[c.Name] = status
			if status == statusFailing || result.Status == statusOK {
				result.Status = status
			}
		})
	}
	wait.Wait()
	return result
}

func statusOf(err error) string {
	switch {
	case err == nil:
		return statusOK
	case errors.Is(err, ErrReadOnly):
		return statusReadOnly
	}
	return statusFailing
}

// check is a Check with what is known of its runs.
type check struct {
	Check
	mu sync.Mutex
	// running is the run that is under way, if any. All who ask meanwhile wait for it: a check that hangs holds one goroutine, not
	// one for each question.
	running *run
	failing atomic.Bool
}

type run struct {
	done chan struct{}
	err  error
}

// ask waits for a run of the check, but no longer than its timeout.
func (c *check) ask(ctx context.Context) error {
	timeout := time.NewTimer(c.Timeout)
	defer timeout.Stop()
	current := c.start()
	select {
	case <-current.done:
		return current.err
	case <-timeout.C:
		return fmt.Errorf("no answer within %s", c.Timeout)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start joins the run that is under way, or begins one.
func (c *check) start() *run {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running != nil {
		return c.running
	}
	current := &run{done: make(chan struct{})}
	c.running = current
	go func() {
		// The run belongs to all who wait for it, so it does not end with the request that began it.
		ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
		defer cancel()
		current.err = c.guarded(ctx)
		c.mu.Lock()
		c.running = nil
		c.mu.Unlock()
		close(current.done)
	}()
	return current
}

// guarded runs the check; a panic in it is a failure of it, not of the process.
func (c *check) guarded(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = errors.Join(err, fmt.Errorf("panic: %v", v))
		}
	}()
	return c.Run(ctx)
}

// note logs when a check begins to fail and when it passes again, not each time it is asked.
func (c *check) note(log *slog.Logger, err error) {
	switch wasFailing := c.failing.Swap(err != nil); {
	case err != nil && !wasFailing:
		log.Error("not ready", "check", c.Name, "error", err)
	case err == nil && wasFailing:
		log.Info("ready again", "check", c.Name)
	}
}
