package sync

import (
	"context"
	"log/slog"
	stdsync "sync"
	"sync/atomic"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
)

// hub is the window over all lanes, and who waits for what.
type hub struct {
	store *store.Store
	log   *slog.Logger

	mu       stdsync.RWMutex
	lanes    []laneWindow
	rooms    map[int64]*roomWindow
	byID     map[string]*roomWindow
	sessions map[string]*session
	acks     acks
	noted    atomic.Int64 // numbers the notes of presence

	moved []chan struct{} // a lane has moved on another node
	pacer *pacer
	stop  context.CancelFunc
	done  stdsync.WaitGroup
}

// laneWindow is one lane of the window: everything in (floor, pos] has been seen.
type laneWindow struct {
	floor, pos store.Pos
	rooms      []int64 // of the events in the window, in order
	first      []store.Pos
	sizes      []int
	bytes      int
	lastMember store.Pos // of the newest membership event
}

// lookout is how often a node looks for rows that no message of the bus told it of.
const lookout = 2 * time.Second

// startHub begins at the lanes' present positions.
func startHub(ctx context.Context, st *store.Store, log *slog.Logger) (*hub, error) {
	now, err := st.Positions(ctx)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	h := &hub{
		store: st, log: log, rooms: map[int64]*roomWindow{}, byID: map[string]*roomWindow{}, sessions: map[string]*session{}, stop: stop,
		pacer: newPacer(),
		acks:  acks{waiting: map[ackKey]store.Pos{}},
	}
	for _, pos := range now {
		h.lanes = append(h.lanes, laneWindow{floor: pos, pos: pos})
		h.moved = append(h.moved, make(chan struct{}, 1))
	}
	for lane := range now {
		h.done.Go(func() { h.follow(ctx, lane) })
	}
	h.done.Go(func() { h.watch(ctx) })
	h.done.Go(func() { h.pacer.watch(ctx) })
	h.done.Go(func() { h.dropAcknowledged(ctx) })
	return h, nil
}

func (h *hub) close() {
	h.stop()
	h.done.Wait()
}

// committed takes a batch that this node wrote. If other nodes wrote before it, the lane is loaded from the database instead.
func (h *hub) committed(b *store.Batch) {
	h.mu.Lock()
	ok := h.apply(b)
	h.mu.Unlock()
	if !ok {
		h.laneMoved(b.Lane)
	}
}

// laneMoved says that a lane may have rows that this node has not seen.
func (h *hub) laneMoved(lane int) {
	if lane < 0 || lane >= len(h.moved) {
		return
	}
	select {
	case h.moved[lane] <- struct{}{}:
	default:
	}
}

// follow loads what other nodes add to a lane.
func (h *hub) follow(ctx context.Context, lane int) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.moved[lane]:
		}
		if err := h.loadLane(ctx, lane); err != nil && ctx.Err() == nil {
			h.log.Warn("reading a lane failed; trying again", "lane", lane, "err", err)
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
				h.laneMoved(lane)
			}
		}
	}
}

// watch looks for rows that the bus did not tell of, and forgets users who have not been here for a while.
func (h *hub) watch(ctx context.Context) {
	tick := time.NewTicker(lookout)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		h.forgetIdle(time.Now())
		now, err := h.store.Positions(ctx)
		if err != nil {
			continue // the store's own health says so
		}
		h.mu.RLock()
		for lane, pos := range now {
			if pos > h.lanes[lane].pos {
				h.laneMoved(lane)
			}
		}
		h.mu.RUnlock()
	}
}

// loadMost bounds how many positions are read into memory at once. A node that is further behind starts its window anew.
const loadMost = 10_000

func (h *hub) loadLane(ctx context.Context, lane int) error {
	h.mu.RLock()
	from := h.lanes[lane].pos
	h.mu.RUnlock()
	var b *store.Batch
	err := h.store.Read(ctx, func(tx *store.Tx) (err error) {
		b, err = tx.LaneBatch(ctx, lane, from, loadMost)
		return err
	})
	if err != nil || b.To == from {
		return err
	}
	h.mu.Lock()
	h.apply(b)
	more := h.lanes[lane].pos < b.To
	h.mu.Unlock()
	if more {
		h.laneMoved(lane)
	}
	return nil
}

// apply adds a batch to the window and wakes whom it concerns; false if rows before it are missing. h.mu is held.
func (h *hub) apply(b *store.Batch) bool {
	l := &h.lanes[b.Lane]
	switch {
	case b.To <= l.pos:
		return true // seen already, from the database
	case b.From > l.pos:
		return false
	}
	seen := l.pos
	l.pos = b.To
	for _, ev := range b.Events {
		if ev.Pos > seen {
			h.applyEvent(l, ev)
		}
	}
	for _, c := range b.Receipts {
		if c.Pos > seen {
			h.applyReceipt(c)
		}
	}
	for _, a := range b.AccountData {
		if a.Pos > seen {
			h.applyAccountData(a)
		}
	}
	h.applyKeys(b, seen)
	h.trim(l)
	return true
}

