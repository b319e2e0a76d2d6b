package store

import (
	"context"
	"errors"
)

// MediaContent is a content that something names.
type MediaContent struct {
	Hash string
	Size int64
}

// MediaContents is at most limit of the contents that media ids and thumbnails name, after a hash, in the order of hashes.
func (t *Tx) MediaContents(ctx context.Context, after string, limit int) ([]MediaContent, error) {
	return list(ctx, t, func(rows Rows) (c MediaContent, err error) {
		err = rows.Scan(&c.Hash, &c.Size)
		return c, err
	}, `SELECT hash, MAX(size) FROM (
			SELECT * FROM (SELECT DISTINCT hash, size FROM media WHERE hash > $1 ORDER BY hash LIMIT $2) AS uploads
			UNION ALL
			SELECT * FROM (SELECT DISTINCT hash, size FROM media_thumbnails WHERE hash > $1 AND hash <> source_hash ORDER BY hash LIMIT $2) AS made
		) AS named GROUP BY hash ORDER BY hash LIMIT $2`, after, limit)
}

// namedMedia tells whether anything names the content $1.
const namedMedia = `(EXISTS (SELECT 1 FROM media m WHERE m.hash = $1)
	OR EXISTS (SELECT 1 FROM media_thumbnails t WHERE t.hash = $1 AND t.source_hash <> t.hash))`

// MediaNamed tells whether anything names a content.
func (t *Tx) MediaNamed(ctx context.Context, hash string) (named bool, err error) {
	err = t.one(ctx, `SELECT `+namedMedia, []any{hash}, &named)
	return named, err
}

// MediaSize is the length of a content that something names; ErrNotFound if nothing does.
func (t *Tx) MediaSize(ctx context.Context, hash string) (size int64, err error) {
	err = t.one(ctx, `SELECT size FROM (SELECT size FROM media WHERE hash = $1 UNION ALL
		SELECT size FROM media_thumbnails WHERE hash = $1 AND hash <> source_hash) AS named LIMIT 1`, []any{hash}, &size)
	return size, err
}

// IsGarbage tells whether a content is noted as garbage.
func (t *Tx) IsGarbage(ctx context.Context, hash string) (noted bool, err error) {
	err = t.one(ctx, `SELECT EXISTS (SELECT 1 FROM media_garbage WHERE hash = $1)`, []any{hash}, &noted)
	return noted, err
}

// KeepMedia puts off the deletion of a content that is about to be stored again; false while it is being deleted.
func (t *Tx) KeepMedia(ctx context.Context, hash string, now int64) (ok bool, err error) {
	n, err := t.exec(ctx, `UPDATE media_garbage SET since_ts = $2 WHERE hash = $1 AND NOT deleting`, hash, now)
	if err != nil || n > 0 {
		return n > 0, err
	}
	var deleting bool
	err = t.one(ctx, `SELECT deleting FROM media_garbage WHERE hash = $1`, []any{hash}, &deleting)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	return false, err
}

// ClaimGarbage begins the deletion of a content that was noted before a time and that nothing names; false if that is not so any more.
func (t *Tx) ClaimGarbage(ctx context.Context, hash string, before int64) (ok bool, err error) {
	n, err := t.exec(ctx, `UPDATE media_garbage SET deleting = TRUE WHERE hash = $1 AND since_ts <= $2 AND NOT `+namedMedia, hash, before)
	return n > 0, err
}

// UnclaimGarbage ends the deletion of a content that turned out to be fresh.
func (t *Tx) UnclaimGarbage(ctx context.Context, hash string) error {
	_, err := t.exec(ctx, `UPDATE media_garbage SET deleting = FALSE WHERE hash = $1`, hash)
	return err
}
