package room

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// EventAt finds the event nearest to a time in one direction, of those that the user may see (Client-Server API, GET
// /rooms/{roomId}/timestamp_to_event).
//
// Events have no index by time, which every send would pay for. They are nearly in order of time, so the place is found by halving and
// the neighbourhood is then searched exactly.
func (r *Reader) EventAt(ctx context.Context, who Who, roomID string, ts int64, forward bool) (id string, at int64, err error) {
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		v, err := r.view(ctx, tx, who, roomID)
		if err != nil {
			return err
		}
		found, err := v.nearest(ctx, tx, ts, forward)
		if err == nil {
			id, at = found.ID, found.TS
		}
		return err
	})
	return id, at, err
}

// neighbours is how many events on either side of the place are searched.
const neighbours = 100

func (v *View) nearest(ctx context.Context, tx *store.Tx, ts int64, forward bool) (Seen, error) {
	place, err := v.placeOf(ctx, tx, ts)
	if err != nil {
		return Seen{}, fmt.Errorf("looking for an event by its time: %w", err)
	}
	near, err := v.nearby(ctx, tx, place)
	if err != nil {
		return Seen{}, err
	}
	if best := closest(near, ts, forward); best != nil {
		return *best, nil
	}
	// None of the neighbours may be seen, or none is on the right side: the next one that may be.
	s := &scan{view: v, forward: forward, limit: 1, at: place - 1, from: store.MakePos(place.Lane(), 0), to: v.bound()}
	if forward {
		s.from = place - 1
	} else {
		s.to = min(s.to, place-1)
	}
	if err := s.run(ctx, tx); err != nil {
		return Seen{}, err
	}
	if best := closest(s.found, ts, forward); best != nil {
		return *best, nil
	}
	return Seen{}, mxerr.NotFoundf("There is no event on that side of the given time")
}

// placeOf is the position of the first event at or after a time, as if events were in order of time; past the last event if there is none.
func (v *View) placeOf(ctx context.Context, tx *store.Tx, ts int64) (store.Pos, error) {
	last, err := tx.EventsBefore(ctx, v.Room.Num, 0, v.bound(), 1)
	if err != nil || len(last) == 0 {
		return 0, err
	}
	low, high := store.Pos(v.Room.Num), last[0].Pos+1
	for low < high {
		mid := low + (high-low)/2
		pos, at, err := tx.EventTime(ctx, v.Room.Num, mid)
		switch {
		case errors.Is(err, store.ErrNotFound) || err == nil && at >= ts:
			high = mid
		case err != nil:
			return 0, err
		default:
			low = pos + 1
		}
	}
	return low, nil
}

func (v *View) nearby(ctx context.Context, tx *store.Tx, place store.Pos) ([]Seen, error) {
	before, err := tx.EventsBefore(ctx, v.Room.Num, 0, min(v.bound(), place-1), neighbours)
	if err != nil {
		return nil, err
	}
	after, err := tx.EventsAfter(ctx, v.Room.Num, place-1, v.bound(), neighbours)
	if err != nil {
		return nil, err
	}
	slices.Reverse(before)
	return v.see(ctx, tx, append(before, after...))
}

// closest is the event nearest to a time in one direction; nil if there is none. Of several at the same time it is the first to come.
func closest(events []Seen, ts int64, forward bool) *Seen {
	var best *Seen
	for i, s := range events {
		switch {
		case forward && s.TS >= ts && (best == nil || s.TS < best.TS):
			best = &events[i]
		case !forward && s.TS <= ts && (best == nil || s.TS >= best.TS):
			best = &events[i]
		}
	}
	return best
}
