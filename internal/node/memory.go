package node

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// thrift gives memory that a rush took back to the system once the rush is over. Go's collector runs when the program allocates, so that a
// server whose clients have all begun to wait would keep what their arrival needed, several times what they need, for minutes.
type thrift struct {
	samples []metrics.Sample
	alloced uint64 // in all, at the last look
	kept    uint64 // what was in use after memory was last given back
}

const (
	thriftEvery = 15 * time.Second
	// quietAlloc is how much may be allocated between two looks for the time to count as quiet; collecting then disturbs nobody.
	quietAlloc = 64 << 20
	// worthwhile is how much more than the last time must be in use.
	worthwhile = 16 << 20
)

func newThrift() *thrift {
	return &thrift{samples: []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
	}}
}

// run is a chore.
func (t *thrift) run(context.Context) error {
	alloced, used := t.look()
	quiet := alloced-t.alloced < quietAlloc
	t.alloced = alloced
	if quiet && used > t.kept+worthwhile {
		debug.FreeOSMemory()
		_, t.kept = t.look()
	}
	t.kept = min(t.kept, used)
	return nil
}

// look tells how much was allocated since the start, and how much memory of the system is in use.
func (t *thrift) look() (alloced, used uint64) {
	metrics.Read(t.samples)
	return t.samples[0].Value.Uint64(), t.samples[1].Value.Uint64() - t.samples[2].Value.Uint64()
}

// pacer makes the collector run more often when there is much to keep. By default Go lets as much garbage gather as there is live memory:
// with the many clients of a large node that is hundreds of megabytes. A small node keeps the default, which costs less time.
type pacer struct {
	live    []metrics.Sample
	percent int
}

const (
	pacerEvery = time.Second
	// Between the two sizes of live memory the collector is left as it is.
	smallHeap = 32 << 20
	largeHeap = 48 << 20
	// The collector's percentages (debug.SetGCPercent) at small and large heaps.
	smallPercent = 100
	largePercent = 50
)

// newPacer takes the collector over, unless the operator has set it by GOGC: then there is nothing to do, and no pacer.
func newPacer() *pacer {
	now := debug.SetGCPercent(smallPercent)
	if now != smallPercent && now != largePercent {
		debug.SetGCPercent(now)
		return nil
	}
	return &pacer{live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}, percent: smallPercent}
}

// run is a chore.
func (p *pacer) run(context.Context) error {
	if p == nil {
		return nil
	}
	metrics.Read(p.live)
	want := p.percent
	switch live := p.live[0].Value.Uint64(); {
	case live > largeHeap:
		want = largePercent
	case live < smallHeap:
		want = smallPercent
	}
	if want != p.percent { // setting it stops the program for a moment
		p.percent = want
		debug.SetGCPercent(want)
	}
	return nil
}
