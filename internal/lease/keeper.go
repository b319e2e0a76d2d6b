package lease

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"bongsu.org/bongsu/internal/store"
)

// Row is a lease as the database has it.
type Row[K comparable] struct {
	Key    K
	Holder string // empty: nobody
	Turn   int64  // grows with every change, above all when the holder renews
}

// Table is how the leases of one kind are kept. Its methods are called by one goroutine.
type Table[K comparable] interface {
	// List reads the leases that this node could hold.
	List(ctx context.Context, tx *store.Tx) ([]Row[K], error)
	// Renew raises the turn of all that a holder has.
	Renew(ctx context.Context, tx *store.Tx, holder string) error
	// Take makes a node the holder, if the turn is still the given one.
	Take(ctx context.Context, tx *store.Tx, key K, holder string, turn int64) (taken bool, err error)
	// Release lets others take one that a holder has.
	Release(ctx context.Context, tx *store.Tx, key K, holder string) error
	// ReleaseAll lets others take all that a holder has.
	ReleaseAll(ctx context.Context, tx *store.Tx, holder string) error
}

// Timing of leases. A holder that has not renewed for StopAfter does nothing more; others take a lease that has not changed for TakeAfter. Each
// node measures by its own clock; the difference of the two is for what is on its way.
type Timing struct {
	Renew, StopAfter, TakeAfter time.Duration
}

// DefaultTiming is for nodes that answer each other within a second.
func DefaultTiming() Timing {
	return Timing{Renew: 2 * time.Second, StopAfter: 6 * time.Second, TakeAfter: 10 * time.Second}
}

// Keeper renews what a node holds, and takes what nobody holds any more.
type Keeper[K comparable] struct {
	// What is what a holder does, for the log: "pushing".
	What   string
	Table  Table[K]
	Store  *store.Store
	NodeID string
	Timing Timing
	// Share is how many of n leases this node should hold; nil: all that are free. What is more it gives away, one at a time.
	Share func(n int) int
	// Hold is told that a lease is the node's until a time: after each renewal, and when it was taken.
	Hold func(key K, until time.Time, taken bool)
	// Lost is told that a lease is another's, or is no more. A key that was never held may be told, too.
	Lost func(key K)
	Log  *slog.Logger

	held []K
	seen Sightings[K]
}

// Run keeps leases until the context ends. What is held then stays so until Release.
func (k *Keeper[K]) Run(ctx context.Context) {
	k.seen = Sightings[K]{}
	tick := time.NewTicker(k.Timing.Renew)
	defer tick.Stop()
	for {
		if err := k.round(ctx); err != nil && ctx.Err() == nil {
			k.Log.Warn("leases could not be renewed; trying again", "of", k.What, "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (k *Keeper[K]) round(ctx context.Context) error {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, k.Timing.StopAfter)
	defer cancel()
	rows, err := k.renew(ctx)
	if err != nil {
		return err
	}
	until := start.Add(k.Timing.StopAfter)
	k.note(rows, until)
	share := len(rows)
	if k.Share != nil {
		share = k.Share(share)
	}
	if len(k.held) > share {
		return k.giveAway(ctx)
	}
	for _, row := range rows {
		if row.Holder == k.NodeID || !k.free(row, len(k.held) < share) {
			continue
		}
		taken, err := k.take(ctx, row)
		if err != nil {
			return err
		}
		if taken {
			k.held = append(k.held, row.Key)
			k.Hold(row.Key, until, true)
		}
	}
	return nil
}

// renew raises the turn of what this node holds, if it holds anything, and reads all leases.
func (k *Keeper[K]) renew(ctx context.Context) (rows []Row[K], err error) {
	read := func(tx *store.Tx) (err error) {
		rows, err = k.Table.List(ctx, tx)
		return err
	}
	if len(k.held) == 0 {
		return rows, k.Store.Read(ctx, read)
	}
	return rows, k.Store.Write(ctx, func(tx *store.Tx) error {
		if err := k.Table.Renew(ctx, tx, k.NodeID); err != nil {
			return err
		}
		return read(tx)
	})
}

// note tells of what is held, and of what is not any more.
func (k *Keeper[K]) note(rows []Row[K], until time.Time) {
	before := k.held
	k.held = nil
	for _, row := range rows {
		if row.Holder == k.NodeID {
			k.held = append(k.held, row.Key)
			k.Hold(row.Key, until, false)
		}
	}
	for _, key := range before {
		if !slices.Contains(k.held, key) {
			k.Lost(key)
		}
	}
	k.seen.keep(rows)
}

// free tells whether a lease can be taken: nobody holds it, or it has not changed for so long that its holder has stopped. What nobody
// holds is left to nodes that have less than their share, as long as there seem to be such.
func (k *Keeper[K]) free(row Row[K], below bool) bool {
	unchanged := k.seen.Unchanged(row.Key, row.Turn, time.Now())
	return row.Holder == "" && below || unchanged >= k.Timing.TakeAfter
}

func (k *Keeper[K]) take(ctx context.Context, row Row[K]) (taken bool, err error) {
	err = k.Store.Write(ctx, func(tx *store.Tx) (err error) {
		taken, err = k.Table.Take(ctx, tx, row.Key, k.NodeID, row.Turn)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("taking a lease: %w", err)
	}
	if taken && row.Holder != "" {
		k.Log.Info("taking over from a node that is gone", "what", k.What, "lease", row.Key, "node", row.Holder)
	}
	return taken, nil
}

// giveAway releases one lease.
func (k *Keeper[K]) giveAway(ctx context.Context) error {
	key := k.held[0]
	k.held = k.held[1:]
	k.Lost(key)
	return k.Store.Write(ctx, func(tx *store.Tx) error { return k.Table.Release(ctx, tx, key, k.NodeID) })
}

// releaseTimeout bounds the last write of a node that ends.
const releaseTimeout = 5 * time.Second

// Release lets others go on at once. It comes after Run, when nothing is done any more with what was held.
func (k *Keeper[K]) Release() {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
	defer cancel()
	if err := k.Store.Write(ctx, func(tx *store.Tx) error { return k.Table.ReleaseAll(ctx, tx, k.NodeID) }); err != nil {
		k.Log.Warn("leases were not released; other nodes take them when they run out", "of", k.What, "err", err)
	}
}
