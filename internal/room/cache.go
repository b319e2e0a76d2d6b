package room

import (
	"context"
	"fmt"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/matrix-org/gomatrixserverlib"

	"bongsu.org/bongsu/internal/store"
)

// Bounds of what a lane's committer keeps in memory.
const (
	cachedRooms   = 10_000   // a lane
	cachedBytes   = 64 << 20 // of events, a lane
	cachedMembers = 20_000   // a room
	catchUpMost   = 2_000    // positions of other nodes that are applied one by one; beyond, everything is loaded anew
)

// roomState is a room as of the last event of its lane that the committer has seen.
type roomState struct {
	num     int64
	id      string
	version gomatrixserverlib.IRoomVersion
	lastID  string
	depth   int64
	state   map[store.StateKey]*entry // all but members
	members map[string]*entry         // those looked at; nil: known to have no membership event
	// allowed remembers, by sender and type, what authorisation said of message events. It depends on nothing but power levels and
	// the sender's membership, and is dropped with them.
	allowed map[string]map[string]error
	bytes   int        // of the events above
	cache   *laneCache // that it is in; nil: none
}

// entry is one entry of a room's state.
type entry struct {
	ev  *store.Event
	pdu gomatrixserverlib.PDU // made when first needed
}

// entrySize is what an entry takes beside its event: more than the event itself where that is small.
const entrySize = 500

// size is about what an entry takes in memory; its event is there twice once it was parsed.
func (n *entry) size() int {
	if n == nil {
		return 0
	}
	return entrySize + 2*len(n.ev.JSON)
}

func (n *entry) parsed(ver gomatrixserverlib.IRoomVersion) (gomatrixserverlib.PDU, error) {
	if n == nil {
		return nil, nil
	}
	if n.pdu == nil {
		pdu, err := ver.NewEventFromTrustedJSONWithEventID(n.ev.ID, n.ev.JSON, n.ev.RedactedBy != "")
		if err != nil {
			return nil, fmt.Errorf("reading event %s: %w", n.ev.ID, err)
		}
		n.pdu = pdu
	}
	return n.pdu, nil
}

// laneCache is the memory of one lane's committer.
type laneCache struct {
	e       *Engine
	rooms   *simplelru.LRU[int64, *roomState]
	bytes   int     // of the events in rooms
	touched []int64 // rooms that the running job has changed
}

func newLaneCache(e *Engine) *laneCache {
	c := &laneCache{e: e}
	rooms, err := simplelru.NewLRU(cachedRooms, func(_ int64, rs *roomState) {
		c.bytes -= rs.bytes
		rs.cache = nil
	})
	if err != nil {
		panic(err) // only for a size below 1
	}
	c.rooms = rooms
	return c
}

// add remembers a room.
func (c *laneCache) add(rs *roomState) {
	c.rooms.Add(rs.num, rs)
	rs.cache = c
	c.bytes += rs.bytes
}

// trim forgets the rooms that were not used for longest, until the rest is within its bound.
func (c *laneCache) trim() {
	for c.bytes > cachedBytes && c.rooms.Len() > 0 {
		c.rooms.RemoveOldest()
	}
}

// guard runs a job and, if it fails, forgets the rooms that it had changed.
func (c *laneCache) guard(job func() error) error {
	c.touched = c.touched[:0]
	ok := false
	defer func() {
		if !ok {
			for _, num := range c.touched {
				c.rooms.Remove(num)
			}
		}
	}()
	c.trim() // before the job, which may hold on to its room
	err := job()
	ok = err == nil
	return err
}

// load returns a room, from memory or from the database.
func (c *laneCache) load(ctx context.Context, tx *store.LaneTx, num int64) (*roomState, error) {
	if rs, ok := c.rooms.Get(num); ok {
		return rs, nil
	}
	if err := tx.Flush(ctx); err != nil {
		return nil, err
	}
	r, err := tx.RoomByNum(ctx, num)
	if err != nil {
		return nil, fmt.Errorf("loading a room: %w", err)
	}
	rs, err := newRoomState(r)
	if err != nil {
		return nil, err
	}
	last, err := tx.LastEvent(ctx, num)
	if err != nil {
		return nil, fmt.Errorf("loading the last event of %s: %w", r.ID, err)
	}
	rs.lastID, rs.depth = last.ID, last.Depth
	events, err := tx.StateAtWithoutMembers(ctx, num, store.Latest)
	if err != nil {
		return nil, fmt.Errorf("loading the state of %s: %w", r.ID, err)
	}
	for _, ev := range events {
		rs.put(ev)
	}
	c.add(rs)
	return rs, nil
}

