package bus

import (
	"context"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLocalTalksToNobody(t *testing.T) {
	var b Bus = NewLocal()
	leave, err := Listen(b, func(LaneMoved) { t.Error("a node heard itself") })
	if err != nil {
		t.Fatal(err)
	}
	if err := Send(b, LaneMoved{Lane: 1, Pos: 2}); err != nil {
		t.Fatal(err)
	}
	leave()
	if got, want := b.Stats(), (Stats{Published: 1}); got != want {
		t.Errorf("stats %v, want %v", got, want)
	}
	if err := b.Healthy(); err != nil {
		t.Error(err)
	}
	if err := b.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish("lane", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Publish after Close: %v", err)
	}
	if _, err := b.Subscribe("lane", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Subscribe after Close: %v", err)
	}
	if err := b.Healthy(); !errors.Is(err, ErrClosed) {
		t.Errorf("Healthy after Close: %v", err)
	}
}

func TestSubjectsAndSizesAreChecked(t *testing.T) {
	b := NewLocal()
	for subject, ok := range map[string]bool{
		"lane": true, "token-revoked": true, "a.b_c.9": true,
		"": false, ".": false, "a..b": false, "a.": false, "a b": false, "*": false, "a.>": false, "a\r\nPUB": false, "é": false,
	} {
		if err := b.Publish(subject, nil); errors.Is(err, ErrSubject) == ok {
			t.Errorf("Publish(%q): %v", subject, err)
		}
		if _, err := b.Subscribe(subject, nil); errors.Is(err, ErrSubject) == ok {
			t.Errorf("Subscribe(%q): %v", subject, err)
		}
	}
	if err := b.Publish("lane", make([]byte, MaxPayload)); err != nil {
		t.Errorf("the greatest payload: %v", err)
	}
	if err := b.Publish("lane", make([]byte, MaxPayload+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one byte more: %v", err)
	}
}

func TestNodeIDsAreNewAndPlain(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewNodeID()
		if seen[id] || len(id) != 13 || strings.ContainsFunc(id, notInWord) {
			t.Fatalf("node id %q", id)
		}
		seen[id] = true
	}
}

// wire is a bus on which a node hears itself, for the messages' encoding.
type wire struct {
	*Local
	fns map[string]func(string, []byte)
}

func (w *wire) Publish(subject string, payload []byte) error {
	if fn := w.fns[subject]; fn != nil {
		fn(subject, payload)
	}
	return w.Local.Publish(subject, payload)
}

func (w *wire) Subscribe(subject string, fn func(string, []byte)) (func(), error) {
	w.fns[subject] = fn
	return w.Local.Subscribe(subject, fn)
}

func roundTrip[M interface {
	Message
	comparable
}](t *rapid.T, want M) {
	b := &wire{Local: NewLocal(), fns: map[string]func(string, []byte){}}
	var got []M
	if _, err := Listen(b, func(m M) { got = append(got, m) }); err != nil {
		t.Fatal(err)
	}
	if err := Send(b, want); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0] != want {
		t.Fatalf("sent %v, got %v", want, got)
	}
}

func TestMessagesComeOutAsTheyWentIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, n := rapid.String(), rapid.Int64()
		roundTrip(t, LaneMoved{Lane: rapid.Int().Draw(t, "lane"), Pos: n.Draw(t, "pos")})
		roundTrip(t, Typing{RoomID: s.Draw(t, "room"), UserID: s.Draw(t, "user"), ForMS: n.Draw(t, "for")})
		roundTrip(t, TokenRevoked{Hash: s.Draw(t, "hash")})
		roundTrip(t, Presence{Node: s.Draw(t, "node"), UserID: s.Draw(t, "user"), Presence: s.Draw(t, "presence"),
			Active: n.Draw(t, "active"), Set: n.Draw(t, "set"), Chosen: s.Draw(t, "chosen"), Status: s.Draw(t, "status")})
	})
}

func FuzzListenTakesAnything(f *testing.F) {
	f.Add([]byte(`{"l":1,"p":2}`))
	f.Add([]byte(`{"l":"x"}`))
	f.Add([]byte(``))
	f.Fuzz(func(t *testing.T, payload []byte) {
		b := &wire{Local: NewLocal(), fns: map[string]func(string, []byte){}}
		if _, err := Listen(b, func(LaneMoved) {}); err != nil {
			t.Fatal(err)
		}
		if _, err := Listen(b, func(Presence) {}); err != nil {
			t.Fatal(err)
		}
		for subject, fn := range b.fns {
			fn(subject, payload)
		}
	})
}
