package sync

import (
	"container/heap"
	"context"
	"fmt"

	"bongsu.org/bongsu/internal/store"
)

// pastChunk is how many events of a room are read at once.
const pastChunk = 30

// past walks back over the events of many rooms: within a lane by position, between lanes by time. A room costs nothing beyond its
// newest position until the walk comes to it.
type past struct {
	a     *answer
	lanes []laneHeap
}

// roomPast is what of one room is still to come. next is the position of its first event, of which events begins, if they are read.
type roomPast struct {
	m      *member
	next   store.Pos
	events []*store.Event
}

// laneHeap is the rooms of one lane, the one with the newest event first.
type laneHeap []*roomPast

func (h laneHeap) Len() int           { return len(h) }
func (h laneHeap) Less(i, j int) bool { return h[i].next > h[j].next }
func (h laneHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *laneHeap) Push(x any)        { *h = append(*h, x.(*roomPast)) }

func (h *laneHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// newPast begins at the given positions, one a lane. Of a room that the user is invited to there is the invite alone.
func (a *answer) newPast(ctx context.Context, from []store.Pos) (*past, error) {
	p := &past{a: a, lanes: make([]laneHeap, len(from))}
	rooms := make([][]int64, len(from))
	members := map[int64]*member{}
	for _, m := range a.snap.rooms {
		lane := store.Pos(m.room).Lane()
		switch {
		case m.membership == "join":
			rooms[lane] = append(rooms[lane], m.room)
			members[m.room] = m
		case m.membership == "invite" && m.pos <= from[lane]:
			p.lanes[lane] = append(p.lanes[lane], &roomPast{m: m, next: m.pos})
		}
	}
	err := a.s.Store.Read(ctx, func(tx *store.Tx) error {
		for lane, list := range rooms {
			if len(list) == 0 {
				continue
			}
			last, err := tx.LastEventsIn(ctx, list, from[lane])
			if err != nil {
				return err
			}
			for room, pos := range last {
				p.lanes[lane] = append(p.lanes[lane], &roomPast{m: members[room], next: pos})
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading how far rooms have got: %w", err)
	}
	for lane := range p.lanes {
		heap.Init(&p.lanes[lane])
	}
	return p, nil
}

// top is the room with the newest event; nil at the end.
func (p *past) top(ctx context.Context) (*roomPast, error) {
	var best *roomPast
	for _, h := range p.lanes {
		if len(h) == 0 {
			continue
		}
		r := h[0]
		if err := p.load(ctx, r); err != nil {
			return nil, err
		}
		if best == nil || r.events[0].TS > best.events[0].TS {
			best = r
		}
	}
	return best, nil
}

// load reads a room's next events.
func (p *past) load(ctx context.Context, r *roomPast) error {
	if len(r.events) > 0 {
		return nil
	}
	limit := pastChunk
	if r.m.membership == "invite" {
		limit = 1
	}
	err := p.a.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		r.events, err = tx.EventsBefore(ctx, r.m.room, 0, r.next, limit)
		return err
	})
	if err == nil && len(r.events) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("reading back in a room: %w", err)
	}
	return nil
}

// pass moves on over the newest event of the room at the top of its lane.
func (p *past) pass(ctx context.Context, r *roomPast) error {
	passed := r.events[0]
	r.events = r.events[1:]
	h := &p.lanes[passed.Pos.Lane()]
	if r.m.membership == "invite" {
		heap.Pop(h)
		return nil
	}
	if len(r.events) == 0 {
		err := p.a.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
			r.events, err = tx.EventsBefore(ctx, r.m.room, 0, passed.Pos-1, pastChunk)
			return err
		})
		if err != nil {
			return fmt.Errorf("reading back in a room: %w", err)
		}
	}
	if len(r.events) == 0 {
		heap.Pop(h)
		return nil
	}
	r.next = r.events[0].Pos
	heap.Fix(h, 0)
	return nil
}

// drop leaves out what is still to come of the room at the top of its lane.
func (p *past) drop(r *roomPast) { heap.Pop(&p.lanes[store.Pos(r.m.room).Lane()]) }

// at is where the walk has come to: what is at or below these sequences is still to come. ended: nothing is.
func (p *past) at() (lanes []int64, ended bool) {
	ended = true
	for _, h := range p.lanes {
		if len(h) == 0 {
			lanes = append(lanes, 0)
			continue
		}
		ended = false
		lanes = append(lanes, h[0].next.Seq())
	}
	return lanes, ended
}
