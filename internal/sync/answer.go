package sync

import (
	"context"
	"encoding/json"
	"slices"
	stdsync "sync"

	"golang.org/x/sync/errgroup"

	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/push"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// answer is the work of answering one request once.
type answer struct {
	s     *Service
	ses   *session
	req   Request
	since *token.Sync // nil: an initial sync
	snap  *snapshot
	next  token.Sync
	data  map[string][]store.AccountData // by room id; "" is global
	types map[string][]string            // who types, by room id, where that changed

	ignored []string // whom the user ignores; not nil
	blocks  bool     // the user takes no invites

	toDeviceLimit int // of the messages to the device; 0: the usual bound

	mu        stdsync.Mutex // guards what follows while rooms are read side by side
	res       *Response
	views     map[int64]*room.View
	unread    map[int64]*unread // what was read ahead
	summaries map[int64]*Summary
}

// readers is how many rooms of one answer are read from the database at the same time.
const readers = 4

func (a *answer) build(ctx context.Context) error {
	a.next = token.Sync{Node: a.s.NodeID}
	for _, p := range a.snap.now {
		a.next.Lanes = append(a.next.Lanes, p.Seq())
	}
	if err := a.accountData(ctx); err != nil {
		return err
	}
	if err := a.devices(ctx); err != nil {
		return err
	}
	a.typing()
	a.presence()
	if err := a.loadIgnored(ctx); err != nil {
		return err
	}
	last, err := a.lastInOld(ctx)
	if err != nil {
		return err
	}
	if err := a.readAhead(ctx); err != nil {
		return err
	}
	var works []func(context.Context) error
	for _, m := range a.snap.rooms {
		if work := a.roomWork(m, last); work != nil {
			works = append(works, work)
		}
	}
	return runAll(ctx, works)
}

// sideBySide is from how many rooms on it is worth reading them side by side.
const sideBySide = 8

func runAll(ctx context.Context, works []func(context.Context) error) error {
	if len(works) < sideBySide {
		for _, work := range works {
			if err := work(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for _, work := range works {
		g.Go(func() error { return work(ctx) })
	}
	return g.Wait()
}

// devices answers what is for the device, and about the devices of others.
func (a *answer) devices(ctx context.Context) error {
	if err := a.toDevice(ctx); err != nil {
		return err
	}
	if err := a.keyCounts(ctx); err != nil {
		return err
	}
	return a.deviceLists(ctx)
}

// who is for whom rooms are read.
func (a *answer) who() room.Who {
	return room.Who{User: a.req.User, Device: a.req.Device, Ignores: a.ignored}
}

// view is the user's view of a room, read once for the whole answer.
func (a *answer) view(ctx context.Context, tx *store.Tx, m *member) (*room.View, error) {
	a.mu.Lock()
	v := a.views[m.room]
	a.mu.Unlock()
	if v != nil {
		return v, nil
	}
	v, err := a.s.Rooms.SyncView(ctx, tx, a.who(), m.roomID)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.views == nil {
		a.views = map[int64]*room.View{}
	}
	a.views[m.room] = v
	return v, nil
}

// from is how far the device has seen a room's lane.
func (a *answer) from(num int64) store.Pos {
	lane := store.Pos(num).Lane()
	if a.since == nil {
		return store.MakePos(lane, 0)
	}
	return a.since.Pos(lane)
}

// to is how far this answer goes in a room's lane.
func (a *answer) to(num int64) store.Pos { return a.snap.now[store.Pos(num).Lane()] }

// inWindow tells whether all that is new in a room is in memory.
func (a *answer) inWindow(num int64) bool {
	return a.since != nil && a.from(num) >= a.snap.floor[store.Pos(num).Lane()]
}

// roomWork decides, without a query, whether there may be anything new in a room, and what is to be done then.
func (a *answer) roomWork(m *member, last map[int64]store.Pos) func(context.Context) error {
	if !a.req.Filter.Rooms().PassesRoom(m.roomID) {
		return nil
	}
	from := a.from(m.room)
	switch m.membership {
	case "join":
		if a.since == nil || m.pos > from || a.req.FullState || a.moved(m.room, last) || a.data[m.roomID] != nil || a.types[m.roomID] != nil {
			return func(ctx context.Context) error { return a.joined(ctx, m) }
		}
	case "invite":
		if m.pos > from {
			return func(ctx context.Context) error { return a.invited(ctx, m) }
		}
	case "knock":
		if m.pos > from {
			return func(ctx context.Context) error { return a.knocked(ctx, m) }
		}
	case "leave", "ban":
		wanted := a.since != nil && m.pos > from || a.since == nil && a.req.Filter.Rooms().WantsLeft()
		if wanted && !m.forgotten {
			return func(ctx context.Context) error { return a.left(ctx, m) }
		}
	}
	return nil
}

// moved tells whether a room has events or receipts that the device has not seen.
func (a *answer) moved(num int64, last map[int64]store.Pos) bool {
	if !a.inWindow(num) {
		return last[num] > a.from(num)
	}
	a.s.hub.mu.RLock()
	defer a.s.hub.mu.RUnlock()
	w := a.s.hub.rooms[num]
	return w != nil && w.last > a.from(num)
}

// lastInOld asks the database, once, how far the joined rooms have got that the window cannot tell of.
func (a *answer) lastInOld(ctx context.Context) (last map[int64]store.Pos, err error) {
	if a.since == nil {
		return nil, nil
	}
	var old []int64
	for _, m := range a.snap.rooms {
		if m.membership == "join" && !a.inWindow(m.room) {
			old = append(old, m.room)
		}
	}
	if len(old) == 0 {
		return nil, nil
	}
	err = a.s.Store.Read(ctx, func(tx *store.Tx) error {
		last, err = tx.LastIn(ctx, old)
		return err
	})
	return last, err
}

// typing collects the rooms whose typing users changed.
func (a *answer) typing() {
	counter := int64(0)
	if a.since != nil && a.since.Node == a.s.NodeID {
		counter = a.since.Typing
	}
	joined := map[string]bool{}
	for _, m := range a.snap.rooms {
		joined[m.roomID] = m.membership == "join"
	}
	var rooms []ephemeral.RoomTyping
	rooms, a.next.Typing = a.s.typing.Since(counter, func(roomID string) bool { return joined[roomID] })
	a.types = make(map[string][]string, len(rooms))
	for _, r := range rooms {
		if len(r.Users) == 0 && a.since == nil {
			continue
		}
		a.types[r.RoomID] = append([]string{}, r.Users...)
	}
}

// accountData collects what changed, by room, and answers the global part.
func (a *answer) accountData(ctx context.Context) error {
	lane := a.s.Store.UserLaneNum(a.req.User)
	from, to := store.MakePos(lane, 0), a.snap.now[lane]
	if a.since != nil {
		from = a.since.Pos(lane)
	}
	changed, ok := a.ses.accountDataBetween(from, to)
	if a.since == nil || !ok {
		var err error
		if changed, err = a.loadAccountData(ctx, from, to); err != nil {
			return err
		}
	}
	a.data = map[string][]store.AccountData{}
	for _, d := range changed {
		a.data[d.RoomID] = append(a.data[d.RoomID], d)
	}
	global := a.data[""]
	if a.since == nil && !slices.ContainsFunc(global, func(d store.AccountData) bool { return d.Type == pushRulesType }) {
		global = append(global, store.AccountData{UserID: a.req.User, Type: pushRulesType})
	}
	events, err := renderAccountData(a.req.User, global, a.req.Filter.AccountDataEvents().PassesType)
	a.res.AccountData = batch(events)
	return err
}

func (a *answer) loadAccountData(ctx context.Context, from, to store.Pos) (out []store.AccountData, err error) {
	err = a.s.Store.Read(ctx, func(tx *store.Tx) error {
		out, err = tx.AllAccountData(ctx, a.req.User)
		return err
	})
	return slices.DeleteFunc(out, func(d store.AccountData) bool { return d.Pos <= from || d.Pos > to }), err
}

func renderAccountData(user string, data []store.AccountData, wanted func(eventType string) bool) ([]json.RawMessage, error) {
	var out []json.RawMessage
	for _, d := range data {
		if !wanted(d.Type) {
			continue
		}
		content := json.RawMessage(d.Content)
		if d.Type == pushRulesType && d.RoomID == "" {
			rules, err := push.Render(user, d.Content)
			if err != nil {
				return nil, err
			}
			content = rules
		}
		ev, err := json.Marshal(struct {
			Type    string          `json:"type"`
			Content json.RawMessage `json:"content"`
		}{d.Type, content})
		if err != nil {
			return nil, err
		}
		out = append(out, ev)
	}
	return out, nil
}

// fields prunes events to what the filter's event_fields name.
func (a *answer) fields(events []json.RawMessage) []json.RawMessage {
	f := a.req.Filter.EventFields()
	if f == nil {
		return events
	}
	for i, ev := range events {
		events[i] = f.Prune(ev)
	}
	return events
}

// ephemeralFilter is the filter for typing and receipts.
func (a *answer) ephemeralFilter() *filter.RoomEvents { return a.req.Filter.Rooms().EphemeralEvents() }

// rooms is the part of the response for rooms; a.mu is held.
func (a *answer) rooms() *Rooms {
	if a.res.Rooms == nil {
		a.res.Rooms = &Rooms{
			Join: map[string]*JoinedRoom{}, Invite: map[string]*InvitedRoom{}, Knock: map[string]*KnockedRoom{}, Leave: map[string]*LeftRoom{},
		}
	}
	return a.res.Rooms
}
