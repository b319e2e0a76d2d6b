package sync

import (
	"context"
	"fmt"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
)

// A first answer has all of a user's rooms in it. Whatever has the same form for each of them is read for all at once: a query for each room is
// what such an answer would otherwise spend its time on.

// readAhead reads, for a first sync, all rooms that the user is in at once.
func (a *answer) readAhead(ctx context.Context) error {
	if a.since != nil {
		return nil
	}
	joined := map[int64]*member{}
	var nums []int64
	for _, m := range a.snap.rooms {
		if m.membership == "join" && a.req.Filter.Rooms().PassesRoom(m.roomID) {
			joined[m.room] = m
			nums = append(nums, m.room)
		}
	}
	if len(nums) == 0 {
		return nil
	}
	a.views = make(map[int64]*room.View, len(nums))
	return a.s.Store.Read(ctx, func(tx *store.Tx) error {
		rooms, err := tx.RoomsByNum(ctx, nums)
		if err != nil {
			return fmt.Errorf("reading rooms: %w", err)
		}
		for _, r := range rooms {
			a.views[r.Num] = room.JoinedView(a.who(), r, joined[r.Num].pos)
		}
		if err := a.readUnread(ctx, tx, joined); err != nil {
			return fmt.Errorf("reading what was read: %w", err)
		}
		if err := a.readInfos(ctx, tx, rooms); err != nil {
			return fmt.Errorf("reading rooms for push rules: %w", err)
		}
		return nil
	})
}

// readUnread reads from where on the user's unread events are counted, for the rooms of which the session does not know.
func (a *answer) readUnread(ctx context.Context, tx *store.Tx, joined map[int64]*member) error {
	var nums []int64
	a.ses.mu.Lock()
	for num := range joined {
		if a.ses.unread[num] == nil {
			nums = append(nums, num)
		}
	}
	a.ses.mu.Unlock()
	if len(nums) == 0 {
		return nil
	}
	receipts, err := tx.ReceiptsOfIn(ctx, nums, a.req.User)
	if err != nil {
		return err
	}
	history, err := tx.HistoryIn(ctx, nums, store.StateKey{Type: "m.room.member", Key: a.req.User})
	if err != nil {
		return err
	}
	read, stays := map[int64][]store.Receipt{}, map[int64][]*store.Event{}
	for _, c := range receipts {
		read[c.Room] = append(read[c.Room], c)
	}
	for _, ev := range history {
		if ev.Pos <= joined[ev.Room].pos {
			stays[ev.Room] = append(stays[ev.Room], ev)
		}
	}
	a.unread = make(map[int64]*unread, len(nums))
	for _, num := range nums {
		if len(stays[num]) == 0 {
			continue // beyond the bound of what is read at once
		}
		u := newUnread(read[num])
		u.startAt(beginOfStay(joined[num], stays[num]))
		a.unread[num] = u
	}
	return nil
}

// readInfos reads what push rules look at in the rooms of which the hub does not know.
func (a *answer) readInfos(ctx context.Context, tx *store.Tx, rooms []*store.Room) error {
	lacking := map[int64]*store.Room{}
	var nums []int64
	h := a.s.hub
	h.mu.RLock()
	at := make([]store.Pos, len(h.lanes))
	for i := range h.lanes {
		at[i] = h.lanes[i].pos
	}
	for _, r := range rooms {
		if w := h.rooms[r.Num]; w == nil || w.info == nil {
			lacking[r.Num] = r
			nums = append(nums, r.Num)
		}
	}
	h.mu.RUnlock()
	if len(nums) == 0 {
		return nil
	}
	entries, err := tx.EntriesIn(ctx, nums, []string{"m.room.create", "m.room.power_levels"})
	if err != nil {
		return err
	}
	create, levels := map[int64]*store.Event{}, map[int64]*store.Event{}
	for _, ev := range entries {
		if ev.Type == "m.room.create" {
			create[ev.Room] = ev
		} else {
			levels[ev.Room] = ev
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for num, r := range lacking {
		if create[num] != nil {
			h.keepInfo(num, newRoomInfo(r, create[num], levels[num]), at[store.Pos(num).Lane()])
		}
	}
	return nil
}
