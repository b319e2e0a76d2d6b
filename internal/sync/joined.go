package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// piece is a piece of a room's timeline, in the form for clients.
type piece struct {
	events  []json.RawMessage
	of      []*store.Event // the same
	limited bool
	start   store.Pos // the gap before the first event
	// gap: there are events between the token and the piece, or between its events, that it does not have.
	gap bool
	// members: membership events are among what is new.
	members bool
}

// joined answers for a room that the user is in.
func (a *answer) joined(ctx context.Context, m *member) error {
	isNew, err := a.newlyJoined(ctx, m)
	if err != nil {
		return err
	}
	out := &JoinedRoom{}
	p, err := a.timeline(ctx, m, isNew)
	if err != nil {
		return err
	}
	out.Timeline = p.timeline(a)
	full := isNew || a.req.FullState
	if err := a.stateOf(ctx, m, out, p, full); err != nil {
		return err
	}
	if err := a.fillBeside(ctx, m, out, isNew); err != nil {
		return err
	}
	if full || p.members {
		if out.Summary, err = a.summary(ctx, m); err != nil {
			return err
		}
	}
	if !full && out.nothingNew() && !a.ownReceipt(m) {
		return nil
	}
	out.Unread, out.Threads, err = a.unreadCounts(ctx, m, a.to(m.room))
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rooms().Join[m.roomID] = out
	return nil
}

func (j *JoinedRoom) nothingNew() bool {
	return len(j.Timeline.Events) == 0 && !j.Timeline.Limited && j.Ephemeral == nil && j.AccountData == nil &&
		(j.State == nil || len(j.State.Events) == 0) && (j.StateAfter == nil || len(j.StateAfter.Events) == 0)
}

// newlyJoined tells whether the device has not seen the room joined before.
func (a *answer) newlyJoined(ctx context.Context, m *member) (bool, error) {
	from := a.from(m.room)
	if a.since == nil {
		return true, nil
	}
	if m.pos <= from {
		return false, nil
	}
	var before string
	var left bool
	err := a.s.Store.Read(ctx, func(tx *store.Tx) error {
		key := store.StateKey{Type: "m.room.member", Key: a.req.User}
		ev, err := tx.StateEventAt(ctx, m.room, key, from)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		before = membershipIn(ev)
		changes, err := tx.StateHistory(ctx, m.room, key, from, m.pos, 100)
		left = slices.ContainsFunc(changes, func(ev *store.Event) bool { return membershipIn(ev) != "join" })
		return err
	})
	if err != nil {
		return false, fmt.Errorf("reading an earlier membership: %w", err)
	}
	return before != "join" || left, nil
}

func (a *answer) timelineFilter() *filter.RoomEvents { return a.req.Filter.Rooms().TimelineEvents() }

func (a *answer) timelineLimit() int { return a.timelineFilter().Limit(filter.DefaultTimelineLimit) }

// timeline is the newest of what is new in a room.
func (a *answer) timeline(ctx context.Context, m *member, isNew bool) (*piece, error) {
	if !isNew && a.inWindow(m.room) && !a.timelineFilter().LooksAtRelations() {
		return a.fromWindow(ctx, m)
	}
	from := a.from(m.room)
	if isNew {
		from = store.MakePos(from.Lane(), 0)
	}
	p, err := a.fromDatabase(ctx, m, from, a.to(m.room))
	if err == nil && !isNew {
		p.gap = true // what lies between has not been looked at
		p.members = true
	}
	return p, err
}

