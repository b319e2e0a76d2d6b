package load

import (
	"hash/maphash"
	"time"
)

// Send is one request to send an event, as its sender saw it. Times count from the start of the run.
type Send struct {
	Room   int
	Sender int // index into the members of the room
	Start  time.Duration
	End    time.Duration
	// Event is the hash of the acknowledged event id. Failed is set where there was no acknowledgement.
	Event  uint64
	Failed bool
}

// Sighting is an event in a member's /sync.
type Sighting struct {
	Event uint64
	At    time.Duration
}

// Log is what one member has seen of the sent events, in the order in which the server showed them.
type Log struct {
	Room, Member int
	Seen         []Sighting
}

// seed makes one process's hashes comparable. With 64 bits, two of a million events collide with a probability of
// 1 in 37 million; a collision would show as a duplicate, never hide one.
var seed = maphash.MakeSeed()

func hashID(id string) uint64 { return maphash.String(seed, id) }

// Deliveries is the outcome of matching what was acknowledged with what was seen.
type Deliveries struct {
	Expected   int `json:"expected"`
	Missing    int `json:"missing"`
	Duplicates int `json:"duplicates"`
	// Disordered counts the members who saw their room's events in another order than the first member of the room did.
	Disordered int `json:"disordered"`
	// Unacknowledged counts events that were seen though their sender got no acknowledgement. That is allowed.
	Unacknowledged int `json:"unacknowledged"`
	// Latencies go from the start of a send to the sight in another member's /sync, for sends inside the window.
	Latencies []time.Duration `json:"-"`
}

// Window is the part of a run that is measured: after the warm-up, before the end.
type Window struct{ From, To time.Duration }

// Holds says whether a moment lies in the window.
func (w Window) Holds(t time.Duration) bool { return t >= w.From && t < w.To }

// Match compares every acknowledged send with what each member of its room saw: each must be seen exactly once by every
// member, the sender included. The latency is that of the first sight, and of other members than the sender only.
func Match(sends []Send, logs []Log, w Window) Deliveries {
	acked := make(map[uint64]int, len(sends))
	perRoom := map[int]int{}
	for i, s := range sends {
		if !s.Failed {
			acked[s.Event] = i
			perRoom[s.Room]++
		}
	}
	var d Deliveries
	first := map[int][]uint64{}
	strangers := map[uint64]bool{}
	for _, log := range logs {
		order := make([]uint64, 0, len(log.Seen))
		seen := make(map[uint64]bool, len(log.Seen))
		for _, s := range log.Seen {
			i, known := acked[s.Event]
			switch {
			case !known || sends[i].Room != log.Room:
				strangers[s.Event] = true
				continue
			case seen[s.Event]:
				d.Duplicates++
				continue
			}
			seen[s.Event] = true
			order = append(order, s.Event)
			if sends[i].Sender != log.Member && w.Holds(sends[i].Start) {
				d.Latencies = append(d.Latencies, s.At-sends[i].Start)
			}
		}
		d.Expected += perRoom[log.Room]
		d.Missing += perRoom[log.Room] - len(order)
		if _, ok := first[log.Room]; !ok {
			first[log.Room] = order
		}
		if !sameOrder(first[log.Room], order) {
			d.Disordered++
		}
	}
	d.Unacknowledged = len(strangers)
	return d
}

// sameOrder says whether the events that two members both saw came in one order.
func sameOrder(a, b []uint64) bool {
	at := make(map[uint64]int, len(a))
	for i, e := range a {
		at[e] = i
	}
	last := -1
	for _, e := range b {
		i, ok := at[e]
		if !ok {
			continue
		}
		if i < last {
			return false
		}
		last = i
	}
	return true
}
