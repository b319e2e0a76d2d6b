package sync

import (
	stdsync "sync"

	"bongsu.org/bongsu/internal/push"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
)

// Bounds of the window, for each lane and for each room.
const (
	windowEvents   = 16_384
	windowBytes    = 32 << 20 // of events in a lane: most are small, but they need not be
	windowReceipts = 200
)

// recent is an event in the window.
type recent struct {
	ev *store.Event
	// reload: something happened since that the event must tell of (its redaction, or an event that relates to it); it is read from the
	// database when it is served.
	reload bool

	prepareOnce stdsync.Once
	prepared    *push.Prepared
}

// forRules is the event as push rules look at it; parsed once for all users.
func (r *recent) forRules() *push.Prepared {
	r.prepareOnce.Do(func() { r.prepared = prepare(r.ev) })
	return r.prepared
}

func prepare(ev *store.Event) *push.Prepared {
	return push.Event{
		ID: ev.ID, Type: ev.Type, Sender: ev.Sender, RoomID: ev.RoomID, StateKey: ev.StateKey, Content: ev.Content(),
	}.Prepare()
}

// roomWindow is what the window holds of one room. It is guarded by hub.mu.
type roomWindow struct {
	num    int64
	last   store.Pos // of the newest thing in it
	joined store.Pos // of the newest membership event in it
	events []*recent // in order
	// receipts of the window, in order; receiptFloor: below it some were dropped.
	receipts     []store.Receipt
	receiptFloor store.Pos
	subs         map[*session]struct{} // connected users who are joined
	info         *roomInfo             // what push rules need of the room; nil: to be loaded
}

func (w *roomWindow) addEvent(ev *store.Event) {
	if ev.RelatesTo != "" {
		w.markReload(ev.RelatesTo)
	}
	if target := room.Redacts(ev); target != "" {
		w.markReload(target)
	}
	w.events = append(w.events, &recent{ev: ev})
	w.last = max(w.last, ev.Pos)
	if ev.IsState() {
		w.info = nil
	}
	if ev.Type == "m.room.member" {
		w.joined = ev.Pos
	}
}

// markReload replaces an event's entry, since readers may hold the old one.
func (w *roomWindow) markReload(id string) {
	for i := len(w.events) - 1; i >= 0; i-- {
		if r := w.events[i]; r.ev.ID == id {
			if !r.reload {
				w.events[i] = &recent{ev: r.ev, reload: true}
			}
			return
		}
	}
}

func (w *roomWindow) addReceipt(c store.Receipt) {
	w.receipts = append(w.receipts, c)
	w.last = max(w.last, c.Pos)
	if len(w.receipts) > windowReceipts {
		drop := len(w.receipts) - windowReceipts/2
		w.receiptFloor = w.receipts[drop-1].Pos
		w.receipts = append([]store.Receipt(nil), w.receipts[drop:]...)
	}
}

// trim drops what is at or below the floor.
func (w *roomWindow) trim(floor store.Pos) {
	n := 0
	for n < len(w.events) && w.events[n].ev.Pos <= floor {
		n++
	}
	if n > 0 {
		w.events = append([]*recent(nil), w.events[n:]...)
	}
	n = 0
	for n < len(w.receipts) && w.receipts[n].Pos <= floor {
		n++
	}
	if n > 0 {
		w.receipts = append([]store.Receipt(nil), w.receipts[n:]...)
	}
}

// between copies the events in (from, to], in order.
func (w *roomWindow) between(from, to store.Pos) []*recent {
	lo := len(w.events)
	for lo > 0 && w.events[lo-1].ev.Pos > from {
		lo--
	}
	hi := len(w.events)
	for hi > lo && w.events[hi-1].ev.Pos > to {
		hi--
	}
	return append([]*recent(nil), w.events[lo:hi]...)
}

func (w *roomWindow) receiptsBetween(from, to store.Pos) []store.Receipt {
	var out []store.Receipt
	for _, c := range w.receipts {
		if c.Pos > from && c.Pos <= to {
			out = append(out, c)
		}
	}
	return out
}
