package node

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"bongsu.org/bongsu/internal/ops"
	"bongsu.org/bongsu/internal/store"
)

// checkTimeout bounds each check of health. A load balancer that asks every few seconds gets its answer in time.
const checkTimeout = 2 * time.Second

// newHealth is ready as long as the database can be read and the bus works; it says so where the database takes no writes. That other
// nodes cannot be reached does not make a node unready: it serves from the database.
func newHealth(p *parts, log *slog.Logger) *ops.Health {
	return ops.NewHealth(log, func() map[string]any { return map[string]any{"database": databaseDetails(p.store, time.Now())} },
		ops.Check{Name: "database", Timeout: checkTimeout, Run: func(ctx context.Context) error { return checkDatabase(ctx, p.store) }},
		ops.Check{Name: "bus", Timeout: checkTimeout, Run: func(context.Context) error { return p.bus.Healthy() }},
	)
}

// stuckAfter is when commits that wait, for another site that does not answer, count as a database that takes no writes.
const stuckAfter = 5 * time.Second

func checkDatabase(ctx context.Context, st *store.Store) error {
	err := st.Writable(ctx)
	if wait := st.OldestWait(time.Now()); err == nil && wait > stuckAfter {
		err = fmt.Errorf("a commit has waited for %s", wait.Round(time.Second))
	}
	if err == nil {
		return nil
	}
	if st.Readable(ctx) == nil {
		return fmt.Errorf("%w: %w", ops.ErrReadOnly, err)
	}
	return err
}

// databaseReport is what health tells of the database.
type databaseReport struct {
	Primary         string         `json:"primary,omitempty"`
	Reads           string         `json:"reads,omitempty"`
	SinceLastCommit *float64       `json:"seconds_since_last_commit,omitempty"` // of this node
	Waiting         float64        `json:"oldest_wait_seconds"`
	Servers         []serverReport `json:"servers"`
}

type serverReport struct {
	Name  string     `json:"name"`
	Role  store.Role `json:"role"`
	Since float64    `json:"role_for_seconds,omitempty"`
	Lag   *int64     `json:"lag_bytes,omitempty"`
}

func databaseDetails(st *store.Store, now time.Time) databaseReport {
	db := st.Database()
	out := databaseReport{Primary: db.Primary, Reads: db.Reads, Waiting: seconds(st.OldestWait(now))}
	if last := st.LastCommit(); !last.IsZero() {
		ago := seconds(now.Sub(last))
		out.SinceLastCommit = &ago
	}
	for _, s := range db.Servers {
		r := serverReport{Name: s.Name, Role: s.Role}
		if !s.Since.IsZero() {
			r.Since = seconds(now.Sub(s.Since))
		}
		if s.Lag >= 0 {
			r.Lag = &s.Lag
		}
		out.Servers = append(out.Servers, r)
	}
	return out
}

// seconds is a time to the millisecond.
func seconds(d time.Duration) float64 { return float64(max(d, 0).Milliseconds()) / 1000 }
