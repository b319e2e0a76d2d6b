package room

import "sync"

// bell tells who waits for a lane that it has moved on.
type bell struct {
	mu    sync.Mutex
	lanes map[int]chan struct{} // closed when the lane moves; only of lanes for which somebody waits
}

// next is closed when the lane moves the next time.
func (b *bell) next(lane int) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lanes == nil {
		b.lanes = map[int]chan struct{}{}
	}
	if b.lanes[lane] == nil {
		b.lanes[lane] = make(chan struct{})
	}
	return b.lanes[lane]
}

func (b *bell) ring(lane int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.lanes[lane]; c != nil {
		close(c)
		delete(b.lanes, lane)
	}
}

// LaneMoved wakes those who peek into rooms of a lane: something was committed there, by this node or another. It does not block.
func (r *Reader) LaneMoved(lane int) { r.bell.ring(lane) }
