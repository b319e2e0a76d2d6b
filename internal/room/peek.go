package room

import (
	"context"
	"slices"
	"time"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// peekEvery is how often a peeker's room is looked at. Peekers are few and, being in no room, are told of nothing by /sync.
const peekEvery = 500 * time.Millisecond

// peekMost bounds the events of one answer.
const peekMost = 100

// Peek waits until there is an event in a room after the given token, or until the time is over (Client-Server API, "Room Previews",
// GET /events with room_id). Without a token it waits for what comes from now on.
func (r *Reader) Peek(ctx context.Context, who Who, roomID, from string, timeout time.Duration) (*Page, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout+time.Second)
	defer cancel()
	over := time.After(timeout)
	again := time.NewTicker(peekEvery)
	defer again.Stop()
	for {
		page, err := r.peekOnce(ctx, who, roomID, from)
		if err != nil || len(page.Chunk) > 0 {
			return page, err
		}
		from = page.End
		select {
		case <-again.C:
		case <-over:
			return page, nil
		case <-ctx.Done():
			return page, nil
		}
	}
}

// peekOnce reads what there is after a token; its page always has an end.
func (r *Reader) peekOnce(ctx context.Context, who Who, roomID, from string) (page *Page, err error) {
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		v, err := r.view(ctx, tx, who, roomID)
		if err != nil {
			return err
		}
		if from == "" {
			// Where the room ends now.
			page, err = v.messages(ctx, tx, PageRequest{Limit: 1})
			if err == nil {
				page.Chunk, page.End = slices.Delete(page.Chunk, 0, len(page.Chunk)), page.Start
			}
			return err
		}
		s := &scan{view: v, forward: true, limit: peekMost}
		page = &Page{}
		if page.Start, err = s.setRange(ctx, tx, from, ""); err != nil {
			return err
		}
		if err := s.run(ctx, tx); err != nil {
			return err
		}
		page.End = token.Page(s.at)
		page.Chunk, err = v.client(ctx, tx, s.found)
		return err
	})
	return page, err
}
