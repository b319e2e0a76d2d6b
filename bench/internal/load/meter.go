package load

import (
	"context"
	"time"

	"bongsu.org/bongsu/bench/internal/proc"
)

// sampling is how often the server's memory is read.
const sampling = 500 * time.Millisecond

// cost is what a measured window took.
type cost struct {
	server, database, load  time.Duration
	serverPeak, databaseEnd int64
}

// meter reads the cost of processes over the window.
type meter struct {
	plan Plan
	done chan cost
}

func startMeter(ctx context.Context, p Plan, w Window, clock func() time.Duration) *meter {
	m := &meter{plan: p, done: make(chan cost, 1)}
	go m.run(ctx, w, clock)
	return m
}

func (m *meter) run(ctx context.Context, w Window, clock func() time.Duration) {
	var c cost
	defer func() { m.done <- c }()
	sleep(ctx, w.From-clock())
	if m.plan.OnWindow != nil {
		go m.plan.OnWindow()
	}
	before := m.cpu()
	for {
		if m.plan.ServerPID != 0 {
			c.serverPeak = max(c.serverPeak, proc.Resident(m.plan.ServerPID))
		}
		left := w.To - clock()
		if left <= 0 || ctx.Err() != nil {
			break
		}
		sleep(ctx, min(left, sampling))
	}
	after := m.cpu()
	c.server, c.database, c.load = after.server-before.server, after.database-before.database, after.load-before.load
	if m.plan.DatabasePID != 0 {
		// Once only, and outside the window: the kernel walks every page of every backend for it.
		c.databaseEnd = proc.Memory(m.plan.DatabasePID)
	}
}

func (m *meter) cpu() cost {
	c := cost{load: proc.OwnCPU()}
	if m.plan.ServerPID != 0 {
		c.server = proc.CPU(m.plan.ServerPID)
	}
	if m.plan.DatabasePID != 0 {
		c.database = proc.CPU(m.plan.DatabasePID)
	}
	return c
}

func (m *meter) stop() cost { return <-m.done }

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(max(d, 0))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
