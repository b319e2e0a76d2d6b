package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// bumpTypes are the events that count as activity in a room (MSC4186, "bump_stamp").
var bumpTypes = []string{
	"m.room.create", "m.room.message", "m.room.encrypted", "m.sticker", "m.call.invite", "m.poll.start", "m.beacon_info",
	"org.matrix.msc3381.poll.start", "org.matrix.msc3672.beacon_info",
}

// roomWork decides, without a query, whether a matched room may have to be sent.
func (x *slidingAnswer) roomWork(m *matched) func(context.Context) error {
	sent := x.state.rooms[m.room]
	from := x.from(m.room, sent.room)
	unsent := !sent.room.sent || x.since == nil
	switch m.membership {
	case "join":
		if unsent || sent.room.behind != 0 || m.pos > from || x.common.moved(m.room, x.last) || x.expands(m, sent) || x.dmChanged(m, sent) {
			return func(ctx context.Context) error { return x.joined(ctx, m, sent) }
		}
	case "invite", "knock":
		if unsent || m.pos > from {
			return func(ctx context.Context) error { return x.stripped(ctx, m, sent) }
		}
	case "leave", "ban":
		if unsent || m.pos > from {
			return func(ctx context.Context) error { return x.left(ctx, m, sent) }
		}
	}
	return nil
}

// expands tells whether the rules want more or other of a room than when it was last sent.
func (x *slidingAnswer) expands(m *matched, sent sentRoom) bool {
	return m.limit > sent.limit && !sent.whole || m.key() != sent.wants
}

func (x *slidingAnswer) dmChanged(m *matched, sent sentRoom) bool {
	return x.changed(directType) && x.direct.direct[m.roomID] != sent.dm
}

// slidingRoom is the work of answering for one room.
type slidingRoom struct {
	*slidingAnswer
	*matched
	sent   sentRoom
	a      *answer // for this room, from where it was sent
	out    *SlidingRoom
	isNew  bool
	piece  *piece
	change stateChange
}

// stateChange is what of the state changed, whether it is wanted or not.
type stateChange struct {
	events  []*store.Event
	members bool
}

func (c stateChange) has(eventType string) bool {
	return slices.ContainsFunc(c.events, func(ev *store.Event) bool { return ev.Type == eventType && *ev.StateKey == "" })
}

func (x *slidingAnswer) roomFor(m *matched, sent sentRoom) *slidingRoom {
	r := &slidingRoom{slidingAnswer: x, matched: m, sent: sent, out: &SlidingRoom{}}
	r.a = &answer{
		s: x.s, ses: x.ses, since: x.sinceIn(sent.room), snap: x.snap, ignored: x.common.ignored, blocks: x.common.blocks, res: &Response{},
		req: Request{User: x.req.User, Device: x.req.Device, Filter: filter.TimelineLimit(max(m.limit, 1))},
	}
	return r
}

// joined answers for a room that the user is in.
func (x *slidingAnswer) joined(ctx context.Context, m *matched, sent sentRoom) (err error) {
	r := x.roomFor(m, sent)
	if r.isNew, err = r.a.newlyJoined(ctx, m.member); err != nil {
		return err
	}
	if r.isNew {
		r.out.Initial = true
		r.sent = sentRoom{data: sent.data, receipts: sent.receipts}
		x.conn.members.forget(m.room)
	}
	for _, step := range []func(context.Context) error{r.timeline, r.findChange, r.state, r.describe, r.counts} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("answering for a room: %w", err)
		}
	}
	r.remember()
	if !r.isNew && r.nothingNew() {
		x.setRoom(m, nil, r.sent)
		return nil
	}
	x.setRoom(m, r.out, r.sent)
	if r.isNew || r.out.Expanded {
		x.mu.Lock()
		x.starts[m.room] = r.piece.start
		x.mu.Unlock()
	}
	return nil
}

func (r *slidingRoom) nothingNew() bool {
	o := r.out
	return len(o.Timeline) == 0 && !o.Limited && len(o.RequiredState) == 0 && o.Name == nil && o.Avatar == nil && o.Heroes == nil &&
		o.IsDM == nil && o.Joined == nil && o.Notifications == nil
}

// remember is what will have been sent of the room.
func (r *slidingRoom) remember() {
	s := &r.sent
	s.room = live
	s.wants = r.key()
	all := r.isNew || r.out.Expanded
	switch {
	case all:
		s.limit, s.whole = r.limit, !r.piece.limited
	case r.piece.limited:
		s.limit, s.whole = r.limit, false
	default:
		s.limit = max(s.limit, r.limit)
	}
}

