package node

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"bongsu.org/bongsu/internal/longpoll"
)

// parked is a request that waits without a handler, and its connection. Whoever brings its phase from waiting to atWork owns it, until stay gives
// it back.
type parked struct {
	lot   *lot
	conn  net.Conn
	ahead []byte // what the client has sent of its next request

	text   []byte // the request, as in HTTP/1.1
	remote string
	tls    *tls.ConnectionState
	last   bool   // the client wants the connection closed
	leave  func() // gives its place among those that wait back

	phase atomic.Int32
	until time.Time     // when it has to be answered
	wait  longpoll.Wait // for news
	timer *time.Timer   // wakes it at until

	ctx    context.Context //nolint:containedctx // of the request, which outlives every call
	cancel context.CancelFunc
	idle   bool // answered, and waiting for the client; guarded by lot.mu
}

// The phases of what is parked.
const (
	atWork  int32 = iota
	woken         // at work, and woken meanwhile: it takes another turn before it waits
	waiting       // nobody's
)

func newParked(l *lot, w http.ResponseWriter, r *http.Request, leave func()) (*parked, error) {
	text, err := requestText(r)
	if err != nil {
		return nil, err
	}
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, fmt.Errorf("taking a connection: %w", err)
	}
	ahead, _ := buf.Reader.Peek(buf.Reader.Buffered())
	p := &parked{lot: l, conn: conn, ahead: bytes.Clone(ahead), text: text, remote: r.RemoteAddr, tls: r.TLS, last: r.Close, leave: leave}
	if r, ok := conn.(*resumed); ok {
		p.conn, p.ahead = r.Conn, append(p.ahead, r.ahead...)
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	context.AfterFunc(p.ctx, p.wake) // somebody has to clear up
	return p, nil
}

// requestText is the head of a request without a body (RFC 9112).
func requestText(r *http.Request) ([]byte, error) {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.RequestURI, r.Host)
	if err := r.Header.Write(&out); err != nil {
		return nil, fmt.Errorf("keeping a request: %w", err)
	}
	out.WriteString("\r\n")
	return bytes.Clone(out.Bytes()), nil // as long as need be
}

// request makes the request again.
func (p *parked) request(turn *longpoll.Turn) (*http.Request, error) {
	r, err := http.ReadRequest(bufio.NewReaderSize(bytes.NewReader(p.text), len(p.text)))
	if err != nil {
		return nil, fmt.Errorf("making a request again: %w", err)
	}
	r.RemoteAddr, r.TLS = p.remote, p.tls
	return r.WithContext(longpoll.With(p.ctx, turn)), nil
}

// stay waits, after a turn, for what makes another one worthwhile; false if that is there already, and p still the caller's.
func (p *parked) stay(turn *longpoll.Turn) bool {
	p.until, p.wait = turn.Until, turn.Left()
	if p.timer == nil {
		p.timer = time.AfterFunc(time.Until(p.until), p.wake)
	} else {
		p.timer.Reset(time.Until(p.until))
	}
	p.wait.Await(p.wake)
	if !p.lot.isGone() && p.phase.CompareAndSwap(atWork, waiting) {
		return true
	}
	p.phase.Store(atWork)
	return false
}

// wake has p take another turn. It is called while others hold locks.
func (p *parked) wake() {
	if p.phase.CompareAndSwap(atWork, woken) {
		return
	}
	if p.phase.CompareAndSwap(waiting, atWork) {
		go p.work()
	}
}

// work gives the request turns until it is answered or waits again.
func (p *parked) work() {
	for p.ctx.Err() == nil {
		turn := &longpoll.Turn{Until: p.until}
		if p.lot.isGone() {
			turn.Until = time.Now()
		}
		answer, ok := p.serve(turn)
		p.wait.End()
		if turn.Left() == nil {
			p.clear()
			p.next(ok && p.reply(answer))
			return
		}
		if p.stay(turn) {
			return
		}
	}
	p.wait.End()
	p.clear()
	p.next(false)
}

// clear ends what the request held but its connection.
func (p *parked) clear() {
	p.timer.Stop()
	p.cancel()
	p.leave()
}

// serve runs the handler; false if there is no answer.
func (p *parked) serve(turn *longpoll.Turn) (answer *recorded, ok bool) {
	r, err := p.request(turn)
	if err != nil {
		p.lot.log.Error("a parked request is lost", "err", err)
		return nil, false
	}
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		ok = false
		if err, is := v.(error); !is || !errors.Is(err, http.ErrAbortHandler) {
			p.lot.log.Error("panic in a handler", "method", r.Method, "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	answer = &recorded{}
	p.lot.next.ServeHTTP(answer, r)
	return answer, true
}

// reply writes the answer, and tells whether the connection is good for another request.
func (p *parked) reply(answer *recorded) bool {
	last := p.last || p.lot.isGone()
	_ = p.conn.SetWriteDeadline(time.Now().Add(answerTimeout))
	if answer.send(p.conn, last) != nil || last {
		return false
	}
	_ = p.conn.SetWriteDeadline(time.Time{})
	_ = p.conn.SetReadDeadline(time.Now().Add(idleTimeout))
	p.lot.mu.Lock()
	defer p.lot.mu.Unlock()
	p.idle = true
	return !p.lot.gone
}

// next waits, if the connection is good, until the client begins its next request, and then brings the connection back to the server; or it
// closes the connection.
func (p *parked) next(good bool) {
	p.lot.atWork.Done()
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
