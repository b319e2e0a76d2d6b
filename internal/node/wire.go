package node

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"bongsu.org/bongsu/internal/bus"
	"bongsu.org/bongsu/internal/store"
)

// committed tells of a batch that this node wrote: sync takes it from memory, application services and the other nodes read it from the database.
func (p *parts) committed(log *slog.Logger) func(*store.Batch) {
	return func(b *store.Batch) {
		p.sent.Add(uint64(len(b.Events)))
		p.sync.Committed(b)
		p.reader.LaneMoved(b.Lane)
		p.push.Wake()
		p.delivery.Wake()
		p.send(log, bus.Send(p.bus, bus.LaneMoved{Lane: b.Lane, Pos: int64(b.To)}))
	}
}

func (p *parts) hearLanes() error {
	return listening(bus.Listen(p.bus, func(m bus.LaneMoved) {
		p.sync.LaneMoved(m.Lane)
		p.reader.LaneMoved(m.Lane)
		p.push.Wake()
		p.delivery.Wake()
	}))
}

// tellRevoked tells the other nodes that a token is no longer good. What gets lost they find out by themselves, a little later.
func (p *parts) tellRevoked(log *slog.Logger) func(hash [32]byte) {
	return func(hash [32]byte) {
		p.send(log, bus.Send(p.bus, bus.TokenRevoked{Hash: hex.EncodeToString(hash[:])}))
	}
}

func (p *parts) hearRevoked() error {
	return listening(bus.Listen(p.bus, func(m bus.TokenRevoked) {
		raw, err := hex.DecodeString(m.Hash)
		if err == nil && len(raw) == 32 {
			p.accounts.Forget([32]byte(raw))
		}
	}))
}

func (p *parts) countFailedLogin(userID string) (ok bool, retry time.Duration) {
	return p.limiter.Allow(loginFailures, userID)
}

// send notes a message that did not go out. That is no failure of whoever sends: the other nodes also look for themselves.
func (p *parts) send(log *slog.Logger, err error) {
	if err != nil && !errors.Is(err, bus.ErrClosed) {
		log.Debug("a message to the other nodes was lost", "err", err)
	}
}

// listening takes the outcome of a subscription, which lasts as long as the bus.
func listening(_ func(), err error) error {
	if err != nil {
		return fmt.Errorf("listening to the other nodes: %w", err)
	}
	return nil
}
