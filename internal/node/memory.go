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
