package sync

import (
	"slices"
	"time"

	"bongsu.org/bongsu/internal/longpoll"
)

// waiter is a request that waits: in place, on a channel, or away from its goroutine, for a call.
type waiter struct {
	device string
	woken  chan struct{} // nil: call is used
	call   func()
}

func (w *waiter) wake() {
	if w.woken == nil {
		w.call()
		return
	}
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// wake tells all waiting requests of the user to look again.
func (s *session) wake() {
	s.news.Add(1)
	s.calls.Add(1)
	if s.waiting.Load() == 0 {
		return // most members of a large room do not wait here
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.waiters {
		w.wake()
	}
}

// wakeDevice is wake for the requests of one device.
func (s *session) wakeDevice(id string) {
	s.calls.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.waiters {
		if w.device == id {
			w.wake()
		}
	}
}

// wait registers a request; it is woken from then on until the returned function is called.
func (s *session) wait(device string) (woken <-chan struct{}, done func()) {
	w := &waiter{device: device, woken: make(chan struct{}, 1)}
	s.enter(w)
	return w.woken, func() { s.leave(w) }
}

func (s *session) enter(w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiters = append(s.waiters, w)
	s.waiting.Add(1)
}

func (s *session) leave(w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.waiters, w); i >= 0 {
		s.waiters = slices.Delete(s.waiters, i, i+1)
		s.waiting.Add(-1)
	}
	s.used = time.Now()
}

// away is a request that has left its goroutine.
type away struct {
	ses    *session
	seen   int64 // of session.calls, when it was last looked what there is
	waiter waiter
	done   func() // of its presence
}

var _ longpoll.Wait = (*away)(nil)

// Await implements longpoll.Wait.
func (a *away) Await(wake func()) {
	a.waiter.call = wake
	a.ses.enter(&a.waiter)
	if a.ses.calls.Load() != a.seen {
		wake() // something came between the look and now
	}
}

// End implements longpoll.Wait.
func (a *away) End() {
	a.ses.leave(&a.waiter)
	a.done()
}
