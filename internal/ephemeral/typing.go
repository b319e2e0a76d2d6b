package ephemeral

import (
	"container/list"
	"log/slog"
	"slices"
	"sync"
	"time"

	"bongsu.org/bongsu/internal/bus"
)

const (
	// MaxTyping is the longest time for which one request makes a user type.
	MaxTyping = 2 * time.Minute
	// maxTypers bounds the users who type in one room; a client that shows more would help nobody.
	maxTypers = 100
	// maxTypingRooms bounds the rooms that are remembered. Those in which nobody types any longer are forgotten first.
	maxTypingRooms = 50_000
	// A room whose typing ended is remembered, so that whoever synced before learns of the end, for
	// stoppedKept; a client with a token of another node is told of the ends of the last stoppedNews.
	stoppedKept = 10 * time.Minute
	stoppedNews = time.Minute
)

// RoomTyping is who types in a room. The user ids are in the order in which they began; the slice is shared and must not be changed.
type RoomTyping struct {
	RoomID string
	Users  []string
}

// Typing knows who types where.
type Typing struct {
	bus    bus.Bus
	log    *slog.Logger
	notify func(roomID string)
	leave  func()

	mu      sync.RWMutex // guards what follows; never held while calling notify or the bus
	closed  bool
	counter int64
	rooms   map[string]*typingRoom
	changed *list.List // of *typingRoom, the last changed first
	stopped *list.List // of *typingRoom where nobody types, the longest ago first
}

type typingRoom struct {
	id      string
	typers  []typer
	users   []string // the ids of typers, made anew at each change
	counter int64    // of the last change
	timer   *time.Timer
	ended   time.Time     // when the last one stopped
	inOrder *list.Element // in changed
	inEnded *list.Element // in stopped, or nil while someone types
}

type typer struct {
	userID string
	until  time.Time
}

// NewTyping listens on the bus from now on. notify is called with each room whose typing changes, by whoever changed it: it must be quick.
func NewTyping(b bus.Bus, log *slog.Logger, notify func(roomID string)) (*Typing, error) {
	t := &Typing{bus: b, log: log, notify: notify, rooms: map[string]*typingRoom{}, changed: list.New(), stopped: list.New()}
	leave, err := bus.Listen(b, func(m bus.Typing) { t.apply(m.RoomID, m.UserID, time.Duration(m.ForMS)*time.Millisecond) })
	if err != nil {
		return nil, err
	}
	t.leave = leave
	return t, nil
}

// Set makes a user of this node type in a room for so long, at most MaxTyping, from now on; with zero or less the user stops typing.
func (t *Typing) Set(roomID, userID string, timeout time.Duration) {
	timeout = min(max(timeout, 0), MaxTyping)
	if !t.apply(roomID, userID, timeout) {
		return
	}
	if err := bus.Send(t.bus, bus.Typing{RoomID: roomID, UserID: userID, ForMS: timeout.Milliseconds()}); err != nil {
		t.log.Debug("telling other nodes who types", "error", err)
	}
}

// Room is who types in a room now.
func (t *Typing) Room(roomID string) RoomTyping {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if r := t.rooms[roomID]; r != nil {
		return RoomTyping{RoomID: roomID, Users: r.users}
	}
	return RoomTyping{RoomID: roomID}
}

// Counter is the value of the last change.
func (t *Typing) Counter() int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.counter
}

// Since returns those of the joined rooms whose typing changed after the counter, and the counter to ask with the next time. A room may be there
// with nobody typing: it just ended. From counter 0, or one that this run never gave, it is every room where someone types, and those where typing
// ended within the last minute. joined must be quick and must not call t.
func (t *Typing) Since(counter int64, joined func(roomID string) bool) (rooms []RoomTyping, next int64) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	fresh := counter <= 0 || counter > t.counter
	for e := t.changed.Front(); e != nil; e = e.Next() {
		r := e.Value.(*typingRoom)
		if !fresh && r.counter <= counter {
			break
		}
		old := len(r.users) == 0 && time.Since(r.ended) > stoppedNews
		if fresh && old || !joined(r.id) {
			continue
		}
		rooms = append(rooms, RoomTyping{RoomID: r.id, Users: r.users})
	}
	return rooms, t.counter
}

