package search

import (
	"context"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
)

const (
	// batch is how many events one transaction takes at most: few, since on SQLite whoever sends waits for it.
	batch = 100
	// skip is how many positions without anything for the index are rather read again than written down.
	skip = 1000
	// restFactor is how much longer than its work the indexer rests.
	restFactor = 9
	// catchUpMost bounds how long somebody who searches waits for the index.
	catchUpMost = 2 * time.Second
	// Every is how often Index is to be called.
	Every = 2 * time.Second
)

// Indexer brings the index of words up to the ends of the lanes.
type Indexer struct {
	store *store.Store
	turn  chan struct{} // held by who moves the index
}

// NewIndexer makes an Indexer.
func NewIndexer(st *store.Store) *Indexer {
	return &Indexer{store: st, turn: make(chan struct{}, 1)}
}

// Index brings the index up to date, slowly.
func (x *Indexer) Index(ctx context.Context) error { return x.move(ctx, true) }

// CatchUp brings the index up to where the lanes are now, so that a search finds what was sent before. It gives up after a while,
// since a search of what is there is better than none.
func (x *Indexer) CatchUp(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, catchUpMost)
	defer cancel()
	err := x.move(within, false)
	if within.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (x *Indexer) move(ctx context.Context, rest bool) error {
	goal, err := x.store.Positions(ctx)
	if err != nil {
		return err
	}
	for lane, end := range goal {
		for more := true; more; {
			begin := time.Now()
			if more, err = x.step(ctx, lane, end); err != nil {
				return err
			}
			if rest && more {
				if err := pause(ctx, restFactor*time.Since(begin)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// step moves the index by one batch, at most up to end.
func (x *Indexer) step(ctx context.Context, lane int, end store.Pos) (more bool, err error) {
	select {
	case x.turn <- struct{}{}:
		defer func() { <-x.turn }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	b := store.SearchBatch{Lane: lane, To: end}
	var events []*store.Event
	err = x.store.Read(ctx, func(tx *store.Tx) error {
		if b.From, err = tx.SearchCursor(ctx, lane); err != nil || b.From >= end {
			return err
		}
		events, err = tx.EventsToSearch(ctx, b.From, end, batch)
		return err
	})
	if err != nil || b.From >= end || len(events) == 0 && end-b.From < skip {
		return false, err
	}
	if len(events) == batch {
		b.To = events[batch-1].Pos
	}
	fill(&b, events)
	// Where another node was faster, the next step begins from there.
	_, err = x.store.MoveSearch(ctx, b)
	return b.To < end, err
}

// fill works out what events change in the index.
func fill(b *store.SearchBatch, events []*store.Event) {
	for _, ev := range events {
		switch ev.Type {
		case "m.room.redaction":
			b.Redacted = append(b.Redacted, redacts(ev))
		default:
			key, text, ok := Text(ev)
			if words := different(text); ok && len(words) > 0 {
				b.Add = append(b.Add, store.SearchText{Pos: ev.Pos, Room: ev.Room, TS: ev.TS, Key: key, Words: words})
			}
		}
	}
}

// redacts is the event that a redaction is about: room version 11 moved its name from the top of the event into the content.
func redacts(ev *store.Event) string {
	if id := gjson.GetBytes(ev.JSON, "content.redacts"); id.Type == gjson.String {
		return id.Str
	}
	return gjson.GetBytes(ev.JSON, "redacts").Str
}
