package load

import (
	"context"
	"sync"
)

// gate lets operations begin, or holds them back.
type gate struct {
	mu      sync.Mutex
	open    chan struct{} // closed while operations may begin
	running int
	idle    chan struct{} // closed while none runs
}

func newGate() *gate {
	g := &gate{open: make(chan struct{}), idle: make(chan struct{})}
	close(g.idle)
	return g
}

// enter waits until operations may begin. It returns false when ctx ends.
func (g *gate) enter(ctx context.Context) bool {
	for {
		g.mu.Lock()
		open := g.open
		select {
		case <-open:
			if g.running == 0 {
				g.idle = make(chan struct{})
			}
			g.running++
			g.mu.Unlock()
			return true
		default:
		}
		g.mu.Unlock()
		select {
		case <-ctx.Done():
			return false
		case <-open:
		}
	}
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running--; g.running == 0 {
		close(g.idle)
	}
}

func (g *gate) allow() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.open:
	default:
		close(g.open)
	}
}

// hold lets nothing begin any more, and waits until nothing runs, or ctx ends.
func (g *gate) hold(ctx context.Context) bool {
	g.mu.Lock()
	select {
	case <-g.open:
		g.open = make(chan struct{})
	default:
	}
	idle := g.idle
	g.mu.Unlock()
	select {
	case <-idle:
		return true
	case <-ctx.Done():
		return false
	}
}
