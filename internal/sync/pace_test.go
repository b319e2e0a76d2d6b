package sync

import (
	"testing"
	"time"
)

func TestPaceFollowsTheCores(t *testing.T) {
	p := newPacer()
	settle := func(busy float64) time.Duration {
		for range 20 {
			p.fit(busy)
		}
		return p.pace().Round(time.Millisecond)
	}
	for _, c := range []struct {
		busy float64
		want time.Duration
	}{{0, paceLeast}, {0.35, paceLeast}, {0.6, 62 * time.Millisecond}, {0.85, paceMost}, {1.2, paceMost}, {0.1, paceLeast}} {
		if got := settle(c.busy); got < c.want-time.Millisecond || got > c.want+time.Millisecond {
			t.Errorf("with %.0f %% of the cores in use the pace is %v, want about %v", 100*c.busy, got, c.want)
		}
	}
}
