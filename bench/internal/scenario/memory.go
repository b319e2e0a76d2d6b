package scenario

import (
	"context"
	"time"

	"bongsu.org/bongsu/bench/internal/load"
	"bongsu.org/bongsu/bench/internal/proc"
	"bongsu.org/bongsu/bench/internal/server"
)

const (
	// idleFor is how long a server is left alone before its idle memory is read.
	idleFor = 10 * time.Second
	// settleFor is how long clients only wait before their cost is read: Go's runtime takes its time to hand memory that
	// the first syncs used back to the system.
	settleFor = 45 * time.Second
	// clientsPerRoom is the size of the rooms that waiting clients are in.
	clientsPerRoom = 10
)

// Idle is the cost of a server that nobody uses.
type Idle struct {
	Server   string  `json:"server"`
	Database string  `json:"database"`
	Start    float64 `json:"start_ms"` // until the first answer
	RSS      float64 `json:"rss_mb"`
	DBMemory float64 `json:"database_pss_mb"`
}

// Idle measures a fresh server's start and memory.
func (b Bench) Idle(ctx context.Context) (out Idle, err error) {
	out = Idle{Server: b.Options.Server, Database: b.Options.Database}
	err = b.with(ctx, func(in *server.Instance) error {
		start, err := restart(ctx, in)
		if err != nil {
			return err
		}
		if err := pause(ctx, idleFor); err != nil {
			return err
		}
		out.Start = float64(start.Microseconds()) / 1000
		out.RSS = megabytes(proc.Resident(in.ServerPID()))
		out.DBMemory = databaseMemory(in)
		return nil
	})
	return out, err
}

// Clients is the memory that clients in a long poll cost.
type Clients struct {
	Server    string  `json:"server"`
	Database  string  `json:"database"`
	Clients   int     `json:"clients"`
	Before    float64 `json:"rss_before_mb"`
	Peak      float64 `json:"rss_peak_mb"` // while the first syncs were answered
	Waiting   float64 `json:"rss_waiting_mb"`
	PerClient float64 `json:"kb_per_client"`
}

// Clients measures a server with n users, in rooms of ten, who all wait in /sync. It is started anew before they come, so that
// the memory that the making of their rooms took is not there. If heap is not empty, it is the file for a profile of the heap.
func (b Bench) Clients(ctx context.Context, n int, heap string) (out Clients, err error) {
	out = Clients{Server: b.Options.Server, Database: b.Options.Database}
	err = b.with(ctx, func(in *server.Instance) error {
		shape := load.Shape{Rooms: n / clientsPerRoom, Members: clientsPerRoom}
		out.Clients = shape.Rooms * shape.Members
		b.say("making %d users in %d rooms", out.Clients, shape.Rooms)
		users, err := b.users(ctx, in, "waits-", out.Clients)
		if err != nil {
			return err
		}
		world, err := load.NewWorldOf(ctx, load.Host(in.URL), shape, users)
		if err != nil {
			return err
		}
		if _, err := restart(ctx, in); err != nil {
			return err
		}
		if err := pause(ctx, idleFor); err != nil {
			return err
		}
		before := proc.Resident(in.ServerPID())
		b.say("starting %d clients", out.Clients)
		waiting, err := world.Wait(ctx)
		defer waiting.Stop()
		if err != nil {
			return err
		}
		peak := proc.Resident(in.ServerPID())
		if err := pause(ctx, settleFor); err != nil {
			return err
		}
		after := proc.Resident(in.ServerPID())
		if heap != "" {
			if err := in.Profile(ctx, "heap", heap); err != nil {
				return err
			}
		}
		out.Before, out.Peak, out.Waiting = megabytes(before), megabytes(peak), megabytes(after)
		out.PerClient = float64(after-before) / 1024 / float64(out.Clients)
		return waiting.Err()
	})
	return out, err
}

func databaseMemory(in *server.Instance) float64 {
	if in.DatabasePID() == 0 {
		return 0
	}
	return megabytes(proc.Memory(in.DatabasePID()))
}
