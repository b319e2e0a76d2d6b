package sync

import (
	"context"
	"fmt"
	stdsync "sync"
	"sync/atomic"
	"time"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
)

// member is a connected user's membership of a room. It is never changed once made.
type member struct {
	room       int64
	roomID     string
	membership string
	sender     string // of the membership event
	pos        store.Pos
	forgotten  bool
}

// session is what is remembered of a user with at least one device that syncs here.
type session struct {
	user string

	mu           stdsync.Mutex
	rooms        map[int64]*member
	waiters      []*waiter
	waiting      atomic.Int32 // how many they are
	news         atomic.Int64 // counts what there was to wake them all for
	calls        atomic.Int64 // counts the calls of wake and wakeDevice
	devices      map[string]*deviceNews
	lists        []listChange // in the order in which it came
	listFloors   []store.Pos  // by lane: what is older is in the database only
	used         time.Time
	lastReply    map[string]reply // by device
	present      presenceNotes
	accountData  []store.AccountData // in the order in which it came
	dataBytes    int
	dataFloor    store.Pos // of the user's lane: what is older is in the database only
	unread       map[int64]*unread
	sent         map[string]map[int64]map[string]struct{} // device → room → members that lazy loading has sent
	rules        *userRules
	ignored      []string
	blocks       bool // invites
	ignoredKnown bool // and blocks
	loaded       chan struct{}
	loadErr      error

	sliding slidingSession
}

// sessionIdle is how long a user who does not sync is remembered.
const sessionIdle = 5 * time.Minute

// dataKept and dataBytes bound the account data that a session keeps.
const (
	dataKept  = 100
	dataBytes = 256 << 10
)

// session returns the user's session, loading the memberships if there was none.
func (h *hub) session(ctx context.Context, user string) (*session, error) {
	h.mu.Lock()
	s, ok := h.sessions[user]
	if !ok {
		s = &session{
			user: user, rooms: map[int64]*member{}, unread: map[int64]*unread{}, devices: map[string]*deviceNews{},
			loaded: make(chan struct{}), dataFloor: h.lanes[h.store.UserLaneNum(user)].pos,
		}
		s.present.floor = h.noted.Load()
		s.present.last = s.present.floor
		// From here on the hub keeps it up to date; what is loaded below is older than, or the same as, what the hub brings.
		h.sessions[user] = s
	}
	h.mu.Unlock()
	s.touch()
	if !ok {
		s.loadErr = h.loadSession(ctx, s)
		if s.loadErr != nil {
			h.mu.Lock()
			delete(h.sessions, user)
			h.mu.Unlock()
		}
		close(s.loaded)
	}
	select {
	case <-s.loaded:
		return s, s.loadErr
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h *hub) loadSession(ctx context.Context, s *session) error {
	var rooms []store.Membership
	err := h.store.Read(ctx, func(tx *store.Tx) (err error) {
		rooms, err = tx.MembershipsOf(ctx, s.user)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading a user's rooms: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range rooms {
		s.setMember(&member{room: m.Room, roomID: m.RoomID, membership: m.Membership, sender: m.Sender, pos: m.Pos, forgotten: m.Forgotten})
		if m.Membership == "join" {
			h.subscribe(s, h.window(m.Room, m.RoomID))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range h.lanes { // only from here on is the session told of changes in all of its rooms
		s.listFloors = append(s.listFloors, h.lanes[i].pos)
	}
	return nil
}

// forgetIdle drops the sessions that nobody has used for a while, and the windows that nothing is in.
func (h *hub) forgetIdle(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for user, s := range h.sessions {
		if !s.idle(now) {
			continue
		}
		delete(h.sessions, user)
		for _, m := range s.members() {
			if w := h.rooms[m.room]; w != nil {
				delete(w.subs, s)
				if len(w.subs) == 0 && len(w.events) == 0 && len(w.receipts) == 0 {
					delete(h.rooms, m.room)
					delete(h.byID, m.roomID)
				}
			}
		}
	}
}

func (s *session) touch() {
	s.mu.Lock()
	s.used = time.Now()
	s.mu.Unlock()
}

func (s *session) idle(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiters) == 0 && now.Sub(s.used) > sessionIdle
}

// setMember takes over a membership unless a newer one is known.
func (s *session) setMember(m *member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.rooms[m.room]; old == nil || old.pos <= m.pos {
		s.rooms[m.room] = m
	}
}

func (s *session) member(room int64) *member {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rooms[room]
}

func (s *session) members() []*member {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*member, 0, len(s.rooms))
	for _, m := range s.rooms {
		out = append(out, m)
	}
	return out
}

func (s *session) addAccountData(a store.AccountData) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.Type == pushRulesType && a.RoomID == "" {
		s.rules = nil
		clear(s.unread)
	}
	if (a.Type == ignoredType || a.Type == room.InvitePermissionType) && a.RoomID == "" {
		s.ignoredKnown = false
		clear(s.unread)
	}
	s.accountData = append(s.accountData, a)
	s.dataBytes += len(a.Content)
	if len(s.accountData) > dataKept || s.dataBytes > dataBytes {
		drop := 0
		for drop < len(s.accountData) && (len(s.accountData)-drop > dataKept/2 || s.dataBytes > dataBytes/2) {
			s.dataBytes -= len(s.accountData[drop].Content)
			drop++
		}
		s.dataFloor = s.accountData[drop-1].Pos
		s.accountData = append([]store.AccountData(nil), s.accountData[drop:]...)
	}
}

// accountDataBetween is the newest value of what changed in (from, to]; false if the session does not go back so far.
func (s *session) accountDataBetween(from, to store.Pos) ([]store.AccountData, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from < s.dataFloor {
		return nil, false
	}
	newest := map[[2]string]int{}
	var out []store.AccountData
	for _, a := range s.accountData {
		if a.Pos <= from || a.Pos > to {
			continue
		}
		key := [2]string{a.RoomID, a.Type}
		if i, ok := newest[key]; ok {
			out[i] = a
			continue
		}
		newest[key] = len(out)
		out = append(out, a)
	}
	return out, true
}
