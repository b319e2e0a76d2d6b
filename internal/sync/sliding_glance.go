package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
)

// glance is what lists need to know of a room, as of a position of its lane.
type glance struct {
	store.Glance
	checked store.Pos
	// frozen is the user's membership event, for a room that the user is not in: its time counts, not that of later events.
	frozen store.Pos
}

// listed is a room that may be in lists.
type listed struct {
	*member
	glance
}

// glances looks at all the user's rooms, in memory as far as they were looked at before.
func (x *slidingAnswer) glances(ctx context.Context) ([]listed, error) {
	g := &x.ses.sliding
	load := x.refreshGlances()
	if len(load) > 0 {
		fresh, err := x.loadGlances(ctx, load)
		if err != nil {
			return nil, fmt.Errorf("looking at a user's rooms: %w", err)
		}
		g.mu.Lock()
		if g.glances == nil {
			g.glances = map[int64]glance{}
		}
		for num, f := range fresh {
			if old, ok := g.glances[num]; !ok || old.checked < f.checked || old.frozen != f.frozen {
				g.glances[num] = f
			}
		}
		g.mu.Unlock()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]listed, 0, len(x.snap.rooms))
	for _, m := range x.snap.rooms {
		if seen, ok := g.glances[m.room]; ok {
			out = append(out, listed{m, seen})
		}
	}
	return out, nil
}

// refreshGlances brings up to date what the window can tell of, and returns the rooms that have to be read.
func (x *slidingAnswer) refreshGlances() (load []*member) {
	h, g := x.s.hub, &x.ses.sliding
	h.mu.RLock()
	defer h.mu.RUnlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range x.snap.rooms {
		seen, ok := g.glances[m.room]
		lane := store.Pos(m.room).Lane()
		if m.membership != "join" {
			if !ok || seen.frozen != m.pos {
				load = append(load, m)
			}
			continue
		}
		if !ok || seen.frozen != 0 || seen.checked < x.snap.floor[lane] {
			load = append(load, m)
			continue
		}
		if w := h.rooms[m.room]; w != nil && w.last > seen.checked {
			seen.add(w.between(seen.checked, x.snap.now[lane]))
		}
		seen.checked = max(seen.checked, x.snap.now[lane])
		g.glances[m.room] = seen
	}
	return load
}

// add takes over newer events of the room.
func (g *glance) add(events []*recent) {
	for _, r := range events {
		if r.ev.Pos <= g.Pos {
			continue
		}
		g.Pos, g.TS = r.ev.Pos, r.ev.TS
		if r.ev.Type == "m.room.encryption" && r.ev.StateKey != nil && *r.ev.StateKey == "" {
			g.Encrypted = gjson.GetBytes(r.ev.JSON, "content.algorithm").Type == gjson.String
		}
	}
}

func (x *slidingAnswer) loadGlances(ctx context.Context, members []*member) (map[int64]glance, error) {
	nums := make([]int64, 0, len(members))
	frozen := map[int64]store.Pos{}
	for _, m := range members {
		nums = append(nums, m.room)
		if m.membership != "join" {
			frozen[m.room] = m.pos
		}
	}
	out := make(map[int64]glance, len(members))
	err := x.s.Store.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Glances(ctx, nums)
		if err != nil {
			return err
		}
		times, err := tx.EventTimes(ctx, slices.Collect(maps.Values(frozen)))
		if err != nil {
			return err
		}
		for _, r := range rows {
			seen := glance{Glance: r, checked: x.snap.now[store.Pos(r.Room).Lane()]}
			if pos, ok := frozen[r.Room]; ok {
				seen.frozen, seen.Pos, seen.TS = pos, pos, times[pos]
			}
			out[r.Room] = seen
		}
		return nil
	})
	return out, err
}

// wasJoined remembers whether a user who is not in a room was, as of a membership event.
type wasJoined struct {
	at store.Pos
	is bool
}

// everJoined tells whether the user was in a room before being kicked or banned.
func (x *slidingAnswer) everJoined(ctx context.Context, m *member) (bool, error) {
	g := &x.ses.sliding
	g.mu.Lock()
	known, ok := g.joined[m.room]
	g.mu.Unlock()
	if ok && known.at == m.pos {
		return known.is, nil
	}
	known = wasJoined{at: m.pos}
	err := x.s.Store.Read(ctx, func(tx *store.Tx) error {
		v, err := x.common.view(ctx, tx, m)
		if err == nil {
			known.is = v.WasJoined()
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("reading an earlier membership: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.joined == nil {
		g.joined = map[int64]wasJoined{}
	}
	g.joined[m.room] = known
	return known.is, nil
}
