package store

import "context"

// BrowserSession is a browser in which somebody is signed in, known by the hash of what its cookie holds.
type BrowserSession struct {
	Hash       []byte
	UserID     string
	SignedInTS int64
	ExpiresTS  int64
}

// PutBrowserSession stores a new session.
func (t *Tx) PutBrowserSession(ctx context.Context, b BrowserSession) error {
	_, err := t.exec(ctx, `INSERT INTO browser_sessions (session_hash, user_id, signed_in_ts, expires_ts) VALUES ($1, $2, $3, $4)`,
		b.Hash, b.UserID, b.SignedInTS, b.ExpiresTS)
	return err
}

// BrowserSession finds a session that has not expired, and its user.
func (t *Tx) BrowserSession(ctx context.Context, hash []byte, now int64) (BrowserSession, User, error) {
	b := BrowserSession{Hash: hash}
	var u User
	err := t.one(ctx, `SELECT b.signed_in_ts, b.expires_ts, `+usersOf("u")+` FROM browser_sessions b JOIN users u ON u.user_id = b.user_id
		WHERE b.session_hash = $1 AND b.expires_ts > $2`, []any{hash, now}, append([]any{&b.SignedInTS, &b.ExpiresTS}, u.fields()...)...)
	b.UserID = u.ID
	return b, u, err
}

// DeleteBrowserSession signs a browser out.
func (t *Tx) DeleteBrowserSession(ctx context.Context, hash []byte) error {
	_, err := t.exec(ctx, `DELETE FROM browser_sessions WHERE session_hash = $1`, hash)
	return err
}

// DeleteBrowserSessions signs a user out in all browsers.
func (t *Tx) DeleteBrowserSessions(ctx context.Context, userID string) error {
	_, err := t.exec(ctx, `DELETE FROM browser_sessions WHERE user_id = $1`, userID)
	return err
}

// CleanBrowserSessions deletes the sessions that have expired.
func (t *Tx) CleanBrowserSessions(ctx context.Context, now int64) error {
	_, err := t.exec(ctx, `DELETE FROM browser_sessions WHERE expires_ts <= $1`, now)
	return err
}
