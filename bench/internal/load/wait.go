package load

import (
	"context"
	"fmt"
	"time"
)

// Waiting is the members of a world who do nothing but wait in /sync.
type Waiting struct {
	fleet *fleet
	count *counters
}

// Wait starts every syncing member's client and returns when each has had its first sync. Stop must be called in any case.
func (w *World) Wait(ctx context.Context) (*Waiting, error) {
	begin := time.Now()
	count := &counters{}
	f, err := w.startSyncers(ctx, func() time.Duration { return time.Since(begin) }, count)
	return &Waiting{fleet: f, count: count}, err
}

// Err says whether every client still waits.
func (w *Waiting) Err() error {
	if n := w.count.errors.Load(); n > 0 {
		return fmt.Errorf("%d calls of /sync failed, the first with: %w", n, *w.count.first.Load())
	}
	return nil
}

// Stop ends the clients.
func (w *Waiting) Stop() { w.fleet.halt() }
