package node

import (
	"runtime"
	"testing"
)

func TestMemoryOfARushIsGivenBack(t *testing.T) {
	th := newThrift()
	if err := th.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	during := rush(t, th)
	if err := th.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, after := th.look(); after+200<<20 > during {
		t.Errorf("%d bytes in use during the rush, %d after it", during, after)
	}
}

// rush uses memory, and returns how much of the system's was in use.
func rush(t *testing.T, th *thrift) uint64 {
	t.Helper()
	held := make([]byte, 256<<20)
	for i := 0; i < len(held); i += 4096 {
		held[i] = 1
	}
	if err := th.run(t.Context()); err != nil { // it is not quiet
		t.Fatal(err)
	}
	_, during := th.look()
	runtime.KeepAlive(held)
	return during
}

func TestALargeHeapIsCollectedMoreOften(t *testing.T) {
	p := newPacer()
	if p == nil {
		t.Fatal("run this test without GOGC in the environment")
	}
	held := make([]byte, 2*largeHeap)
	runtime.GC()
	if err := p.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.percent != largePercent {
		t.Errorf("%d %% with a large heap", p.percent)
	}
	runtime.KeepAlive(held)
	runtime.GC()
	if err := p.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.percent != smallPercent {
		t.Errorf("%d %% with a small heap", p.percent)
	}
}