// timeline is the newest of what is new; or, where more is wanted than was, of all there is (MSC4186, "Changes to timeline_limit").
func (r *slidingRoom) timeline(ctx context.Context) (err error) {
	to := r.a.to(r.room)
	r.out.Expanded = !r.isNew && r.limit > r.sent.limit && !r.sent.whole
	switch {
	case r.limit == 0:
		r.piece = &piece{start: to, limited: r.isNew || r.common.moved(r.room, r.last)}
	case r.isNew || r.out.Expanded:
		r.piece, err = r.a.fromDatabase(ctx, r.member, store.MakePos(to.Lane(), 0), to)
	default:
		r.piece, err = r.a.timeline(ctx, r.member, false)
	}
	if err != nil {
		return err
	}
	if r.piece.limited {
		r.conn.members.forget(r.room)
	}
	r.out.Timeline, r.out.Limited = r.piece.events, r.piece.limited && r.limit > 0
	if len(r.piece.events) > 0 || r.isNew {
		r.out.PrevBatch = token.Page(r.piece.start)
		n := r.live()
		r.out.NumLive = &n
	}
	return r.bump(ctx)
}

// live counts the events that came since the client was last here.
func (r *slidingRoom) live() (n int) {
	if r.since == nil {
		return 0
	}
	from := r.common.from(r.room)
	for _, ev := range r.piece.of {
		if ev.Pos > from {
			n++
		}
	}
	return n
}

// bump sets the bump stamp: the time of the newest activity. Where all that is new is in the timeline, it is found there.
func (r *slidingRoom) bump(ctx context.Context) error {
	for i := len(r.piece.of) - 1; i >= 0; i-- {
		if ev := r.piece.of[i]; slices.Contains(bumpTypes, ev.Type) {
			r.out.BumpStamp = ev.TS
			return nil
		}
	}
	if !r.isNew && !r.piece.limited && !r.out.Expanded {
		return nil
	}
	err := r.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		r.out.BumpStamp, err = tx.NewestOfTypes(ctx, r.room, bumpTypes, r.a.to(r.room))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// findChange finds out what of the state changed; where the window shows that nothing did, without a query.
func (r *slidingRoom) findChange(ctx context.Context) error {
	if r.isNew || r.windowWithoutState() {
		return nil
	}
	err := r.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		r.change.events, err = tx.StateBetween(ctx, r.room, r.a.from(r.room), r.a.to(r.room))
		return err
	})
	for _, ev := range r.change.events {
		r.change.members = r.change.members || ev.Type == memberType
	}
	return err
}

func (r *slidingRoom) windowWithoutState() bool {
	if !r.a.inWindow(r.room) {
		return false
	}
	r.s.hub.mu.RLock()
	defer r.s.hub.mu.RUnlock()
	w := r.s.hub.rooms[r.room]
	if w == nil || w.last <= r.a.from(r.room) {
		return true
	}
	return !slices.ContainsFunc(w.between(r.a.from(r.room), r.a.to(r.room)), func(e *recent) bool { return e.ev.IsState() })
}

// state is the wanted state: all of it at first, then what changed, and what was not wanted before.
func (r *slidingRoom) state(ctx context.Context) error {
	key := r.key()
	more := !r.isNew && !covers(r.sent.wants, key)
	lazy := r.lazyUsers()
	if !r.isNew && !more && len(r.change.events) == 0 && len(lazy) == 0 {
		return nil
	}
	return r.s.Store.Read(ctx, func(tx *store.Tx) error {
		state, err := r.wanted(ctx, tx, more)
		if err != nil {
			return err
		}
		if state, err = r.withLazy(ctx, tx, state, lazy); err != nil {
			return err
		}
		v, err := r.a.view(ctx, tx, r.member)
		if err != nil {
			return err
		}
		r.conn.members.note(r.room, state)
		r.out.RequiredState, err = v.ClientState(ctx, tx, state)
		return err
	})
}

