package node

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"bongsu.org/bongsu/internal/inflight"
	"bongsu.org/bongsu/internal/longpoll"
)

// A connection whose request is at work costs net/http two goroutines and two buffers, and the handler a deep stack: some 20 KB, and most of a
// messenger's connections are in a long poll, where they need none of it. So a /sync that has waited for a moment is parked: its handler leaves it
// (package longpoll), its connection is taken from net/http, which frees all that, and what remains is the text of the request. When there may be
// news for it, it is made again from its text. One goroutine for all of them looks now and then which clients have left. Once a request is answered
// and the client's next one begins, the connection goes back to net/http. What happens within the moment goes the ordinary way.
//
// Only HTTP/1.1 is parked: a request of HTTP/2 shares its connection.

// parkAfter is how long a request waits before it is parked: longer than it takes until there is news in a busy chat.
const parkAfter = 200 * time.Millisecond

// lookEvery is how often it is looked which clients have left.
const lookEvery = 5 * time.Second

// lot is where connections are parked, in front of the handler. It is the listener by which they return to the server.
type lot struct {
	next     http.Handler
	gates    *inflight.Gates
	log      *slog.Logger
	after    time.Duration
	every    time.Duration
	draining context.Context //nolint:containedctx // it ends when the node stops, and with it the requests that wait

	back   chan net.Conn
	closed chan struct{}
	once   sync.Once
	atWork sync.WaitGroup // a request each that is still to be answered

	mu   sync.Mutex
	held map[*parked]struct{} // connections that are here, answered or not
	gone bool                 // the lot is closed: nothing stays
}

func newLot(draining context.Context, next http.Handler, gates *inflight.Gates, log *slog.Logger) *lot {
	return &lot{
		next: next, gates: gates, log: log, after: parkAfter, every: lookEvery, draining: draining, back: make(chan net.Conn), closed: make(chan struct{}),
		held: map[*parked]struct{}{},
	}
}

// Accept implements net.Listener: it returns connections that begin their next request.
func (l *lot) Accept() (net.Conn, error) {
	select {
	case c := <-l.back:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. Connections that wait for their client are closed, and what is parked is answered.
func (l *lot) Close() error {
	l.once.Do(func() { close(l.closed) })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = true
	for p := range l.held {
		if p.idle {
			_ = p.conn.Close()
		} else {
			p.wake()
		}
	}
	return nil
}

// Addr implements net.Listener.
func (l *lot) Addr() net.Addr { return &net.TCPAddr{} }

// cut closes all connections and ends their requests.
func (l *lot) cut() {
	_ = l.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.held {
		p.cancel()
		_ = p.conn.Close()
	}
}

// wait returns when no request is at work here.
func (l *lot) wait() { l.atWork.Wait() }

// parkable tells whether a request of class sync may be parked once it waits: it is one of those whose answer can be left for later, it
// changes nothing, and all of it is in its head.
func parkable(r *http.Request) bool {
	if r.ProtoMajor != 1 || r.ProtoMinor < 1 || r.Method != http.MethodGet || r.ContentLength != 0 || !below(r.URL.Path, "/sync") {
		return false
	}
	timeout := r.URL.Query().Get("timeout")
	return timeout != "" && timeout != "0"
}

// ServeHTTP implements http.Handler. What waits for news is answered when the node stops.
func (l *lot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	class := classify(r)
	setDeadlines(w, r, class)
	if class != classSync {
		l.next.ServeHTTP(w, r)
		return
	}
	leave, err := l.gates.Enter(r.Context(), class) // for as long as it waits, parked or not
	if err != nil {
		refuse(w, err)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(l.draining, cancel)
	turn := &longpoll.Turn{Patience: l.after}
	defer func() {
		stop()
		cancel()
		if turn.Left() == nil {
			leave()
		}
	}()
	if parkable(r) {
		ctx = longpoll.With(ctx, turn)
	}
	l.next.ServeHTTP(w, r.WithContext(ctx))
	if turn.Left() != nil {
		l.park(w, r, turn, leave)
	}
}

// park takes the connection of a request that was left from net/http.
func (l *lot) park(w http.ResponseWriter, r *http.Request, turn *longpoll.Turn, leave func()) {
	p, err := newParked(l, w, r, leave)
	if err != nil { // it fails only where w is not what net/http made
		turn.Left().End()
		leave()
		l.log.Error("parking a request failed", "err", err)
		panic(http.ErrAbortHandler)
	}
	l.atWork.Add(1)
	l.mu.Lock()
	l.held[p] = struct{}{}
	l.mu.Unlock()
	if !p.stay(turn) {
		go p.work()
	}
}

// look ends the requests of clients that have left, until the lot is closed: what is parked then is answered at once anyway.
func (l *lot) look() {
	tick := time.NewTicker(l.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-l.closed:
			return
		}
		for _, p := range l.waiting() {
			if hasLeft(p.conn) {
				p.cancel()
			}
		}
	}
}

func (l *lot) waiting() []*parked {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]*parked, 0, len(l.held))
	for p := range l.held {
		if !p.idle {
			out = append(out, p)
		}
	}
	return out
}

func (l *lot) isGone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone
}

func (l *lot) giveBack(c net.Conn) bool {
	select {
	case l.back <- c:
		return true
	case <-l.closed:
		return false
	}
}
