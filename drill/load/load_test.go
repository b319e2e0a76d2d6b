package load

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// site is a server that answers as a test says, and remembers what was asked.
func site(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) (entrance string, asked func() []string) {
	t.Helper()
	var mu sync.Mutex
	var paths []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		paths = append(paths, r.Method+" "+r.URL.Path)
		mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(paths) }
}

func say(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func testClient(urls ...string) *Client {
	var entrances []Entrance
	for i, u := range urls {
		entrances = append(entrances, Entrance{Site: i, URL: u})
	}
	c := newClient(3, -1, entrances, 0, (&net.Dialer{}).DialContext, NewJournal(), 1)
	c.Rooms = []string{"!r"}
	return c
}

func TestAFailedSendIsSentAgainAtTheNextEntranceWithTheSameID(t *testing.T) {
	bad, askedBad := site(t, say(http.StatusServiceUnavailable, `{"errcode":"M_UNKNOWN"}`))
	good, askedGood := site(t, say(http.StatusOK, `{"event_id":"$e"}`))
	c := testClient(bad, good)
	c.send(t.Context(), c.random)
	ops := c.journal.Ops()
	if len(ops) != 1 || ops[0].Outcome != Acknowledged || ops[0].Result != "$e" || ops[0].Site != 1 || ops[0].Tries != 2 {
		t.Fatalf("journal: %+v", ops)
	}
	if a, b := askedBad(), askedGood(); len(a) != 1 || !slices.Equal(a, b) {
		t.Errorf("asked %v, then %v", a, b)
	}
}

func TestADeadEntranceIsLeft(t *testing.T) {
	good, _ := site(t, say(http.StatusOK, `{"event_id":"$e"}`))
	c := testClient("http://127.0.0.1:1", good)
	c.send(t.Context(), c.random)
	if place, at, _ := c.entrance(); place != 1 || at.URL != good {
		t.Errorf("the client is at %v", at)
	}
}

func TestARefusedSendIsNotSentAgain(t *testing.T) {
	url, asked := site(t, say(http.StatusForbidden, `{"errcode":"M_FORBIDDEN"}`))
	c := testClient(url)
	c.send(t.Context(), c.random)
	if op := c.journal.Ops()[0]; op.Outcome != Refused || !strings.Contains(op.Result, "M_FORBIDDEN") {
		t.Errorf("journal: %+v", op)
	}
	if len(asked()) != 1 {
		t.Errorf("asked %v", asked())
	}
}

func TestWhatIsNeverAnsweredStaysUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url, _ := site(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.WriteHeader(http.StatusBadGateway)
	})
	c := testClient(url)
	c.send(ctx, c.random)
	if op := c.journal.Ops()[0]; op.Outcome != Unknown || op.Site != -1 {
		t.Errorf("journal: %+v", op)
	}
}

func TestAGapInATimelineIsFilledInOrder(t *testing.T) {
	url, _ := site(t, say(http.StatusOK, `{"chunk":[{"event_id":"$3"},{"event_id":"$2"}]}`))
	c := testClient(url)
	var a syncAnswer
	answer := `{"next_batch":"t2","rooms":{"join":{"!r":{"timeline":{"limited":true,"prev_batch":"p","events":[{"event_id":"$4"}]}}}},
		"to_device":{"events":[{"sender":"@a","content":{"org.bongsu.drill":"1/5"}}]}}`
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatal(err)
	}
	if err := c.take(t.Context(), 0, "t1", &a); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, s := range c.Stream.Rooms()["!r"] {
		ids = append(ids, s.ID)
	}
	if !slices.Equal(ids, []string{"$2", "$3", "$4"}) || c.Stream.Gaps() != 1 {
		t.Errorf("stream %v, %d gaps", ids, c.Stream.Gaps())
	}
	if got := c.Stream.ToDevice(); len(got) != 1 || got[0].ID != "1/5" || got[0].From != "@a" {
		t.Errorf("to the device: %+v", got)
	}
}

func TestAStreamThatIsRefusedEnds(t *testing.T) {
	url, _ := site(t, say(http.StatusUnauthorized, `{"errcode":"M_UNKNOWN_TOKEN"}`))
	c := testClient(url)
	var refused *RefusedError
	if err := c.follow(t.Context(), func(int) {}); !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		t.Errorf("ended with %v", err)
	}
}

func TestTheGateHoldsAndWaits(t *testing.T) {
	g := newGate()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if g.enter(ended) {
		t.Error("a gate that was never opened let somebody in")
	}
	g.allow()
	if !g.enter(t.Context()) {
		t.Fatal("an open gate let nobody in")
	}
	if g.hold(ended) {
		t.Error("held, with one inside")
	}
	g.leave()
	if !g.hold(t.Context()) {
		t.Error("not held, with none inside")
	}
	if g.enter(ended) {
		t.Error("a held gate let somebody in")
	}
}

func TestTheJournalIsSaved(t *testing.T) {
	j := NewJournal()
	j.answer(j.call(Op{Kind: Send, Client: 1, Seq: 1}), Acknowledged, 2, "$e")
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	if err := j.Save(path); err != nil {
		t.Fatal(err)
	}
	if n := j.Acknowledged(Send); n != 1 || !j.SendsBetween(0, j.Now()) {
		t.Errorf("%d sends", n)
	}
}
