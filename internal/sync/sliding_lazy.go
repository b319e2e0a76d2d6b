package sync

import (
	stdsync "sync"

	"bongsu.org/bongsu/internal/store"
)

// lazyMembers are the members that a connection was sent with their events. They are in memory only, and forgotten whenever it is not
// sure that the client has them: then they are sent once more, which does no harm.
type lazyMembers struct {
	mu      stdsync.Mutex
	sent    map[int64]map[string]struct{}
	count   int
	pending map[int64][]string // of the last answer, which the client may not have got
	// The last request and its answer, by their positions.
	request, answer string
}

// lazyMost bounds the members that are remembered of a connection.
const lazyMost = 20_000

// begin takes a request's position for what it says about the answer before.
func (l *lazyMembers) begin(pos string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case pos == "" || pos != l.answer && pos != l.request:
		l.sent, l.count = nil, 0
	case pos == l.answer:
		for room, users := range l.pending {
			l.take(room, users)
		}
	}
	l.request, l.answer, l.pending = pos, "", nil
}

func (l *lazyMembers) take(room int64, users []string) {
	if l.count+len(users) > lazyMost {
		l.sent, l.count = nil, 0
	}
	if l.sent == nil {
		l.sent = map[int64]map[string]struct{}{}
	}
	if l.sent[room] == nil {
		l.sent[room] = map[string]struct{}{}
	}
	for _, u := range users {
		l.sent[room][u] = struct{}{}
	}
	l.count += len(users)
}

// retry forgets what an answer that is not sent would have had.
func (l *lazyMembers) retry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = nil
}

// end notes under which position an answer is sent.
func (l *lazyMembers) end(pos string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = pos
}

// forget is for a room of which the client drops what it has (MSC4186: "clients must flush any membership cache when limited is true").
func (l *lazyMembers) forget(room int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count -= len(l.sent[room])
	delete(l.sent, room)
}

// unsent picks those of the users who were not sent.
func (l *lazyMembers) unsent(room int64, users []string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]string, 0, len(users))
	for _, u := range users {
		if _, ok := l.sent[room][u]; !ok {
			out = append(out, u)
		}
	}
	return out
}

// note says that membership events are in the answer.
func (l *lazyMembers) note(room int64, state []*store.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ev := range state {
		if ev.Type != memberType {
			continue
		}
		if l.pending == nil {
			l.pending = map[int64][]string{}
		}
		l.pending[room] = append(l.pending[room], *ev.StateKey)
	}
}