func (r *slidingRoom) wanted(ctx context.Context, tx *store.Tx, more bool) ([]*store.Event, error) {
	to := r.a.to(r.room)
	if r.isNew {
		return r.wants.load(ctx, tx, r.room, to)
	}
	// MSC4186, "Lazy loaded memberships": "All membership updates since the last sync when limited is false".
	allMembers := r.wants.lazy() && !r.piece.limited
	state := slices.DeleteFunc(slices.Clone(r.change.events), func(ev *store.Event) bool {
		return !r.wants.has(ev.Type, *ev.StateKey) && (!allMembers || ev.Type != memberType)
	})
	if !more {
		return state, nil
	}
	all, err := r.wants.load(ctx, tx, r.room, to)
	before := parseWants(r.sent.wants)
	for _, ev := range all {
		if !before.has(ev.Type, *ev.StateKey) && !slices.ContainsFunc(state, func(o *store.Event) bool { return o.Pos == ev.Pos }) {
			state = append(state, ev)
		}
	}
	return state, err
}

// lazyUsers are the members that the timeline needs and that were not sent: who sent its events, and whom its membership events are
// about.
func (r *slidingRoom) lazyUsers() []string {
	if !r.wants.lazy() {
		return nil
	}
	users := r.piece.senders()
	for _, ev := range r.piece.of {
		if ev.Type == memberType && ev.StateKey != nil && !slices.Contains(users, *ev.StateKey) {
			users = append(users, *ev.StateKey)
		}
	}
	return r.conn.members.unsent(r.room, users)
}

func (r *slidingRoom) withLazy(ctx context.Context, tx *store.Tx, state []*store.Event, users []string) ([]*store.Event, error) {
	for _, ev := range state {
		if ev.Type == memberType {
			users = slices.DeleteFunc(users, func(u string) bool { return u == *ev.StateKey })
		}
	}
	if len(users) == 0 {
		return state, nil
	}
	slices.Sort(users)
	members, err := tx.MembersAt(ctx, r.room, r.a.to(r.room), users)
	return append(state, members...), err
}

// describe tells the room's name, avatar and members, where they are new.
func (r *slidingRoom) describe(ctx context.Context) error {
	dm := r.direct.direct[r.roomID]
	if dm != r.sent.dm {
		r.out.IsDM, r.sent.dm = &dm, dm
	}
	name, avatar := r.isNew || r.change.has("m.room.name"), r.isNew || r.change.has("m.room.avatar")
	members := r.isNew || r.change.members
	if !name && !avatar && !members {
		return nil
	}
	return r.s.Store.Read(ctx, func(tx *store.Tx) error {
		row, err := tx.RoomByNum(ctx, r.room)
		if err != nil {
			return err
		}
		if name && (row.Name != "" || !r.isNew) {
			r.out.Name = textOrNull(row.Name)
		}
		if avatar && (row.AvatarURL != "" || !r.isNew) {
			r.out.Avatar = textOrNull(row.AvatarURL)
		}
		if members {
			r.out.Joined, r.out.Invited = &row.Joined, &row.Invited
		}
		if row.Name == "" && (name || members) {
			r.out.Heroes, err = r.heroes(ctx, tx, *row)
		}
		return err
	})
}

// heroes are the members by whom the room is named: MSC4186 wants them wherever there is no name, also beside an alias.
func (r *slidingRoom) heroes(ctx context.Context, tx *store.Tx, row store.Room) ([]SlidingHero, error) {
	row.CanonicalAlias = ""
	users, err := heroesOf(ctx, tx, &row, r.req.User)
	if err != nil || len(users) == 0 {
		return nil, err
	}
	members, err := tx.MembersAt(ctx, r.room, r.a.to(r.room), users)
	out := make([]SlidingHero, len(users))
	for i, u := range users {
		out[i].UserID = u
	}
	for _, ev := range members {
		hero := &out[slices.Index(users, *ev.StateKey)]
		hero.DisplayName = gjson.GetBytes(ev.JSON, "content.displayname").Str
		hero.AvatarURL = gjson.GetBytes(ev.JSON, "content.avatar_url").Str
	}
	return out, err
}

// counts tells what is unread, threads included, since there is no other place to tell of theirs.
func (r *slidingRoom) counts(ctx context.Context) error {
	if !r.isNew && len(r.piece.events) == 0 && !r.piece.limited && !r.a.ownReceipt(r.member) {
		return nil
	}
	total, _, err := r.a.unreadCounts(ctx, r.member, r.a.to(r.room))
	if err != nil {
		return err
	}
	r.out.Notifications, r.out.Highlights = &total.Notifications, &total.Highlights
	return nil
}
