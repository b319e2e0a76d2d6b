package room

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// State is a room's state in the form for clients: as it is, or as it was when the user left.
func (r *Reader) State(ctx context.Context, who Who, roomID string) (out []json.RawMessage, err error) {
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		v, err := r.view(ctx, tx, who, roomID)
		if err != nil {
			return err
		}
		events, err := tx.StateAt(ctx, v.Room.Num, v.stateAt())
		if err != nil {
			return fmt.Errorf("reading the state: %w", err)
		}
		out, err = v.clientState(ctx, tx, events)
		return err
	})
	return out, err
}

var errNoState = mxerr.NotFoundf("The room has no such state")

// StateEvent is one entry of a room's state: its content, or with whole the event in the form for clients.
func (r *Reader) StateEvent(ctx context.Context, who Who, roomID string, key store.StateKey, whole bool) (out json.RawMessage, err error) {
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		v, err := r.view(ctx, tx, who, roomID)
		if err != nil {
			return err
		}
		ev, err := tx.StateEventAt(ctx, v.Room.Num, key, v.stateAt())
		if errors.Is(err, store.ErrNotFound) {
			return errNoState
		}
		if err != nil {
			return fmt.Errorf("reading the state: %w", err)
		}
		if !whole {
			out = ev.Content()
			return nil
		}
		events, err := v.clientState(ctx, tx, []*store.Event{ev})
		if err == nil {
			out = events[0]
		}
		return err
	})
	return out, err
}

var errNoEvent = mxerr.NotFoundf("There is no such event, or you may not see it")

// Event is one event in the form for clients. One that the user may not see is one that does not exist.
func (r *Reader) Event(ctx context.Context, who Who, roomID, eventID string) (out json.RawMessage, err error) {
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		v, ev, err := r.event(ctx, tx, who, roomID, eventID)
		if err != nil {
			return err
		}
		out, err = v.clientOne(ctx, tx, ev)
		return err
	})
	return out, err
}

// event finds an event that the user may see.
func (r *Reader) event(ctx context.Context, tx *store.Tx, who Who, roomID, eventID string) (*View, Seen, error) {
	v, err := r.view(ctx, tx, who, roomID)
	if errors.Is(err, errNotInRoom) {
		return nil, Seen{}, errNoEvent
	}
	if err != nil {
		return nil, Seen{}, err
	}
	seen, err := v.eventByID(ctx, tx, eventID)
	return v, seen, err
}

// eventByID finds an event of the room that the user may see.
func (v *View) eventByID(ctx context.Context, tx *store.Tx, eventID string) (Seen, error) {
	ev, err := tx.EventByID(ctx, eventID)
	if errors.Is(err, store.ErrNotFound) || err == nil && ev.Room != v.Room.Num {
		return Seen{}, errNoEvent
	}
	if err != nil {
		return Seen{}, fmt.Errorf("reading an event: %w", err)
	}
	seen, err := v.see(ctx, tx, []*store.Event{ev})
	if err != nil {
		return Seen{}, err
	}
	if len(seen) == 0 {
		return Seen{}, errNoEvent
	}
	return seen[0], nil
}
