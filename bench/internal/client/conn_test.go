package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func serve(t *testing.T, h http.HandlerFunc) (*httptest.Server, *Conn) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c := NewConn(strings.TrimPrefix(s.URL, "http://"))
	t.Cleanup(c.Close)
	return s, c
}

func TestDoSendsWhatItIsGiven(t *testing.T) {
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, strings.Join([]string{r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), string(body)}, " "))
	})
	for range 2 { // the second on the same connection
		status, body, err := c.Do(Request{Method: "PUT", Path: "/a%2Fb?c=d", Token: "t", Body: []byte("hello"), Timeout: time.Minute})
		if err != nil || status != http.StatusTeapot || string(body) != "PUT /a%2Fb?c=d Bearer t hello" {
			t.Fatalf("got %d %q %v", status, body, err)
		}
	}
}

func TestDoOpensAConnectionAnewThatWasClosedWhileIdle(t *testing.T) {
	s, c := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	for range 3 {
		if _, _, err := c.Do(Request{Method: "GET", Path: "/", Timeout: time.Minute}); err != nil {
			t.Fatal(err)
		}
		s.CloseClientConnections()
	}
}

func TestDoDoesNotRepeatARequestThatTimedOut(t *testing.T) {
	var calls atomic.Int64
	release := make(chan struct{})
	_, c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			calls.Add(1)
			<-release
		}
	})
	defer close(release)
	if _, _, err := c.Do(Request{Method: "GET", Path: "/", Timeout: time.Minute}); err != nil {
		t.Fatal(err)
	}
	_, _, err := c.Do(Request{Method: "GET", Path: "/wait", Timeout: 100 * time.Millisecond})
	if !isTimeout(err) {
		t.Errorf("got %v, want a timeout", err)
	}
	if n := calls.Load(); n > 1 {
		t.Errorf("the request was sent %d times", n)
	}
}

func TestCloseEndsARequest(t *testing.T) {
	arrived := make(chan struct{})
	_, c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	go func() {
		<-arrived
		c.Close()
	}()
	if _, _, err := c.Do(Request{Method: "GET", Path: "/", Timeout: time.Minute}); err == nil {
		t.Error("a closed connection gave an answer")
	}
	if _, _, err := c.Do(Request{Method: "GET", Path: "/", Timeout: time.Minute}); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want %v", err, ErrClosed)
	}
}

func TestCallGivesTheErrorCode(t *testing.T) {
	_, c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"errcode":"M_FORBIDDEN","error":"no"}`)
	})
	_, err := c.Call(http.MethodGet, "/", "", nil)
	var status *StatusError
	if !errors.As(err, &status) || status.Status != http.StatusForbidden || status.Code != "M_FORBIDDEN" {
		t.Errorf("got %v", err)
	}
}
