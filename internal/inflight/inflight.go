// Package inflight sheds load: it bounds how much work of each class is done at once, how much may wait for its turn, and for how long.
//
// Its invariants: memory and waiting are bounded, whatever comes in; who waits is served in the order of arrival; who is refused is told when to
// come back and was not begun with, so that resending is safe. One class never takes the places of another.
//
// It does not interrupt work that was let in.
package inflight

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
)

// Limit is what one class may use.
type Limit struct {
	Running  int           // at once; 0 for any number
	Waiting  int           // for a turn
	Patience time.Duration // how long one waits before it is refused, and after which it is asked to come back
}

// Gates is a gate for each class.
type Gates struct{ gates map[string]*gate }

type gate struct {
	limit   Limit
	turns   chan struct{} // holds one for each that runs; those that wait do so on it, which the runtime serves in order
	waiting atomic.Int64
	refused atomic.Uint64
}

// New makes gates with the given limits. A class without one is not limited.
func New(limits map[string]Limit) *Gates {
	g := &Gates{gates: make(map[string]*gate, len(limits))}
	for class, l := range limits {
		if l.Running > 0 {
			g.gates[class] = &gate{limit: l, turns: make(chan struct{}, l.Running)}
		}
	}
	return g
}

// Enter waits for a turn. The caller must call leave when its work is done. The error is an mxerr (503) when there is no turn to be had, or
// that of ctx.
func (g *Gates) Enter(ctx context.Context, class string) (leave func(), err error) {
	gate := g.gates[class]
	if gate == nil {
		return func() {}, nil
	}
	if err := gate.enter(ctx); err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() { <-gate.turns }), nil
}

func (g *gate) enter(ctx context.Context) error {
	select {
	case g.turns <- struct{}{}:
		return nil
	default:
	}
	if g.waiting.Add(1) > int64(g.limit.Waiting) {
		g.waiting.Add(-1)
		return g.refuse()
	}
	defer g.waiting.Add(-1)
	patience := time.NewTimer(g.limit.Patience)
	defer patience.Stop()
	select {
	case g.turns <- struct{}{}:
		return nil
	case <-patience.C:
		return g.refuse()
	case <-ctx.Done():
		return fmt.Errorf("waiting for a turn: %w", ctx.Err())
	}
}

func (g *gate) refuse() error {
	g.refused.Add(1)
	return mxerr.Unavailable(max(g.limit.Patience, time.Second))
}

// Stats is the state of one class.
type Stats struct {
	Running, Waiting int
	Refused          uint64
}

// Stats tells the state of every limited class, for metrics.
func (g *Gates) Stats() map[string]Stats {
	out := make(map[string]Stats, len(g.gates))
	for class, gate := range g.gates {
		out[class] = Stats{Running: len(gate.turns), Waiting: int(gate.waiting.Load()), Refused: gate.refused.Load()}
	}
	return out
}