func newRoomState(r *store.Room) (*roomState, error) {
	ver, err := gomatrixserverlib.GetRoomVersion(gomatrixserverlib.RoomVersion(r.Version))
	if err != nil {
		return nil, fmt.Errorf("room %s: %w", r.ID, err)
	}
	return &roomState{
		num: r.Num, id: r.ID, version: ver, state: map[store.StateKey]*entry{}, members: map[string]*entry{},
		allowed: map[string]map[string]error{},
	}, nil
}

// get is an entry of the state; nil if there is none.
func (rs *roomState) get(ctx context.Context, tx *store.LaneTx, typ, key string) (*entry, error) {
	if typ != "m.room.member" {
		return rs.state[store.StateKey{Type: typ, Key: key}], nil
	}
	if m, ok := rs.members[key]; ok {
		return m, nil
	}
	if err := tx.Flush(ctx); err != nil {
		return nil, err
	}
	events, err := tx.MembersAt(ctx, rs.num, store.Latest, []string{key})
	if err != nil {
		return nil, fmt.Errorf("loading a member of %s: %w", rs.id, err)
	}
	var m *entry
	if len(events) > 0 {
		m = &entry{ev: events[0]}
	}
	rs.putMember(key, m)
	return m, nil
}

func (rs *roomState) putMember(user string, m *entry) {
	if len(rs.members) >= cachedMembers {
		for _, old := range rs.members {
			rs.weigh(-old.size())
		}
		clear(rs.members)
	}
	rs.weigh(m.size() - rs.members[user].size())
	rs.members[user] = m
}

// put makes an event part of the state.
func (rs *roomState) put(ev *store.Event) {
	key, n := store.StateKey{Type: ev.Type, Key: *ev.StateKey}, &entry{ev: ev}
	rs.weigh(n.size() - rs.state[key].size())
	rs.state[key] = n
}

// weigh notes that a room takes more memory, or less.
func (rs *roomState) weigh(bytes int) {
	rs.bytes += bytes
	if rs.cache != nil {
		rs.cache.bytes += bytes
	}
}

// apply moves the room on by one event.
func (rs *roomState) apply(ev *store.Event) {
	rs.lastID, rs.depth = ev.ID, ev.Depth
	if !ev.IsState() {
		return
	}
	switch ev.Type {
	case "m.room.member":
		rs.putMember(*ev.StateKey, &entry{ev: ev})
		delete(rs.allowed, *ev.StateKey)
		return
	case "m.room.power_levels", "m.room.create", "m.room.join_rules":
		clear(rs.allowed)
	}
	rs.put(ev)
}

// CatchUp implements store.LaneHooks.
func (c *laneCache) CatchUp(ctx context.Context, tx *store.Tx, from, to store.Pos) error {
	if from < 0 || to-from > catchUpMost {
		c.rooms.Purge()
		return nil
	}
	events, err := tx.LaneEvents(ctx, from, to)
	if err != nil {
		return err
	}
	for _, ev := range events {
		rs, ok := c.rooms.Peek(ev.Room)
		if !ok {
			continue
		}
		if ev.Type == "m.room.redaction" { // what it redacts may be remembered here
			c.rooms.Remove(ev.Room)
			continue
		}
		rs.apply(ev)
	}
	return nil
}

// Reset implements store.LaneHooks.
func (c *laneCache) Reset(int) { c.rooms.Purge() }

// Committed implements store.LaneHooks.
func (c *laneCache) Committed(b *store.Batch) {
	if c.e.committed != nil {
		c.e.committed(b)
	}
}
