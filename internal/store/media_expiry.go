package store

import "context"

// ExpireMedia removes up to limit media ids and previews whose time is over, and notes their contents as garbage.
func (t *Tx) ExpireMedia(ctx context.Context, now int64, limit int) (removed int, err error) {
	type row struct{ id, hash string }
	expired, err := list(ctx, t, func(r Rows) (row, error) {
		var v row
		return v, r.Scan(&v.id, &v.hash)
	}, `SELECT media_id, hash FROM media WHERE expires_ts > 0 AND expires_ts <= $1 ORDER BY expires_ts LIMIT $2`, now, limit)
	if err != nil {
		return 0, err
	}
	for _, m := range expired {
		if _, err := t.exec(ctx, `DELETE FROM media WHERE media_id = $1`, m.id); err != nil {
			return 0, err
		}
		if err := t.noteGarbage(ctx, m.hash, now); err != nil {
			return 0, err
		}
	}
	n, err := t.exec(ctx, `DELETE FROM url_previews WHERE url IN
		(SELECT url FROM url_previews WHERE expires_ts <= $1 ORDER BY expires_ts LIMIT $2)`, now, limit)
	return len(expired) + int(n), err
}

func (t *Tx) noteGarbage(ctx context.Context, hash string, now int64) error {
	if hash == "" {
		return nil
	}
	_, err := t.exec(ctx, `INSERT INTO media_garbage (hash, since_ts) VALUES ($1, $2) ON CONFLICT DO NOTHING`, hash, now)
	return err
}

// GarbageMedia is up to limit contents that were noted before the given time and that no media id names any more. Notes about
// contents that are named again are removed.
func (t *Tx) GarbageMedia(ctx context.Context, before int64, limit int) ([]string, error) {
	if _, err := t.exec(ctx, `DELETE FROM media_garbage WHERE EXISTS (SELECT 1 FROM media m WHERE m.hash = media_garbage.hash)
		OR EXISTS (SELECT 1 FROM media_thumbnails t WHERE t.hash = media_garbage.hash AND t.source_hash <> t.hash)`); err != nil {
		return nil, err
	}
	return list(ctx, t, scanOne[string], `SELECT hash FROM media_garbage WHERE since_ts <= $1 ORDER BY since_ts LIMIT $2`, before, limit)
}

// ForgetGarbage ends the work on a content whose blob is gone: its thumbnails are garbage now.
func (t *Tx) ForgetGarbage(ctx context.Context, hash string, now int64) error {
	thumbs, err := list(ctx, t, scanOne[string], `SELECT hash FROM media_thumbnails WHERE source_hash = $1 AND hash <> $1`, hash)
	if err != nil {
		return err
	}
	for _, q := range []string{`DELETE FROM media_thumbnails WHERE source_hash = $1`, `DELETE FROM media_garbage WHERE hash = $1`} {
		if _, err := t.exec(ctx, q, hash); err != nil {
			return err
		}
	}
	for _, thumb := range thumbs {
		if err := t.noteGarbage(ctx, thumb, now); err != nil {
			return err
		}
	}
	return nil
}
