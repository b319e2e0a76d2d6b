package appservice

import (
	"context"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"bongsu.org/bongsu/internal/store"
)

// feed reads lanes for all senders of a node. Senders that have got equally far, as those of services that are up have, ask for the same
// rows at the same time: these are read once.
type feed struct {
	mu     *sync.Mutex
	recent *lru.Cache[feedKey, *stretch]
}

type feedKey struct{ from, to store.Pos }

// stretch is what was added to a lane in (from, to]. It is shared.
type stretch struct {
	to       store.Pos
	events   []*store.Event
	receipts []store.Receipt
}

const (
	// stretchMost bounds the positions that are read at once.
	stretchMost = 200
	// recentStretches bounds what is remembered.
	recentStretches = 32
)

func newFeed() feed {
	c, _ := lru.New[feedKey, *stretch](recentStretches) // fails for sizes below 1 only
	return feed{mu: &sync.Mutex{}, recent: c}
}

// read returns what follows a position, up to the lane's end or as much as is read at once.
func (f feed) read(ctx context.Context, tx *store.Tx, from, end store.Pos) (*stretch, error) {
	key := feedKey{from, min(end, from+stretchMost)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, ok := f.recent.Get(key); ok {
		return s, nil
	}
	s := &stretch{to: key.to}
	var err error
	if s.events, err = tx.LaneEvents(ctx, from, s.to); err != nil {
		return nil, err
	}
	if s.receipts, err = tx.LaneReceipts(ctx, from, s.to); err != nil {
		return nil, err
	}
	f.recent.Add(key, s)
	return s, nil
}
