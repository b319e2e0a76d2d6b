// Package floor writes signed events straight into the server's database: as fast as the database and the signatures allow, with
// no HTTP, no rules and no sync. What it reaches is the limit that the server is measured against; it also fills databases for
// measurements of large ones.
//
// Invariants: the rows are those that the server writes for a message, by the same code, in the same durable transactions; the events are
// chained, hashed and signed. It never runs while a server has the same database open.
package floor

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
)

// messageBody is as long as those of the load generator.
const messageBody = `{"body":"All quiet at the fifth beacon. All quiet at the fifth beacon. All quiet at the fifth beacon. All quiet at the fifth ","msgtype":"m.text"}`

// chain is a room to which events are added; one goroutine owns it.
type chain struct {
	signer *room.Signer
	room   *store.Room
	sender string
	device string
	lastID string
	depth  int64
	auth   []string
	n      int
}

// newSigner makes a signing key. Whoever reads a filled database later trusts what is in it.
func newSigner() (*room.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a signing key: %w", err)
	}
	return &room.Signer{ServerName: "localhost", KeyID: "ed25519:bench", Key: key}, nil
}

// next makes the chain's next event, without its position.
func (c *chain) next(now time.Time) (*store.Event, error) {
	c.depth++
	d := room.Draft{
		RoomID: c.room.ID, Type: "m.room.message", Sender: c.sender, Content: []byte(messageBody), TS: now.UnixMilli(), Depth: c.depth,
		Prev: []string{c.lastID}, Auth: c.auth,
	}
	id, json, err := c.signer.Seal(c.room.Version, d)
	if err != nil {
		return nil, fmt.Errorf("building an event: %w", err)
	}
	c.n++
	c.lastID = id
	txn := "t" + strconv.Itoa(c.n)
	key := sha256.Sum256([]byte(c.room.ID + c.device + txn))
	return &store.Event{
		Room: c.room.Num, RoomID: c.room.ID, ID: id, Type: d.Type, Sender: d.Sender, TS: d.TS, Depth: d.Depth, Device: c.device,
		TxnID: txn, TxnKey: key[:], JSON: json,
	}, nil
}

// write adds a batch of events to the chain in one durable transaction.
func (c *chain) write(ctx context.Context, s *store.Store, batch int) error {
	now := time.Now()
	events := make([]*store.Event, batch)
	for i := range events {
		var err error
		if events[i], err = c.next(now); err != nil {
			return err
		}
	}
	err := s.RoomLane(c.room.Num).Do(ctx, func(tx *store.LaneTx) error {
		for _, e := range events {
			e.Pos = tx.Next()
			tx.AddEvent(e)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("writing a batch: %w", err)
	}
	return nil
}

// writeAll lets every chain write batches, all at once, until more says no, and gives the number of events.
func writeAll(ctx context.Context, s *store.Store, chains []*chain, batch int, more func(written int64) bool) (int64, error) {
	var written atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range chains {
		g.Go(func() error {
			for more(written.Load()) {
				if err := c.write(ctx, s, batch); err != nil {
					return err
				}
				written.Add(int64(batch))
			}
			return nil
		})
	}
	err := g.Wait()
	return written.Load(), err
}

// Fill adds about n events to rooms of the database of a server that is stopped. Each room gets the same share.
func Fill(ctx context.Context, o store.Options, roomIDs []string, n int) (err error) {
	s, err := store.Open(ctx, o)
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	defer s.Close()
	signer, err := newSigner()
	if err != nil {
		return err
	}
	chains := make([]*chain, 0, len(roomIDs))
	for _, id := range roomIDs {
		c, err := chainOf(ctx, s, signer, id)
		if err != nil {
			return err
		}
		chains = append(chains, c)
	}
	const batch = 250
	share := (n + len(chains)*batch - 1) / (len(chains) * batch)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2 * s.Lanes())
	for _, c := range chains {
		g.Go(func() error {
			for range share {
				if err := c.write(ctx, s, batch); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// chainOf goes on from a room's last event.
func chainOf(ctx context.Context, s *store.Store, signer *room.Signer, id string) (*chain, error) {
	c := &chain{signer: signer, device: "BENCH"}
	err := s.Read(ctx, func(tx *store.Tx) error {
		r, err := tx.RoomByID(ctx, id)
		if err != nil {
			return err
		}
		last, err := tx.LastEvent(ctx, r.Num)
		if err != nil {
			return err
		}
		c.room, c.sender, c.lastID, c.depth = r, r.Creator, last.ID, last.Depth
		create, err := tx.StateEventAt(ctx, r.Num, store.StateKey{Type: "m.room.create"}, last.Pos)
		if err != nil {
			return err
		}
		c.auth = []string{create.ID}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("the room %s has no events to go on from", id)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the room %s: %w", id, err)
	}
	return c, nil
}
