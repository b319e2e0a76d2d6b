package store

import "context"

// OAuthClient is an application as it registered itself. Metadata is JSON.
type OAuthClient struct {
	ID       string
	Metadata []byte
	UsedTS   int64
}

// PutOAuthClient stores a client, or notes that one that is there registered again.
func (t *Tx) PutOAuthClient(ctx context.Context, c OAuthClient) error {
	_, err := t.exec(ctx, `INSERT INTO oauth_clients (client_id, metadata, used_ts) VALUES ($1, $2, $3)
		ON CONFLICT (client_id) DO UPDATE SET used_ts = excluded.used_ts`, c.ID, c.Metadata, c.UsedTS)
	return err
}

// OAuthClient finds a client.
func (t *Tx) OAuthClient(ctx context.Context, id string) (OAuthClient, error) {
	c := OAuthClient{ID: id}
	err := t.one(ctx, `SELECT metadata, used_ts FROM oauth_clients WHERE client_id = $1`, []any{id}, &c.Metadata, &c.UsedTS)
	return c, err
}

// TouchOAuthClient notes that a client is in use, which keeps it from being cleaned away; ErrNotFound if it was.
func (t *Tx) TouchOAuthClient(ctx context.Context, id string, now int64) error {
	n, err := t.exec(ctx, `UPDATE oauth_clients SET used_ts = $2 WHERE client_id = $1`, id, now)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// OAuthCode is what a user has allowed a client, known by the hash of the code with which the client fetches it.
type OAuthCode struct {
	Hash        []byte
	ClientID    string
	UserID      string
	Scope       string
	RedirectURI string
	Challenge   string
	Nonce       string
	SignedInTS  int64
	Used        bool
	ExpiresTS   int64
}

const codeColumns = `code_hash, client_id, user_id, scope, redirect_uri, challenge, nonce, signed_in_ts, used, expires_ts`

func (c *OAuthCode) fields() []any {
	return []any{&c.Hash, &c.ClientID, &c.UserID, &c.Scope, &c.RedirectURI, &c.Challenge, &c.Nonce, &c.SignedInTS, &c.Used, &c.ExpiresTS}
}

// InsertOAuthCode stores a new code.
func (t *Tx) InsertOAuthCode(ctx context.Context, c OAuthCode) error {
	_, err := t.exec(ctx, `INSERT INTO oauth_codes (`+codeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		c.Hash, c.ClientID, c.UserID, c.Scope, c.RedirectURI, c.Challenge, c.Nonce, c.SignedInTS, c.Used, c.ExpiresTS)
	return err
}

// TakeOAuthCode uses a code up; ErrNotFound if it is not known or was used.
func (t *Tx) TakeOAuthCode(ctx context.Context, hash []byte) (OAuthCode, error) {
	var c OAuthCode
	err := t.one(ctx, `UPDATE oauth_codes SET used = TRUE WHERE code_hash = $1 AND NOT used RETURNING `+codeColumns, []any{hash}, c.fields()...)
	return c, err
}

// OAuthCode finds a code, whether it was used or not.
func (t *Tx) OAuthCode(ctx context.Context, hash []byte) (OAuthCode, error) {
	var c OAuthCode
	err := t.one(ctx, `SELECT `+codeColumns+` FROM oauth_codes WHERE code_hash = $1`, []any{hash}, c.fields()...)
	return c, err
}

// OAuthSession is a device that was logged in by OAuth.
type OAuthSession struct {
	UserID, DeviceID string
	ClientID         string
	Scope            string
	CreatedTS        int64
}

// PutOAuthSession notes that a device was logged in by OAuth.
func (t *Tx) PutOAuthSession(ctx context.Context, s OAuthSession) error {
	_, err := t.exec(ctx, `INSERT INTO oauth_sessions (user_id, device_id, client_id, scope, created_ts) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id, device_id) DO UPDATE SET client_id = excluded.client_id, scope = excluded.scope, created_ts = excluded.created_ts`,
		s.UserID, s.DeviceID, s.ClientID, s.Scope, s.CreatedTS)
	return err
}

// OAuthSession tells how a device was logged in by OAuth; ErrNotFound if it was not.
func (t *Tx) OAuthSession(ctx context.Context, userID, deviceID string) (OAuthSession, error) {
	s := OAuthSession{UserID: userID, DeviceID: deviceID}
	err := t.one(ctx, `SELECT client_id, scope, created_ts FROM oauth_sessions WHERE user_id = $1 AND device_id = $2`,
		[]any{userID, deviceID}, &s.ClientID, &s.Scope, &s.CreatedTS)
	return s, err
}

// CleanOAuth deletes codes that have expired, and clients that nothing depends on and that were last used before unusedClients.
func (t *Tx) CleanOAuth(ctx context.Context, now, unusedClients int64) error {
	for _, table := range []string{"oauth_codes", "oauth_device_codes", "cross_signing_resets"} {
		if _, err := t.exec(ctx, `DELETE FROM `+table+` WHERE expires_ts <= $1`, now); err != nil {
			return err
		}
	}
	_, err := t.exec(ctx, `DELETE FROM oauth_clients WHERE used_ts < $1
		AND NOT EXISTS (SELECT 1 FROM oauth_sessions s WHERE s.client_id = oauth_clients.client_id)
		AND NOT EXISTS (SELECT 1 FROM oauth_codes c WHERE c.client_id = oauth_clients.client_id)
		AND NOT EXISTS (SELECT 1 FROM oauth_device_codes d WHERE d.client_id = oauth_clients.client_id)`, unusedClients)
	return err
}
