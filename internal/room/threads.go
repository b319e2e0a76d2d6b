package room

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// ThreadsRequest asks for the threads of a room.
type ThreadsRequest struct {
	RoomID       string
	Participated bool // only those that the user took part in
	From         string
	Limit        int
}

// ThreadList is a page of thread roots, the most recently active first.
type ThreadList struct {
	Chunk []json.RawMessage `json:"chunk"`
	Next  string            `json:"next_batch,omitempty"`
}

// Threads lists the threads of a room (Client-Server API, GET /rooms/{roomId}/threads).
func (r *Reader) Threads(ctx context.Context, who Who, req ThreadsRequest) (out *ThreadList, err error) {
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		v, err := r.view(ctx, tx, who, req.RoomID)
		if err != nil {
			return err
		}
		out, err = v.threads(ctx, tx, req)
		return err
	})
	return out, err
}

func (v *View) threads(ctx context.Context, tx *store.Tx, req ThreadsRequest) (*ThreadList, error) {
	to := v.bound()
	if req.From != "" {
		pos, err := parsePage(ctx, tx, req.From, store.Pos(v.Room.Num).Lane())
		if err != nil {
			return nil, err
		}
		to = min(to, pos)
	}
	participant := ""
	if req.Participated {
		participant = v.User
	}
	found, err := tx.Threads(ctx, store.ThreadsQuery{
		Room: v.Room.Num, To: to, Bound: v.bound(), Without: v.Ignored, Participant: participant, Limit: req.Limit + 1,
	})
	if err != nil {
		return nil, fmt.Errorf("reading threads: %w", err)
	}
	out := &ThreadList{Chunk: []json.RawMessage{}}
	if len(found) > req.Limit {
		found = found[:req.Limit]
		out.Next = token.Page(found[req.Limit-1].Latest - 1)
	}
	roots, err := v.roots(ctx, tx, found)
	if err != nil {
		return nil, err
	}
	out.Chunk, err = v.client(ctx, tx, roots)
	return out, err
}

// roots loads the roots of threads that the user may see, in order. One that an ignored user sent is shown as if it were redacted.
func (v *View) roots(ctx context.Context, tx *store.Tx, threads []store.Thread) ([]Seen, error) {
	ids := make([]string, len(threads))
	for i, th := range threads {
		ids[i] = th.Root
	}
	events, err := tx.EventsByID(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading the roots of threads: %w", err)
	}
	events = slices.DeleteFunc(events, func(ev *store.Event) bool { return ev.Room != v.Room.Num })
	slices.SortFunc(events, func(a, b *store.Event) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	seen, err := v.see(ctx, tx, events)
	if err != nil {
		return nil, err
	}
	for i, s := range seen {
		if v.wants(s.Event) {
			continue
		}
		if seen[i].Event, err = redacted(v.Room.Version, s.Event); err != nil {
			return nil, err
		}
	}
	return seen, nil
}
