package node

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/longpoll"
)

// parkingSpace is a server that parks at once; its handler answers when the test lets it.
type parkingSpace struct {
	t      *testing.T
	lot    *lot
	server *listener
	began  chan *http.Request // from every turn of every handler
	answer chan string        // to one handler each; the request's end, too, ends it

	mu    sync.Mutex
	waits map[*space]func() // how to wake them
}

// space is a request that was left.
type space struct{ s *parkingSpace }

func (w *space) Await(wake func()) {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	w.s.waits[w] = wake
	if len(w.s.answer) > 0 {
		wake()
	}
}

func (w *space) End() {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	delete(w.s.waits, w)
}

func newParkingSpace(t *testing.T) *parkingSpace {
	t.Helper()
	s := &parkingSpace{t: t, began: make(chan *http.Request, 1000), answer: make(chan string, 10), waits: map[*space]func(){}}
	log, _ := logged(slog.LevelError)
	s.lot = newLot(t.Context(), http.HandlerFunc(s.handle), newGates(100), log)
	s.lot.after, s.lot.every = 0, time.Millisecond
	socket, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.server = newListener(socket, newHTTPServer(s.lot, log), s.lot)
	s.server.start()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.server.stop(ctx)
		if got := s.lot.gates.Stats()[classSync].Running; got != 0 {
			t.Errorf("%d places are taken after the end", got)
		}
		if len(s.waits) != 0 {
			t.Errorf("%d requests are waited for after the end", len(s.waits))
		}
	})
	return s
}

// tell gives an answer to a handler.
func (s *parkingSpace) tell(text string) {
	s.answer <- text
	s.wake()
}

func (s *parkingSpace) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, wake := range s.waits {
		wake()
	}
}

func (s *parkingSpace) handle(w http.ResponseWriter, r *http.Request) {
	s.began <- r
	if classify(r) != classSync {
		_, _ = io.WriteString(w, "ordinary")
		return
	}
	turn := longpoll.TurnOf(r.Context())
	if !turn.Resumed() {
		ms, _ := strconv.Atoi(r.FormValue("timeout"))
		turn.Until = time.Now().Add(time.Duration(ms) * time.Millisecond)
	}
	select {
	case text := <-s.answer:
		if text == "abort" {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, text)
	case <-r.Context().Done():
		_, _ = io.WriteString(w, "ended")
	case <-time.After(min(turn.Patience, time.Until(turn.Until))):
		if time.Now().Before(turn.Until) {
			turn.Leave(&space{s})
			return
		}
		_, _ = io.WriteString(w, "nothing")
	}
}

// parked returns when so many connections are parked.
func (s *parkingSpace) parked(count int) {
	s.t.Helper()
	eventually(s.t, func() bool {
		s.lot.mu.Lock()
		defer s.lot.mu.Unlock()
		return len(s.lot.held) == count
	})
}

// line is a client's connection.
type line struct {
	net.Conn
	t  *testing.T
	in *bufio.Reader
}

