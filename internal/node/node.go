package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/inflight"
	"bongsu.org/bongsu/internal/ops"
)

// Node is a running server.
type Node struct {
	log    *slog.Logger
	parts  *parts
	health *ops.Health
	gates  *inflight.Gates
	client *listener
	ops    *listener // metrics; nil if there are none
	chores *chores
	drain  context.CancelFunc
	token  string
	first  bool

	once  sync.Once
	ended chan struct{}
	err   error // of the end; set before ended is closed
}

// Start starts a server and returns when it serves. The context ends the start, not the server.
func Start(ctx context.Context, cfg config.Config, log *slog.Logger) (_ *Node, err error) {
	n := &Node{log: log, ended: make(chan struct{})}
	metrics := ops.NewMetrics()
	if n.parts, err = startParts(ctx, &cfg, newLaneMetrics(metrics.Registry()), log); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			n.abandon(context.WithoutCancel(ctx))
		}
	}()
	if n.token, n.first, err = firstRun(ctx, &cfg, n.parts.accounts); err != nil {
		return nil, err
	}
	if err := n.serve(ctx, &cfg, metrics); err != nil {
		return nil, err
	}
	certificates := newExpiry(&cfg, log)
	if err := certificates.run(ctx); err != nil {
		return nil, err
	}
	metrics.Registry().MustRegister(certificates)
	n.chores = startChores(n.parts, &cfg, n.Addr(), certificates, log)
	go n.watch()
	return n, nil
}

// serve opens the listeners.
func (n *Node) serve(ctx context.Context, cfg *config.Config, metrics *ops.Metrics) error {
	draining, drain := context.WithCancel(context.WithoutCancel(ctx))
	n.drain = drain
	n.gates = newGates(cfg.Sync.MaxWaiters)
	n.health = newHealth(n.parts, n.log)
	handler, err := newHandler(cfg, n.parts, metrics, n.health, &front{gates: n.gates}, n.log)
	if err != nil {
		return err
	}
	socket, err := listen(ctx, cfg.Listen)
	if err != nil {
		return fmt.Errorf("opening the address to serve on: %w", err)
	}
	limited := limitListener(socket, maxConnections(cfg.Sync.MaxWaiters))
	parking := newLot(draining, handler, n.gates, n.log)
	n.client = newListener(limited, newHTTPServer(parking, n.log), parking)
	if err := n.client.secure(cfg.TLS); err != nil {
		return err
	}
	registerMetrics(metrics.Registry(), n.parts, n.gates, limited)
	if cfg.Metrics.Listen != "" {
		socket, err := listen(ctx, cfg.Metrics.Listen)
		if err != nil {
			return fmt.Errorf("opening the address for metrics: %w", err)
		}
		n.ops = newListener(socket, newHTTPServer(metrics.Handler(n.log), n.log), nil)
	}
	n.client.start()
	if n.ops != nil {
		n.ops.start()
	}
	return nil
}

// Addr is the address that the node serves on.
func (n *Node) Addr() string { return n.client.socket.Addr().String() }

// FirstRun tells whether the server has no account yet, and the registration token with which people may register, if they need one.
func (n *Node) FirstRun() (token string, first bool) { return n.token, n.first }

// Wait returns when the node has ended; with an error if nobody asked it to.
func (n *Node) Wait() error {
	<-n.ended
	return n.err
}

// watch ends the node if its listener fails.
func (n *Node) watch() {
	select {
	case <-n.ended:
	case <-n.client.failed:
		n.end(fmt.Errorf("serving: %w", n.client.err), func() { n.abandon(context.Background()) })
	}
}

// Shutdown ends the node: it is not ready any more, the requests that wait are answered, the others finish, and the parts end. When ctx
// ends first, connections are cut. What was acknowledged is durable in either case.
func (n *Node) Shutdown(ctx context.Context) error {
	var err error
	n.end(nil, func() { err = n.stop(ctx) })
	return err
}

// end runs stop once and then says that the node has ended.
func (n *Node) end(reason error, stop func()) {
	n.once.Do(func() {
		stop()
		n.err = reason
		close(n.ended)
	})
}

func (n *Node) stop(ctx context.Context) error {
	start := time.Now()
	n.health.Drain()
	if n.parts.relay != nil {
		n.parts.relay.Drain()
	}
	n.client.lastAnswers()
	n.drain()
	n.chores.stop()
	err := n.client.stop(ctx)
	if n.ops != nil {
		err = errors.Join(err, n.ops.stop(ctx))
	}
	n.parts.end(ctx)
	n.log.Info("stopped", "after", time.Since(start).Round(time.Millisecond))
	return err
}

// abandon ends a node at once.
func (n *Node) abandon(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	cancel() // nobody is waited for
	if n.drain != nil {
		n.drain()
	}
	if n.chores != nil {
		n.chores.stop()
	}
	for _, l := range []*listener{n.client, n.ops} {
		if l != nil {
			_ = l.stop(ctx) // its failure is what brought us here, or nothing
		}
	}
	n.parts.end(ctx)
}
