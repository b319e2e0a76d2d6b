package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"bongsu.org/bongsu/internal/store"
)

// receiptsMost bounds the receipts of a first look at a room.
const receiptsMost = 2000

// fillBeside adds what is beside the timeline: receipts, typing and account data.
func (a *answer) fillBeside(ctx context.Context, m *member, out *JoinedRoom, isNew bool) error {
	f := a.ephemeralFilter()
	var events []json.RawMessage
	if f.PassesType("m.receipt") && f.PassesRoom(m.roomID) {
		receipts, err := a.receipts(ctx, m, isNew)
		if err != nil {
			return err
		}
		if ev := receiptEvent(a.req.User, receipts); ev != nil {
			events = append(events, ev)
		}
	}
	if users, ok := a.types[m.roomID]; ok && f.PassesType("m.typing") && f.PassesRoom(m.roomID) {
		ev, err := json.Marshal(map[string]any{"type": "m.typing", "content": map[string]any{"user_ids": users}})
		if err != nil {
			return err
		}
		events = append(events, ev)
	}
	out.Ephemeral = batch(events)
	data, err := a.roomData(ctx, m, isNew)
	out.AccountData = data
	return err
}

// roomData is the room's account data; all of it on a first look.
func (a *answer) roomData(ctx context.Context, m *member, isNew bool) (*EventBatch, error) {
	f := a.req.Filter.Rooms().AccountDataEvents()
	data := a.data[m.roomID]
	if isNew && a.since != nil {
		all, err := a.loadAccountData(ctx, 0, store.Latest)
		if err != nil {
			return nil, err
		}
		data = nil
		for _, d := range all {
			if d.RoomID == m.roomID {
				data = append(data, d)
			}
		}
	}
	if len(data) == 0 || !f.PassesRoom(m.roomID) {
		return nil, nil
	}
	events, err := renderAccountData(a.req.User, data, f.PassesType)
	return batch(events), err
}

func (a *answer) receipts(ctx context.Context, m *member, isNew bool) (out []store.Receipt, err error) {
	from, to := a.from(m.room), a.to(m.room)
	if isNew {
		from = store.MakePos(to.Lane(), 0)
	} else if found, ok := a.receiptsInWindow(m.room, from, to); ok {
		return found, nil
	}
	err = a.s.Store.Read(ctx, func(tx *store.Tx) error {
		out, err = tx.ReceiptsIn(ctx, m.room, from, receiptsMost)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading receipts: %w", err)
	}
	return out, nil
}

func (a *answer) receiptsInWindow(num int64, from, to store.Pos) ([]store.Receipt, bool) {
	if !a.inWindow(num) {
		return nil, false
	}
	a.s.hub.mu.RLock()
	defer a.s.hub.mu.RUnlock()
	w := a.s.hub.rooms[num]
	if w == nil {
		return nil, true
	}
	if from < w.receiptFloor {
		return nil, false
	}
	return w.receiptsBetween(from, to), true
}

// ownReceipt tells whether the user read something since the token, on whatever device, so that the counts have changed.
func (a *answer) ownReceipt(m *member) bool {
	found, ok := a.receiptsInWindow(m.room, a.from(m.room), a.to(m.room))
	if !ok {
		return true
	}
	for _, c := range found {
		if c.UserID == a.req.User {
			return true
		}
	}
	return false
}

// receiptEvent is an m.receipt event; nil if there is nothing for the user to see in it.
func receiptEvent(user string, receipts []store.Receipt) json.RawMessage {
	type one struct {
		TS     int64  `json:"ts"`
		Thread string `json:"thread_id,omitempty"`
	}
	content := map[string]map[string]map[string]one{}
	newest := map[[3]string]store.Receipt{}
	for _, c := range receipts {
		if c.Type != "m.read" && (c.Type != "m.read.private" || c.UserID != user) {
			continue
		}
		key := [3]string{c.Type, c.UserID, c.ThreadID}
		if old, ok := newest[key]; !ok || old.Pos < c.Pos {
			newest[key] = c
		}
	}
	for _, c := range newest {
		if content[c.EventID] == nil {
			content[c.EventID] = map[string]map[string]one{}
		}
		if content[c.EventID][c.Type] == nil {
			content[c.EventID][c.Type] = map[string]one{}
		}
		if old, ok := content[c.EventID][c.Type][c.UserID]; !ok || old.Thread != "" {
			content[c.EventID][c.Type][c.UserID] = one{c.TS, c.ThreadID}
		}
	}
	if len(content) == 0 {
		return nil
	}
	ev, err := json.Marshal(map[string]any{"type": "m.receipt", "content": content})
	if err != nil {
		return nil // strings and numbers only
	}
	return ev
}

// reply is when a device was last answered, and how much news there had been by then.
type reply struct {
	at   time.Time
	news int64
}

// sinceReply is how long ago the device was last answered.
func (s *session) sinceReply(device string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.lastReply[device].at)
}

// newsFor is how much there has been since the device was last answered.
func (s *session) newsFor(device string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.news.Load() - s.lastReply[device].news
}

// repliesKept bounds the devices of which the last answer is remembered.
const repliesKept = 100

func (s *session) replied(device string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lastReply == nil || len(s.lastReply) > repliesKept {
		s.lastReply = map[string]reply{}
	}
	s.lastReply[device] = reply{time.Now(), s.news.Load()}
}