// fromWindow answers from memory. A user who has been in the room since before the token may see all that is new.
func (a *answer) fromWindow(ctx context.Context, m *member) (*piece, error) {
	from, to := a.from(m.room), a.to(m.room)
	a.s.hub.mu.RLock()
	var news []*recent
	if w := a.s.hub.rooms[m.room]; w != nil && w.last > from {
		news = w.between(from, to)
	}
	a.s.hub.mu.RUnlock()
	p := &piece{start: to}
	if len(news) == 0 {
		return p, nil
	}
	for _, r := range news {
		p.members = p.members || r.ev.Type == "m.room.member"
	}
	wanted := a.wanted(news)
	p.gap = len(wanted) < len(news)
	if limit := a.timelineLimit(); len(wanted) > limit {
		wanted, p.limited, p.gap = wanted[len(wanted)-limit:], true, true
	}
	if len(wanted) == 0 {
		return p, nil
	}
	p.start = wanted[0].ev.Pos - 1
	return p, a.render(ctx, m, p, wanted)
}

// wanted leaves out what the filter does, and messages of ignored users.
func (a *answer) wanted(news []*recent) []*recent {
	f := a.timelineFilter()
	if f.PassesAll() && len(a.ignored) == 0 {
		return news
	}
	out := make([]*recent, 0, len(news))
	for _, r := range news {
		if !r.ev.IsState() && slices.Contains(a.ignored, r.ev.Sender) {
			continue
		}
		if f.Passes(&filter.Event{Type: r.ev.Type, Sender: r.ev.Sender, RoomID: r.ev.RoomID, Content: r.ev.Content()}) {
			out = append(out, r)
		}
	}
	return out
}

// render puts events of the window into the form for clients: without a query, unless one of them changed since or took the place of
// another.
func (a *answer) render(ctx context.Context, m *member, p *piece, events []*recent) error {
	now := time.Now()
	for _, r := range events {
		if r.reload || r.ev.Replaces != "" || r.ev.RedactedBy != "" {
			return a.renderFromDatabase(ctx, m, p, events)
		}
	}
	for _, r := range events {
		u := room.Unsigned{Membership: "join"}
		if r.ev.Device != "" && r.ev.Sender == a.req.User && r.ev.Device == a.req.Device {
			u.TxnID = r.ev.TxnID
		}
		text := room.AppendClient(make([]byte, 0, len(r.ev.JSON)), r.ev, u, room.FormatOptions{WithoutRoomID: true, Now: now})
		p.events = append(p.events, text)
		p.of = append(p.of, r.ev)
	}
	return nil
}

func (a *answer) renderFromDatabase(ctx context.Context, m *member, p *piece, events []*recent) error {
	return a.s.Store.Read(ctx, func(tx *store.Tx) error {
		v, err := a.view(ctx, tx, m)
		if err != nil {
			return err
		}
		positions := make([]store.Pos, len(events))
		for i, r := range events {
			positions[i] = r.ev.Pos
		}
		fresh, err := tx.EventsByPos(ctx, positions)
		if err != nil {
			return err
		}
		seen := make([]room.Seen, len(fresh))
		for i, ev := range fresh {
			seen[i] = room.Seen{Event: ev, Membership: "join"}
		}
		p.of = fresh
		p.events, err = v.Client(ctx, tx, seen)
		return err
	})
}

func (a *answer) fromDatabase(ctx context.Context, m *member, from, to store.Pos) (*piece, error) {
	p := &piece{start: to}
	err := a.s.Store.Read(ctx, func(tx *store.Tx) error {
		v, err := a.view(ctx, tx, m)
		if err != nil {
			return err
		}
		seen, more, err := v.Newest(ctx, tx, from, to, a.timelineLimit(), a.timelineFilter())
		if err != nil {
			return err
		}
		p.limited = more
		for _, s := range seen {
			p.of = append(p.of, s.Event)
		}
		if len(seen) > 0 {
			p.start = seen[0].Pos - 1
		}
		p.events, err = v.Client(ctx, tx, seen)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading a timeline: %w", err)
	}
	return p, nil
}

func (p *piece) timeline(a *answer) *Timeline {
	return &Timeline{Events: some(a.fields(p.events)), Limited: p.limited, PrevBatch: token.Page(p.start)}
}
