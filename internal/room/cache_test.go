package room

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/matrix-org/gomatrixserverlib"

	"bongsu.org/bongsu/internal/store"
)

func stateEvent(typ, key string, size int) *store.Event {
	return &store.Event{Type: typ, StateKey: &key, JSON: bytes.Repeat([]byte("x"), size)}
}

// What is remembered of rooms is bounded by what it takes, and the count of it is right whatever happens.
func TestRememberedRoomsAreBoundedInBytes(t *testing.T) {
	c := newLaneCache(nil)
	const rooms, large = 500, 60 << 10
	for num := int64(1); num <= rooms; num++ {
		rs := &roomState{
			num: num, version: gomatrixserverlib.MustGetRoomVersion("12"), state: map[store.StateKey]*entry{}, members: map[string]*entry{},
			allowed: map[string]map[string]error{},
		}
		rs.put(stateEvent("m.room.topic", "", large))
		c.add(rs)
		for i := range 5 {
			rs.apply(stateEvent("m.room.name", "", large/(i+1))) // one takes the place of the other
			rs.apply(stateEvent("m.room.member", fmt.Sprint(i%3), large))
		}
		if err := c.guard(func() error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	counted := 0
	for _, num := range c.rooms.Keys() {
		rs, _ := c.rooms.Peek(num)
		sum := 0
		for _, n := range rs.state {
			sum += n.size()
		}
		for _, n := range rs.members {
			sum += n.size()
		}
		if sum != rs.bytes {
			t.Errorf("room %d takes %d, counted are %d", num, sum, rs.bytes)
		}
		counted += sum
	}
	if c.bytes != counted || c.bytes > cachedBytes || c.rooms.Len() < 50 {
		t.Errorf("%d rooms take %d, counted are %d", c.rooms.Len(), counted, c.bytes)
	}
	if _, ok := c.rooms.Peek(rooms); !ok {
		t.Error("the last room is not remembered")
	}
	c.rooms.Purge()
	if c.bytes != 0 {
		t.Errorf("%d are counted of nothing", c.bytes)
	}
}
