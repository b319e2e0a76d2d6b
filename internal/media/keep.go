package media

import (
	"context"
	"fmt"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

const (
	keepPause   = 100 * time.Millisecond
	keepPatient = 20 * time.Second
)

// Keep makes what Many calls before it stores a blob. In some stores a deletion looks first and deletes then; a blob that is stored in between
// would be lost. So whoever deletes claims the blob in the database, and whoever stores it puts the deletion off, or waits for its end.
func Keep(st *store.Store) func(context.Context, Hash) error {
	return func(ctx context.Context, hash Hash) error {
		for start := time.Now(); time.Since(start) < keepPatient; {
			ok, err := keepOnce(ctx, st, hash)
			if err != nil {
				return fmt.Errorf("putting off the deletion of a content: %w", err)
			}
			if ok {
				return nil
			}
			select {
			case <-time.After(keepPause):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return mxerr.Unavailable(shortestBackoff)
	}
}

func keepOnce(ctx context.Context, st *store.Store, hash Hash) (ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, dbTimeout)
	defer cancel()
	var noted bool
	err = st.Read(ctx, func(tx *store.Tx) error {
		noted, err = tx.IsGarbage(ctx, string(hash))
		return err
	})
	if err != nil || !noted {
		return !noted, err // what is noted from now on is not deleted for long
	}
	err = st.Write(ctx, func(tx *store.Tx) error {
		ok, err = tx.KeepMedia(ctx, string(hash), time.Now().UnixMilli())
		return err
	})
	return ok, err
}
