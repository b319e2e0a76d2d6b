package gateway

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"bongsu.org/bongsu/internal/store"
)

// Bounds of sending.
const (
	mostAttempts = 256 // at once
	mostPerHost  = 64  // of those
	mostWaiting  = 100 // for one pusher; older ones are dropped
	mostInRun    = 10  // notifications of one pusher in one attempt
	mostUnread   = 1000
)

// pusherKey names a pusher.
type pusherKey struct{ user, app, key string }

func keyOf(p store.Pusher) pusherKey { return pusherKey{p.UserID, p.AppID, p.Pushkey} }

// posts are the attempts that are under way.
type posts struct {
	mu    sync.Mutex
	busy  map[pusherKey]bool
	hosts map[string]int
	done  sync.WaitGroup
}

// begin tells whether an attempt may begin now.
func (o *posts) begin(p store.Pusher) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.busy[keyOf(p)] || len(o.busy) >= mostAttempts || o.hosts[p.Host] >= mostPerHost {
		return false
	}
	o.busy[keyOf(p)] = true
	o.hosts[p.Host]++
	return true
}

func (o *posts) end(p store.Pusher) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.busy, keyOf(p))
	if o.hosts[p.Host]--; o.hosts[p.Host] == 0 {
		delete(o.hosts, p.Host)
	}
}

// room tells how many attempts are under way, and which hosts cannot have another.
func (o *posts) room() (busy int, full []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for host, n := range o.hosts {
		if n >= mostPerHost {
			full = append(full, host)
		}
	}
	return len(o.busy), full
}

// dispatch begins attempts as they become due, until ctx ends.
func (s *Service) dispatch(ctx context.Context) {
	tick := time.NewTicker(s.Timing.Look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.due:
		case <-tick.C:
		}
		if err := s.beginDue(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("reading which pushers wait failed; trying again", "err", err)
			sleep(ctx, s.Timing.Look)
		}
	}
}

func (s *Service) beginDue(ctx context.Context) error {
	lanes := s.leases.numbers()
	busy, full := s.posts.room()
	if len(lanes) == 0 || busy >= mostAttempts {
		return nil
	}
	var due []store.Pusher
	err := s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		// Those that are being sent to are among those that are due.
		due, err = tx.DuePushers(ctx, lanes, time.Now().UnixMilli(), full, mostAttempts)
		return err
	})
	for _, p := range due {
		if !s.posts.begin(p) {
			continue
		}
		s.posts.done.Go(func() {
			defer signal(s.due)
			defer s.posts.end(p)
			if err := s.attempt(ctx, p); err != nil && ctx.Err() == nil {
				s.Log.Warn("pushing failed; trying again", "user", p.UserID, "app", p.AppID, "err", err)
				sleep(ctx, s.Timing.Look) // the database's failure, not the gateway's: the pusher is still due
			}
		})
	}
	return err
}

// attempt sends what waits for a pusher, as much of it as one attempt may, and writes down what came of it.
func (s *Service) attempt(ctx context.Context, p store.Pusher) error {
	w, err := s.waiting(ctx, p)
	if err != nil {
		return err
	}
	result := s.sendAll(ctx, w)
	if ctx.Err() != nil && result.failed { // not the gateway's failure: the node ends
		result.failed, w.more = false, true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	now := time.Now()
	return s.Store.Write(ctx, func(tx *store.Tx) error {
		if result.gone {
			return tx.DeletePusherVersion(ctx, p)
		}
		if w.oldest != nil {
			if err := tx.PushDropOld(ctx, p, *w.oldest); err != nil {
				return err
			}
		}
		if err := tx.PushDone(ctx, p, w.done); err != nil {
			return err
		}
		if result.failed {
			return tx.PostponePusher(ctx, p, now.Add(max(result.after, s.backoff(p.Failures))).UnixMilli())
		}
		return tx.SettlePusher(ctx, p, now.UnixMilli(), w.more)
	})
}

// settleTimeout bounds writing down what came of an attempt, which is done even when the node ends, lest it is sent again.
const settleTimeout = 10 * time.Second

// backoff is the pause after a number of failures: twice as long after each, and never the same for all who wait.
func (s *Service) backoff(failures int64) time.Duration {
	pause := s.Timing.RetryMost
	if failures < 30 {
		pause = min(pause, s.Timing.Retry<<failures)
	}
	return pause/2 + rand.N(pause/2+1) //nolint:gosec // no secret
}

// work is what waits for a pusher.
type work struct {
	pusher store.Pusher
	events []store.PushItem // oldest first
	other  []store.PushItem // the badge, the activation
	oldest *store.PushItem  // what comes before is dropped; nil: nothing
	more   bool             // something is left for another attempt
	done   []store.PushItem // what is dealt with
}

// waiting reads what waits for a pusher.
func (s *Service) waiting(ctx context.Context, p store.Pusher) (*work, error) {
	var items []store.PushItem
	err := s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		items, err = tx.PushItems(ctx, p, mostWaiting+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	w := &work{pusher: p}
	if len(items) > mostWaiting {
		items = items[:mostWaiting]
		w.oldest = &items[mostWaiting-1]
	}
	stale := time.Now().Add(-staleAfter).UnixMilli()
	for _, i := range slices.Backward(items) {
		switch {
		case i.Pos == store.PushActivation:
			w.other = append(w.other, i)
		case i.TS < stale, !p.Activated:
			w.done = append(w.done, i)
		case i.Pos == store.PushBadge:
			w.other = append(w.other, i)
		case i.Actions == nil: // read meanwhile
			w.done = append(w.done, i)
		case len(w.events) < mostInRun:
			w.events = append(w.events, i)
		default:
			w.more = true
		}
	}
	return w, nil
}

// outcome is what came of sending one notification.
type outcome struct {
	gone   bool          // the pusher does not exist any more
	failed bool          // to be tried again
	after  time.Duration // not before this
}

// sendAll sends until something fails. An event's notification has the count in it, so that the badge alone need not be sent after one.
func (s *Service) sendAll(ctx context.Context, w *work) outcome {
	told := false
	for _, item := range w.events {
		out, sent := s.sendEvent(ctx, w.pusher, item)
		if out.gone || out.failed {
			return out
		}
		told = told || sent
		w.done = append(w.done, item)
	}
	for _, item := range w.other {
		if item.Pos == store.PushActivation || !told {
			if out := s.sendOther(ctx, w.pusher, item); out.gone || out.failed {
				return out
			}
		}
		w.done = append(w.done, item)
	}
	return outcome{}
}
