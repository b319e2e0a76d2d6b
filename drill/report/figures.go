package report

import (
	"slices"
	"time"

	"bongsu.org/bongsu/drill/load"
)

// Figures are what clients outside saw of a fault.
type Figures struct {
	// Acknowledged counts the sends in the time of the fault and after it.
	Acknowledged int `json:"acknowledged"`
	// Outage is the longest time without an acknowledged send by anybody, while the fault lasted.
	Outage time.Duration `json:"outage"`
	// Client is the longest time that one client waited for the acknowledgement of one send.
	Client time.Duration `json:"client"`
	// Second is the longest time without an acknowledged send by anybody after the fault's end.
	Second time.Duration `json:"second"`
	// Reads is the longest time without an answered read by anybody, and Reader the longest that one client waited for one read.
	Reads  time.Duration `json:"reads"`
	Reader time.Duration `json:"reader"`
	// Election is the time until a new primary stood; 0 if there was no election.
	Election time.Duration `json:"election,omitempty"`
	// AcknowledgedWithout counts what was acknowledged when nothing might be.
	AcknowledgedWithout int `json:"acknowledged_without,omitempty"`
}

// grace is how long after a fault an acknowledgement may still be under way that was given before it.
const grace = time.Second

// Measure makes a fault's figures from the journal. outside tells which clients are.
func (f *Fault) Measure(ops []load.Op, outside func(client int) bool) {
	var sends, reads []load.Op
	for i := range ops {
		op := ops[i]
		if op.Outcome != load.Acknowledged {
			continue
		}
		if f.NoService && op.Kind != load.Read && op.Return > f.Done+grace && op.Return < f.Ended {
			f.Figures.AcknowledgedWithout++
		}
		if !outside(op.Client) {
			continue
		}
		switch op.Kind { //nolint:exhaustive // the others are audited, not timed
		case load.Send:
			sends = append(sends, op)
		case load.Read:
			reads = append(reads, op)
		}
	}
	f.Figures.Acknowledged = within(sends, f.During) + within(sends, f.After)
	f.Figures.Outage = gap(sends, f.During)
	f.Figures.Second = gap(sends, f.After)
	f.Figures.Reads = max(gap(reads, f.During), gap(reads, f.After))
	f.Figures.Client = longest(sends, f.During, f.After)
	f.Figures.Reader = longest(reads, f.During, f.After)
}

func within(ops []load.Op, s Span) int {
	n := 0
	for i := range ops {
		if ops[i].Return > s.From && ops[i].Return <= s.To {
			n++
		}
	}
	return n
}

// gap is the longest time within the span in which no operation was answered.
func gap(ops []load.Op, s Span) time.Duration {
	var times []time.Duration
	for i := range ops {
		if at := ops[i].Return; at > s.From && at < s.To {
			times = append(times, at)
		}
	}
	slices.Sort(times)
	last, widest := s.From, time.Duration(0)
	for _, at := range append(times, s.To) {
		widest = max(widest, at-last)
		last = at
	}
	return widest
}

// longest is the longest that an operation took which was called or answered within one of the spans.
func longest(ops []load.Op, spans ...Span) time.Duration {
	var most time.Duration
	for i := range ops {
		for _, s := range spans {
			if ops[i].Return >= s.From && ops[i].Call <= s.To {
				most = max(most, ops[i].Return-ops[i].Call)
			}
		}
	}
	return most
}

// Fill counts the operations by kind, and by second.
func (r *Report) Fill(ops []load.Op, outside func(client int) bool, until time.Duration) {
	seconds := int(until/time.Second) + 1
	r.Totals, r.Reads = map[load.Kind]Total{}, make([]int, seconds)
	r.Seconds = make([][]int, len(r.Sites))
	for i := range r.Seconds {
		r.Seconds[i] = make([]int, seconds)
	}
	for i := range ops {
		op := &ops[i]
		t := r.Totals[op.Kind]
		switch op.Outcome {
		case load.Acknowledged:
			t.Acknowledged++
		case load.Refused:
			t.Refused++
		case load.Unknown:
			t.Unknown++
		}
		r.Totals[op.Kind] = t
		second := int(op.Return / time.Second)
		if op.Outcome != load.Acknowledged || second >= seconds {
			continue
		}
		switch {
		case op.Kind == load.Send && op.Site >= 0 && op.Site < len(r.Seconds):
			r.Seconds[op.Site][second]++
		case op.Kind == load.Read && outside(op.Client):
			r.Reads[second]++
		}
	}
}
