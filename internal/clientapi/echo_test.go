package clientapi

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestSyncWaitsForTheAnswerToItsOwnSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEchoes()
		me := sender{"@a:b", "D"}
		answered := e.begin(me, "t1")
		body := []byte(`{"unsigned":{"transaction_id":"t1"}}`)
		settled := make(chan time.Duration)
		start := time.Now()
		go func() { e.settle(context.Background(), me, body); settled <- time.Since(start) }()
		time.Sleep(30 * time.Millisecond)
		answered()
		if took := <-settled; took != 30*time.Millisecond {
			t.Errorf("held back for %s", took)
		}
	})
}

func TestSyncDoesNotWaitForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEchoes()
		me := sender{"@a:b", "D"}
		defer e.begin(me, "t1")()
		for name, c := range map[string]struct {
			who  sender
			body string
			want time.Duration
		}{
			"its own event":         {me, `{"transaction_id":"t1"}`, echoPatience},
			"another transaction":   {me, `{"transaction_id":"t12"}`, 0},
			"another device":        {sender{"@a:b", "E"}, `{"transaction_id":"t1"}`, 0},
			"nothing of its events": {me, `{}`, 0},
		} {
			start := time.Now()
			e.settle(context.Background(), c.who, []byte(c.body))
			if took := time.Since(start); took != c.want {
				t.Errorf("%s: held back for %s, want %s", name, took, c.want)
			}
		}
	})
}

func TestEchoesForgetWhatIsAnswered(t *testing.T) {
	e := newEchoes()
	first, repeat := e.begin(sender{"@a:b", "D"}, "t1"), e.begin(sender{"@a:b", "D"}, "t1")
	repeat()
	first()
	if len(e.sending) != 0 {
		t.Errorf("remembered: %v", e.sending)
	}
}
