package load

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"bongsu.org/bongsu/bench/internal/client"
	"bongsu.org/bongsu/bench/internal/stats"
)

const (
	// firstSyncs bounds the wait for every member's first sync.
	firstSyncs = 5 * time.Minute
	// drainGrace is how long the drain goes on for repeats when all events have arrived.
	drainGrace = time.Second
	drainMax   = 2 * time.Minute
	// startingSyncs is how many first syncs are under way at once.
	startingSyncs = 32
)

// Plan is a load to put on a server.
type Plan struct {
	Pace
	Warmup   time.Duration
	Duration time.Duration
	// Patience is how long no event may arrive before the ones that lack are missing; 0 is ten seconds.
	Patience time.Duration
	// ServerPID and DatabasePID are the processes whose cost is measured, with all their children; 0 is none.
	ServerPID, DatabasePID int
	// OnWindow, if set, is called in a goroutine of its own when the measured window begins, for a profile.
	OnWindow func()
}

// Result is what a run showed. Times are in milliseconds, sizes in megabytes (2^20).
type Result struct {
	Shape        Shape          `json:"shape"`
	Pace         Pace           `json:"pace"`
	Seconds      float64        `json:"seconds"`
	Acknowledged int            `json:"acknowledged"`
	PerSecond    float64        `json:"sends_per_second"`
	Failed       map[string]int `json:"failed,omitempty"`
	Send         stats.Summary  `json:"send_ms"`
	Delivery     stats.Summary  `json:"delivery_ms"`
	Deliveries   Deliveries     `json:"deliveries"`
	Syncs        int64          `json:"syncs"`
	SyncErrors   int64          `json:"sync_errors"`
	Limited      int64          `json:"limited_timelines"`
	ServerCPU    float64        `json:"server_cpu_ms_per_send"`
	DatabaseCPU  float64        `json:"database_cpu_ms_per_send"`
	LoadCPU      float64        `json:"load_generator_cpu_ms_per_send"`
	ServerMemory float64        `json:"server_peak_rss_mb"`
	DatabaseMem  float64        `json:"database_pss_mb"`
}

// Run puts the load on the world's server.
func (w *World) Run(ctx context.Context, p Plan) (Result, error) {
	begin := time.Now()
	clock := func() time.Duration { return time.Since(begin) }
	count := &counters{}
	syncers, err := w.startSyncers(ctx, clock, count)
	defer syncers.halt()
	if err != nil {
		return Result{}, err
	}

	from := clock() + p.Warmup
	window := Window{From: from, To: from + p.Duration}
	meter := startMeter(ctx, p, window, clock)
	errs := &tally{}
	sends := newSenders(w, p.Pace, clock, window.To, errs).run()
	cost := meter.stop()

	expected := int64(0)
	for _, s := range sends {
		if !s.Failed {
			expected += int64(len(syncers.byRoom[s.Room]))
		}
	}
	drain(ctx, count, expected, cmp.Or(p.Patience, 10*time.Second))
	syncers.halt()
	logs := make([]Log, 0, len(syncers.all))
	for _, s := range syncers.all {
		logs = append(logs, s.log)
	}
	r := summarise(sends, Match(sends, logs, window), window, cost)
	r.Shape, r.Pace, r.Failed = w.Shape, p.Pace, errs.by
	r.Syncs, r.SyncErrors, r.Limited = count.syncs.Load(), count.errors.Load(), count.limited.Load()
	return r, ctx.Err()
}

func summarise(sends []Send, d Deliveries, w Window, c cost) Result {
	var latencies []time.Duration
	acknowledged := 0
	for _, s := range sends {
		if s.Failed {
			continue
		}
		if w.Holds(s.End) {
			acknowledged++
		}
		if w.Holds(s.Start) {
			latencies = append(latencies, s.End-s.Start)
		}
	}
	perSend := func(d time.Duration) float64 { return stats.Millis(d) / float64(max(acknowledged, 1)) }
	seconds := (w.To - w.From).Seconds()
	r := Result{
		Seconds: seconds, Acknowledged: acknowledged, PerSecond: float64(acknowledged) / seconds,
		Send: stats.Summarise(latencies), Delivery: stats.Summarise(d.Latencies), Deliveries: d,
		ServerCPU: perSend(c.server), DatabaseCPU: perSend(c.database), LoadCPU: perSend(c.load),
		ServerMemory: float64(c.serverPeak) / (1 << 20), DatabaseMem: float64(c.databaseEnd) / (1 << 20),
	}
	return r
}

// fleet is the syncers of a run.
type fleet struct {
	all    []*syncer
	byRoom [][]*syncer
	done   sync.WaitGroup
}

// halt ends all syncers and waits for them.
func (f *fleet) halt() {
	for _, s := range f.all {
		s.halt()
	}
	f.done.Wait()
}

// clients is how many members sync in all.
func (w *World) clients() (n int) {
	for _, r := range w.Rooms {
		n += len(w.syncing(r))
	}
	return n
}

func (w *World) startSyncers(ctx context.Context, clock func() time.Duration, count *counters) (*fleet, error) {
	f := &fleet{byRoom: make([][]*syncer, len(w.Rooms))}
	// With room for every outcome, a client ends even when nobody waits for it any more.
	ready := make(chan error, w.clients())
	for i, room := range w.Rooms {
		for m, user := range w.syncing(room) {
			s := &syncer{conn: client.NewConn(w.Addr), user: user, room: room.ID, clock: clock, count: count, log: Log{Room: i, Member: m}, ready: ready}
			f.all = append(f.all, s)
			f.byRoom[i] = append(f.byRoom[i], s)
		}
	}
	deadline := time.NewTimer(firstSyncs)
	defer deadline.Stop()
	running, waiting := 0, 0
	for waiting > 0 || running < len(f.all) {
		if running < len(f.all) && waiting < startingSyncs {
			f.done.Go(f.all[running].run)
			running, waiting = running+1, waiting+1
			continue
		}
		select {
		case err := <-ready:
			waiting--
			if err != nil {
				return f, fmt.Errorf("a first sync: %w", err)
			}
		case <-deadline.C:
			return f, fmt.Errorf("the first syncs took more than %v", firstSyncs)
		case <-ctx.Done():
			return f, ctx.Err()
		}
	}
	return f, nil
}

// drain waits until all expected sightings are in and a little longer for repeats, or until no more arrive.
func drain(ctx context.Context, count *counters, expected int64, patience time.Duration) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	start, last, lastChange := time.Now(), int64(-1), time.Now()
	for time.Since(start) < drainMax {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if n := count.sightings.Load(); n != last {
			last, lastChange = n, time.Now()
		}
		idle := time.Since(lastChange)
		if idle > patience || (last >= expected && idle > drainGrace) {
			return
		}
	}
}
