package scenario

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"bongsu.org/bongsu/bench/internal/floor"
	"bongsu.org/bongsu/bench/internal/load"
	"bongsu.org/bongsu/bench/internal/server"
	"bongsu.org/bongsu/bench/internal/stats"
)

const (
	// filledRooms and filledMembers are the rooms that hold the events.
	filledRooms   = 100
	filledMembers = 5
	// starts is how often the server is started.
	starts = 5
)

// ColdStart is the time of a start with many events stored.
type ColdStart struct {
	Server    string        `json:"server"`
	Database  string        `json:"database"`
	Events    int           `json:"events"`
	Gigabytes float64       `json:"sqlite_gb"`
	Ready     stats.Summary `json:"ready_ms"`      // until it answers
	FirstSync stats.Summary `json:"first_sync_ms"` // until an account in all rooms has had its first sync
}

// ColdStart fills the database of a stopped server, Bongsu's alone, and starts it some times.
func (b Bench) ColdStart(ctx context.Context, events int) (out ColdStart, err error) {
	if b.Options.Server != server.Bongsu {
		return out, fmt.Errorf("only %s's database can be filled", server.Bongsu)
	}
	out = ColdStart{Server: b.Options.Server, Database: b.Options.Database, Events: events}
	err = b.with(ctx, func(in *server.Instance) error {
		world, err := load.SharedWorld(ctx, load.Host(in.URL), filledRooms, filledMembers)
		if err != nil {
			return err
		}
		if err := in.Halt(); err != nil {
			return err
		}
		b.say("writing %d events", events)
		begin := time.Now()
		if err := floor.Fill(ctx, in.Store(), world.RoomIDs(), events); err != nil {
			return err
		}
		b.say("written in %.0f s", time.Since(begin).Seconds())
		out.Gigabytes = float64(folderSize(in.Dir)) / (1 << 30)
		var ready, synced []time.Duration
		for range starts {
			took, err := in.Launch(ctx)
			if err != nil {
				return err
			}
			first, _, err := firstSync(in, world.Rooms[0].Members[1], filledRooms)
			if err != nil {
				return err
			}
			ready, synced = append(ready, took), append(synced, took+first)
			if err := in.Halt(); err != nil {
				return err
			}
		}
		out.Ready, out.FirstSync = stats.Summarise(ready), stats.Summarise(synced)
		return ctx.Err()
	})
	return out, err
}

// folderSize adds up the files of a folder.
func folderSize(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // a file that is gone has no size
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return nil
	})
	return total
}
