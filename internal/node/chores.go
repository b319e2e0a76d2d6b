package node

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/media"
	"bongsu.org/bongsu/internal/notices"
	"bongsu.org/bongsu/internal/push/gateway"
	"bongsu.org/bongsu/internal/search"
	bsync "bongsu.org/bongsu/internal/sync"
)

// chore is work that is done from time to time, beside requests. Parts that do theirs by themselves are not here.
type chore struct {
	name  string
	every time.Duration
	run   func(context.Context) error
}

// chores runs a node's chores.
type chores struct {
	cancel context.CancelFunc
	tasks  sync.WaitGroup
}

// startChores starts the chores of the parts.
func startChores(p *parts, cfg *config.Config, addr string, certificates *expiry, log *slog.Logger) *chores {
	list := append(p.mediaChores(log),
		chore{name: "sweeping media", every: media.SweepEvery, run: p.media.Sweep},
		chore{name: "sweeping sliding sync connections", every: bsync.SweepSlidingEvery, run: p.sync.SweepSliding},
		chore{name: "sweeping what waits to be pushed", every: gateway.SweepEvery, run: p.push.Sweep},
		chore{name: "sweeping server notices", every: notices.SweepEvery, run: p.notices.Sweep},
		chore{name: "indexing texts", every: search.Every, run: p.search.Index},
		chore{name: "looking at certificates", every: lookAtExpiry, run: certificates.run},
		chore{name: "giving back memory", every: thriftEvery, run: newThrift().run},
		chore{name: "pacing the collector", every: pacerEvery, run: newPacer().run},
	)
	return runChores(log, append(list, capacityChores(p, cfg, addr)...)...)
}

func runChores(log *slog.Logger, list ...chore) *chores {
	ctx, cancel := context.WithCancel(context.Background())
	c := &chores{cancel: cancel}
	for _, one := range list {
		c.tasks.Go(func() { one.repeat(ctx, log) })
	}
	return c
}

// stop ends the chores and waits for those that are at work.
func (c *chores) stop() {
	c.cancel()
	c.tasks.Wait()
}

// repeat runs a chore for ever. The pauses vary by a fifth, so that nodes which were started together do not work all at once.
func (c chore) repeat(ctx context.Context, log *slog.Logger) {
	for {
		pause := time.NewTimer(time.Duration(float64(c.every) * (0.8 + 0.4*rand.Float64()))) //nolint:gosec // no secret
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		if err := c.run(ctx); err != nil && ctx.Err() == nil {
			log.Warn("a chore failed; it is tried again", "chore", c.name, "err", err)
		}
	}
}
