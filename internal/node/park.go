package node

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// A connection whose request is at work costs net/http two goroutines and two buffers, some 20 KB, and most of a messenger's connections are
// in a long poll, where they need none of it. So a /sync that has waited for a moment is parked: its connection is taken from net/http,
// which frees all that, and only the handler's goroutine is left. One goroutine for all of them looks now and then which clients have left.
// Once a request is answered and the client's next one begins, the connection goes back. What happens within the moment goes the ordinary
// way.
//
// Only HTTP/1.1 is parked: a request of HTTP/2 shares its connection.

// parkAfter is how long a request waits before it is parked: longer than the answers of a busy chat take.
const parkAfter = time.Second

// lookEvery is how often it is looked which clients have left.
const lookEvery = 5 * time.Second

// lot is where connections are parked, in front of the handler. It is the listener by which they return to the server.
type lot struct {
	next     http.Handler
	log      *slog.Logger
	after    time.Duration
	every    time.Duration
	draining context.Context //nolint:containedctx // it ends when the node stops, and with it the requests that wait

	back   chan net.Conn
	closed chan struct{}
	once   sync.Once
	atWork sync.WaitGroup

	mu   sync.Mutex
	held map[*parked]struct{} // connections that are here, answered or not
	gone bool                 // the lot is closed: nothing stays
}

func newLot(draining context.Context, next http.Handler, log *slog.Logger) *lot {
	return &lot{
		next: next, log: log, after: parkAfter, every: lookEvery, draining: draining, back: make(chan net.Conn), closed: make(chan struct{}), held: map[*parked]struct{}{},
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

// Close implements net.Listener. Connections that wait for their client are closed, and those that are at work are closed once they are
// answered.
func (l *lot) Close() error {
	l.once.Do(func() { close(l.closed) })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = true
	for p := range l.held {
		if p.idle {
			_ = p.conn.Close()
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

// parkable tells whether a request of class sync may be parked once it waits.
func parkable(r *http.Request) bool {
	if r.ProtoMajor != 1 || r.ProtoMinor < 1 || r.Method != http.MethodGet || r.ContentLength != 0 {
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
	if !parkable(r) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(l.draining, cancel)()
		l.next.ServeHTTP(w, r.WithContext(ctx))
		return
	}
	// The connection's own context ends when net/http has given it away.
	ctx, cancel := context.WithCancel(l.draining)
	p := &parked{lot: l, cancel: cancel, settled: make(chan struct{}), last: r.Close}
	l.atWork.Add(1)
	go p.work(r.WithContext(ctx))
	wait := time.NewTimer(l.after)
	defer wait.Stop()
	select {
	case <-p.settled:
	case <-r.Context().Done():
		cancel()
	case <-wait.C:
		if p.state.CompareAndSwap(unsettled, onItsOwn) {
			p.park(w)
			return
		}
	}
	<-p.settled
	if p.aborted {
		panic(http.ErrAbortHandler)
	}
	p.answer.copyTo(w)
}

// The states of a request that may be parked. Either end of the first is the last.
const (
	unsettled int32 = iota
	answered        // before it was parked: net/http writes the answer
	onItsOwn        // parked: the handler's goroutine writes the answer
)

// parked is a request that is parked, or may be.
type parked struct {
	lot     *lot
	cancel  context.CancelFunc
	state   atomic.Int32
	settled chan struct{} // closed when net/http's goroutine and the handler's know which of them goes on
	answer  recorded      // owned by the handler's goroutine until then
	aborted bool          // there is no answer
	last    bool          // the client wants the connection closed

	// Set before the request counts as parked.
	conn  net.Conn
	ahead []byte // what the client has sent of its next request
	idle  bool   // answered, and waiting for the client; guarded by lot.mu
}

// work runs the handler.
func (p *parked) work(r *http.Request) {
	p.handle(r)
	if p.state.CompareAndSwap(unsettled, answered) {
		close(p.settled)
		p.lot.atWork.Done()
		return
	}
	<-p.settled
	good := p.reply()
	p.lot.atWork.Done()
	p.leave(good)
}

func (p *parked) handle(r *http.Request) {
	defer p.cancel()
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		p.aborted = true
		if err, ok := v.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			p.lot.log.Error("panic in a handler", "method", r.Method, "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	p.lot.next.ServeHTTP(&p.answer, r)
}

// park takes the connection from net/http.
func (p *parked) park(w http.ResponseWriter) {
	defer close(p.settled)
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil { // it fails only where w is not what net/http made
		p.cancel()
		p.aborted = true
		panic(http.ErrAbortHandler)
	}
	ahead, _ := buf.Reader.Peek(buf.Reader.Buffered())
	p.conn, p.ahead = conn, bytes.Clone(ahead)
	if r, ok := conn.(*resumed); ok {
		p.conn, p.ahead = r.Conn, append(p.ahead, r.ahead...)
	}
	p.lot.mu.Lock()
	p.lot.held[p] = struct{}{}
	p.lot.mu.Unlock()
}

// reply writes the answer, and tells whether the connection is good for another request.
func (p *parked) reply() bool {
	p.lot.mu.Lock()
	last := p.last || p.lot.gone
	p.lot.mu.Unlock()
	_ = p.conn.SetWriteDeadline(time.Now().Add(answerTimeout))
	if p.aborted || p.answer.send(p.conn, last) != nil || last {
		return false
	}
	_ = p.conn.SetWriteDeadline(time.Time{})
	_ = p.conn.SetReadDeadline(time.Now().Add(idleTimeout))
	p.answer = recorded{}
	p.lot.mu.Lock()
	defer p.lot.mu.Unlock()
	p.idle = true
	return !p.lot.gone
}

// leave waits until the client begins its next request, and then brings the connection back to the server; or it closes the connection.
func (p *parked) leave(good bool) {
	if good && len(p.ahead) == 0 {
		p.ahead = make([]byte, 1)
		n, _ := p.conn.Read(p.ahead) // nothing is read when the client leaves, or the lot is closed
		p.ahead = p.ahead[:n]
		_ = p.conn.SetReadDeadline(time.Time{})
	}
	p.lot.mu.Lock()
	delete(p.lot.held, p)
	p.lot.mu.Unlock()
	if !good || len(p.ahead) == 0 || !p.lot.giveBack(&resumed{Conn: p.conn, ahead: p.ahead}) {
		_ = p.conn.Close()
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

func (l *lot) giveBack(c net.Conn) bool {
	select {
	case l.back <- c:
		return true
	case <-l.closed:
		return false
	}
}

// resumed is a connection of which something was read already.
type resumed struct {
	net.Conn
	ahead []byte
}

// Read implements net.Conn.
func (r *resumed) Read(b []byte) (int, error) {
	if len(r.ahead) == 0 {
		return r.Conn.Read(b)
	}
	n := copy(b, r.ahead)
	r.ahead = r.ahead[n:]
	return n, nil
}
