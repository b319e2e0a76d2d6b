package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Options say what load is wanted.
type Options struct {
	// Entrances are those of the cluster; clients outside begin at different ones.
	Entrances []Entrance
	// Outside is how many clients are outside.
	Outside int
	// Inside are clients in the sites, who know only their own site's entrance.
	Inside []Insider
	// Rooms is how many rooms there are.
	Rooms int
	// Rate is how many events each client sends a second, if it is let.
	Rate float64
	// Seed is what all chance comes from.
	Seed uint64
	// Run is a part of the users' names, so that a cluster can be drilled again.
	Run string
	// Token is a registration token; empty where anybody may register.
	Token string
	// KeepMedia leaves pictures out of the load.
	KeepMedia bool
}

// Insider is a client inside a site.
type Insider struct {
	Entrance Entrance
	Dial     Dial
}

// Load is the clients at work.
type Load struct {
	Journal *Journal
	Clients []*Client
	Rooms   []string

	options Options
	gate    *gate
	stop    context.CancelFunc
	done    sync.WaitGroup

	mu      sync.Mutex
	refused []error // streams that ended
}

// Start prepares the accounts and rooms and lets the clients work. ctx bounds the preparation only.
func Start(ctx context.Context, o Options) (*Load, error) {
	l := &Load{Journal: NewJournal(), options: o, gate: newGate()}
	dialer := &net.Dialer{Timeout: tryTimeout}
	for i := range o.Outside {
		l.Clients = append(l.Clients, newClient(i, -1, o.Entrances, i, dialer.DialContext, l.Journal, o.Seed))
	}
	for _, in := range o.Inside {
		id := len(l.Clients)
		l.Clients = append(l.Clients, newClient(id, in.Entrance.Site, []Entrance{in.Entrance}, 0, in.Dial, l.Journal, o.Seed))
	}
	if err := l.prepare(ctx); err != nil {
		return nil, fmt.Errorf("preparing the load: %w", err)
	}
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	for _, c := range l.Clients {
		l.work(working, c)
	}
	l.gate.allow()
	return l, nil
}

// Rates of what a client does beside sending.
const (
	otherPause = 1200 * time.Millisecond
	readPause  = 400 * time.Millisecond
)

// work starts the workers of a client: one sends, one does everything else that changes something, one reads, one follows.
func (l *Load) work(ctx context.Context, c *Client) {
	pause := time.Duration(float64(time.Second) / l.options.Rate)
	l.done.Go(func() { l.repeat(ctx, c, 1, pause, true, func(r *rand.Rand) { c.send(ctx, r) }) })
	l.done.Go(func() { l.repeat(ctx, c, 2, otherPause, true, func(r *rand.Rand) { l.other(ctx, c, r) }) })
	l.done.Go(func() { l.repeat(ctx, c, 3, readPause, false, func(r *rand.Rand) { c.read(ctx, r) }) })
	l.done.Go(func() {
		offered := keysEach
		err := c.follow(ctx, func(left int) {
			if left >= keysEach/2 {
				return
			}
			if err := c.offerKeys(ctx, offered+1, keysEach); err == nil {
				offered += keysEach
			}
		})
		if err != nil && ctx.Err() == nil {
			l.mu.Lock()
			l.refused = append(l.refused, err)
			l.mu.Unlock()
		}
	})
}

// repeat does something again and again, at about the same pace. What changes something waits at the gate.
func (l *Load) repeat(ctx context.Context, c *Client, worker uint64, pause time.Duration, gated bool, do func(*rand.Rand)) {
	r := rand.New(rand.NewPCG(c.seed+worker, uint64(c.ID))) //nolint:gosec // repeatable on purpose
	sleep(ctx, time.Duration(r.Int64N(int64(pause))))
	for ctx.Err() == nil {
		if gated {
			if !l.gate.enter(ctx) {
				return
			}
			do(r)
			l.gate.leave()
		} else {
			do(r)
		}
		sleep(ctx, pause/2+time.Duration(r.Int64N(int64(pause))))
	}
}

// other is one operation that is not a send.
func (l *Load) other(ctx context.Context, c *Client, r *rand.Rand) {
	peer := l.Clients[r.IntN(len(l.Clients))]
	acts := []func(context.Context, *rand.Rand, *Client){c.toDevice, c.claim, c.backup}
	if !l.options.KeepMedia {
		acts = append(acts, c.upload)
	}
	acts[r.IntN(len(acts))](ctx, r, peer)
}

// Hold lets no operation begin any more and waits until none runs, but not past ctx. Reading and following go on.
func (l *Load) Hold(ctx context.Context) bool { return l.gate.hold(ctx) }

// Allow lets operations begin again.
func (l *Load) Allow() { l.gate.allow() }

// Refused are the reasons why streams have ended: a server refused to go on with them.
func (l *Load) Refused() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]error(nil), l.refused...)
}

// Close ends the clients' work.
func (l *Load) Close() {
	l.stop()
	l.done.Wait()
	for _, c := range l.Clients {
		c.close()
	}
}
