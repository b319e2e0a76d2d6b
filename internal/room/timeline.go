package room

import (
	"context"
	"encoding/json"
	"fmt"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// Bounds of one page of a room's events.
const (
	pageScan    = 1000 // events that are looked at
	pageBatch   = 100  // events in one query, unless more are wanted
	relationsOf = 5000 // relations that a filter by relation looks at in one query
)

// PageRequest asks for a page of a room's events.
type PageRequest struct {
	RoomID   string
	From, To string // tokens; empty: from the end of the room that Forward tells, and as far as there is
	Forward  bool
	Limit    int
	Filter   *filter.RoomEvents
}

// Page is a page of a room's events, in the form for clients.
type Page struct {
	Start string            `json:"start"`
	End   string            `json:"end,omitempty"` // empty: nothing more
	Chunk []json.RawMessage `json:"chunk"`
	State []json.RawMessage `json:"state,omitempty"`
}

// Messages reads a page of a room's history (Client-Server API, GET /rooms/{roomId}/messages).
func (r *Reader) Messages(ctx context.Context, who Who, req PageRequest) (*Page, error) {
	var page *Page
	err := r.store.Read(ctx, func(tx *store.Tx) error {
		v, err := r.view(ctx, tx, who, req.RoomID)
		if err != nil {
			return err
		}
		page, err = v.messages(ctx, tx, req)
		return err
	})
	return page, err
}

func (v *View) messages(ctx context.Context, tx *store.Tx, req PageRequest) (*Page, error) {
	s := &scan{view: v, filter: req.Filter, forward: req.Forward, limit: req.Limit}
	start, err := s.setRange(ctx, tx, req.From, req.To)
	if err != nil {
		return nil, err
	}
	if err := s.run(ctx, tx); err != nil {
		return nil, fmt.Errorf("reading a page: %w", err)
	}
	page := &Page{Start: start}
	if s.more {
		page.End = token.Page(s.at)
	}
	if page.Chunk, err = v.client(ctx, tx, s.found); err != nil {
		return nil, err
	}
	page.State, err = v.lazyMembers(ctx, tx, s.found, req.Filter)
	return page, err
}

// scan walks over a room's events until it has found enough.
type scan struct {
	view    *View
	filter  *filter.RoomEvents
	forward bool
	limit   int

	at       store.Pos // the gap that the walk has come to
	from, to store.Pos // events in (from, to] are of interest
	found    []Seen
	more     bool // the walk ended before the events did
}

// setRange reads the tokens and returns the one of the start.
func (s *scan) setRange(ctx context.Context, tx *store.Tx, from, to string) (start string, err error) {
	lane := store.Pos(s.view.Room.Num).Lane()
	s.from, s.to = store.MakePos(lane, 0), s.view.bound()
	if to != "" {
		pos, err := parsePage(ctx, tx, to, lane)
		if err != nil {
			return "", err
		}
		if s.forward {
			s.to = min(s.to, pos)
		} else {
			s.from = pos
		}
	}
	switch {
	case from != "":
		if s.at, err = parsePage(ctx, tx, from, lane); err != nil {
			return "", err
		}
		start = from
	case s.forward:
		s.at = s.from
	default:
		last, err := s.newest(ctx, tx)
		if err != nil {
			return "", err
		}
		s.at = last
	}
	if start == "" {
		start = token.Page(s.at)
	}
	if s.forward {
		s.from = max(s.from, s.at)
	} else {
		s.to = min(s.to, s.at)
	}
	return start, nil
}

// newest is the position of the last event up to the scan's end.
func (s *scan) newest(ctx context.Context, tx *store.Tx) (store.Pos, error) {
	last, err := tx.EventsBefore(ctx, s.view.Room.Num, 0, s.to, 1)
	if err != nil || len(last) == 0 {
		return s.from, err
	}
	return last[0].Pos, nil
}

func (s *scan) run(ctx context.Context, tx *store.Tx) error {
	if s.filter.PassesNothing() || !s.filter.PassesRoom(s.view.Room.ID) {
		return nil
	}
	for looked := 0; ; {
		size := s.batchSize()
		batch, err := s.next(ctx, tx, size)
		if err != nil {
			return err
		}
		looked += len(batch)
		full, visible, err := s.take(ctx, tx, batch)
		if err != nil {
			return err
		}
		switch {
		case full:
			s.more = true
			return nil
		case len(batch) < size:
			return nil
		case looked >= pageScan:
			s.more = true
			return nil
		}
		if !visible {
			if more, err := s.skip(ctx, tx); err != nil || !more {
				return err
			}
		}
	}
}

// batchSize is how many events to read next: those still wanted and one more, which tells whether anything is left; with a filter, some
// to choose from.
func (s *scan) batchSize() int {
	wanted := s.limit - len(s.found) + 1
	if s.filter.PassesAll() {
		return wanted
	}
	return max(wanted, pageBatch)
}

func (s *scan) next(ctx context.Context, tx *store.Tx, size int) ([]*store.Event, error) {
	if s.forward {
		return tx.EventsAfter(ctx, s.view.Room.Num, s.from, s.to, size)
	}
	return tx.EventsBefore(ctx, s.view.Room.Num, s.from, s.to, size)
}

// take moves on over a batch and keeps what is wanted of it. full: it stopped before the batch's end, having enough.
func (s *scan) take(ctx context.Context, tx *store.Tx, batch []*store.Event) (full, visible bool, err error) {
	seen, err := s.view.see(ctx, tx, batch)
	if err != nil {
		return false, false, err
	}
	wanted, err := s.view.filtered(ctx, tx, seen, s.filter)
	if err != nil {
		return false, false, err
	}
	for _, ev := range batch {
		if len(s.found) >= s.limit {
			return true, len(seen) > 0, nil
		}
		if w, ok := wanted[ev.ID]; ok {
			s.found = append(s.found, w)
		}
		s.pass(ev.Pos)
	}
	return false, len(seen) > 0, nil
}

// pass moves the walk over the event at a position.
func (s *scan) pass(pos store.Pos) {
	if s.forward {
		s.at, s.from = pos, pos
		return
	}
	s.at, s.to = pos-1, pos-1
}

// skip jumps over events that must all be hidden, for the same reason as the batch before: to where the reason next changes.
func (s *scan) skip(ctx context.Context, tx *store.Tx) (more bool, err error) {
	change, err := tx.AccessChange(ctx, s.view.Room.Num, s.view.User, s.edge(), !s.forward)
	if err != nil || change == 0 {
		return false, err
	}
	if s.forward {
		s.from = max(s.from, change-1)
	} else {
		s.to = min(s.to, change)
	}
	return true, nil
}

// edge is the last event that was passed.
func (s *scan) edge() store.Pos {
	if s.forward {
		return s.at
	}
	return s.at + 1
}

// filtered picks the events that a filter lets through and whose senders are not ignored, by event id.
func (v *View) filtered(ctx context.Context, tx *store.Tx, seen []Seen, f *filter.RoomEvents) (map[string]Seen, error) {
	out := make(map[string]Seen, len(seen))
	if f.PassesAll() {
		for _, s := range seen {
			if v.wants(s.Event) {
				out[s.ID] = s
			}
		}
		return out, nil
	}
	kinds, err := relationKinds(ctx, tx, seen, f)
	if err != nil {
		return nil, err
	}
	for _, s := range seen {
		fe := &filter.Event{
			Type: s.Type, Sender: s.Sender, RoomID: s.RoomID, Content: s.Content(),
			Related: func(senders, relTypes []string) bool { return kinds.any(s.ID, senders, relTypes) },
		}
		if v.wants(s.Event) && f.Passes(fe) {
			out[s.ID] = s
		}
	}
	return out, nil
}

// parsePage reads a token as a place in a lane, which the database that is read must have reached: a standby may be behind what another
// node has shown the client.
func parsePage(ctx context.Context, tx *store.Tx, text string, lane int) (store.Pos, error) {
	pos, err := token.ParsePage(text, lane)
	if err != nil {
		return 0, err
	}
	return pos, tx.MustHave(ctx, pos)
}
