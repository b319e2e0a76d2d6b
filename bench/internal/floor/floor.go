package floor

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"bongsu.org/bongsu/bench/internal/stats"
	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
)

// roomVersion is the version whose events the floor writes.
const roomVersion = "12"

// Floor is the rate at which events were signed, hashed and written.
type Floor struct {
	Batch     int           `json:"batch"` // events in a transaction
	Writers   int           `json:"writers"`
	Seconds   float64       `json:"seconds"`
	Events    int64         `json:"events"`
	PerSecond float64       `json:"events_per_second"`
	Build     stats.Summary `json:"build_ms"` // of one event, alone
}

// Measure writes for a time to a fresh database. Each lane has one writer, which signs a batch and then writes it, as each lane has
// one committer in the server.
func Measure(ctx context.Context, o store.Options, batch int, d time.Duration) (Floor, error) {
	s, err := store.Open(ctx, o)
	if err != nil {
		return Floor{}, fmt.Errorf("opening the database: %w", err)
	}
	defer s.Close()
	signer, err := newSigner()
	if err != nil {
		return Floor{}, err
	}
	out := Floor{Batch: batch, Writers: s.Lanes()}
	chains := make([]*chain, out.Writers)
	for i := range chains {
		if chains[i], err = freshChain(ctx, s, signer, i); err != nil {
			return Floor{}, err
		}
	}
	if out.Build, err = buildTime(chains[0]); err != nil {
		return Floor{}, err
	}
	begin := time.Now()
	out.Events, err = writeAll(ctx, s, chains, batch, func(int64) bool { return time.Since(begin) < d && ctx.Err() == nil })
	if err != nil {
		return Floor{}, err
	}
	out.Seconds = time.Since(begin).Seconds()
	out.PerSecond = float64(out.Events) / out.Seconds
	return out, ctx.Err()
}

// freshChain makes a room in a lane; lanes take turns.
func freshChain(ctx context.Context, s *store.Store, signer *room.Signer, i int) (*chain, error) {
	c := &chain{signer: signer, sender: "@bench:localhost", device: "BENCH" + strconv.Itoa(i), lastID: "$" + strconv.Itoa(i), auth: []string{"$create", "$member"}}
	err := s.Lane(i%s.Lanes()).Do(ctx, func(tx *store.LaneTx) error {
		c.room = &store.Room{Num: int64(tx.Next()), ID: "!floor" + strconv.Itoa(i), Version: roomVersion, Creator: c.sender}
		return tx.AddRoom(ctx, c.room)
	})
	if err != nil {
		return nil, fmt.Errorf("making a room: %w", err)
	}
	return c, nil
}

// buildTime measures how long one event takes to be made.
func buildTime(c *chain) (stats.Summary, error) {
	var took []time.Duration
	for range 1000 {
		begin := time.Now()
		if _, err := c.next(begin); err != nil {
			return stats.Summary{}, err
		}
		took = append(took, time.Since(begin))
	}
	return stats.Summarise(took), nil
}
