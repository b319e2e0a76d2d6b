package sync

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// Between two answers to a device that is told something all the time there is at least the pace. What comes in between is answered
// together, which costs little more than one of them alone. While the machine has cores to spare the pace is too short to be felt; when
// the server uses most of them it grows, so that the cores go to what is being sent rather than to telling of it piece by piece.
const (
	paceLeast = 25 * time.Millisecond
	paceMost  = 100 * time.Millisecond
	paceLook  = 250 * time.Millisecond // how often the use of the cores is looked at
	busyFrom  = 0.4                    // the share of all cores from which the pace grows
	busyFully = 0.8
)

// pacer knows the pace.
type pacer struct{ now atomic.Int64 }

func newPacer() *pacer {
	p := &pacer{}
	p.now.Store(int64(paceLeast))
	return p
}

func (p *pacer) pace() time.Duration { return time.Duration(p.now.Load()) }

// watch fits the pace to the use of the cores until ctx ends.
func (p *pacer) watch(ctx context.Context) {
	tick := time.NewTicker(paceLook)
	defer tick.Stop()
	before, at := cpuTime(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		used, now := cpuTime(), time.Now()
		p.fit(float64(used-before) / float64(now.Sub(at)) / float64(runtime.GOMAXPROCS(0)))
		before, at = used, now
	}
}

// fit moves the pace half of the way to what a share of busy cores asks for.
func (p *pacer) fit(busy float64) {
	share := min(max((busy-busyFrom)/(busyFully-busyFrom), 0), 1)
	want := paceLeast + time.Duration(share*float64(paceMost-paceLeast))
	p.now.Store(int64((p.pace() + want) / 2))
}

// enough is how much news ends a pause early: a few less than a timeline has room for by default, so that answering later never makes
// a gap that the client would have to fill.
const enough = 7

// pause waits until the device's last answer is as old as the pace asks, or until there is enough to tell.
func (s *Service) pause(ctx context.Context, ses *session, device string, woken <-chan struct{}) {
	left := s.hub.pacer.pace() - ses.sinceReply(device)
	if left <= 0 {
		return
	}
	t := time.NewTimer(left)
	defer t.Stop()
	for ses.newsFor(device) < enough {
		select {
		case <-woken:
		case <-t.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