func (s *parkingSpace) dial() *line {
	s.t.Helper()
	var d net.Dialer
	c, err := d.DialContext(s.t.Context(), "tcp", s.server.socket.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	return &line{Conn: c, t: s.t, in: bufio.NewReader(c)}
}

const waitPath = "/_matrix/client/v3/sync?since=s&timeout=1000000"

func (l *line) send(path string) {
	l.t.Helper()
	if _, err := fmt.Fprintf(l, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
		l.t.Fatal(err)
	}
}

func (l *line) receive() (*http.Response, string) {
	l.t.Helper()
	resp, err := http.ReadResponse(l.in, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp, string(body)
}

func (l *line) want(text string) *http.Response {
	l.t.Helper()
	resp, body := l.receive()
	if resp.StatusCode != http.StatusOK || body != text || resp.Header.Get("Date") == "" {
		l.t.Fatalf("got %d %q, want %q", resp.StatusCode, body, text)
	}
	return resp
}

func (l *line) wantEnd() {
	l.t.Helper()
	if _, err := l.in.ReadByte(); err == nil {
		l.t.Error("the connection is open")
	}
}

func TestAParkedConnectionIsUsedAgain(t *testing.T) {
	s := newParkingSpace(t)
	c := s.dial()
	for i := range 5 {
		c.send(waitPath)
		s.parked(1)
		s.tell(fmt.Sprint("answer ", i))
		c.want(fmt.Sprint("answer ", i))
		c.send("/ordinary")
		c.want("ordinary")
		s.parked(0)
	}
}

func TestRequestsSentAheadAreAnsweredInOrder(t *testing.T) {
	s := newParkingSpace(t)
	c := s.dial()
	if _, err := io.WriteString(c, strings.Repeat("GET "+waitPath+" HTTP/1.1\r\nHost: x\r\n\r\n", 3)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two", "three"} {
		s.tell(text)
		c.want(text)
	}
}

func TestAParkedClientThatLeavesEndsItsRequest(t *testing.T) {
	s := newParkingSpace(t)
	c := s.dial()
	c.send(waitPath)
	s.parked(1)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	s.parked(0)
	s.lot.wait()
}

func TestAParkedRequestIsAnsweredInTime(t *testing.T) {
	s := newParkingSpace(t)
	c := s.dial()
	c.send("/_matrix/client/v3/sync?since=s&timeout=20")
	c.want("nothing")
}

func TestAParkedRequestIsMadeAgainAsItWas(t *testing.T) {
	s := newParkingSpace(t)
	c := s.dial()
	if _, err := io.WriteString(c, "GET "+waitPath+"&filter=%7B%22%C3%A9%22%3A1%7D HTTP/1.1\r\nHost: b.example:8448\r\nAuthorization: Bearer secret\r\n"+
		"Accept-Encoding: gzip\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	first := <-s.began
	s.parked(1)
	s.tell("again")
	c.want("again")
	again := <-s.began
	if got, want := fmt.Sprint(again.Header, again.URL, again.Host, again.RemoteAddr), fmt.Sprint(first.Header, first.URL, first.Host, first.RemoteAddr); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestAWakeForNothingKeepsTheRequestWaiting(t *testing.T) {
	s := newParkingSpace(t)
	c := s.dial()
	c.send(waitPath)
	<-s.began
	for range 10 {
		s.parked(1)
		eventually(t, func() bool { s.wake(); return len(s.began) > 0 })
		for len(s.began) > 0 {
			<-s.began
		}
	}
	s.tell("news")
	c.want("news")
}

func TestAnAbortedHandlerEndsItsParkedConnection(t *testing.T) {
	s := newParkingSpace(t)
	c := s.dial()
	c.send(waitPath)
	s.parked(1)
	s.tell("abort")
	c.wantEnd()
	s.parked(0)
}

func TestAClientMayAskForTheEnd(t *testing.T) {
	s := newParkingSpace(t)
	c := s.dial()
	if _, err := io.WriteString(c, "GET "+waitPath+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	s.parked(1)
	s.tell("last")
	if resp := c.want("last"); !resp.Close {
		t.Error("the answer does not tell that the connection ends")
	}
	c.wantEnd()
}

func TestAStopAnswersWhoIsParked(t *testing.T) {
	s := newParkingSpace(t)
	waits, idle := s.dial(), s.dial()
	idle.send(waitPath)
	s.parked(1)
	s.tell("before")
	idle.want("before")
	waits.send(waitPath)
	s.parked(2)
	stopped := make(chan error, 1)
	go func() { stopped <- s.server.stop(testContext(t)) }()
	idle.wantEnd()
	if resp := waits.want("nothing"); !resp.Close {
		t.Error("the answer does not tell that the connection ends")
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestACutEndsWhoIsParked(t *testing.T) {
	s := newParkingSpace(t)
	c := s.dial()
	c.send(waitPath)
	s.parked(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.server.stop(ctx); err != nil {
		t.Error(err)
	}
	if _, err := io.Copy(io.Discard, c); err != nil { // an answer, perhaps, and the end
		t.Error(err)
	}
}

func TestWhatIsAnsweredSoonIsNotParked(t *testing.T) {
	s := newParkingSpace(t)
	s.lot.after = patience
	c := s.dial()
	c.send(waitPath)
	s.tell("soon")
	c.want("soon")
	s.parked(0)
}
