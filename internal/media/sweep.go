package media

import (
	"context"
	"fmt"
	"time"

	"bongsu.org/bongsu/internal/store"
)

const (
	// SweepEvery is how often Sweep should run. Several nodes may run it at once.
	SweepEvery = 10 * time.Minute
	sweepBatch = 200
	// blobGrace is how long a blob stays after its last Put even if no row names it, since an upload's row comes after its bytes.
	blobGrace = time.Hour
)

// Sweep removes what has expired: reserved ids, previews and their pictures, and then the blobs that nothing names any more.
func (s *Service) Sweep(ctx context.Context) error {
	for {
		var removed int
		err := s.write(ctx, func(tx *store.Tx) (err error) {
			removed, err = tx.ExpireMedia(ctx, s.now().UnixMilli(), sweepBatch)
			return err
		})
		if err != nil {
			return fmt.Errorf("expiring media: %w", err)
		}
		if removed < sweepBatch {
			break
		}
	}
	return s.collect(ctx)
}

// collect deletes the blobs of one batch of garbage. A content that was uploaded again meanwhile is either named by a row, and then
// no garbage, or its blob is fresh, and then left for a later sweep.
func (s *Service) collect(ctx context.Context) error {
	now := s.now()
	var garbage []string
	err := s.write(ctx, func(tx *store.Tx) (err error) {
		garbage, err = tx.GarbageMedia(ctx, now.Add(-blobGrace).UnixMilli(), sweepBatch)
		return err
	})
	if err != nil {
		return fmt.Errorf("looking for garbage: %w", err)
	}
	for _, hash := range garbage {
		if err := s.remove(ctx, hash, now); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes a content that is garbage. If that is broken off, the next sweep goes on.
func (s *Service) remove(ctx context.Context, hash string, now time.Time) error {
	before, claimed := now.Add(-blobGrace), false
	err := s.write(ctx, func(tx *store.Tx) (err error) {
		claimed, err = tx.ClaimGarbage(ctx, hash, before.UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("claiming garbage: %w", err)
	}
	if !claimed {
		return nil
	}
	gone, err := s.blobs.Delete(ctx, Hash(hash), before)
	if err != nil {
		return err
	}
	err = s.write(ctx, func(tx *store.Tx) error {
		if gone {
			return tx.ForgetGarbage(ctx, hash, now.UnixMilli())
		}
		return tx.UnclaimGarbage(ctx, hash)
	})
	if err != nil {
		return fmt.Errorf("forgetting garbage: %w", err)
	}
	return nil
}
