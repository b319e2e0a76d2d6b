package store

import "context"

// AccessToken is an access token, known by its hash, with what is asked about its user at every request.
type AccessToken struct {
	Hash     []byte
	UserID   string
	DeviceID string
	// ExpiresTS is when the token ends; 0: never.
	ExpiresTS int64
	// Replaces is the hash of the refresh token that made this one, until this one is first used.
	Replaces []byte
}

// InsertAccessToken stores a new access token.
func (t *Tx) InsertAccessToken(ctx context.Context, a AccessToken) error {
	_, err := t.exec(ctx, `INSERT INTO access_tokens (token_hash, user_id, device_id, expires_ts, replaces) VALUES ($1, $2, $3, $4, $5)`,
		a.Hash, a.UserID, a.DeviceID, a.ExpiresTS, a.Replaces)
	return err
}

// AccessToken finds an access token and its user.
func (t *Tx) AccessToken(ctx context.Context, hash []byte) (AccessToken, User, error) {
	a := AccessToken{Hash: hash}
	var u User
	err := t.one(ctx, `SELECT a.user_id, a.device_id, a.expires_ts, a.replaces, u.guest, u.admin, u.locked, u.suspended
		FROM access_tokens a JOIN users u ON u.user_id = a.user_id WHERE a.token_hash = $1`, []any{hash},
		&a.UserID, &a.DeviceID, &a.ExpiresTS, &a.Replaces, &u.Guest, &u.Admin, &u.Locked, &u.Suspended)
	u.ID = a.UserID
	return a, u, err
}

// AccessHashes lists the hashes of all of a user's access tokens.
func (t *Tx) AccessHashes(ctx context.Context, userID string) ([][]byte, error) {
	return list(ctx, t, scanOne[[]byte], `SELECT token_hash FROM access_tokens WHERE user_id = $1`, userID)
}

// deleteTokens deletes the access and refresh tokens of devices, and how they came by them, and returns the hashes of the former.
func (t *Tx) deleteTokens(ctx context.Context, userID string, devices []string) (revoked [][]byte, err error) {
	revoked, err = list(ctx, t, scanOne[[]byte], `DELETE FROM access_tokens WHERE user_id = $1 AND device_id = ANY($2) RETURNING token_hash`,
		userID, devices)
	if err != nil {
		return nil, err
	}
	if _, err := t.exec(ctx, `DELETE FROM oauth_sessions WHERE user_id = $1 AND device_id = ANY($2)`, userID, devices); err != nil {
		return nil, err
	}
	_, err = t.exec(ctx, `DELETE FROM refresh_tokens WHERE user_id = $1 AND device_id = ANY($2)`, userID, devices)
	return revoked, err
}

// DeleteTokens ends all tokens of a device that stays, and returns the hashes of its access tokens.
func (t *Tx) DeleteTokens(ctx context.Context, userID, deviceID string) (revoked [][]byte, err error) {
	return t.deleteTokens(ctx, userID, []string{deviceID})
}

// ExpireTokens ends all tokens of a device as if their time had run out, so that its client may log in again and go on, and returns
// the hashes of its access tokens.
func (t *Tx) ExpireTokens(ctx context.Context, userID, deviceID string) (revoked [][]byte, err error) {
	const where = ` SET expires_ts = 1 WHERE user_id = $1 AND device_id = $2`
	revoked, err = list(ctx, t, scanOne[[]byte], `UPDATE access_tokens`+where+` RETURNING token_hash`, userID, deviceID)
	if err != nil {
		return nil, err
	}
	_, err = t.exec(ctx, `UPDATE refresh_tokens`+where, userID, deviceID)
	return revoked, err
}

// OneTimeToken is a token that names a user for a short time.
type OneTimeToken struct {
	Hash      []byte
	UserID    string
	ExpiresTS int64
}

// InsertLoginToken stores a token for m.login.token.
func (t *Tx) InsertLoginToken(ctx context.Context, o OneTimeToken) error {
	_, err := t.exec(ctx, `INSERT INTO login_tokens (token_hash, user_id, expires_ts) VALUES ($1, $2, $3)`, o.Hash, o.UserID, o.ExpiresTS)
	return err
}

// TakeLoginToken uses a token for m.login.token up.
func (t *Tx) TakeLoginToken(ctx context.Context, hash []byte) (OneTimeToken, error) {
	o := OneTimeToken{Hash: hash}
	err := t.one(ctx, `DELETE FROM login_tokens WHERE token_hash = $1 RETURNING user_id, expires_ts`, []any{hash}, &o.UserID, &o.ExpiresTS)
	return o, err
}

// InsertOpenIDToken stores a token with which a third party may ask who the user is.
func (t *Tx) InsertOpenIDToken(ctx context.Context, o OneTimeToken) error {
	_, err := t.exec(ctx, `INSERT INTO openid_tokens (token_hash, user_id, expires_ts) VALUES ($1, $2, $3)`, o.Hash, o.UserID, o.ExpiresTS)
	return err
}

// OpenIDToken finds a token of InsertOpenIDToken.
func (t *Tx) OpenIDToken(ctx context.Context, hash []byte) (OneTimeToken, error) {
	o := OneTimeToken{Hash: hash}
	err := t.one(ctx, `SELECT user_id, expires_ts FROM openid_tokens WHERE token_hash = $1`, []any{hash}, &o.UserID, &o.ExpiresTS)
	return o, err
}

// DeleteOpenIDToken ends a token of InsertOpenIDToken.
func (t *Tx) DeleteOpenIDToken(ctx context.Context, hash []byte) error {
	_, err := t.exec(ctx, `DELETE FROM openid_tokens WHERE token_hash = $1`, hash)
	return err
}
