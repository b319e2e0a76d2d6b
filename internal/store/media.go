package store

import (
	"context"
	"fmt"
)

// Media is what is known about one media id. Times are in milliseconds since 1970.
type Media struct {
	ID          string
	UserID      string // who uploads; empty: the server itself
	CreatedTS   int64
	ExpiresTS   int64  // 0: never
	Hash        string // names the content; empty: reserved, nothing uploaded yet
	Size        int64
	ContentType string
	Name        string // file name given by the uploader
	Quarantined bool
}

const mediaColumns = `media_id, user_id, created_ts, expires_ts, hash, size, content_type, name, quarantined`

// PutMedia adds a media id, with its content or reserved for one; ErrConflict if it is taken.
func (t *Tx) PutMedia(ctx context.Context, m Media) error {
	_, err := t.exec(ctx, `INSERT INTO media (`+mediaColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		m.ID, m.UserID, m.CreatedTS, m.ExpiresTS, m.Hash, m.Size, m.ContentType, m.Name, m.Quarantined)
	return err
}

// FillMedia gives a reserved id its content, for ever; ErrConflict if it is not there or has one already.
func (t *Tx) FillMedia(ctx context.Context, m Media) error {
	n, err := t.exec(ctx, `UPDATE media SET hash = $1, size = $2, content_type = $3, name = $4, expires_ts = 0
		WHERE media_id = $5 AND hash = ''`, m.Hash, m.Size, m.ContentType, m.Name, m.ID)
	if err == nil && n == 0 {
		err = fmt.Errorf("media %s: %w", m.ID, ErrConflict)
	}
	return err
}

// MediaByID is what is known about a media id.
func (t *Tx) MediaByID(ctx context.Context, id string) (Media, error) {
	var m Media
	err := t.one(ctx, `SELECT `+mediaColumns+` FROM media WHERE media_id = $1`, []any{id},
		&m.ID, &m.UserID, &m.CreatedTS, &m.ExpiresTS, &m.Hash, &m.Size, &m.ContentType, &m.Name, &m.Quarantined)
	return m, err
}

// QuarantineMedia hides a media id, and everything else with the same content, or shows it again.
func (t *Tx) QuarantineMedia(ctx context.Context, id string, hide bool) error {
	n, err := t.exec(ctx, `UPDATE media SET quarantined = $1
		WHERE media_id = $2 OR hash <> '' AND hash = (SELECT hash FROM media WHERE media_id = $2)`, hide, id)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// MediaUsage is the number of bytes that a user has stored.
func (t *Tx) MediaUsage(ctx context.Context, userID string) (bytes int64, err error) {
	err = t.one(ctx, `SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM media WHERE user_id = $1`, []any{userID}, &bytes)
	return bytes, err
}

// ReservedMedia is the number of ids that a user holds without having uploaded to them, and when the first of them expires.
func (t *Tx) ReservedMedia(ctx context.Context, userID string, now int64) (count int, firstExpiry int64, err error) {
	err = t.one(ctx, `SELECT COUNT(*), COALESCE(MIN(expires_ts), 0) FROM media WHERE user_id = $1 AND hash = '' AND expires_ts > $2`,
		[]any{userID, now}, &count, &firstExpiry)
	return count, firstExpiry, err
}

// Thumbnail is a content made from another one.
type Thumbnail struct {
	SourceHash    string
	Width, Height int
	Method        string
	Animated      bool
	Hash          string
	Size          int64
	ContentType   string
}

// PutThumbnail remembers a thumbnail. One that another node made meanwhile is replaced: it is as good.
func (t *Tx) PutThumbnail(ctx context.Context, n Thumbnail) error {
	_, err := t.exec(ctx, `INSERT INTO media_thumbnails (source_hash, width, height, method, animated, hash, size, content_type)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (source_hash, width, height, method, animated)
		DO UPDATE SET hash = excluded.hash, size = excluded.size, content_type = excluded.content_type`,
		n.SourceHash, n.Width, n.Height, n.Method, n.Animated, n.Hash, n.Size, n.ContentType)
	return err
}

// FindThumbnail completes n, which says what the thumbnail is made of and how, by what was made.
func (t *Tx) FindThumbnail(ctx context.Context, n Thumbnail) (Thumbnail, error) {
	err := t.one(ctx, `SELECT hash, size, content_type FROM media_thumbnails
		WHERE source_hash = $1 AND width = $2 AND height = $3 AND method = $4 AND animated = $5`,
		[]any{n.SourceHash, n.Width, n.Height, n.Method, n.Animated}, &n.Hash, &n.Size, &n.ContentType)
	return n, err
}

// CountThumbnails is the number of thumbnails kept of one content.
func (t *Tx) CountThumbnails(ctx context.Context, sourceHash string) (n int, err error) {
	err = t.one(ctx, `SELECT COUNT(*) FROM media_thumbnails WHERE source_hash = $1`, []any{sourceHash}, &n)
	return n, err
}

// PutURLPreview keeps the preview of a page until it expires.
func (t *Tx) PutURLPreview(ctx context.Context, url string, body []byte, expires int64) error {
	_, err := t.exec(ctx, `INSERT INTO url_previews (url, body, expires_ts) VALUES ($1, $2, $3)
		ON CONFLICT (url) DO UPDATE SET body = excluded.body, expires_ts = excluded.expires_ts`, url, body, expires)
	return err
}

// URLPreview is the preview of a page, if there is one that has not expired.
func (t *Tx) URLPreview(ctx context.Context, url string, now int64) (body []byte, err error) {
	err = t.one(ctx, `SELECT body FROM url_previews WHERE url = $1 AND expires_ts > $2`, []any{url, now}, &body)
	return body, err
}
