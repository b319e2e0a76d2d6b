package appservice

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/lease"
	"bongsu.org/bongsu/internal/store"
)

// Timing says when what happens.
type Timing struct {
	lease.Timing
	// Retry and RetryMost are the first and the longest pause before a transaction is sent again.
	Retry, RetryMost time.Duration
}

// DefaultTiming is for nodes that answer each other within a second.
func DefaultTiming() Timing {
	return Timing{Timing: lease.DefaultTiming(), Retry: time.Second, RetryMost: time.Minute}
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

// serviceTable is the queues of services as leases (lease.Table).
type serviceTable struct {
	services map[string]*Service // those that are configured here
}

// List implements lease.Table.
func (t serviceTable) List(ctx context.Context, tx *store.Tx) (rows []lease.Row[string], err error) {
	leases, err := tx.AppserviceLeases(ctx)
	for _, l := range leases {
		if t.services[l.ID] != nil {
			rows = append(rows, lease.Row[string]{Key: l.ID, Holder: l.Holder, Turn: l.Turn})
		}
	}
	return rows, err
}

// Renew implements lease.Table.
func (t serviceTable) Renew(ctx context.Context, tx *store.Tx, holder string) error {
	return tx.RenewAppservices(ctx, holder)
}

// Take implements lease.Table.
func (t serviceTable) Take(ctx context.Context, tx *store.Tx, id, holder string, turn int64) (bool, error) {
	return tx.TakeAppservice(ctx, id, holder, turn)
}

// Release implements lease.Table.
func (t serviceTable) Release(ctx context.Context, tx *store.Tx, id, holder string) error {
	return tx.ReleaseAppservice(ctx, id, holder)
}

// ReleaseAll implements lease.Table.
func (t serviceTable) ReleaseAll(ctx context.Context, tx *store.Tx, holder string) error {
	return tx.ReleaseAppservices(ctx, holder)
}

// keepLeases sends to the services whose leases this node gets, until the context ends.
func (d *Delivery) keepLeases(ctx context.Context, services map[string]*Service) {
	k := &lease.Keeper[string]{
		What: "an application service", Table: serviceTable{services}, Store: d.Store, NodeID: d.NodeID, Timing: d.Timing.Timing, Log: d.Log,
		Hold: func(id string, until time.Time, _ bool) { d.hold(ctx, services[id], until) },
		Lost: d.drop,
	}
	k.Run(ctx)
	d.dropAll()
	k.Release()
}

// hold lets the sender of a service go on until a time, and starts one if there is none.
func (d *Delivery) hold(ctx context.Context, s *Service, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := time.Until(until)
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

func (d *Delivery) dropAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, s := range d.held {
		s.end()
		delete(d.held, id)
	}
}