// applyKeys is apply for what end-to-end encryption needs.
func (h *hub) applyKeys(b *store.Batch, seen store.Pos) {
	for _, m := range b.ToDevice {
		if m.Pos > seen {
			h.applyToDevice(m)
		}
	}
	for _, c := range b.KeyChanges {
		if c.Pos > seen {
			h.applyKeyChange(c)
		}
	}
	for _, c := range b.DeviceChanges {
		if c.Pos > seen {
			h.applyDeviceChange(c)
		}
	}
}

func (h *hub) applyEvent(l *laneWindow, ev *store.Event) {
	w := h.window(ev.Room, ev.RoomID)
	w.addEvent(ev)
	l.rooms = append(l.rooms, ev.Room)
	l.first = append(l.first, ev.Pos)
	l.sizes = append(l.sizes, len(ev.JSON))
	l.bytes += len(ev.JSON)
	if ev.Type == "m.room.member" && ev.StateKey != nil {
		l.lastMember = ev.Pos
		h.applyMembership(w, ev)
	}
	for s := range w.subs {
		s.wake()
	}
}

// applyMembership moves a connected user in or out of a room.
func (h *hub) applyMembership(w *roomWindow, ev *store.Event) {
	s := h.sessions[*ev.StateKey]
	if s == nil {
		return
	}
	s.setMember(&member{
		room: ev.Room, roomID: ev.RoomID, membership: gjson.GetBytes(ev.JSON, "content.membership").Str, sender: ev.Sender, pos: ev.Pos,
	})
	h.subscribe(s, w)
	s.wake()
}

// subscribe fits the room's subscribers to the user's membership.
func (h *hub) subscribe(s *session, w *roomWindow) {
	if m := s.member(w.num); m != nil && m.membership == "join" {
		if w.subs == nil {
			w.subs = map[*session]struct{}{}
		}
		w.subs[s] = struct{}{}
		return
	}
	delete(w.subs, s)
}

func (h *hub) applyReceipt(c store.Receipt) {
	w := h.window(c.Room, c.RoomID)
	w.addReceipt(c)
	if s := h.sessions[c.UserID]; s != nil {
		s.noteReceipt(c)
	}
	if c.Type == "m.read.private" {
		if s := h.sessions[c.UserID]; s != nil {
			s.wake()
		}
		return
	}
	for s := range w.subs {
		s.wake()
	}
}

func (h *hub) applyAccountData(a store.AccountData) {
	if s := h.sessions[a.UserID]; s != nil {
		s.addAccountData(a)
		s.wake()
	}
}

// window is a room's part of the window, made if need be. h.mu is held for writing.
func (h *hub) window(num int64, roomID string) *roomWindow {
	w := h.rooms[num]
	if w == nil {
		w = &roomWindow{num: num}
		h.rooms[num] = w
		h.byID[roomID] = w
	}
	return w
}

// surplus is how many of a lane's oldest events are dropped to keep its window within its bounds: half of them, or what brings it down to half
// its size.
func (l *laneWindow) surplus() (n int) {
	if len(l.rooms) > windowEvents {
		n = len(l.rooms) / 2
	}
	if l.bytes <= windowBytes {
		return n
	}
	left := l.bytes
	for i, size := range l.sizes {
		if left -= size; left <= windowBytes/2 {
			return max(n, i+1)
		}
	}
	return len(l.sizes)
}

// trim keeps a lane's window within its bounds.
func (h *hub) trim(l *laneWindow) {
	n := l.surplus()
	if n == 0 {
		return
	}
	l.floor = l.first[n-1]
	touched := map[int64]bool{}
	for i, num := range l.rooms[:n] {
		touched[num] = true
		l.bytes -= l.sizes[i]
	}
	l.rooms = append([]int64(nil), l.rooms[n:]...)
	l.first = append([]store.Pos(nil), l.first[n:]...)
	l.sizes = append([]int(nil), l.sizes[n:]...)
	for num := range touched {
		if w := h.rooms[num]; w != nil {
			w.trim(l.floor)
		}
	}
}

// positions is what has been seen, of all lanes at one moment.
func (h *hub) positions() []store.Pos {
	h.mu.RLock()
	defer h.mu.RUnlock()
	out := make([]store.Pos, len(h.lanes))
	for i := range h.lanes {
		out[i] = h.lanes[i].pos
	}
	return out
}

// typing wakes the members of a room whose typing users changed.
func (h *hub) typing(roomID string) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if w := h.byID[roomID]; w != nil {
		for s := range w.subs {
			s.wake()
		}
	}
}
