package room

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// Context is an event and what surrounds it.
type Context struct {
	Start  string            `json:"start"`
	End    string            `json:"end"`
	Before []json.RawMessage `json:"events_before"` // newest first
	Event  json.RawMessage   `json:"event"`
	After  []json.RawMessage `json:"events_after"`
	State  []json.RawMessage `json:"state"`
}

// Context reads an event with what happened just before and after it (Client-Server API, GET /rooms/{roomId}/context/{eventId}). The
// limit is for both sides together; what one side does not use, the other gets.
func (r *Reader) Context(ctx context.Context, who Who, roomID, eventID string, limit int, f *filter.RoomEvents) (*Context, error) {
	var out *Context
	err := r.store.Read(ctx, func(tx *store.Tx) error {
		v, ev, err := r.event(ctx, tx, who, roomID, eventID)
		if err != nil {
			return err
		}
		out, err = v.context(ctx, tx, ev, limit, f)
		return err
	})
	return out, err
}

func (v *View) context(ctx context.Context, tx *store.Tx, ev Seen, limit int, f *filter.RoomEvents) (*Context, error) {
	lane := ev.Pos.Lane()
	before := &scan{view: v, filter: f, limit: limit - limit/2, at: ev.Pos - 1, from: store.MakePos(lane, 0), to: ev.Pos - 1}
	if err := before.run(ctx, tx); err != nil {
		return nil, fmt.Errorf("reading what came before: %w", err)
	}
	after := &scan{view: v, filter: f, forward: true, limit: limit - len(before.found), at: ev.Pos, from: ev.Pos, to: v.bound()}
	if err := after.run(ctx, tx); err != nil {
		return nil, fmt.Errorf("reading what came after: %w", err)
	}
	all := append(append([]Seen{ev}, before.found...), after.found...)
	texts, err := v.client(ctx, tx, all)
	if err != nil {
		return nil, err
	}
	out := &Context{Start: token.Page(before.at), End: token.Page(after.at), Event: texts[0]}
	out.Before, out.After = texts[1:1+len(before.found)], texts[1+len(before.found):]
	last := ev
	if n := len(after.found); n > 0 {
		last = after.found[n-1]
	}
	out.State, err = v.stateFor(ctx, tx, last.Pos, all, f)
	return out, err
}

// stateFor is the state at a position, as far as the filter wants it: of the members, with lazy loading, only those who sent the events.
func (v *View) stateFor(ctx context.Context, tx *store.Tx, at store.Pos, events []Seen, f *filter.RoomEvents) ([]json.RawMessage, error) {
	state, err := tx.StateAtWithoutMembers(ctx, v.Room.Num, at)
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	var senders []string // nil: all
	if lazy, _ := f.LazyMembers(); lazy {
		for _, s := range events {
			senders = append(senders, s.Sender)
		}
		slices.Sort(senders)
		senders = slices.Compact(senders)
	}
	members, err := tx.MembersAt(ctx, v.Room.Num, at, senders)
	if err != nil {
		return nil, fmt.Errorf("reading the members: %w", err)
	}
	state = slices.DeleteFunc(append(state, members...), func(ev *store.Event) bool {
		return !f.Passes(&filter.Event{Type: ev.Type, Sender: ev.Sender, RoomID: ev.RoomID, Content: ev.Content()})
	})
	return v.clientState(ctx, tx, state)
}
