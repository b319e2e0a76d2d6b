package ephemeral

import (
	"container/list"
	"context"
	"log/slog"
	"sync"
	"time"

	"bongsu.org/bongsu/internal/bus"
)

const (
	// MaxStatus is the longest status message, in bytes.
	MaxStatus = 2048
	// maxUsers bounds the users who are remembered; those who went offline are forgotten first, after goneKept or when there are too many.
	maxUsers = 200_000
	goneKept = time.Hour
	// forgetAtOnce bounds the work of taking on one user.
	forgetAtOnce = 16
	// A client with a token of another node is told of those who went offline within the last goneNews.
	goneNews = time.Minute
)

// Presence knows who is there. A nil *Presence, that of a server where presence is switched off, knows nobody and learns nothing.
type Presence struct {
	bus    bus.Bus
	log    *slog.Logger
	notify *notifier
	leave  func()
	saver  *saving // nil: nothing is saved

	mu      sync.RWMutex // guards what follows and every user; never held while calling the bus or the Saver
	closed  bool
	counter int64
	users   map[string]*user
	changed *list.List // of *user, the last changed first
	gone    *list.List // of *user who are offline, the longest ago first
}

// NewPresence listens on the bus from now on. notify is called with each user of whom others see a change, by one goroutine; it may take its
// time, and changes of one user that come meanwhile are told once. saver may be nil.
func NewPresence(b bus.Bus, saver Saver, log *slog.Logger, notify func(userID string)) (*Presence, error) {
	p := &Presence{bus: b, log: log, notify: newNotifier(notify), users: map[string]*user{}, changed: list.New(), gone: list.New()}
	leave, err := bus.Listen(b, p.hear)
	if err != nil {
		p.notify.close()
		return nil, err
	}
	p.leave = leave
	if saver != nil {
		p.saver = newSaving(saver)
		go p.keepSaving()
	}
	return p, nil
}

// Enabled reports whether presence is switched on.
func (p *Presence) Enabled() bool { return p != nil }

// Put sets a user's presence by the user's own choice, which counts as an activity. An empty status message is none.
//
// Client-Server API, PUT /presence/{userId}/status: "When setting the status, the activity time is updated to reflect that activity".
func (p *Presence) Put(userID, deviceID, presence, status string) {
	p.change(userID, func(u *user, now time.Time) {
		u.connect("", deviceID, Online, now, now.Add(linkKept), 0)
		u.choose(presence, status, now)
		if presence != Offline {
			u.active = now
		}
		p.saver.needs(u)
	})
}

// Active notes that a user did something of their own accord, such as sending a message or reading one. Client-Server API, "Idle timeout".
func (p *Presence) Active(userID, deviceID string) {
	p.change(userID, func(u *user, now time.Time) {
		u.connect("", deviceID, Online, now, now.Add(linkKept), 0)
		u.act(now)
	})
}

// Syncing notes that a device asks for news, until done is called. setPresence is the parameter of that name; empty means online.
//
// Client-Server API, GET /sync, set_presence: with offline, the client is not marked as online by this; with unavailable, it is marked as idle.
// Either mark ends a choice of offline; it is no activity, so a choice of unavailable stays.
func (p *Presence) Syncing(userID, deviceID, setPresence string) (done func()) {
	if p == nil || setPresence == Offline {
		return func() {}
	}
	if setPresence == "" {
		setPresence = Online
	}
	p.change(userID, func(u *user, now time.Time) {
		cameOnline := u.connect("", deviceID, setPresence, now, now.Add(linkKept), 1)
		if u.chosen == Offline {
			u.choose(Online, u.status, now)
			cameOnline = setPresence == Online
		}
		if cameOnline && u.chosen == "" {
			u.act(now)
		}
	})
	return sync.OnceFunc(func() { p.synced(userID, deviceID) })
}

func (p *Presence) synced(userID, deviceID string) {
	p.change(userID, func(u *user, now time.Time) {
		if i := u.find("", deviceID); i >= 0 && u.links[i].open > 0 {
			u.links[i].open--
			u.links[i].until = now.Add(linkKept)
		}
	})
}

