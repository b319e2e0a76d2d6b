package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/store"
)

// Bounds of what lazy loading remembers for each device and room.
const sentMost = 2000

// stateOf fills in the state: as it was at the start of the timeline or, if the client asks so, at its end.
func (a *answer) stateOf(ctx context.Context, m *member, out *JoinedRoom, p *piece, full bool) error {
	at := p.start
	if a.req.UseStateAfter {
		at = a.to(m.room)
	}
	events, err := a.stateEvents(ctx, m, p, at, full)
	if err != nil {
		return err
	}
	if a.req.UseStateAfter {
		out.StateAfter = &EventBatch{Events: some(events)}
		return nil
	}
	out.State = batch(events)
	return nil
}

func (a *answer) stateEvents(ctx context.Context, m *member, p *piece, at store.Pos, full bool) ([]json.RawMessage, error) {
	lazy, redundant := a.req.Filter.Rooms().StateEvents().LazyMembers()
	senders := p.senders()
	if !full && !p.gap && !a.req.UseStateAfter {
		if !lazy || len(senders) == 0 {
			return nil, nil
		}
		if senders = a.unsent(m, senders, redundant, p); len(senders) == 0 {
			return nil, nil
		}
	}
	var events []json.RawMessage
	err := a.s.Store.Read(ctx, func(tx *store.Tx) error {
		state, err := a.readState(ctx, tx, m, p, at, full, lazy)
		if err != nil {
			return err
		}
		if lazy {
			if full {
				a.forgetSent(m)
			}
			if state, err = a.lazyMembers(ctx, tx, m, state, senders, at, full); err != nil {
				return err
			}
			a.markSent(m, state)
		}
		v, err := a.view(ctx, tx, m)
		if err != nil {
			return err
		}
		events, err = v.ClientState(ctx, tx, a.filterState(state))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading state: %w", err)
	}
	return a.fields(events), nil
}

// readState is the whole state, or what of it changed since the token; with lazy loading, without the members unless they changed.
func (a *answer) readState(ctx context.Context, tx *store.Tx, m *member, p *piece, at store.Pos, full, lazy bool) ([]*store.Event, error) {
	switch {
	case full && lazy:
		return tx.StateAtWithoutMembers(ctx, m.room, at)
	case full:
		return tx.StateAt(ctx, m.room, at)
	case p.gap || a.req.UseStateAfter:
		return tx.StateBetween(ctx, m.room, a.from(m.room), at)
	}
	return nil, nil
}

// lazyMembers adds the members that the timeline's events are from, and on a first look the user and the heroes that the summary names
// (Client-Server API, "Lazy-loading room members").
func (a *answer) lazyMembers(ctx context.Context, tx *store.Tx, m *member, state []*store.Event, senders []string, at store.Pos, full bool) ([]*store.Event, error) {
	need := slices.Clone(senders)
	if full {
		sum, err := a.readSummary(ctx, tx, m)
		if err != nil {
			return nil, err
		}
		need = append(append(need, a.req.User), sum.Heroes...)
	}
	for _, ev := range state {
		if ev.Type == "m.room.member" {
			need = slices.DeleteFunc(need, func(u string) bool { return u == *ev.StateKey })
		}
	}
	if len(need) == 0 {
		return state, nil
	}
	slices.Sort(need)
	members, err := tx.MembersAt(ctx, m.room, at, slices.Compact(need))
	return append(state, members...), err
}

// senders are those whose events are in the piece.
func (p *piece) senders() []string {
	var out []string
	for _, ev := range p.of {
		if !slices.Contains(out, ev.Sender) {
			out = append(out, ev.Sender)
		}
	}
	return out
}

// unsent leaves out the members that the device was sent before, and those whose membership event is in the timeline.
func (a *answer) unsent(m *member, senders []string, redundant bool, p *piece) []string {
	a.ses.mu.Lock()
	defer a.ses.mu.Unlock()
	sent := a.ses.sent[a.req.Device][m.room]
	return slices.DeleteFunc(senders, func(user string) bool {
		if _, ok := sent[user]; ok && !redundant {
			return true
		}
		return slices.ContainsFunc(p.of, func(ev *store.Event) bool {
			return ev.Type == "m.room.member" && ev.StateKey != nil && *ev.StateKey == user
		})
	})
}

func (a *answer) markSent(m *member, state []*store.Event) {
	a.ses.mu.Lock()
	defer a.ses.mu.Unlock()
	if a.ses.sent == nil {
		a.ses.sent = map[string]map[int64]map[string]struct{}{}
	}
	rooms := a.ses.sent[a.req.Device]
	if rooms == nil {
		rooms = map[int64]map[string]struct{}{}
		a.ses.sent[a.req.Device] = rooms
	}
	users := rooms[m.room]
	if users == nil || len(users) > sentMost {
		users = map[string]struct{}{}
		rooms[m.room] = users
	}
	for _, ev := range state {
		if ev.Type == "m.room.member" {
			users[*ev.StateKey] = struct{}{}
		}
	}
}

func (a *answer) forgetSent(m *member) {
	a.ses.mu.Lock()
	defer a.ses.mu.Unlock()
	delete(a.ses.sent[a.req.Device], m.room)
}

func (a *answer) filterState(state []*store.Event) []*store.Event {
	f := a.req.Filter.Rooms().StateEvents()
	if f.PassesAll() {
		return state
	}
	return slices.DeleteFunc(state, func(ev *store.Event) bool {
		return !f.Passes(&filter.Event{Type: ev.Type, Sender: ev.Sender, RoomID: ev.RoomID, Content: ev.Content()})
	})
}

// heroCount is how many members name a room that has no name.
const heroCount = 5

// heroesOf are the first members other than the user, joined or invited; where there is none, those who have left. A room that has a
// name or an alias needs none.
func heroesOf(ctx context.Context, tx *store.Tx, r *store.Room, user string) ([]string, error) {
	if r.Name != "" || r.CanonicalAlias != "" {
		return nil, nil
	}
	var heroes []string
	for _, group := range [][]string{{"join", "invite"}, {"leave", "ban"}} {
		var members []store.Membership
		for _, membership := range group {
			some, err := tx.MembersOf(ctx, r.Num, membership, heroCount+1)
			if err != nil {
				return nil, err
			}
			members = append(members, some...)
		}
		slices.SortFunc(members, func(x, y store.Membership) int { return int(x.Pos - y.Pos) })
		for _, m := range members {
			if m.UserID != user && len(heroes) < heroCount {
				heroes = append(heroes, m.UserID)
			}
		}
		if len(heroes) > 0 {
			break
		}
	}
	return heroes, nil
}

// summary is read once for the whole answer.
func (a *answer) summary(ctx context.Context, m *member) (out *Summary, err error) {
	err = a.s.Store.Read(ctx, func(tx *store.Tx) error {
		out, err = a.readSummary(ctx, tx, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading a room's summary: %w", err)
	}
	return out, nil
}

func (a *answer) readSummary(ctx context.Context, tx *store.Tx, m *member) (*Summary, error) {
	a.mu.Lock()
	sum := a.summaries[m.room]
	a.mu.Unlock()
	if sum != nil {
		return sum, nil
	}
	v, err := a.view(ctx, tx, m)
	if err != nil {
		return nil, err
	}
	sum = &Summary{Joined: v.Room.Joined, Invited: v.Room.Invited}
	if sum.Heroes, err = heroesOf(ctx, tx, v.Room, a.req.User); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.summaries == nil {
		a.summaries = map[int64]*Summary{}
	}
	a.summaries[m.room] = sum
	return sum, nil
}
