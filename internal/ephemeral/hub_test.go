package ephemeral

import (
	"context"
	"log/slog"
	"sync"

	"bongsu.org/bongsu/internal/bus"
)

// hub joins the buses of several nodes in one process. Delivery happens inside Publish, so that tests need not wait for it.
type hub struct {
	mu    sync.Mutex
	nodes []*hubBus
	cut   bool // every message is lost
}

type hubBus struct {
	*bus.Local
	hub *hub
	mu  sync.Mutex
	fns map[string]func(string, []byte)
}

func (h *hub) join() *hubBus {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := &hubBus{Local: bus.NewLocal(), hub: h, fns: map[string]func(string, []byte){}}
	h.nodes = append(h.nodes, b)
	return b
}

func (h *hub) setCut(cut bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cut = cut
}

func (b *hubBus) Publish(subject string, payload []byte) error {
	b.hub.mu.Lock()
	nodes, cut := b.hub.nodes, b.hub.cut
	b.hub.mu.Unlock()
	for _, n := range nodes {
		if n == b || cut {
			continue
		}
		n.mu.Lock()
		fn := n.fns[subject]
		n.mu.Unlock()
		if fn != nil {
			fn(subject, payload)
		}
	}
	return b.Local.Publish(subject, payload)
}

func (b *hubBus) Subscribe(subject string, fn func(string, []byte)) (func(), error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fns[subject] = fn
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.fns, subject)
	}, nil
}

func (b *hubBus) Close(ctx context.Context) error { return b.Local.Close(ctx) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func all(string) bool { return true }
