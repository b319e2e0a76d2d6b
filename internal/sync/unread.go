package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/push"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
)

const (
	pushRulesType = "m.push_rules"
	ignoredType   = "m.ignored_user_list"
	mainThread    = "main"
)

// unreadMost bounds how many events after a read receipt are counted; clients show "99+" long before.
const unreadMost = 1000

// userRules is a user's compiled push rules.
type userRules struct{ compiled *push.Compiled }

// roomInfo is what push rules look at in a room, the same for all users. It is dropped whenever the room's state changes.
type roomInfo struct {
	members int
	levels  []byte // content of m.room.power_levels; nil if there is none
	// power is what levels say of users.
	power struct {
		Users   map[string]int64 `json:"users"`
		Default int64            `json:"users_default"`
	}
	roomLevel int64    // the power that it takes to notify the whole room
	creators  []string // who stand above all levels (room version 12)
}

// setLevels takes over the content of m.room.power_levels.
func (i *roomInfo) setLevels(content []byte) {
	i.levels = content
	_ = json.Unmarshal(content, &i.power) // what cannot be read gives nobody power
	i.roomLevel = push.NotificationLevel(content, wholeRoom)
}

// wholeRoom is the key of the one notification that the specification gives a power level.
const wholeRoom = "room"

// mayNotify tells whether a sender has the power for a kind of notification.
func (i *roomInfo) mayNotify(sender, key string) bool {
	need := i.roomLevel
	if key != wholeRoom {
		need = push.NotificationLevel(i.levels, key)
	}
	if slices.Contains(i.creators, sender) {
		return true
	}
	power, ok := i.power.Users[sender]
	if !ok {
		power = i.power.Default
	}
	return power >= need
}

// unread counts a user's unread events in one room, by thread. It is owned by the session's lock.
//
// Counting is lazy: nothing is computed when an event is sent, since that would cost as much as the room has members. When a user who
// is connected is told of an event, it is counted for that user.
type unread struct {
	upTo    store.Pos
	read    map[string]store.Pos // by thread; "" is the receipt without thread
	joined  store.Pos
	threads map[string]*Counts
}

func (u *unread) isRead(thread string, pos store.Pos) bool {
	return pos <= u.joined || pos <= u.read[""] || pos <= u.read[thread]
}

// count evaluates the user's rules on one event.
func (u *unread) count(c counter, ev *store.Event, forRules *push.Prepared) {
	thread := mainThread
	if ev.RelType == "m.thread" {
		thread = ev.RelatesTo
	}
	if ev.Sender == c.user {
		u.answered(thread, ev)
		return
	}
	if ev.RedactedBy != "" || u.isRead(thread, ev.Pos) || slices.Contains(c.ignored, ev.Sender) {
		return
	}
	r := c.rules.compiled.Evaluate(forRules, c.room)
	if !r.Notify {
		return
	}
	n := u.threads[thread]
	if n == nil {
		n = &Counts{}
		u.threads[thread] = n
	}
	n.Notifications++
	if r.Highlight {
		n.Highlights++
	}
}

// answered takes what the user sent as a sign that all before it in its thread was read (Client-Server API, "Receiving
// notifications": a read receipt moves "either by using the API or by sending an event"). Memberships do not count: the server writes
// them into every room when the user changes a name.
func (u *unread) answered(thread string, ev *store.Event) {
	if ev.Type == "m.room.member" {
		return
	}
	u.read[thread] = max(u.read[thread], ev.Pos)
	delete(u.threads, thread)
}

// counter is what counting needs beside the events.
type counter struct {
	user    string
	rules   *userRules
	room    *push.Room
	ignored []string
}

// noteReceipt makes the room be counted anew.
func (s *session) noteReceipt(c store.Receipt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.unread, c.Room)
}

// unreadCounts is the user's counts in a room up to a position.
func (a *answer) unreadCounts(ctx context.Context, m *member, to store.Pos) (total *Counts, threads map[string]*Counts, err error) {
	a.ses.mu.Lock()
	u := a.ses.unread[m.room]
	a.ses.mu.Unlock()
	if u == nil || u.upTo > to {
		if u, err = a.loadUnread(ctx, m); err != nil {
			return nil, nil, err
		}
	}
	events, err := a.uncounted(ctx, m, u, to)
	if err != nil {
		return nil, nil, err
	}
	var c counter
	if len(events) > 0 {
		if c, err = a.counter(ctx, m); err != nil {
			return nil, nil, err
		}
	}
	a.ses.mu.Lock()
	defer a.ses.mu.Unlock()
	if u.upTo < to { // another device's request may have counted meanwhile
		for _, r := range events {
			if r.ev.Pos > u.upTo {
				u.count(c, r.ev, r.forRules())
			}
		}
		u.upTo = to
		a.ses.unread[m.room] = u
	}
	total, threads = u.sum(a.req.Filter.Rooms().TimelineEvents().ThreadCounts())
	return total, threads, nil
}

