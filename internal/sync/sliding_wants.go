package sync

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"bongsu.org/bongsu/internal/store"
)

const memberType = "m.room.member"

// roomConfig is what all the rules together that match a room want of it (MSC4186, "Combining room configs").
type roomConfig struct {
	limit      int
	wants      wants
	keys       []string // of the wants
	lists      []string // that the room is in
	subscribed bool
}

// wants is required state: what any one of them wants is wanted.
type wants []*RequiredState

func (c *roomConfig) add(w SlidingConfig) {
	c.limit = max(c.limit, w.TimelineLimit)
	if !slices.Contains(c.keys, w.key) {
		c.wants = append(c.wants, w.RequiredState)
		c.keys = append(c.keys, w.key)
	}
}

// key is the same for the same wants. parseWants reads it.
func (c *roomConfig) key() string {
	if len(c.keys) == 1 {
		return c.keys[0]
	}
	return strings.Join(slices.Sorted(slices.Values(c.keys)), "\n")
}

// key is the stored form, in one line.
func (r *RequiredState) key() string {
	type stored RequiredState // not in the form in which clients send it
	text, err := json.Marshal((*stored)(r))
	if err != nil {
		return "{}" // strings always encode
	}
	return string(text)
}

func parseWants(key string) wants {
	var out wants
	for line := range strings.SplitSeq(key, "\n") {
		type stored RequiredState
		var w stored
		if json.Unmarshal([]byte(line), &w) == nil {
			out = append(out, (*RequiredState)(&w))
		}
	}
	return out
}

// covers tells, from the keys alone, whether old wants all that fresh does.
func covers(old, fresh string) bool {
	if old == fresh {
		return true
	}
	have := strings.Split(old, "\n")
	for line := range strings.SplitSeq(fresh, "\n") {
		if !slices.Contains(have, line) {
			return false
		}
	}
	return true
}

func (ws wants) lazy() bool {
	return slices.ContainsFunc(ws, func(w *RequiredState) bool { return w.Lazy })
}

func (ws wants) has(eventType, key string) bool {
	return slices.ContainsFunc(ws, func(w *RequiredState) bool { return w.has(eventType, key) })
}

func (r *RequiredState) has(eventType, key string) bool {
	matches := func(p StatePattern) bool {
		return (p.Type == nil || *p.Type == eventType) && (p.Key == nil || *p.Key == key)
	}
	included := slices.ContainsFunc(r.Include, func(p StatePattern) bool {
		// MSC4186, "Lazy loaded memberships": all state together with lazy members is all state but the members.
		return matches(p) && !(r.Lazy && eventType == memberType && p.Type == nil && p.Key == nil)
	})
	return included && !slices.ContainsFunc(r.Exclude, matches)
}

// filter keeps what is wanted.
func (ws wants) filter(state []*store.Event) []*store.Event {
	return slices.DeleteFunc(state, func(ev *store.Event) bool { return !ws.has(ev.Type, *ev.StateKey) })
}

// plan is how to read what is wanted without reading much else.
type plan struct {
	all, allMembers bool
	types, members  []string
}

func (ws wants) plan() plan {
	var p plan
	for _, w := range ws {
		for _, in := range w.Include {
			p.add(in, w.Lazy)
		}
	}
	return p
}

func (p *plan) add(in StatePattern, lazy bool) {
	switch {
	case in.Type == nil:
		p.all = true
		if in.Key != nil {
			p.members = append(p.members, *in.Key)
		} else if !lazy {
			p.allMembers = true
		}
	case *in.Type != memberType:
		p.types = append(p.types, *in.Type)
	case in.Key == nil:
		p.allMembers = true
	default:
		p.members = append(p.members, *in.Key)
	}
}

// load reads the wanted state of a room at a position.
func (ws wants) load(ctx context.Context, tx *store.Tx, room int64, at store.Pos) (state []*store.Event, err error) {
	p := ws.plan()
	if p.all && p.allMembers {
		state, err = tx.StateAt(ctx, room, at)
		return ws.filter(state), err
	}
	if p.all {
		state, err = tx.StateAtWithoutMembers(ctx, room, at)
	} else {
		slices.Sort(p.types)
		state, err = tx.StateOfTypes(ctx, room, at, slices.Compact(p.types))
	}
	if err != nil || !p.allMembers && len(p.members) == 0 {
		return ws.filter(state), err
	}
	var members []*store.Event
	if p.allMembers {
		members, err = tx.MembersAt(ctx, room, at, nil)
	} else {
		slices.Sort(p.members)
		members, err = tx.MembersAt(ctx, room, at, slices.Compact(p.members))
	}
	return ws.filter(append(state, members...)), err
}