// Close stops listening and all timers.
func (t *Typing) Close() {
	t.leave()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for _, r := range t.rooms {
		if r.timer != nil {
			r.timer.Stop()
		}
	}
}

// apply makes a change and reports whether there was anything to it: to stop who does not type is nothing.
func (t *Typing) apply(roomID, userID string, timeout time.Duration) bool {
	timeout = min(timeout, MaxTyping)
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return false
	}
	var did, visible bool
	if timeout > 0 {
		did, visible = t.begin(roomID, userID, time.Now().Add(timeout))
	} else {
		did = t.end(roomID, func(u typer) bool { return u.userID == userID })
		visible = did
	}
	t.mu.Unlock()
	if visible {
		t.notify(roomID)
	}
	return did
}

// begin makes a user type, or type for longer, which others need not be told again.
func (t *Typing) begin(roomID, userID string, until time.Time) (did, visible bool) {
	r := t.rooms[roomID]
	if r == nil {
		if r = t.newRoom(roomID); r == nil {
			return false, false
		}
	}
	i := slices.IndexFunc(r.typers, func(u typer) bool { return u.userID == userID })
	if i >= 0 {
		r.typers[i].until = until
		t.arm(r)
		return true, false
	}
	if len(r.typers) >= maxTypers {
		return false, false
	}
	r.typers = append(r.typers, typer{userID, until})
	t.touch(r)
	return true, true
}

// end removes those who are gone from a room and reports whether anyone was.
func (t *Typing) end(roomID string, gone func(typer) bool) bool {
	r := t.rooms[roomID]
	if r == nil {
		return false
	}
	before := len(r.typers)
	r.typers = slices.DeleteFunc(r.typers, gone)
	if len(r.typers) == before {
		return false
	}
	t.touch(r)
	return true
}

// touch gives a room whose typers changed its place, its snapshot and its timer.
func (t *Typing) touch(r *typingRoom) {
	t.counter++
	r.counter = t.counter
	t.changed.MoveToFront(r.inOrder)
	r.users = make([]string, len(r.typers))
	for i, u := range r.typers {
		r.users[i] = u.userID
	}
	if r.inEnded != nil {
		t.stopped.Remove(r.inEnded)
		r.inEnded = nil
	}
	if len(r.typers) == 0 {
		r.ended, r.inEnded = time.Now(), t.stopped.PushBack(r)
	}
	t.arm(r)
}

// arm sets a room's timer for the first of its typers to run out.
func (t *Typing) arm(r *typingRoom) {
	if len(r.typers) == 0 {
		r.timer.Stop()
		return
	}
	first := r.typers[0].until
	for _, u := range r.typers[1:] {
		if u.until.Before(first) {
			first = u.until
		}
	}
	wait := time.Until(first)
	if r.timer == nil {
		r.timer = time.AfterFunc(wait, func() { t.expire(r.id) })
		return
	}
	r.timer.Reset(wait)
}

// expire runs when a typer's time may be over. Typing that was prolonged meanwhile goes on, and has set the timer anew.
func (t *Typing) expire(roomID string) {
	now := time.Now()
	t.mu.Lock()
	visible := !t.closed && t.end(roomID, func(u typer) bool { return !u.until.After(now) })
	t.mu.Unlock()
	if visible {
		t.notify(roomID)
	}
}

// newRoom takes a room on, or returns nil when there are too many in which someone types.
func (t *Typing) newRoom(roomID string) *typingRoom {
	t.forget()
	if len(t.rooms) >= maxTypingRooms {
		return nil
	}
	r := &typingRoom{id: roomID}
	r.inOrder = t.changed.PushFront(r)
	t.rooms[roomID] = r
	return r
}

// forget drops rooms that ended long ago, and one more where the limit is reached.
func (t *Typing) forget() {
	for e := t.stopped.Front(); e != nil; e = t.stopped.Front() {
		r := e.Value.(*typingRoom)
		if time.Since(r.ended) < stoppedKept && len(t.rooms) < maxTypingRooms {
			return
		}
		t.stopped.Remove(e)
		t.changed.Remove(r.inOrder)
		delete(t.rooms, r.id)
	}
}
