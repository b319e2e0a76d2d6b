package node

import (
	"context"
	"log/slog"
	"time"

	"bongsu.org/bongsu/internal/ops"
)

// checkTimeout bounds each check of health. A load balancer that asks every few seconds gets its answer in time.
const checkTimeout = 2 * time.Second

// newHealth is ready as long as the database takes writes and the bus works. That other nodes cannot be reached does not make a node
// unready: it serves from the database.
func newHealth(p *parts, log *slog.Logger) *ops.Health {
	return ops.NewHealth(log,
		ops.Check{Name: "database", Timeout: checkTimeout, Run: p.store.Writable},
		ops.Check{Name: "bus", Timeout: checkTimeout, Run: func(context.Context) error { return p.bus.Healthy() }},
	)
}
