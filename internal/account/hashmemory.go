package account

import (
	"runtime/debug"
	"sync"
	"time"
)

const (
	// quiet is how long no password is hashed before the memory that hashing took is given back.
	quiet = 2 * time.Second
	// releaseGap is the shortest time between two such releases, of which each collects the garbage of the whole program.
	releaseGap = 30 * time.Second
)

// hashMemory gives memory back to the system after passwords were hashed. Each takes 19 MiB, of which the runtime would keep several
// until the next collection, minutes later on a quiet server.
type hashMemory struct {
	mu       sync.Mutex
	timer    *time.Timer // nil: nothing to give back
	released time.Time
	stopped  bool
	free     func()
}

func newHashMemory() *hashMemory { return &hashMemory{free: debug.FreeOSMemory} }

// used is called after each hash.
func (h *hashMemory) used() {
	h.mu.Lock()
	defer h.mu.Unlock()
	wait := max(quiet, releaseGap-time.Since(h.released))
	switch {
	case h.stopped:
	case h.timer == nil:
		h.timer = time.AfterFunc(wait, h.release)
	default:
		h.timer.Reset(wait)
	}
}

func (h *hashMemory) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return
	}
	h.timer, h.released = nil, time.Now()
	h.free()
}

func (h *hashMemory) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	if h.timer != nil {
		h.timer.Stop()
	}
}
