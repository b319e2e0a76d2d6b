package appservice

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"bongsu.org/bongsu/internal/store"
)

const (
	// lookout is how often a sender looks for what nothing told it of.
	lookout = 2 * time.Second
	// sendTimeout bounds one attempt.
	sendTimeout = time.Minute
	// saveEvery is after how many positions of no interest it is noted that they need not be read again.
	saveEvery = 2000
)

// newSeries names the transactions that are counted from now on, so that they are never mistaken for others with the same numbers.
func newSeries() string { return strings.ToLower(rand.Text()[:10]) }

// sender sends to one service, while this node holds its lease.
type sender struct {
	d       *Delivery
	service *Service
	news    chan struct{} // there may be something to send
	retry   chan struct{} // the next attempt need not wait

	cancel   context.CancelFunc
	deadline *time.Timer // of the lease
	ended    chan struct{}

	// Owned by run.
	queue   store.AppserviceQueue // as committed
	at      []store.Pos           // up to where was read; ahead of queue by what was of no interest
	rooms   *roomCache
	moments moments
	turn    int // which lane is read first
}

func newSender(d *Delivery, s *Service) *sender {
	return &sender{d: d, service: s, news: make(chan struct{}, 1), retry: make(chan struct{}, 1), ended: make(chan struct{})}
}

// end stops the sender and waits until it has stopped.
func (s *sender) end() {
	s.deadline.Stop()
	s.cancel()
	<-s.ended
}

// over tells whether the sender has stopped by itself.
func (s *sender) over() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

func (s *sender) run(ctx context.Context) {
	defer close(s.ended)
	s.moments.begin(s)
	for try := 0; ctx.Err() == nil; try++ {
		err := s.serve(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) {
			s.d.Log.Info("an application service is another node's now", "service", s.service.ID)
			s.cancel()
			return
		}
		s.d.Log.Warn("the queue of an application service could not be read or written; trying again", "service", s.service.ID, "err", err)
		s.pause(ctx, try)
	}
}

// serve sends until something goes wrong with the database. What is in memory is then as good as unknown, and read anew.
func (s *sender) serve(ctx context.Context) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	for {
		if s.queue.Pending != nil {
			if !s.deliver(ctx) {
				return ctx.Err()
			}
		}
		d, err := s.draft(ctx)
		if err != nil {
			return err
		}
		if err := s.keep(ctx, d); err != nil {
			return err
		}
		s.sendMoments(ctx)
		if s.queue.Pending == nil && !d.more {
			s.wait(ctx, lookout, s.news)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (s *sender) load(ctx context.Context) error {
	err := s.d.Store.Write(ctx, func(tx *store.Tx) (err error) {
		s.queue, err = tx.LoadAppservice(ctx, s.service.ID, s.d.NodeID)
		return err
	})
	if err != nil {
		return err
	}
	lanes := s.d.Store.Lanes()
	s.queue.Positions, s.queue.PendingPositions = inAllLanes(s.queue.Positions, lanes), inAllLanes(s.queue.PendingPositions, lanes)
	if len(s.queue.Positions) != lanes {
		return fmt.Errorf("the queue of %s has %d lanes, the database %d", s.service.ID, len(s.queue.Positions), lanes)
	}
	s.at, s.rooms = s.queue.Positions, newRoomCache()
	if s.queue.Pending != nil {
		s.at = s.queue.PendingPositions
	}
	return nil
}

// inAllLanes adds the beginnings of lanes that the database has got since: it came from SQLite, which has one.
func inAllLanes(at []store.Pos, lanes int) []store.Pos {
	if at == nil {
		return nil
	}
	for len(at) < lanes {
		at = append(at, store.MakePos(len(at), 0))
	}
	return at
}

// keep commits that the transaction before was delivered and fixes the next one, if there is anything for it.
func (s *sender) keep(ctx context.Context, d *draft) error {
	next := store.AppserviceQueue{Series: s.queue.Series, Positions: s.at, Txn: s.queue.Txn}
	delivered := s.queue.Pending != nil
	if !d.empty() {
		var err error
		if next.Pending, err = d.body(); err != nil {
			return err
		}
		next.Txn, next.PendingPositions = s.queue.Txn+1, d.to
	} else {
		next.Positions = d.to
		if !delivered && moved(s.queue.Positions, d.to) < saveEvery {
			s.at = d.to
			return nil
		}
	}
	err := s.d.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.SaveAppservice(ctx, s.service.ID, s.d.NodeID, s.queue.Txn, next)
	})
	if err != nil {
		return err
	}
	s.queue, s.at = next, d.to
	return nil
}

// moved is how many positions lie between.
func moved(from, to []store.Pos) (n int64) {
	for i := range to {
		n += int64(to[i] - from[i])
	}
	return n
}

// deliver sends the pending transaction until the service has taken it; false if the sender is to stop.
func (s *sender) deliver(ctx context.Context) bool {
	id := s.queue.Series + "-" + strconv.FormatInt(s.queue.Txn, 10)
	for try := 0; ; try++ {
		got, err := s.attempt(ctx, id, s.queue.Pending)
		if err == nil && got.ok() {
			if try > 0 {
				s.d.Log.Info("an application service is back", "service", s.service.ID, "attempts", try+1)
			}
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		if try&(try-1) == 0 { // the first, then ever more rarely
			s.d.Log.Warn("an application service did not take a transaction; it is sent again until it does", "service", s.service.ID,
				"transaction", id, "attempts", try+1, "status", got.status, "err", err)
		}
		if !s.pause(ctx, try) {
			return false
		}
	}
}

func (s *sender) attempt(ctx context.Context, id string, body []byte) (answer, error) {
	return s.d.Services.callFor(ctx, sendTimeout, s.service, request{
		method: http.MethodPut, path: "/transactions/" + url.PathEscape(id), legacy: pathUnversion, body: body,
	})
}

// pause waits before another try: longer each time, and never as long as others do, so that what failed together does not come back
// together.
func (s *sender) pause(ctx context.Context, try int) bool {
	t := s.d.Timing
	most := t.RetryMost
	if try < 30 {
		most = min(most, t.Retry<<try)
	}
	jittered := time.Duration(float64(most) * (0.5 + mathrand.Float64()/2)) //nolint:gosec // no secret
	return s.wait(ctx, jittered, s.retry)
}

// wait waits for a time or a signal; false if the sender is to stop.
func (s *sender) wait(ctx context.Context, d time.Duration, c <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-c:
	}
	return true
}

// sendMoments sends typing and presence by themselves, since a transaction that is sent until it is taken may arrive long after. They
// are sent once, under an id that is never used again.
func (s *sender) sendMoments(ctx context.Context) {
	news := s.moments.take(ctx, s)
	if len(news) == 0 {
		return
	}
	body, err := (&draft{ephemeral: news}).body()
	if err != nil {
		return
	}
	got, err := s.attempt(ctx, "m-"+strings.ToLower(rand.Text()), body)
	if err != nil || !got.ok() {
		s.d.Log.Debug("an application service did not take typing or presence", "service", s.service.ID, "status", got.status, "err", err)
	}
}
