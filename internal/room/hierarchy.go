package room

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Bounds of a walk through a space.
const (
	HierarchyDepth = 50   // how deep at most
	hierarchyRooms = 5000 // how many rooms at most, over all pages
	spaceChildren  = 1000 // of one space
)

const (
	spaceType  = "m.space"
	spaceChild = "m.space.child"
)

// HierarchyRequest asks for a page of the rooms of a space.
type HierarchyRequest struct {
	RoomID        string
	SuggestedOnly bool
	MaxDepth      int
	Limit         int
	From          string
}

// Hierarchy is a page of the rooms of a space, depth first.
type Hierarchy struct {
	Rooms []*SpaceRoom `json:"rooms"`
	Next  string       `json:"next_batch,omitempty"`
}

// SpaceRoom is a room as the hierarchy shows it.
type SpaceRoom struct {
	Summary
	Children []json.RawMessage `json:"children_state"`
}

// Hierarchy walks through a space (Client-Server API, GET /rooms/{roomId}/hierarchy). Rooms that the user may not know of are passed over
// with all that is below them; a room that is found twice is given once, which also breaks loops.
func (r *Reader) Hierarchy(ctx context.Context, who Who, req HierarchyRequest) (out *Hierarchy, err error) {
	skip, err := req.skip()
	if err != nil {
		return nil, err
	}
	w := &walk{user: who.User, req: req, known: map[string]*Summary{}, done: map[string]bool{}, skip: skip, rooms: []*SpaceRoom{}}
	err = r.store.Read(ctx, func(tx *store.Tx) error { return w.run(ctx, tx) })
	if err != nil {
		return nil, err
	}
	out = &Hierarchy{Rooms: w.rooms}
	if w.more {
		out.Next = req.token(skip + len(w.rooms))
	}
	return out, nil
}

// token tells how many rooms were given, and what else must stay the same from page to page.
func (req HierarchyRequest) token(given int) string {
	return fmt.Sprintf("h%d_%d_%t", given, req.MaxDepth, req.SuggestedOnly)
}

func (req HierarchyRequest) skip() (int, error) {
	if req.From == "" {
		return 0, nil
	}
	parts := strings.Split(strings.TrimPrefix(req.From, "h"), "_")
	if len(parts) != 3 || !strings.HasPrefix(req.From, "h") {
		return 0, mxerr.InvalidParamf("from is not a token that this server made")
	}
	given, err := strconv.Atoi(parts[0])
	if err != nil || given < 0 || given > hierarchyRooms {
		return 0, mxerr.InvalidParamf("from is not a token that this server made")
	}
	if req.token(given) != req.From {
		return 0, mxerr.InvalidParamf("suggested_only and max_depth cannot change from page to page")
	}
	return given, nil
}

// walk is a walk through a space, anew for each page: it keeps nothing between them.
type walk struct {
	user  string
	req   HierarchyRequest
	known map[string]*Summary
	done  map[string]bool
	skip  int
	rooms []*SpaceRoom
	more  bool
}

type step struct {
	roomID string
	depth  int
}

func (w *walk) run(ctx context.Context, tx *store.Tx) error {
	if err := w.learn(ctx, tx, []string{w.req.RoomID}); err != nil {
		return err
	}
	if root := w.known[w.req.RoomID]; root == nil || !root.open {
		return mxerr.Forbiddenf("You are not allowed to view this room")
	}
	stack := []step{{w.req.RoomID, 0}}
	for visited := 0; len(stack) > 0 && visited < hierarchyRooms; {
		next := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		s := w.known[next.roomID]
		if s == nil || !s.open || w.done[next.roomID] {
			continue
		}
		if len(w.rooms) == w.req.Limit {
			w.more = true
			return nil
		}
		w.done[next.roomID] = true
		visited++
		children, err := w.visit(ctx, tx, s, visited > w.skip)
		if err != nil {
			return err
		}
		if next.depth == w.req.MaxDepth {
			continue
		}
		if err := w.learn(ctx, tx, children); err != nil {
			return err
		}
		for _, id := range slices.Backward(children) {
			stack = append(stack, step{id, next.depth + 1})
		}
	}
	return nil
}

// learn loads what is to be known of rooms that were not met before.
func (w *walk) learn(ctx context.Context, tx *store.Tx, ids []string) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return w.known[id] != nil })
	found, err := summaries(ctx, tx, w.user, ids)
	if err != nil {
		return err
	}
	for id, s := range found {
		w.known[id] = s
	}
	return nil
}

// visit gives a room, unless an earlier page did, and returns its children in order.
func (w *walk) visit(ctx context.Context, tx *store.Tx, s *Summary, give bool) (children []string, err error) {
	out := &SpaceRoom{Summary: *s, Children: []json.RawMessage{}}
	out.Membership = "" // not part of a hierarchy
	if s.RoomType == spaceType {
		events, err := tx.StateOfType(ctx, s.room.Num, spaceChild, spaceChildren)
		if err != nil {
			return nil, fmt.Errorf("reading the children of a space: %w", err)
		}
		for _, ev := range childrenInOrder(events, w.req.SuggestedOnly) {
			children = append(children, *ev.StateKey)
			stripped, err := sjson.SetBytes(StrippedState(ev), "origin_server_ts", ev.TS)
			if err != nil {
				return nil, err
			}
			out.Children = append(out.Children, stripped)
		}
	}
	if give {
		w.rooms = append(w.rooms, out)
	}
	return children, nil
}

// childrenInOrder: Client-Server API, "Ordering of children within a space". A child without a list of servers is none.
func childrenInOrder(events []*store.Event, suggestedOnly bool) []*store.Event {
	kept := slices.DeleteFunc(events, func(ev *store.Event) bool {
		content := gjson.GetBytes(ev.JSON, "content")
		return !content.Get("via").IsArray() || suggestedOnly && content.Get("suggested").Type != gjson.True
	})
	slices.SortFunc(kept, func(a, b *store.Event) int {
		orderA, okA := childOrder(a)
		orderB, okB := childOrder(b)
		switch {
		case okA && !okB:
			return -1
		case okB && !okA:
			return 1
		}
		return cmp.Or(cmp.Compare(orderA, orderB), cmp.Compare(a.TS, b.TS), cmp.Compare(*a.StateKey, *b.StateKey))
	})
	return kept
}

func childOrder(ev *store.Event) (order string, ok bool) {
	value := gjson.GetBytes(ev.JSON, "content.order")
	valid := value.Type == gjson.String && value.Str != "" && len(value.Str) <= 50 &&
		!strings.ContainsFunc(value.Str, func(c rune) bool { return c < 0x20 || c > 0x7e })
	if !valid {
		return "", false
	}
	return value.Str, true
}
