package room

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// snapshotEvents is how many of the newest events a snapshot has.
const snapshotEvents = 20

// Snapshot is a room's state and its newest events, for who peeks into it.
type Snapshot struct {
	RoomID      string            `json:"room_id"`
	Membership  string            `json:"membership,omitempty"`
	Messages    Page              `json:"messages"`
	State       []json.RawMessage `json:"state"`
	Visibility  string            `json:"visibility"`
	AccountData []accountEntry    `json:"account_data"`
}

type accountEntry struct {
	Type    string          `json:"type"`
	Content json.RawMessage `json:"content"`
}

// Snapshot reads a room as it is (Client-Server API, "Room Previews", GET /rooms/{roomId}/initialSync).
func (r *Reader) Snapshot(ctx context.Context, who Who, roomID string) (out *Snapshot, err error) {
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		v, err := r.view(ctx, tx, who, roomID)
		if err != nil {
			return err
		}
		out, err = v.snapshot(ctx, tx)
		return err
	})
	return out, err
}

func (v *View) snapshot(ctx context.Context, tx *store.Tx) (*Snapshot, error) {
	out := &Snapshot{RoomID: v.Room.ID, Visibility: "private"}
	if v.Room.Published {
		out.Visibility = "public"
	}
	if v.since != 0 {
		out.Membership = v.Membership
	}
	page, err := v.messages(ctx, tx, PageRequest{Limit: snapshotEvents})
	if err != nil {
		return nil, err
	}
	// Here the oldest comes first, so that the page's tokens change places.
	slices.Reverse(page.Chunk)
	out.Messages = Page{Start: page.End, End: page.Start, Chunk: page.Chunk}
	if out.Messages.Start == "" {
		out.Messages.Start = token.Page(store.MakePos(store.Pos(v.Room.Num).Lane(), 0))
	}
	state, err := tx.StateAt(ctx, v.Room.Num, v.stateAt())
	if err != nil {
		return nil, err
	}
	if out.State, err = v.clientState(ctx, tx, state); err != nil {
		return nil, err
	}
	out.AccountData, err = accountDataOf(ctx, tx, v.User, v.Room.ID)
	return out, err
}

func accountDataOf(ctx context.Context, tx *store.Tx, user, roomID string) ([]accountEntry, error) {
	out := []accountEntry{}
	all, err := tx.RoomAccountData(ctx, user, roomID)
	for _, d := range all {
		out = append(out, accountEntry{d.Type, d.Content})
	}
	return out, err
}

// AnyEvent is one event in the form for clients, whatever its room (Client-Server API, GET /events/{eventId}, deprecated).
func (r *Reader) AnyEvent(ctx context.Context, who Who, eventID string) (out json.RawMessage, err error) {
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		ev, err := tx.EventByID(ctx, eventID)
		if errors.Is(err, store.ErrNotFound) {
			return errNoEvent
		}
		if err != nil {
			return err
		}
		v, seen, err := r.event(ctx, tx, who, ev.RoomID, eventID)
		if err != nil {
			return err
		}
		out, err = v.clientOne(ctx, tx, seen)
		return err
	})
	return out, err
}

// MutualRooms lists the rooms that two users are both in, in the order of their ids after the given one; next is where to go on, empty
// at the end, and count how many there are in all.
func (r *Reader) MutualRooms(ctx context.Context, a, b, after string, limit int) (rooms []string, next string, count int64, err error) {
	rooms = []string{}
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		found, err := tx.MutualRooms(ctx, a, b, after, limit+1)
		if err != nil {
			return err
		}
		if len(found) > limit {
			found = found[:limit]
			next = found[limit-1]
		}
		rooms = append(rooms, found...)
		count, err = tx.CountMutualRooms(ctx, a, b)
		return err
	})
	return rooms, next, count, err
}
