package sync

import (
	"bytes"
	"testing"

	"bongsu.org/bongsu/internal/store"
)

// A window is bounded by what its events take, and not by their number alone.
func TestWindowIsBoundedInBytes(t *testing.T) {
	h := &hub{rooms: map[int64]*roomWindow{}, byID: map[string]*roomWindow{}, sessions: map[string]*session{}, lanes: make([]laneWindow, 1)}
	large := bytes.Repeat([]byte("x"), 60<<10)
	const events = 2000
	for i := 1; i <= events; i++ {
		pos := store.Pos(i)
		ev := &store.Event{Pos: pos, Room: int64(1 + i%3), RoomID: "!r", ID: "$e", Type: "m.room.message", JSON: large}
		if !h.apply(&store.Batch{From: pos - 1, To: pos, Events: []*store.Event{ev}}) {
			t.Fatal("not applied")
		}
	}
	l := &h.lanes[0]
	kept, sum := 0, 0
	for _, w := range h.rooms {
		for _, r := range w.events {
			if r.ev.Pos <= l.floor {
				t.Errorf("%d is kept below the floor %d", r.ev.Pos, l.floor)
			}
			kept++
			sum += len(r.ev.JSON)
		}
	}
	if l.bytes > windowBytes || sum != l.bytes || kept != len(l.rooms) || kept != len(l.sizes) || kept < windowBytes/2/len(large) {
		t.Errorf("%d events of %d bytes are kept, %d bytes are counted", kept, sum, l.bytes)
	}
	if l.pos != events || int(l.floor) != events-kept {
		t.Errorf("the window is (%d, %d] with %d events", l.floor, l.pos, kept)
	}
}

func TestSessionsDataAreBoundedInBytes(t *testing.T) {
	s := &session{unread: map[int64]*unread{}}
	for i := 1; i <= 300; i++ {
		s.addAccountData(store.AccountData{Type: "t", Content: make([]byte, i*100), Pos: store.Pos(i)})
		sum := 0
		for _, a := range s.accountData {
			sum += len(a.Content)
		}
		if sum != s.dataBytes || sum > dataBytes || len(s.accountData) > dataKept || int(s.dataFloor) != i-len(s.accountData) {
			t.Fatalf("after %d: %d entries of %d bytes, counted %d, from %d on", i, len(s.accountData), sum, s.dataBytes, s.dataFloor)
		}
	}
	s.addAccountData(store.AccountData{Type: "t", Content: make([]byte, dataBytes+1), Pos: 301})
	if len(s.accountData) != 0 || s.dataFloor != 301 || s.dataBytes != 0 {
		t.Errorf("kept %d entries from %d on", len(s.accountData), s.dataFloor)
	}
}
