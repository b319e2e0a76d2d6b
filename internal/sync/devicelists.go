package sync

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// DeviceLists is whose keys a device has to fetch anew, and whose it need not follow any more (Client-Server API, "Extensions to /sync"
// of end-to-end encryption).
type DeviceLists struct {
	Changed []string `json:"changed"`
	Left    []string `json:"left"`
}

// listChange is a change of the devices or keys of a user whom the session's user can see.
type listChange struct {
	user string
	pos  store.Pos
}

// listsKept bounds the changes that a session keeps.
const listsKept = 1000

// applyDeviceChange tells those who share a room with a user whose devices changed, or the one who can see the change.
func (h *hub) applyDeviceChange(c store.DeviceChange) {
	switch {
	case c.SeenBy != "":
		h.noteList(h.sessions[c.SeenBy], c)
	case c.RoomsUnknown:
		for _, s := range h.sessions {
			s.forgetLists(c.Pos)
			s.wake()
		}
	default:
		h.noteList(h.sessions[c.UserID], c)
		for _, room := range c.Rooms {
			if w := h.rooms[room]; w != nil {
				for s := range w.subs {
					h.noteList(s, c)
				}
			}
		}
	}
}

func (h *hub) noteList(s *session, c store.DeviceChange) {
	if s == nil {
		return
	}
	s.mu.Lock()
	if n := len(s.lists); n == 0 || s.lists[n-1] != (listChange{c.UserID, c.Pos}) { // once, whatever the number of rooms
		s.lists = append(s.lists, listChange{c.UserID, c.Pos})
	}
	if len(s.lists) > listsKept && s.listFloors != nil {
		half := len(s.lists) / 2
		for _, old := range s.lists[:half] {
			s.raiseFloor(old.pos)
		}
		s.lists = append([]listChange(nil), s.lists[half:]...)
	}
	s.mu.Unlock()
	s.wake()
}

// forgetLists makes what happened up to a position be read from the database.
func (s *session) forgetLists(pos store.Pos) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listFloors != nil {
		s.raiseFloor(pos)
	}
}

// raiseFloor is called with the session's lock held.
func (s *session) raiseFloor(pos store.Pos) {
	s.listFloors[pos.Lane()] = max(s.listFloors[pos.Lane()], pos)
}

// listsBetween is whose devices changed in (from, to] of a lane; false if the session does not go back so far.
func (s *session) listsBetween(from, to store.Pos, found map[string]bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from < s.listFloors[from.Lane()] {
		return false
	}
	for _, c := range s.lists {
		if c.pos.Lane() == from.Lane() && c.pos > from && c.pos <= to {
			found[c.user] = true
		}
	}
	return true
}

// deviceLists answers with whose devices changed since the token, and who shares a room with the user now or no longer. Where all that
// is new is in memory and nobody came or went, it takes no query.
func (a *answer) deviceLists(ctx context.Context) error {
	if a.since == nil {
		return nil
	}
	l := &lists{a: a, changed: map[string]bool{}, came: map[string]bool{}, went: map[string]bool{}}
	for lane := range a.snap.now {
		if err := l.lane(ctx, lane); err != nil {
			return fmt.Errorf("finding whose devices changed: %w", err)
		}
	}
	if err := l.ownRooms(ctx); err != nil {
		return fmt.Errorf("finding whose devices changed: %w", err)
	}
	out, err := l.result(ctx)
	a.res.DeviceLists = out
	return err
}

// lists is the work of finding device lists.
type lists struct {
	a       *answer
	changed map[string]bool // their devices changed
	came    map[string]bool // they joined a room that the user is in
	went    map[string]bool // they left one, so that there may be none left
}

// lane looks at one lane: in memory, or in the database for what is not there.
func (l *lists) lane(ctx context.Context, lane int) error {
	a := l.a
	from, to := a.since.Pos(lane), a.snap.now[lane]
	if from >= to {
		return nil
	}
	st, user := a.s.Store, a.req.User
	if !a.ses.listsBetween(from, to, l.changed) {
		err := st.Read(ctx, func(tx *store.Tx) error {
			users, err := tx.DeviceListsChanged(ctx, user, from, to)
			add(l.changed, users)
			return err
		})
		if err != nil {
			return err
		}
	}
	if from >= a.snap.floor[lane] {
		return l.membersInWindow(ctx, lane, from, to)
	}
	return st.Read(ctx, func(tx *store.Tx) error {
		users, err := tx.MembersChanged(ctx, user, from, to)
		if err != nil {
			return err
		}
		return l.split(ctx, tx, users)
	})
}

func add(set map[string]bool, users []string) {
	for _, u := range users {
		set[u] = true
	}
}

// split tells those who share a room with the user from those who do not.
func (l *lists) split(ctx context.Context, tx *store.Tx, users []string) error {
	users = slices.DeleteFunc(users, func(u string) bool { return u == l.a.req.User })
	if len(users) == 0 {
		return nil
	}
	near, err := tx.Sharing(ctx, l.a.req.User, users)
	add(l.came, near)
	add(l.went, users)
	return err
}

