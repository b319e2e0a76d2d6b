package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
)

// strippedTypes is the state that someone who is invited or knocks is shown (Client-Server API, "Stripped state").
var strippedTypes = []string{
	"m.room.create", "m.room.name", "m.room.avatar", "m.room.topic", "m.room.join_rules", "m.room.canonical_alias", "m.room.encryption",
}

func (a *answer) invited(ctx context.Context, m *member) error {
	state, inviter, err := a.stripped(ctx, m)
	if err != nil || a.unwanted(inviter) {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rooms().Invite[m.roomID] = &InvitedRoom{State: EventBatch{Events: state}}
	return nil
}

// unwanted tells whether an invite is not shown: the user ignores who sent it, or takes no invites, and it came before (Client-Server API,
// "Invite permission"). What the server has to say is shown.
func (a *answer) unwanted(inviter string) bool {
	return slices.Contains(a.ignored, inviter) || a.blocks && (a.s.NoticesUser == "" || inviter != a.s.NoticesUser)
}

func (a *answer) knocked(ctx context.Context, m *member) error {
	state, _, err := a.stripped(ctx, m)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rooms().Knock[m.roomID] = &KnockedRoom{State: EventBatch{Events: state}}
	return nil
}

// stripped is the stripped state at the user's membership event, with that event and, for an invite, the inviter's membership.
func (a *answer) stripped(ctx context.Context, m *member) (out []json.RawMessage, sender string, err error) {
	err = a.s.Store.Read(ctx, func(tx *store.Tx) error {
		state, err := tx.StateAtWithoutMembers(ctx, m.room, m.pos)
		if err != nil {
			return err
		}
		own, err := tx.MembersAt(ctx, m.room, m.pos, []string{a.req.User})
		if err != nil {
			return err
		}
		for _, ev := range own {
			sender = ev.Sender
		}
		if sender != a.req.User && sender != "" {
			inviter, err := tx.MembersAt(ctx, m.room, m.pos, []string{sender})
			if err != nil {
				return err
			}
			own = append(own, inviter...)
		}
		for _, ev := range state {
			if slices.Contains(strippedTypes, ev.Type) && *ev.StateKey == "" {
				out = append(out, room.StrippedState(ev))
			}
		}
		for _, ev := range own {
			out = append(out, room.StrippedState(ev))
		}
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("reading stripped state: %w", err)
	}
	return some(out), sender, nil
}

// left answers for a room that the user has left or was banned from: what there was up to then.
func (a *answer) left(ctx context.Context, m *member) error {
	from := a.from(m.room)
	out := &LeftRoom{}
	forgotten := false
	err := a.s.Store.Read(ctx, func(tx *store.Tx) error {
		// A room may have been forgotten since the session was made, also at another node.
		now, err := tx.MembershipIn(ctx, a.req.User, m.room)
		if forgotten = now.Forgotten; err != nil || forgotten {
			return err
		}
		v, err := a.view(ctx, tx, m)
		if err != nil {
			return err
		}
		seen, more, err := v.Newest(ctx, tx, from, m.pos, a.timelineLimit(), a.timelineFilter())
		if err != nil {
			return err
		}
		p := &piece{start: m.pos - 1, limited: more}
		if seen, err = withOwn(ctx, tx, seen, m.pos); err != nil {
			return err
		}
		for _, s := range seen {
			p.of = append(p.of, s.Event)
		}
		if len(seen) > 0 {
			p.start = seen[0].Pos - 1
		}
		if p.events, err = v.Client(ctx, tx, seen); err != nil {
			return err
		}
		out.Timeline = p.timeline(a)
		state, err := a.leftState(ctx, tx, v, m, p)
		if a.req.UseStateAfter {
			out.StateAfter = &EventBatch{Events: some(state)}
		} else {
			out.State = batch(state)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("reading a room that was left: %w", err)
	}
	if forgotten {
		return nil
	}
	if out.AccountData, err = a.roomData(ctx, m, false); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rooms().Leave[m.roomID] = out
	return nil
}

// withOwn makes sure that the event by which the user left is there: whoever was never in the room, and turned down an invite, may see
// nothing else.
func withOwn(ctx context.Context, tx *store.Tx, seen []room.Seen, pos store.Pos) ([]room.Seen, error) {
	if len(seen) > 0 && seen[len(seen)-1].Pos == pos {
		return seen, nil
	}
	own, err := tx.EventsByPos(ctx, []store.Pos{pos})
	for _, ev := range own {
		seen = append(seen, room.Seen{Event: ev, Membership: membershipIn(ev)})
	}
	return seen, err
}

// leftState is the state that goes with the timeline, for users who were in the room.
func (a *answer) leftState(ctx context.Context, tx *store.Tx, v *room.View, m *member, p *piece) ([]json.RawMessage, error) {
	if !v.WasJoined() {
		return nil, nil
	}
	at := p.start
	if a.req.UseStateAfter {
		at = m.pos
	}
	lazy, _ := a.req.Filter.Rooms().StateEvents().LazyMembers()
	state, err := a.readState(ctx, tx, m, &piece{gap: true}, at, a.since == nil || a.req.FullState, lazy)
	if err != nil {
		return nil, err
	}
	if lazy {
		if state, err = a.lazyMembers(ctx, tx, m, state, p.senders(), at, false); err != nil {
			return nil, err
		}
	}
	events, err := v.ClientState(ctx, tx, a.filterState(state))
	return a.fields(events), err
}
