package appservice

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/lease"
	"bongsu.org/bongsu/internal/store"
)

// Timing of leases. A holder that has not renewed for StopAfter sends no more; others take a lease that has not changed for TakeAfter.
// Each node measures by its own clock; the difference of the two is for transactions that are on their way.
type Timing struct {
	Renew, StopAfter, TakeAfter time.Duration
	// Retry and RetryMost are the first and the longest pause before a transaction is sent again.
	Retry, RetryMost time.Duration
}

// DefaultTiming is for nodes that answer each other within a second.
func DefaultTiming() Timing {
	return Timing{
		Renew: 2 * time.Second, StopAfter: 6 * time.Second, TakeAfter: 10 * time.Second, Retry: time.Second, RetryMost: time.Minute,
	}
}

// DeliveryOptions are what Delivery is made of.
type DeliveryOptions struct {
	Services *Services
	Store    *store.Store
	NodeID   string
	Timing   Timing // zero: DefaultTiming
	Log      *slog.Logger
}

// Delivery sends services what concerns them. A nil *Delivery sends nothing.
type Delivery struct {
	DeliveryOptions
	feed feed

	sources atomic.Pointer[sources]

	mu   sync.Mutex // never wanted by a sender, whose end is waited for under it
	held map[string]*sender

	stop context.CancelFunc
	done sync.WaitGroup
}

// StartDelivery begins to send. A service that is configured for the first time gets what happens from now on.
func StartDelivery(ctx context.Context, o DeliveryOptions) (*Delivery, error) {
	if o.Timing == (Timing{}) {
		o.Timing = DefaultTiming()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d := &Delivery{DeliveryOptions: o, held: map[string]*sender{}, feed: newFeed()}
	ctx, d.stop = context.WithCancel(context.WithoutCancel(ctx))
	called := map[string]*Service{}
	for _, s := range o.Services.All() {
		if s.URL != "" { // Application Service API, "Registration": without a URL no traffic is wanted
			called[s.ID] = s
		}
	}
	if len(called) == 0 {
		return d, nil
	}
	if err := d.addRows(ctx, called); err != nil {
		d.stop()
		return nil, err
	}
	d.done.Go(func() { d.keepLeases(ctx, called) })
	return d, nil
}

func (d *Delivery) addRows(ctx context.Context, services map[string]*Service) error {
	now, err := d.Store.Positions(ctx)
	if err != nil {
		return err
	}
	return d.Store.Write(ctx, func(tx *store.Tx) error {
		for id := range services {
			if err := tx.AddAppservice(ctx, id, newSeries(), now); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetEphemeral connects typing and presence; presence may be nil.
func (d *Delivery) SetEphemeral(t *ephemeral.Typing, p *ephemeral.Presence) {
	d.sources.Store(&sources{typing: t, presence: p})
}

// Close ends sending, and lets other nodes go on at once.
func (d *Delivery) Close() {
	d.stop()
	d.done.Wait()
}

// Wake says that there may be something new.
func (d *Delivery) Wake() { d.each(func(s *sender) { signal(s.news) }) }

// EphemeralChanged says that typing or presence changed.
func (d *Delivery) EphemeralChanged() {
	d.each(func(s *sender) {
		if s.service.ReceiveEphemeral {
			signal(s.news)
		}
	})
}

// Reachable says that a service was just reached, so that what waits for it need not wait longer.
func (d *Delivery) Reachable(id string) {
	d.each(func(s *sender) {
		if s.service.ID == id {
			signal(s.retry)
		}
	})
}

func (d *Delivery) each(do func(*sender)) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.held {
		do(s)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// keepLeases renews what this node holds and takes what nobody holds any more.
func (d *Delivery) keepLeases(ctx context.Context, services map[string]*Service) {
	seen := lease.Sightings[string]{}
	tick := time.NewTicker(d.Timing.Renew)
	defer tick.Stop()
	for {
		if err := d.round(ctx, services, seen); err != nil && ctx.Err() == nil {
			d.Log.Warn("the leases of application services could not be renewed; trying again", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			d.release()
			return
		}
	}
}

func (d *Delivery) round(ctx context.Context, services map[string]*Service, seen lease.Sightings[string]) error {
	start := time.Now()
	leases, err := d.renew(ctx)
	if err != nil {
		return err
	}
	for _, l := range leases {
		s := services[l.ID]
		switch {
		case s == nil: // not configured here
		case l.Holder == d.NodeID:
			d.hold(ctx, s, start)
		default:
			d.drop(l.ID)
			if !d.stale(l, seen) {
				continue
			}
			taken, err := d.take(ctx, l)
			if err != nil {
				return err
			}
			if taken {
				d.hold(ctx, s, start)
			}
		}
	}
	return nil
}

// renew raises the turn of what this node holds, if it holds anything, and reads all leases.
func (d *Delivery) renew(ctx context.Context) (leases []store.AppserviceLease, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.Timing.StopAfter)
	defer cancel()
	d.mu.Lock()
	holding := len(d.held) > 0
	d.mu.Unlock()
	read := func(tx *store.Tx) (err error) {
		leases, err = tx.AppserviceLeases(ctx)
		return err
	}
	if !holding {
		return leases, d.Store.Read(ctx, read)
	}
	return leases, d.Store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.RenewAppservices(ctx, d.NodeID); err != nil {
			return err
		}
		return read(tx)
	})
}

// stale tells whether a lease has not changed for so long that its holder has stopped.
func (d *Delivery) stale(l store.AppserviceLease, seen lease.Sightings[string]) bool {
	return seen.Unchanged(l.ID, l.Turn, time.Now()) >= d.Timing.TakeAfter || l.Holder == ""
}

func (d *Delivery) take(ctx context.Context, l store.AppserviceLease) (taken bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.Timing.StopAfter)
	defer cancel()
	err = d.Store.Write(ctx, func(tx *store.Tx) (err error) {
		taken, err = tx.TakeAppservice(ctx, l.ID, d.NodeID, l.Turn)
		return err
	})
	if taken && l.Holder != "" {
		d.Log.Info("taking over an application service from a node that is gone", "service", l.ID, "node", l.Holder)
	}
	return taken, err
}

// hold lets the sender of a service go on for as long as the renewal that began at start allows, and starts one if there is none.
func (d *Delivery) hold(ctx context.Context, s *Service, start time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := d.Timing.StopAfter - time.Since(start)
	if old := d.held[s.ID]; old != nil {
		if !old.over() && old.deadline.Stop() && left > 0 {
			old.deadline.Reset(left)
			return
		}
		old.end() // it has stopped already
		delete(d.held, s.ID)
	}
	if left <= 0 {
		return
	}
	fresh := newSender(d, s)
	ctx, fresh.cancel = context.WithCancel(ctx)
	fresh.deadline = time.AfterFunc(left, fresh.cancel)
	d.held[s.ID] = fresh
	go fresh.run(ctx)
}

// drop ends the sender of a service that another node has.
func (d *Delivery) drop(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if old := d.held[id]; old != nil {
		old.end()
		delete(d.held, id)
	}
}

// releaseTimeout bounds the last write of a node that ends.
const releaseTimeout = 5 * time.Second

func (d *Delivery) release() {
	d.mu.Lock()
	for id, s := range d.held {
		s.end()
		delete(d.held, id)
	}
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
	defer cancel()
	err := d.Store.Write(ctx, func(tx *store.Tx) error { return tx.ReleaseAppservices(ctx, d.NodeID) })
	if err != nil && !errors.Is(err, context.Canceled) {
		d.Log.Warn("the leases of application services were not released; other nodes take them when they run out", "err", err)
	}
}
