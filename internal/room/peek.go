package room

import (
	"context"
	"errors"
	"slices"
	"time"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// peekAgain is how often a peeker's room is looked at of which nothing was heard: what other nodes tell may be lost.
const peekAgain = 5 * time.Second

// peekMost bounds the events of one answer.
const peekMost = 100

// Peek waits until there is an event in a room after the given token, or until the time is over (Client-Server API, "Room Previews",
// GET /events with room_id). Without a token it waits for what comes from now on.
func (r *Reader) Peek(ctx context.Context, who Who, roomID, from string, timeout time.Duration) (*Page, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout+time.Second)
	defer cancel()
	lane, err := r.laneOf(ctx, roomID)
	if err != nil {
		return nil, err
	}
	over := time.After(timeout)
	again := time.NewTicker(peekAgain)
	defer again.Stop()
	for {
		news := r.bell.next(lane) // before the look, so that nothing is missed in between
		page, err := r.peekOnce(ctx, who, roomID, from)
		if err != nil || len(page.Chunk) > 0 {
			return page, err
		}
		from = page.End
		select {
		case <-news:
		case <-again.C:
		case <-over:
			return page, nil
		case <-ctx.Done():
			return page, nil
		}
	}
}

// laneOf is the lane of a room, or any if there is no such room.
func (r *Reader) laneOf(ctx context.Context, roomID string) (lane int, err error) {
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		rm, err := tx.RoomByID(ctx, roomID)
		if err == nil {
			lane = store.Pos(rm.Num).Lane()
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil // the look says so
	}
	return lane, err
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
