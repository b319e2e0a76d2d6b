//go:build linux

package wire

import (
	"bytes"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sink remembers what is written to it.
type sink struct {
	mu  sync.Mutex
	got [][]byte
}

func (s *sink) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, bytes.Clone(b))
	return len(b), nil
}

func (s *sink) all() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

func newDirection(out *sink, delay time.Duration) *direction {
	p := &port{}
	p.device.Store(out)
	d := &direction{queue: make(chan frame, queueFrames), out: p}
	d.delay.Store(int64(delay))
	return d
}

func TestADirectionDelaysAndKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &sink{}
		d := newDirection(out, 10*time.Millisecond)
		stop := make(chan struct{})
		go d.carry(stop)
		d.enter([]byte{1})
		d.enter([]byte{2})
		time.Sleep(9 * time.Millisecond)
		synctest.Wait()
		if got := out.all(); len(got) != 0 {
			t.Fatalf("%d frames came early", len(got))
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if got := out.all(); len(got) != 2 || got[0][0] != 1 || got[1][0] != 2 {
			t.Fatalf("got %v", got)
		}
		close(stop)
	})
}

func TestWhatIsUnderWayWhenALinkIsCutIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &sink{}
		d := newDirection(out, 10*time.Millisecond)
		stop := make(chan struct{})
		go d.carry(stop)
		d.enter([]byte{1})
		d.cut.Store(true)
		d.enter([]byte{2})
		time.Sleep(20 * time.Millisecond)
		d.cut.Store(false)
		d.enter([]byte{3})
		time.Sleep(20 * time.Millisecond)
		synctest.Wait()
		if got := out.all(); len(got) != 1 || got[0][0] != 3 {
			t.Fatalf("got %v", got)
		}
		close(stop)
	})
}

func TestAFullDirectionDrops(t *testing.T) {
	d := newDirection(&sink{}, time.Hour)
	for range queueFrames + 10 {
		d.enter([]byte{1})
	}
	if len(d.queue) != queueFrames {
		t.Fatalf("%d frames wait", len(d.queue))
	}
}

func TestOnlyKnownAddressesHaveATarget(t *testing.T) {
	s := &Switch{ports: []*port{{}, {index: 1}}}
	frame := make([]byte, 60)
	copy(frame, MAC(1))
	if got := s.target(frame); got != 1 {
		t.Errorf("target %d", got)
	}
	copy(frame, MAC(2))
	if got := s.target(frame); got != -1 {
		t.Errorf("target %d of a port that is not there", got)
	}
	copy(frame, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	if got := s.target(frame); got != -1 {
		t.Errorf("target %d of a broadcast", got)
	}
	if got := s.target(frame[:5]); got != -1 {
		t.Errorf("target %d of a stub", got)
	}
}
