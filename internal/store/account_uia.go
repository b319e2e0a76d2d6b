package store

import "context"

// PutUIASession stores a session of user-interactive authentication, sealed by the caller.
func (t *Tx) PutUIASession(ctx context.Context, hash, sealed []byte, expires int64) error {
	_, err := t.exec(ctx, `INSERT INTO uia_sessions (session_hash, sealed, expires_ts) VALUES ($1, $2, $3)
		ON CONFLICT (session_hash) DO UPDATE SET sealed = excluded.sealed, expires_ts = excluded.expires_ts`, hash, sealed, expires)
	return err
}

// UIASession finds a session that has not expired.
func (t *Tx) UIASession(ctx context.Context, hash []byte, now int64) (sealed []byte, err error) {
	err = t.one(ctx, `SELECT sealed FROM uia_sessions WHERE session_hash = $1 AND expires_ts > $2`, []any{hash, now}, &sealed)
	return sealed, err
}

// DeleteUIASession ends a session.
func (t *Tx) DeleteUIASession(ctx context.Context, hash []byte) error {
	_, err := t.exec(ctx, `DELETE FROM uia_sessions WHERE session_hash = $1`, hash)
	return err
}

// CleanAccounts deletes what has expired. Access tokens are kept until keepTokens, so that a client is told that its token has expired
// rather than that there is none.
func (t *Tx) CleanAccounts(ctx context.Context, now, keepTokens int64) error {
	for _, table := range []string{"uia_sessions", "login_tokens", "openid_tokens", "used_nonces"} {
		if _, err := t.exec(ctx, `DELETE FROM `+table+` WHERE expires_ts < $1`, now); err != nil {
			return err
		}
	}
	if _, err := t.exec(ctx, `DELETE FROM access_tokens WHERE expires_ts > 0 AND expires_ts < $1`, keepTokens); err != nil {
		return err
	}
	_, err := t.exec(ctx, `DELETE FROM refresh_tokens WHERE used_ts > 0 AND used_ts < $1`, keepTokens)
	return err
}
