package media

import (
	"context"
	"time"

	"bongsu.org/bongsu/internal/store"
)

// MaxWait is the longest that a download waits for an upload (Client-Server API, "Content repository": timeout_ms).
const MaxWait = 60 * time.Second

// lookAgain is how often a waiting download looks for an upload that came to another node.
const lookAgain = time.Second

// waiter is shared by the downloads that wait for one upload.
type waiter struct {
	done  chan struct{} // closed when the upload is there
	users int
}

// await waits for the content of a reserved id.
func (s *Service) await(ctx context.Context, id string, wait time.Duration) (store.Media, error) {
	timeout := time.NewTimer(min(wait, MaxWait))
	defer timeout.Stop()
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	w := s.wait(id)
	defer s.leave(id, w)
	for {
		m, err := s.lookUp(ctx, id) // after wait(), so that an upload in between is not missed
		if err != nil || m.Hash != "" {
			return m, err
		}
		select {
		case <-w.done:
		case <-tick.C:
		case <-timeout.C:
			return store.Media{}, errNotUploaded
		case <-ctx.Done():
			return store.Media{}, ctx.Err()
		}
	}
}

func (s *Service) wait(id string) *waiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.waiters[id]
	if w == nil {
		w = &waiter{done: make(chan struct{})}
		s.waiters[id] = w
	}
	w.users++
	return w
}

func (s *Service) leave(id string, w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.users--; w.users == 0 && s.waiters[id] == w {
		delete(s.waiters, id)
	}
}

// uploaded wakes the downloads that wait for an id.
func (s *Service) uploaded(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.waiters[id]; w != nil {
		close(w.done)
		delete(s.waiters, id)
	}
}
