package appservice

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
)

// Bounds of a transaction. One event more may be larger than the last.
const (
	maxEvents    = 100
	maxEphemeral = 100
	maxBytes     = 1 << 20
	// maxStretches bounds what is read for one transaction in which there is little of interest.
	maxStretches = 16
)

// draft is a transaction in the making: what interests a service between two places in the lanes.
type draft struct {
	to        []store.Pos
	events    []json.RawMessage
	ephemeral []json.RawMessage
	size      int
	more      bool // there is more than was read
}

func (d *draft) empty() bool { return len(d.events) == 0 && len(d.ephemeral) == 0 }

func (d *draft) full() bool {
	return len(d.events) >= maxEvents || len(d.ephemeral) >= maxEphemeral || d.size >= maxBytes
}

// body is the transaction as it is sent.
func (d *draft) body() ([]byte, error) {
	events := d.events
	if events == nil {
		events = []json.RawMessage{}
	}
	return json.Marshal(struct {
		Events    []json.RawMessage `json:"events"`
		Ephemeral []json.RawMessage `json:"ephemeral,omitempty"`
	}{events, d.ephemeral})
}

// draft reads on from where the service has got to.
func (s *sender) draft(ctx context.Context) (d *draft, err error) {
	ends, err := s.d.Store.Positions(ctx)
	if err != nil {
		return nil, err
	}
	err = s.d.Store.Read(ctx, func(tx *store.Tx) error {
		d = &draft{to: slices.Clone(s.at)}
		r := reading{s: s, tx: tx, d: d, left: maxStretches}
		// Each time another lane comes first, so that a busy one does not keep the others waiting.
		s.turn++
		for i := range ends {
			lane := (s.turn + i) % len(ends)
			if err := r.lane(ctx, lane, ends[lane]); err != nil {
				return fmt.Errorf("reading lane %d for %s: %w", lane, s.service.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		s.rooms = newRoomCache() // it may be ahead of what will be read again
	}
	return d, err
}

// reading is the making of a draft.
type reading struct {
	s    *sender
	tx   *store.Tx
	d    *draft
	left int // stretches that may be read
}

func (r *reading) lane(ctx context.Context, lane int, end store.Pos) error {
	for r.d.to[lane] < end {
		if r.left == 0 || r.d.full() {
			r.d.more = true
			return nil
		}
		r.left--
		st, err := r.s.d.feed.read(ctx, r.tx, r.d.to[lane], end)
		if err != nil {
			return err
		}
		if r.d.to[lane], err = r.take(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

// take adds what interests the service, in order, until the draft is full, and returns up to where.
func (r *reading) take(ctx context.Context, st *stretch) (store.Pos, error) {
	receipts := st.receipts
	for _, ev := range st.events {
		for len(receipts) > 0 && receipts[0].Pos < ev.Pos {
			if r.d.full() {
				return receipts[0].Pos - 1, nil
			}
			if err := r.receipt(ctx, receipts[0]); err != nil {
				return 0, err
			}
			receipts = receipts[1:]
		}
		if r.d.full() {
			return ev.Pos - 1, nil
		}
		if err := r.event(ctx, ev); err != nil {
			return 0, err
		}
	}
	for _, c := range receipts {
		if r.d.full() {
			return c.Pos - 1, nil
		}
		if err := r.receipt(ctx, c); err != nil {
			return 0, err
		}
	}
	return st.to, nil
}

func (r *reading) event(ctx context.Context, ev *store.Event) error {
	wanted, err := r.s.interested(ctx, r.tx, ev)
	if err != nil || !wanted {
		return err
	}
	out, err := clientFormat(ctx, r.tx, ev)
	if err != nil {
		return err
	}
	r.d.events = append(r.d.events, out)
	r.d.size += len(out)
	return nil
}

// clientFormat is an event as clients see it (Application Service API, "Pushing events").
func clientFormat(ctx context.Context, tx *store.Tx, ev *store.Event) (json.RawMessage, error) {
	u := room.Unsigned{ReplacesState: ev.Replaces}
	var ids []string
	for _, id := range []string{ev.Replaces, ev.RedactedBy} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	others, err := tx.EventsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	for _, other := range others {
		switch other.ID {
		case ev.Replaces:
			u.PrevContent, u.PrevSender = other.Content(), other.Sender
		case ev.RedactedBy:
			u.RedactedBecause = room.AppendClient(nil, other, room.Unsigned{}, room.FormatOptions{Now: now})
		}
	}
	return room.AppendClient(nil, ev, u, room.FormatOptions{Now: now}), nil
}

// receipt adds a receipt, in an event of its own (Application Service API, "Pushing EDUs").
func (r *reading) receipt(ctx context.Context, c store.Receipt) error {
	if !r.s.service.ReceiveEphemeral || c.Type != "m.read" && !r.s.service.Owns(c.UserID) {
		return nil
	}
	wanted, err := r.s.interestedIn(ctx, r.tx, c.Room, c.RoomID, c.Pos)
	if err != nil || !wanted {
		return err
	}
	data := map[string]any{"ts": c.TS}
	if c.ThreadID != "" {
		data["thread_id"] = c.ThreadID
	}
	out, err := json.Marshal(map[string]any{
		"type": "m.receipt", "room_id": c.RoomID,
		"content": map[string]any{c.EventID: map[string]any{c.Type: map[string]any{c.UserID: data}}},
	})
	if err != nil {
		return err
	}
	r.d.ephemeral = append(r.d.ephemeral, out)
	r.d.size += len(out)
	return nil
}