// sum adds up the threads, or keeps them apart (Client-Server API, "Receiving notifications").
func (u *unread) sum(apart bool) (*Counts, map[string]*Counts) {
	total := &Counts{}
	threads := map[string]*Counts{}
	for id, n := range u.threads {
		if apart && id != mainThread {
			copied := *n
			threads[id] = &copied
			continue
		}
		total.Notifications += n.Notifications
		total.Highlights += n.Highlights
	}
	return total, threads
}

func (a *answer) loadUnread(ctx context.Context, m *member) (u *unread, err error) {
	a.mu.Lock()
	u = a.unread[m.room]
	delete(a.unread, m.room) // from now on it is the session's
	a.mu.Unlock()
	if u != nil {
		return u, nil
	}
	err = a.s.Store.Read(ctx, func(tx *store.Tx) error {
		receipts, err := tx.ReceiptsOf(ctx, m.room, a.req.User)
		if err != nil {
			return err
		}
		u = newUnread(receipts)
		if _, ok := u.read[""]; ok {
			u.startAt(0)
			return nil
		}
		joined, err := joinedAt(ctx, tx, m, a.req.User)
		u.startAt(joined)
		return err
	})
	return u, err
}

// newUnread begins with the user's own receipts in a room.
func newUnread(receipts []store.Receipt) *unread {
	u := &unread{read: map[string]store.Pos{}, threads: map[string]*Counts{}}
	for _, c := range receipts {
		if c.Type == "m.read" || c.Type == "m.read.private" {
			u.read[c.ThreadID] = max(u.read[c.ThreadID], c.EventPos)
		}
	}
	return u
}

// startAt lets counting start at the user's joining, unless the user has read further.
func (u *unread) startAt(joined store.Pos) {
	u.joined = joined
	u.upTo = max(joined, u.read[""])
}

// joinedAt is where the user's present stay in the room began.
func joinedAt(ctx context.Context, tx *store.Tx, m *member, user string) (store.Pos, error) {
	history, err := tx.StateHistoryBack(ctx, m.room, store.StateKey{Type: "m.room.member", Key: user}, m.pos, 100)
	return beginOfStay(m, history), err
}

// beginOfStay looks at a user's memberships of a room, newest first: the newest event may be no more than a change of name.
func beginOfStay(m *member, history []*store.Event) store.Pos {
	at := m.pos
	for _, ev := range history {
		if membershipIn(ev) != "join" {
			break
		}
		at = ev.Pos
	}
	return at
}

// uncounted is the events in (u.upTo, to], from memory if they are there.
func (a *answer) uncounted(ctx context.Context, m *member, u *unread, to store.Pos) ([]*recent, error) {
	if u.upTo >= to {
		return nil, nil
	}
	if u.upTo >= a.snap.floor[to.Lane()] {
		a.s.hub.mu.RLock()
		defer a.s.hub.mu.RUnlock()
		if w := a.s.hub.rooms[m.room]; w != nil {
			return w.between(u.upTo, to), nil
		}
		return nil, nil
	}
	var out []*recent
	err := a.s.Store.Read(ctx, func(tx *store.Tx) error {
		events, err := tx.EventsBefore(ctx, m.room, u.upTo, to, unreadMost)
		for i := len(events) - 1; i >= 0; i-- {
			out = append(out, &recent{ev: events[i]})
		}
		return err
	})
	return out, err
}

// counter gathers the rules and what they need of the room.
func (a *answer) counter(ctx context.Context, m *member) (counter, error) {
	rules, err := a.userRules(ctx)
	if err != nil {
		return counter{}, err
	}
	info, err := a.roomInfo(ctx, m)
	if err != nil {
		return counter{}, err
	}
	in := &push.Room{Members: info.members, MayNotify: info.mayNotify}
	if rules.compiled.LooksForName() {
		if in.DisplayName, err = a.ownName(ctx, m); err != nil {
			return counter{}, err
		}
	}
	return counter{a.req.User, rules, in, a.ignored}, nil
}

