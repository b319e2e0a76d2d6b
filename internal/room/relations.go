package room

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

func eventIDIn(content []byte) string { return gjson.GetBytes(content, "event_id").Str }

// Bounds on following relations of relations.
const (
	recurseDepth = 3
	recurseMost  = 5000
)

// RelationsRequest asks for the events that relate to one event.
type RelationsRequest struct {
	RoomID, EventID    string
	RelType, EventType string // empty: any
	From, To           string // tokens
	Forward            bool
	Recurse            bool // also what relates to what relates to it
	Limit              int
}

// Related is a page of events that relate to one event.
type Related struct {
	Chunk []json.RawMessage `json:"chunk"`
	Next  string            `json:"next_batch,omitempty"`
	Prev  string            `json:"prev_batch,omitempty"`
	Depth *int              `json:"recursion_depth,omitempty"`
}

// Relations reads a page of what relates to an event (Client-Server API, GET /rooms/{roomId}/relations/{eventId}).
func (r *Reader) Relations(ctx context.Context, who Who, req RelationsRequest) (out *Related, err error) {
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		v, parent, err := r.event(ctx, tx, who, req.RoomID, req.EventID)
		if err != nil {
			return err
		}
		out, err = v.relations(ctx, tx, parent, req)
		return err
	})
	return out, err
}

func (v *View) relations(ctx context.Context, tx *store.Tx, parent Seen, req RelationsRequest) (*Related, error) {
	from, to, err := v.relationRange(ctx, tx, req)
	if err != nil {
		return nil, err
	}
	out := &Related{}
	targets := []string{parent.ID}
	if req.Recurse {
		var depth int
		if targets, depth, err = descend(ctx, tx, parent.Event); err != nil {
			return nil, fmt.Errorf("following relations: %w", err)
		}
		out.Depth = &depth
	}
	s := &relatedScan{view: v, limit: req.Limit, query: store.RelatedQuery{
		Room: v.Room.Num, Targets: targets, RelType: req.RelType, EventType: req.EventType, From: from, To: to, Oldest: req.Forward,
	}}
	if err := s.run(ctx, tx); err != nil {
		return nil, fmt.Errorf("reading relations: %w", err)
	}
	if out.Chunk, err = v.client(ctx, tx, s.found); err != nil {
		return nil, err
	}
	if s.more {
		out.Next = token.Page(s.at)
	}
	out.Prev = req.From
	return out, nil
}

// relationRange is the range (from, to] that the tokens of a request and the user's view leave.
func (v *View) relationRange(ctx context.Context, tx *store.Tx, req RelationsRequest) (from, to store.Pos, err error) {
	lane := store.Pos(v.Room.Num).Lane()
	from, to = store.MakePos(lane, 0), v.bound()
	low, high := req.From, req.To
	if !req.Forward {
		low, high = req.To, req.From
	}
	if low != "" {
		if from, err = parsePage(ctx, tx, low, lane); err != nil {
			return 0, 0, err
		}
	}
	if high != "" {
		pos, err := parsePage(ctx, tx, high, lane)
		if err != nil {
			return 0, 0, err
		}
		to = min(to, pos)
	}
	return from, to, nil
}

// relatedScan walks over what relates to some events until it has found enough.
type relatedScan struct {
	view  *View
	query store.RelatedQuery
	limit int

	at    store.Pos // the gap that the walk has come to
	found []Seen
	more  bool // the walk ended before the events did
}

func (s *relatedScan) run(ctx context.Context, tx *store.Tx) error {
	for looked := 0; ; {
		s.query.Limit = s.limit - len(s.found) + 1 // one more tells whether anything is left
		batch, err := tx.Related(ctx, s.query)
		if err != nil {
			return err
		}
		full, err := s.take(ctx, tx, batch)
		if err != nil {
			return err
		}
		looked += len(batch)
		if full || len(batch) < s.query.Limit || looked >= pageScan {
			s.more = full || len(batch) == s.query.Limit
			return nil
		}
	}
}

// take moves on over a batch and keeps what the user may see of it. full: it stopped before the batch's end, having enough.
func (s *relatedScan) take(ctx context.Context, tx *store.Tx, batch []*store.Event) (full bool, err error) {
	seen, err := s.view.see(ctx, tx, batch)
	if err != nil {
		return false, err
	}
	for _, ev := range batch {
		if len(s.found) >= s.limit {
			return true, nil
		}
		if i := slices.IndexFunc(seen, func(x Seen) bool { return x.Event == ev }); i >= 0 && s.view.wants(ev) {
			s.found = append(s.found, seen[i])
		}
		if s.query.Oldest {
			s.query.From, s.at = ev.Pos, ev.Pos
		} else {
			s.query.To, s.at = ev.Pos-1, ev.Pos-1
		}
	}
	return false, nil
}

// descend lists an event and what relates to it over several steps, without the last step, whose events need not be looked behind.
func descend(ctx context.Context, tx *store.Tx, root *store.Event) (targets []string, depth int, err error) {
	targets = []string{root.ID}
	level := targets
	known := map[string]bool{root.ID: true}
	for depth = 1; depth < recurseDepth && len(level) > 0 && len(targets) < recurseMost; depth++ {
		ids, err := tx.RelatedIDs(ctx, root.Room, level, recurseMost-len(targets))
		if err != nil {
			return nil, 0, err
		}
		level = slices.DeleteFunc(ids, func(id string) bool { return known[id] })
		for _, id := range level {
			known[id] = true
		}
		targets = append(targets, level...)
	}
	return targets, depth, nil
}
