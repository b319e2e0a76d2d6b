package bus

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// NATS is a bus between nodes: a NATS server inside this process, routed to those inside the other nodes. Core publish and subscribe only.
type NATS struct {
	id     string
	log    *slog.Logger
	server *server.Server
	conn   *nats.Conn

	published atomic.Uint64
	received  atomic.Uint64
	lost      atomic.Uint64 // drops of subscriptions that are gone

	mu   sync.Mutex // guards subs
	subs map[*nats.Subscription]struct{}
}

var _ Bus = (*NATS)(nil)

const (
	startTimeout = 10 * time.Second
	// A subscription's queue: enough for a burst, and no more, since the newest wake-up says all that the lost ones said.
	queueMessages = 8192
	queueBytes    = 4 << 20
)

// Start joins the cluster. It returns when this node is ready to talk; it does not wait for other nodes.
func Start(opts Options, log *slog.Logger) (*NATS, error) {
	b := &NATS{id: NewNodeID(), log: log, subs: map[*nats.Subscription]struct{}{}}
	password := rand.Text()
	so, err := opts.serverOptions(b.id, password)
	if err != nil {
		return nil, err
	}
	if b.server, err = server.NewServer(so); err != nil {
		return nil, fmt.Errorf("bus: making the cluster server: %w", err)
	}
	logger := &serverLog{log: log}
	b.server.SetLoggerV2(logger, log.Enabled(context.Background(), slog.LevelDebug), false, false)
	b.server.Start()
	if err := b.ready(logger); err != nil {
		b.server.Shutdown()
		return nil, fmt.Errorf("bus: listening for other nodes on %s: %w", opts.ClusterListen, err)
	}
	if b.conn, err = b.connect(password); err != nil {
		b.server.Shutdown()
		return nil, fmt.Errorf("bus: connecting to the node's own cluster server: %w", err)
	}
	return b, nil
}

// ready waits until the server listens for other nodes, or has said why it cannot.
func (b *NATS) ready(logger *serverLog) error {
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); {
		if b.server.ReadyForConnections(50 * time.Millisecond) {
			return nil
		}
		if err := logger.failure(); err != nil {
			return err
		}
	}
	return fmt.Errorf("not ready after %s", startTimeout)
}

func (b *NATS) connect(password string) (*nats.Conn, error) {
	return nats.Connect("", nats.InProcessServer(b.server), nats.UserInfo(clientUser, password), nats.NoEcho(), nats.Name(b.id),
		nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond), nats.ReconnectJitter(10*time.Millisecond, 10*time.Millisecond),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			b.log.Warn("cluster bus", "subject", subject, "error", err)
		}))
}

// Addr is the address on which other nodes reach this one.
func (b *NATS) Addr() net.Addr { return b.server.ClusterAddr() }

// NodeID implements Bus.
func (b *NATS) NodeID() string { return b.id }

// Publish implements Bus.
func (b *NATS) Publish(subject string, payload []byte) error {
	if err := checkMessage(subject, payload); err != nil {
		return err
	}
	if err := b.conn.Publish(subject, payload); err != nil {
		return fmt.Errorf("publishing on %s: %w", subject, closedOr(err))
	}
	b.published.Add(1)
	return nil
}

// Subscribe implements Bus.
func (b *NATS) Subscribe(subject string, fn func(string, []byte)) (func(), error) {
	if err := checkSubject(subject); err != nil {
		return nil, err
	}
	sub, err := b.conn.Subscribe(subject, func(m *nats.Msg) { b.deliver(fn, m) })
	if err != nil {
		return nil, fmt.Errorf("subscribing to %s: %w", subject, closedOr(err))
	}
	if err := sub.SetPendingLimits(queueMessages, queueBytes); err != nil {
		return nil, fmt.Errorf("bounding the queue of %s: %w", subject, err)
	}
	b.mu.Lock()
	b.subs[sub] = struct{}{}
	b.mu.Unlock()
	return func() { b.unsubscribe(sub) }, nil
}

// deliver keeps a handler's panic from ending the process: the message is lost, which may happen to any message.
func (b *NATS) deliver(fn func(string, []byte), m *nats.Msg) {
	defer func() {
		if p := recover(); p != nil {
			b.log.Error("panic in a handler of the cluster bus", "subject", m.Subject, "panic", p)
		}
	}()
	b.received.Add(1)
	fn(m.Subject, m.Data)
}

func (b *NATS) unsubscribe(sub *nats.Subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.subs[sub]; !ok {
		return
	}
	delete(b.subs, sub)
	if dropped, err := sub.Dropped(); err == nil {
		b.lost.Add(uint64(dropped))
	}
	if err := sub.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		b.log.Warn("leaving a subject of the cluster bus", "subject", sub.Subject, "error", err)
	}
}

// Healthy implements Bus.
func (b *NATS) Healthy() error {
	if b.conn.IsClosed() {
		return ErrClosed
	}
	if !b.conn.IsConnected() || !b.server.Running() {
		return errors.New("bus: the node's own cluster server does not answer")
	}
	return nil
}

// Stats implements Bus.
func (b *NATS) Stats() Stats {
	s := Stats{Published: b.published.Load(), Received: b.received.Load(), Dropped: b.lost.Load(), Peers: b.server.NumRoutes()}
	b.mu.Lock()
	defer b.mu.Unlock()
	for sub := range b.subs {
		if dropped, err := sub.Dropped(); err == nil {
			s.Dropped += uint64(dropped)
		}
	}
	return s
}

// Close implements Bus.
func (b *NATS) Close(ctx context.Context) error {
	if b.conn.IsClosed() {
		return nil
	}
	done := make(chan error, 1)
	go func() {
		err := b.conn.FlushTimeout(writeDeadline)
		b.conn.Close()
		b.server.Shutdown()
		b.server.WaitForShutdown()
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("flushing the cluster bus: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("closing the cluster bus: %w", ctx.Err())
	}
}

func closedOr(err error) error {
	if errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrConnectionDraining) {
		return ErrClosed
	}
	return err
}
