package node

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// parkingSpace is a server that parks at once; its handler answers when the test lets it.
type parkingSpace struct {
	t      *testing.T
	lot    *lot
	server *listener
	began  chan *http.Request // from every handler
	answer chan string        // to one handler each; the request's end, too, ends it
}

func newParkingSpace(t *testing.T) *parkingSpace {
	t.Helper()
	s := &parkingSpace{t: t, began: make(chan *http.Request, 100), answer: make(chan string)}
	log, _ := logged(slog.LevelError)
	s.lot = newLot(t.Context(), http.HandlerFunc(s.handle), log)
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
	})
	return s
}

func (s *parkingSpace) handle(w http.ResponseWriter, r *http.Request) {
	s.began <- r
	if classify(r) != classSync {
		_, _ = io.WriteString(w, "ordinary")
		return
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

const waitPath = "/_matrix/client/v3/sync?since=s&timeout=1000"

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
		s.answer <- fmt.Sprint("answer ", i)
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
		s.answer <- text
		c.want(text)
	}
}

func TestAParkedClientThatLeavesEndsItsRequest(t *testing.T) {
	s := newParkingSpace(t)
	c := s.dial()
	c.send(waitPath)
	r := <-s.began
	s.parked(1)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	<-r.Context().Done()
	s.parked(0)
	s.lot.wait()
}

func TestAnAbortedHandlerEndsItsParkedConnection(t *testing.T) {
	s := newParkingSpace(t)
	c := s.dial()
	c.send(waitPath)
	s.parked(1)
	s.answer <- "abort"
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
	s.answer <- "last"
	if resp := c.want("last"); !resp.Close {
		t.Error("the answer does not tell that the connection ends")
	}
	c.wantEnd()
}

func TestAStopAnswersWhoIsParked(t *testing.T) {
	s := newParkingSpace(t)
	waits, idle := s.dial(), s.dial()
	idle.send(waitPath)
	s.answer <- "before"
	idle.want("before")
	waits.send(waitPath)
	s.parked(2)
	stopped := make(chan error, 1)
	go func() { stopped <- s.server.stop(testContext(t)) }()
	idle.wantEnd()
	s.answer <- "after"
	if resp := waits.want("after"); !resp.Close {
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
	c.wantEnd()
}

func TestWhatIsAnsweredSoonIsNotParked(t *testing.T) {
	s := newParkingSpace(t)
	s.lot.after = patience
	c := s.dial()
	c.send(waitPath)
	s.answer <- "soon"
	c.want("soon")
	s.parked(0)
}
