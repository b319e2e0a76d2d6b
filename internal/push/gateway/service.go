package gateway

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"bongsu.org/bongsu/internal/lease"
	"bongsu.org/bongsu/internal/netguard"
	"bongsu.org/bongsu/internal/store"
)

// Timing says when what happens.
type Timing struct {
	lease.Timing
	// Look is how often a node looks for what nobody told it of.
	Look time.Duration
	// Gather is how long events are gathered before they are looked at together.
	Gather time.Duration
	// Retry and RetryMost are the first and the longest pause before an attempt is repeated.
	Retry, RetryMost time.Duration
	// Timeout bounds one request.
	Timeout time.Duration
}

// DefaultTiming is for nodes that answer each other within a second.
func DefaultTiming() Timing {
	return Timing{
		Timing: lease.DefaultTiming(), Look: time.Second, Gather: 20 * time.Millisecond,
		Retry: 2 * time.Second, RetryMost: time.Hour, Timeout: 30 * time.Second,
	}
}

// Options are what a Service is made of.
type Options struct {
	Store      *store.Store
	NodeID     string
	ServerName string
	VAPID      *VAPID
	// Peers is the number of other nodes, with whom the lanes are shared out; nil: none.
	Peers func() int
	// AllowPrivate lets gateways have addresses that are not on the public Internet.
	AllowPrivate bool
	RootCAs      *x509.CertPool // nil: the system's
	Timing       Timing         // zero: DefaultTiming
	Log          *slog.Logger
}

// Service pushes.
type Service struct {
	Options
	client *http.Client
	leases leases
	keeper *lease.Keeper[int]
	index  *index
	posts  posts
	news   chan struct{} // something was committed
	due    chan struct{} // something waits for a pusher, or an attempt has ended

	stop context.CancelFunc
	done sync.WaitGroup
}

// Start begins to push what happens from now on.
func Start(ctx context.Context, o Options) (*Service, error) {
	if o.Timing == (Timing{}) {
		o.Timing = DefaultTiming()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Peers == nil {
		o.Peers = func() int { return 0 }
	}
	err := o.Store.Write(ctx, func(tx *store.Tx) error { return tx.PreparePush(ctx) })
	if err != nil {
		return nil, fmt.Errorf("preparing to push: %w", err)
	}
	s := &Service{
		Options: o, client: newClient(o), leases: leases{held: map[int]*held{}}, index: newIndex(),
		posts: posts{busy: map[pusherKey]bool{}, hosts: map[string]int{}}, news: make(chan struct{}, 1), due: make(chan struct{}, 1),
	}
	s.keeper = s.newKeeper()
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.done.Go(func() { s.keeper.Run(ctx) })
	s.done.Go(func() { s.follow(ctx) })
	s.done.Go(func() { s.dispatch(ctx) })
	return s, nil
}

func newClient(o Options) *http.Client {
	transport := netguard.Transport(netguard.Options{AllowPrivate: o.AllowPrivate, RootCAs: o.RootCAs})
	transport.MaxIdleConnsPerHost = mostPerHost
	return &http.Client{
		Transport: transport, Timeout: o.Timing.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Wake says that something was committed, here or on another node.
func (s *Service) Wake() { signal(s.news) }

// PushersChanged says that a pusher was set, so that what waits for it need not wait for the next look.
func (s *Service) PushersChanged() { signal(s.due) }

// Close ends pushing, and lets other nodes go on at once.
func (s *Service) Close() {
	s.stop()
	s.done.Wait()
	s.posts.done.Wait()
	s.client.CloseIdleConnections()
	s.keeper.Release()
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// SweepEvery is how often Sweep is due.
const SweepEvery = time.Hour

// What is too old: a notification that was not taken, and an event that was not read.
const (
	staleAfter  = 24 * time.Hour
	forgetAfter = 90 * 24 * time.Hour
)

// Sweep removes what waits for pushers that are gone, and what is too old.
func (s *Service) Sweep(ctx context.Context) error {
	now := time.Now()
	return s.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.SweepPush(ctx, now.Add(-staleAfter).UnixMilli(), now.Add(-forgetAfter).UnixMilli())
	})
}
