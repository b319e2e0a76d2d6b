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
	rush := make([]byte, 256<<20)
	for i := 0; i < len(rush); i += 4096 {
		rush[i] = 1
	}
	if err := th.run(t.Context()); err != nil { // not quiet
		t.Fatal(err)
	}
	_, during := th.look()
	runtime.KeepAlive(rush)
	rush = nil
	if err := th.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, after := th.look(); after+200<<20 > during {
		t.Errorf("%d bytes in use during the rush, %d after it", during, after)
	}
}
