package store

import "context"

// RefreshToken is a refresh token, known by its hash.
type RefreshToken struct {
	Hash     []byte
	UserID   string
	DeviceID string
	// AccessHash is the access token that was given out with this one.
	AccessHash []byte
	// Replaces is the hash of the refresh token that made this one, until this one or its access token is first used.
	Replaces  []byte
	IssuedTS  int64
	UsedTS    int64 // when what this token made was first used, which ended it; 0: not yet
	ExpiresTS int64 // 0: never
}

// InsertRefreshToken stores a new refresh token.
func (t *Tx) InsertRefreshToken(ctx context.Context, r RefreshToken) error {
	_, err := t.exec(ctx, `INSERT INTO refresh_tokens (token_hash, user_id, device_id, access_hash, replaces, issued_ts, used_ts, expires_ts)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, r.Hash, r.UserID, r.DeviceID, r.AccessHash, r.Replaces, r.IssuedTS, r.UsedTS, r.ExpiresTS)
	return err
}

// RefreshToken finds a refresh token.
func (t *Tx) RefreshToken(ctx context.Context, hash []byte) (RefreshToken, error) {
	r := RefreshToken{Hash: hash}
	err := t.one(ctx, `SELECT user_id, device_id, access_hash, replaces, issued_ts, used_ts, expires_ts FROM refresh_tokens
		WHERE token_hash = $1`, []any{hash}, &r.UserID, &r.DeviceID, &r.AccessHash, &r.Replaces, &r.IssuedTS, &r.UsedTS, &r.ExpiresTS)
	return r, err
}

// EndReplaced ends a refresh token, now that one of the tokens that it made is used, together with the access token that was given
// out with it, whose hash is returned.
func (t *Tx) EndReplaced(ctx context.Context, refreshHash []byte, now int64) (revoked []byte, err error) {
	err = t.one(ctx, `UPDATE refresh_tokens SET used_ts = $2 WHERE token_hash = $1 RETURNING access_hash`, []any{refreshHash, now}, &revoked)
	if err != nil {
		return nil, err
	}
	if _, err := t.exec(ctx, `UPDATE access_tokens SET expires_ts = 1 WHERE token_hash = $1`, revoked); err != nil {
		return nil, err
	}
	if _, err := t.exec(ctx, `UPDATE access_tokens SET replaces = NULL WHERE replaces = $1`, refreshHash); err != nil {
		return nil, err
	}
	_, err = t.exec(ctx, `UPDATE refresh_tokens SET replaces = NULL WHERE replaces = $1`, refreshHash)
	return revoked, err
}

// DropUnusedSiblings deletes tokens that a refresh token made before the given time and that were never used.
func (t *Tx) DropUnusedSiblings(ctx context.Context, refreshHash []byte, before int64) error {
	const q = `DELETE FROM access_tokens WHERE token_hash IN (SELECT access_hash FROM refresh_tokens WHERE replaces = $1 AND issued_ts < $2)`
	if _, err := t.exec(ctx, q, refreshHash, before); err != nil {
		return err
	}
	_, err := t.exec(ctx, `DELETE FROM refresh_tokens WHERE replaces = $1 AND issued_ts < $2`, refreshHash, before)
	return err
}
