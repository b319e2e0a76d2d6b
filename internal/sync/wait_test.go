package sync

import (
	"context"
	"errors"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/longpoll"
	"bongsu.org/bongsu/internal/testdb"
)

// leave has a request leave its turn.
func (n *node) leave(t *testing.T, req Request) longpoll.Wait {
	t.Helper()
	req.Turn = &longpoll.Turn{}
	res, err := n.service.Sync(t.Context(), req)
	if !errors.Is(err, longpoll.ErrLeft) || req.Turn.Left() == nil {
		t.Fatalf("got %+v, %v; it should have left", res, err)
	}
	if left := time.Until(req.Turn.Until); left <= 0 || left > req.Timeout {
		t.Errorf("it waits %s", left)
	}
	return req.Turn.Left()
}

func TestARequestThatLeftIsWokenByNews(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir())
		roomID := n.newRoom(t, alice)
		since := n.sync(t, Request{User: alice, Device: "A"}).NextBatch
		req := Request{User: alice, Device: "A", Since: since, Timeout: time.Hour}

		t.Run("after it waits", func(t *testing.T) {
			wait := n.leave(t, req)
			woken := make(chan struct{}, 1)
			wait.Await(func() { woken <- struct{}{} })
			n.send(t, roomID, alice, "news")
			<-woken
			wait.End()
		})
		t.Run("between its leaving and its waiting", func(t *testing.T) {
			req.Since = n.sync(t, Request{User: alice, Device: "A"}).NextBatch
			wait := n.leave(t, req)
			n.send(t, roomID, alice, "early news")
			woken := make(chan struct{}, 1)
			wait.Await(func() { woken <- struct{}{} })
			<-woken
			wait.End()
			req.Turn = &longpoll.Turn{Until: time.Now().Add(time.Hour)}
			if res := n.sync(t, req); len(res.Rooms.Join[roomID].Timeline.Events) != 1 {
				t.Error("the next turn does not answer with the news")
			}
		})
		t.Run("never after its end", func(t *testing.T) {
			req.Turn = nil
			req.Since = n.sync(t, Request{User: alice, Device: "A"}).NextBatch
			wait := n.leave(t, req)
			wait.Await(func() { t.Error("woken") })
			wait.End()
			n.send(t, roomID, alice, "late news")
		})
		t.Run("and is answered when its time is over", func(t *testing.T) {
			req.Since = n.sync(t, Request{User: alice, Device: "A"}).NextBatch
			req.Turn = &longpoll.Turn{Until: time.Now()}
			if res, err := n.service.Sync(context.Background(), req); err != nil || !res.empty() {
				t.Errorf("got %+v, %v", res, err)
			}
		})
	})
}