// membersInWindow looks at the membership events of a lane in the rooms that the user is in.
func (l *lists) membersInWindow(ctx context.Context, lane int, from, to store.Pos) error {
	events := l.memberEvents(lane, from, to)
	before, err := l.before(ctx, events)
	if err != nil {
		return err
	}
	for _, ev := range events {
		user := *ev.StateKey
		now, was := membershipIn(ev) == "join", before(ev)
		switch {
		case now == was || user == l.a.req.User:
		case now:
			l.came[user] = true
		default:
			l.went[user] = true
		}
	}
	return nil
}

func (l *lists) memberEvents(lane int, from, to store.Pos) (out []*store.Event) {
	h := l.a.s.hub
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.lanes[lane].lastMember <= from {
		return nil
	}
	for _, m := range l.a.snap.rooms {
		if m.membership != "join" || store.Pos(m.room).Lane() != lane {
			continue
		}
		w := h.rooms[m.room]
		if w == nil || w.last <= from {
			continue
		}
		for _, r := range w.between(from, to) {
			if r.ev.Type == "m.room.member" && r.ev.StateKey != nil {
				out = append(out, r.ev)
			}
		}
	}
	return out
}

// before tells of each membership event whether its user was in the room before it, which whoever appended the event knew; of events
// of other nodes it is read.
func (l *lists) before(ctx context.Context, events []*store.Event) (func(*store.Event) bool, error) {
	var ids []string
	for _, ev := range events {
		if ev.Member == nil && ev.Replaces != "" {
			ids = append(ids, ev.Replaces)
		}
	}
	joined := map[string]bool{}
	if len(ids) > 0 {
		err := l.a.s.Store.Read(ctx, func(tx *store.Tx) error {
			old, err := tx.EventsByID(ctx, ids)
			for _, ev := range old {
				joined[ev.ID] = membershipIn(ev) == "join"
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return func(ev *store.Event) bool {
		if ev.Member != nil {
			return ev.Member.Joined < 0 || ev.Member.Joined == 0 && membershipIn(ev) == "join"
		}
		return joined[ev.Replaces]
	}, nil
}

// ownRooms looks at the rooms that the user has joined or left.
func (l *lists) ownRooms(ctx context.Context) error {
	var entered, left []int64
	for _, m := range l.a.snap.rooms {
		if m.pos <= l.a.from(m.room) {
			continue
		}
		switch m.membership {
		case "join":
			isNew, err := l.a.newlyJoined(ctx, m)
			if err != nil {
				return err
			}
			if isNew {
				entered = append(entered, m.room)
			}
		case "leave", "ban":
			left = append(left, m.room)
		}
	}
	if len(entered)+len(left) == 0 {
		return nil
	}
	return l.a.s.Store.Read(ctx, func(tx *store.Tx) error {
		users, err := tx.KeyedMembers(ctx, entered)
		if err != nil {
			return err
		}
		add(l.came, users) // also the user: some clients fetch the list of their own devices only when they are told to
		users, err = tx.KeyedMembers(ctx, left)
		add(l.went, users)
		return err
	})
}

// result is nil if nothing changed.
func (l *lists) result(ctx context.Context) (*DeviceLists, error) {
	maps.Copy(l.changed, l.came)
	maps.DeleteFunc(l.went, func(user string, _ bool) bool { return user == l.a.req.User })
	if len(l.went) > 0 {
		var near []string
		err := l.a.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
			near, err = tx.Sharing(ctx, l.a.req.User, slices.Collect(maps.Keys(l.went)))
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("finding who no longer shares a room: %w", err)
		}
		for _, user := range near {
			delete(l.went, user)
		}
		for user := range l.went {
			delete(l.changed, user)
		}
	}
	if len(l.changed)+len(l.went) == 0 {
		return nil, nil
	}
	return &DeviceLists{Changed: sorted(l.changed), Left: sorted(l.went)}, nil
}

func sorted(set map[string]bool) []string {
	out := slices.AppendSeq(make([]string, 0, len(set)), maps.Keys(set))
	slices.Sort(out)
	return out
}

// DeviceListsSince is what deviceLists would have told between two tokens (Client-Server API, GET /keys/changes). Like every answer it
// goes up to now: to is only a hint.
func (s *Service) DeviceListsSince(ctx context.Context, user, from, to string) (DeviceLists, error) {
	since, err := token.ParseSync(from)
	if err != nil {
		return DeviceLists{}, err
	}
	if _, err := token.ParseSync(to); err != nil {
		return DeviceLists{}, err
	}
	if err := s.hub.reach(ctx, &since); err != nil && !errors.Is(err, token.ErrUnknownPos) {
		return DeviceLists{}, err
	}
	ses, err := s.hub.session(ctx, user)
	if err != nil {
		return DeviceLists{}, err
	}
	snap, err := s.hub.snapshot(ctx, ses)
	if err != nil {
		return DeviceLists{}, err
	}
	a := &answer{s: s, ses: ses, req: Request{User: user}, since: &since, snap: snap, res: &Response{}}
	if err := a.deviceLists(ctx); err != nil {
		return DeviceLists{}, err
	}
	if a.res.DeviceLists == nil {
		return DeviceLists{Changed: []string{}, Left: []string{}}, nil
	}
	return *a.res.DeviceLists, nil
}
