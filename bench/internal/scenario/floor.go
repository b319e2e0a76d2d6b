package scenario

import (
	"context"
	"fmt"
	"os"
	"time"

	"bongsu.org/bongsu/bench/internal/floor"
	"bongsu.org/bongsu/bench/internal/server"
	"bongsu.org/bongsu/internal/store"
)

// Floor measures how fast events can be signed, hashed and written to a fresh database of the kind that Bongsu would use, with so
// many events in a transaction.
func (b Bench) Floor(ctx context.Context, batch int, d time.Duration) (floor.Floor, error) {
	dir, err := os.MkdirTemp("", "bench-floor-")
	if err != nil {
		return floor.Floor{}, fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	o := store.Options{Dir: dir, Lanes: server.Lanes()}
	if b.Options.Database == server.PG {
		pg, err := server.StartPostgres(ctx, "floor")
		if err != nil {
			return floor.Floor{}, err
		}
		defer func() { _ = pg.Stop() }()
		o.URL = pg.URL
	}
	f, err := floor.Measure(ctx, o, batch, d)
	if err == nil {
		b.say("floor on %s, %d events in a transaction: %.0f events/s", b.Options.Database, batch, f.PerSecond)
	}
	return f, err
}
