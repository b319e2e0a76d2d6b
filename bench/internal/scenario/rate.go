package scenario

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"bongsu.org/bongsu/bench/internal/client"
	"bongsu.org/bongsu/bench/internal/stats"
)

// closedLoop keeps so many requests under way, each on a connection of its own, and measures those that end within the window.
func closedLoop(ctx context.Context, addr string, inFlight int, window time.Duration, do func(conn *client.Conn, i int) error) (Rate, error) {
	var (
		next atomic.Int64
		mu   sync.Mutex
		all  []time.Duration
	)
	begin := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	for range inFlight {
		g.Go(func() error {
			conn := client.NewConn(addr)
			defer conn.Close()
			var own []time.Duration
			for ctx.Err() == nil {
				from := time.Now()
				if err := do(conn, int(next.Add(1)-1)); err != nil {
					return err
				}
				if time.Since(begin) > window {
					break
				}
				own = append(own, time.Since(from))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, own...)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return Rate{}, err
	}
	return Rate{InFlight: inFlight, PerSecond: float64(len(all)) / window.Seconds(), Took: stats.Summarise(all)}, nil
}