// ownName is what the user is called in a room.
func (a *answer) ownName(ctx context.Context, m *member) (name string, err error) {
	err = a.s.Store.Read(ctx, func(tx *store.Tx) error {
		events, err := tx.EventsByPos(ctx, []store.Pos{m.pos})
		for _, ev := range events {
			name = gjson.GetBytes(ev.JSON, "content.displayname").Str
		}
		return err
	})
	return name, err
}

func (a *answer) userRules(ctx context.Context) (*userRules, error) {
	a.ses.mu.Lock()
	rules := a.ses.rules
	a.ses.mu.Unlock()
	if rules != nil {
		return rules, nil
	}
	var stored []byte
	err := a.s.Store.Read(ctx, func(tx *store.Tx) error {
		d, err := tx.AccountDataOf(ctx, a.req.User, "", pushRulesType)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		stored = d.Content
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading push rules: %w", err)
	}
	compiled, err := push.CompileStored(a.req.User, stored)
	if err != nil {
		return nil, fmt.Errorf("reading push rules: %w", err)
	}
	rules = &userRules{compiled}
	a.ses.mu.Lock()
	a.ses.rules = rules
	a.ses.mu.Unlock()
	return rules, nil
}

func (a *answer) roomInfo(ctx context.Context, m *member) (*roomInfo, error) {
	h := a.s.hub
	h.mu.RLock()
	w := h.rooms[m.room]
	var info *roomInfo
	if w != nil {
		info = w.info
	}
	at := h.lanes[store.Pos(m.room).Lane()].pos
	h.mu.RUnlock()
	if info != nil {
		return info, nil
	}
	err := a.s.Store.Read(ctx, func(tx *store.Tx) error {
		r, err := tx.RoomByNum(ctx, m.room)
		if err != nil {
			return err
		}
		create, err := tx.StateEventAt(ctx, m.room, store.StateKey{Type: "m.room.create"}, store.Latest)
		if err != nil {
			return err
		}
		levels, err := tx.StateEventAt(ctx, m.room, store.StateKey{Type: "m.room.power_levels"}, store.Latest)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		info = newRoomInfo(r, create, levels)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading a room for push rules: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keepInfo(m.room, info, at)
	return info, nil
}

// newRoomInfo is made of a room, its m.room.create and its m.room.power_levels, if there are any.
func newRoomInfo(r *store.Room, create, levels *store.Event) *roomInfo {
	info := &roomInfo{members: int(r.Joined), creators: room.PrivilegedCreators(r.Version, create)}
	if levels == nil {
		info.setLevels(nil)
	} else {
		info.setLevels(levels.Content())
	}
	return info
}

// keepInfo keeps what was read while the room's lane was at a position; it may be older than a change that came meanwhile. h.mu is held.
func (h *hub) keepInfo(num int64, info *roomInfo, at store.Pos) {
	if w := h.rooms[num]; w != nil && h.lanes[store.Pos(num).Lane()].pos == at {
		w.info = info
	}
}

// loadIgnored finds out whose messages the user does not want, and whether any invites.
func (a *answer) loadIgnored(ctx context.Context) error {
	a.ses.mu.Lock()
	known, list, blocks := a.ses.ignoredKnown, a.ses.ignored, a.ses.blocks
	a.ses.mu.Unlock()
	if known {
		a.ignored, a.blocks = list, blocks
		return nil
	}
	err := a.s.Store.Read(ctx, func(tx *store.Tx) error {
		found, err := tx.GlobalAccountData(ctx, []string{a.req.User}, ignoredType, room.InvitePermissionType)
		list = []string{}
		for _, d := range found {
			if d.Type == ignoredType {
				list = append(list, room.IgnoredUsers(d.Content)...)
			} else {
				blocks = room.InvitesBlocked(d.Content)
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("reading whom a user ignores: %w", err)
	}
	a.ses.mu.Lock()
	a.ses.ignoredKnown, a.ses.ignored, a.ses.blocks = true, list, blocks
	a.ses.mu.Unlock()
	a.ignored, a.blocks = list, blocks
	return nil
}

// membershipIn is the membership that a membership event gives.
func membershipIn(ev *store.Event) string { return gjson.GetBytes(ev.JSON, "content.membership").Str }
