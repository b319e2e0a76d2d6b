package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// stripped answers for an invite or a knock.
func (x *slidingAnswer) stripped(ctx context.Context, m *matched, sent sentRoom) error {
	r := x.roomFor(m, sent)
	state, sender, err := r.a.stripped(ctx, m.member)
	if err != nil {
		return err
	}
	out := &SlidingRoom{Initial: true, Stripped: state, BumpStamp: x.stamp(m.room)}
	if m.membership == "invite" && x.common.unwanted(sender) {
		out = nil
	}
	x.setRoom(m, out, sentRoom{room: live})
	return nil
}

// stamp is the time of the user's membership, for a room that the user is not in.
func (x *slidingAnswer) stamp(num int64) int64 {
	g := &x.ses.sliding
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.glances[num].TS
}

// left answers for a room that the user is no longer in: what there was up to then. A room that the user has left is then done with;
// one that the user was put out of stays in lists.
func (x *slidingAnswer) left(ctx context.Context, m *matched, sent sentRoom) error {
	r := x.roomFor(m, sent)
	r.isNew = r.a.since == nil
	r.out.Initial = r.isNew
	forgotten := false
	err := x.s.Store.Read(ctx, func(tx *store.Tx) error {
		now, err := tx.MembershipIn(ctx, x.req.User, m.room)
		if forgotten = now.Forgotten; err != nil || forgotten {
			return err
		}
		v, err := r.a.view(ctx, tx, m.member)
		if err != nil {
			return err
		}
		return r.until(ctx, tx, v)
	})
	if err != nil {
		return fmt.Errorf("answering for a room that was left: %w", err)
	}
	if forgotten {
		x.setRoom(m, nil, sentRoom{})
		return nil
	}
	kept := sentRoom{}
	if m.sender != x.req.User {
		kept = sentRoom{room: live, limit: m.limit, wants: m.key()}
	}
	x.setRoom(m, r.out, kept)
	return nil
}

// until fills in what a user who has left may see.
func (r *slidingRoom) until(ctx context.Context, tx *store.Tx, v *room.View) error {
	seen, more, err := v.Newest(ctx, tx, r.a.from(r.room), r.pos, max(r.limit, 1), nil)
	if err != nil {
		return err
	}
	if seen, err = withOwn(ctx, tx, seen, r.pos); err != nil {
		return err
	}
	r.out.Limited, r.out.BumpStamp = more, r.stamp(r.room)
	if len(seen) > 0 {
		r.out.PrevBatch = token.Page(seen[0].Pos - 1)
	}
	if r.out.Timeline, err = v.Client(ctx, tx, seen); err != nil {
		return err
	}
	r.out.RequiredState, err = r.stateUntil(ctx, tx, v)
	return err
}

// stateUntil is the state that goes with it; for those who never were in the room, only what they were themselves.
func (r *slidingRoom) stateUntil(ctx context.Context, tx *store.Tx, v *room.View) ([]json.RawMessage, error) {
	var state []*store.Event
	var err error
	switch {
	case !v.WasJoined():
	case r.isNew:
		state, err = r.wants.load(ctx, tx, r.room, r.pos)
	default:
		state, err = tx.StateBetween(ctx, r.room, r.a.from(r.room), r.pos)
		state = r.wants.filter(state)
	}
	if err != nil {
		return nil, err
	}
	own, err := tx.EventsByPos(ctx, []store.Pos{r.pos})
	if err != nil {
		return nil, err
	}
	state = append(slices.DeleteFunc(state, func(ev *store.Event) bool { return ev.Pos == r.pos }), own...)
	return v.ClientState(ctx, tx, state)
}
