package ephemeral

import "sync"

// notifier calls a function with keys, one after the other on a goroutine of its own, so that whoever has news need not wait for what
// is done with it. A key that comes again before its turn is called once. No key is lost, and there are never more of them than there are users.
type notifier struct {
	fn      func(key string)
	ask     chan struct{} // there is something pending
	quit    chan struct{}
	stopped chan struct{}

	mu      sync.Mutex
	pending []string // in the order of arrival
	waits   map[string]struct{}
}

func newNotifier(fn func(key string)) *notifier {
	n := &notifier{fn: fn, ask: make(chan struct{}, 1), quit: make(chan struct{}), stopped: make(chan struct{}), waits: map[string]struct{}{}}
	go n.run()
	return n
}

func (n *notifier) add(key string) {
	n.mu.Lock()
	if _, ok := n.waits[key]; !ok {
		n.waits[key] = struct{}{}
		n.pending = append(n.pending, key)
	}
	n.mu.Unlock()
	select {
	case n.ask <- struct{}{}:
	default:
	}
}

func (n *notifier) run() {
	defer close(n.stopped)
	for {
		select {
		case <-n.quit:
			return
		case <-n.ask:
		}
		for _, key := range n.take() {
			n.mu.Lock()
			delete(n.waits, key) // before the call: what changes during it is news again
			n.mu.Unlock()
			n.fn(key)
			select {
			case <-n.quit:
				return
			default:
			}
		}
	}
}

func (n *notifier) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	keys := n.pending
	n.pending = nil
	return keys
}

// close waits for the call under way, and drops what is pending.
func (n *notifier) close() {
	close(n.quit)
	<-n.stopped
}