// Counter is the value of the last change.
func (p *Presence) Counter() int64 {
	if p == nil {
		return 0
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.counter
}

// Since returns the visible users of whom others see a change after the counter, and the counter to ask with the next time. From counter 0, or one
// that this run never gave, it is every user who is not offline, and those who went offline within the last minute. visible must be quick and must
// not call p.
func (p *Presence) Since(counter int64, visible func(userID string) bool) (states []State, next int64) {
	if p == nil {
		return nil, 0
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	now := time.Now()
	fresh := counter <= 0 || counter > p.counter
	for e := p.changed.Front(); e != nil; e = e.Next() {
		u := e.Value.(*user)
		if !fresh && u.counter <= counter {
			break
		}
		if fresh && u.goneBefore(now.Add(-goneNews)) || !visible(u.id) {
			continue
		}
		states = append(states, u.state(now))
	}
	return states, p.counter
}

// Get returns a user's state. ok is false where nothing is known of the user, who then counts as offline.
func (p *Presence) Get(ctx context.Context, userID string) (state State, ok bool, err error) {
	unknown := State{UserID: userID, Presence: Offline}
	if p == nil {
		return unknown, false, nil
	}
	if s, ok := p.Known(userID); ok {
		return s, true, nil
	}
	saved, ok, err := p.saver.load(ctx, userID)
	if err != nil || !ok {
		return unknown, false, err
	}
	unknown.StatusMsg, unknown.LastActive = saved.StatusMsg, lastActive(saved)
	return unknown, true, nil
}

// Known is Get without a look at what is saved: ok is false where nothing was heard of the user lately.
func (p *Presence) Known(userID string) (state State, ok bool) {
	if p == nil {
		return State{}, false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	u := p.users[userID]
	if u == nil {
		return State{}, false
	}
	return u.state(time.Now()), true
}

// Present is Known of a user who is not offline.
func (p *Presence) Present(userID string) (state State, ok bool) {
	state, ok = p.Known(userID)
	return state, ok && state.Presence != Offline
}

// Lately is Known of a user who is not offline, or went offline within the last minute.
func (p *Presence) Lately(userID string) (state State, ok bool) {
	if p == nil {
		return State{}, false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	now := time.Now()
	u := p.users[userID]
	if u == nil || u.goneBefore(now.Add(-goneNews)) {
		return State{}, false
	}
	return u.state(now), true
}

// Close stops listening and all timers, and saves what is to be saved.
func (p *Presence) Close(ctx context.Context) error {
	if p == nil {
		return nil
	}
	p.leave()
	p.mu.Lock()
	already := p.closed
	p.closed = true
	for _, u := range p.users {
		if u.timer != nil {
			u.timer.Stop()
		}
		if u.local && len(u.links) > 0 {
			p.saver.needs(u)
		}
	}
	p.mu.Unlock()
	if already {
		return nil
	}
	p.notify.close()
	if p.saver == nil {
		return nil
	}
	close(p.saver.quit)
	<-p.saver.stopped
	return p.saveAll(ctx)
}

// change lets do change a user who is connected to this node, and makes known what came of it.
func (p *Presence) change(userID string, do func(u *user, now time.Time)) {
	if p == nil {
		return
	}
	now := time.Now()
	p.mu.Lock()
	u := p.user(userID, now)
	if u == nil {
		p.mu.Unlock()
		return
	}
	u.local = true
	do(u, now)
	visible := p.settle(u, now)
	tell, message := p.news(u, now, visible)
	p.arm(u, now)
	p.mu.Unlock()
	p.announce(userID, visible, tell, message)
}

// hear applies what another node tells.
func (p *Presence) hear(m bus.Presence) {
	if m.Node == "" || m.UserID == "" || !ValidPresence(m.Presence) || len(m.Status) > MaxStatus {
		return
	}
	now := time.Now()
	p.mu.Lock()
	u := p.user(m.UserID, now)
	if u == nil {
		p.mu.Unlock()
		return
	}
	if m.Presence != Offline {
		u.connect(m.Node, "", m.Presence, now, now.Add(nodeKept), 0)
	} else if i := u.find(m.Node, ""); i >= 0 {
		u.links[i].until = now
	}
	if m.Set >= u.setAt { // the same again, too: this node forgets a choice when it believes the user gone
		u.setAt, u.chosen, u.status = m.Set, m.Chosen, m.Status
	}
	if active := time.UnixMilli(min(m.Active, now.UnixMilli())); m.Active > 0 && active.After(u.active) {
		u.active = active
	}
	visible := p.settle(u, now)
	p.arm(u, now)
	p.mu.Unlock()
	p.announce(m.UserID, visible, false, bus.Presence{})
}

// wake runs when time alone may have changed a user's state.
func (p *Presence) wake(userID string) {
	now := time.Now()
	p.mu.Lock()
	u := p.users[userID]
	if u == nil || p.closed {
		p.mu.Unlock()
		return
	}
	u.wakes = time.Time{}
	visible := p.settle(u, now)
	tell, message := p.news(u, now, false) // other nodes have clocks of their own
	p.arm(u, now)
	p.mu.Unlock()
	p.announce(userID, visible, tell, message)
}

// settle brings the lists and the counter in line with a user who may have changed, and reports whether others see a change.
func (p *Presence) settle(u *user, now time.Time) (visible bool) {
	u.dropDead(now)
	s := u.state(now)
	if visible = !s.sameView(u.shown); visible {
		p.counter++
		u.counter = p.counter
		p.changed.MoveToFront(u.inOrder)
	}
	if left := s.Presence == Offline && u.shown.Presence != Offline; left {
		u.gone, u.inGone = now, p.gone.PushBack(u)
		p.saver.needs(u)
	} else if s.Presence != Offline && u.inGone != nil {
		p.gone.Remove(u.inGone)
		u.inGone = nil
	}
	u.shown = s
	return visible
}

// arm sets a user's timer, unless it fires early enough anyway; a timer that fires too early finds nothing to do and is set again.
func (p *Presence) arm(u *user, now time.Time) {
	at := u.next()
	if at.IsZero() || !u.wakes.IsZero() && !at.Before(u.wakes) {
		return
	}
	u.wakes = at
	if u.timer == nil {
		u.timer = time.AfterFunc(at.Sub(now), func() { p.wake(u.id) })
		return
	}
	u.timer.Reset(at.Sub(now))
}

// news makes the message to other nodes, if they are to be told something.
func (p *Presence) news(u *user, now time.Time, visible bool) (bool, bus.Presence) {
	connection := u.connection(now, here)
	due := connection != Offline && now.Sub(u.told) >= tellEvery
	if connection == u.toldLink && !due && (!visible || connection == Offline) {
		return false, bus.Presence{}
	}
	u.told, u.toldLink = now, connection
	m := bus.Presence{Node: p.bus.NodeID(), UserID: u.id, Presence: connection, Set: u.setAt, Chosen: u.chosen, Status: u.status}
	if !u.active.IsZero() {
		m.Active = u.active.UnixMilli()
	}
	return true, m
}

func (p *Presence) announce(userID string, visible, tell bool, m bus.Presence) {
	if tell {
		if err := bus.Send(p.bus, m); err != nil {
			p.log.Debug("telling other nodes who is there", "error", err)
		}
	}
	if visible {
		p.notify.add(userID)
	}
}

// user finds a user or takes one on; it returns nil when there are too many who are not offline.
func (p *Presence) user(userID string, now time.Time) *user {
	if p.closed {
		return nil
	}
	if u := p.users[userID]; u != nil {
		return u
	}
	p.forget(now)
	if len(p.users) >= maxUsers {
		return nil
	}
	u := &user{id: userID, shown: State{UserID: userID, Presence: Offline}, toldLink: Offline, gone: now}
	u.inOrder, u.inGone = p.changed.PushBack(u), p.gone.PushBack(u)
	p.users[userID] = u
	p.saver.wants(userID)
	return u
}

// forget drops users who went offline long ago, and one more where the limit is reached. Those who are here and only seem offline stay.
func (p *Presence) forget(now time.Time) {
	for range forgetAtOnce {
		e := p.gone.Front()
		if e == nil {
			return
		}
		u := e.Value.(*user)
		if now.Sub(u.gone) < goneKept && len(p.users) < maxUsers {
			return
		}
		if len(u.links) > 0 {
			u.gone = now
			p.gone.MoveToBack(e)
			continue
		}
		p.gone.Remove(e)
		p.changed.Remove(u.inOrder)
		delete(p.users, u.id)
		if u.timer != nil {
			u.timer.Stop()
		}
	}
}
