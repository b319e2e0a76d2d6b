package store

import (
	"context"
	"errors"
)

// RegistrationToken lets whoever knows it register.
type RegistrationToken struct {
	Token       string
	UsesAllowed int64 // 0: any number
	Completed   int64
	ExpiresTS   int64 // 0: never
}

// Valid tells whether a registration may still be made with the token.
func (r RegistrationToken) Valid(now int64) bool {
	return (r.UsesAllowed == 0 || r.Completed < r.UsesAllowed) && (r.ExpiresTS == 0 || now < r.ExpiresTS)
}

// InsertRegistrationToken stores a token; ErrConflict if it is already there.
func (t *Tx) InsertRegistrationToken(ctx context.Context, r RegistrationToken) error {
	return t.insertNew(ctx, `INSERT INTO registration_tokens (token, uses_allowed, completed, expires_ts) VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`, r.Token, r.UsesAllowed, r.Completed, r.ExpiresTS)
}

// RegistrationToken finds a token.
func (t *Tx) RegistrationToken(ctx context.Context, token string) (RegistrationToken, error) {
	r := RegistrationToken{Token: token}
	err := t.one(ctx, `SELECT uses_allowed, completed, expires_ts FROM registration_tokens WHERE token = $1`, []any{token},
		&r.UsesAllowed, &r.Completed, &r.ExpiresTS)
	return r, err
}

// UseRegistrationToken counts one registration; ErrNotFound if the token allows none any more.
func (t *Tx) UseRegistrationToken(ctx context.Context, token string, now int64) error {
	n, err := t.exec(ctx, `UPDATE registration_tokens SET completed = completed + 1 WHERE token = $1
		AND (uses_allowed = 0 OR completed < uses_allowed) AND (expires_ts = 0 OR expires_ts > $2)`, token, now)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// firstTokenKey is where meta names the registration token that the first start made.
const firstTokenKey = "first_registration_token"

// FirstRegistrationToken returns the registration token that the first start made, after making it of fresh if this is the first.
func (t *Tx) FirstRegistrationToken(ctx context.Context, fresh string) (string, error) {
	n, err := t.exec(ctx, `INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, firstTokenKey, []byte(fresh))
	if err != nil {
		return "", err
	}
	if n == 1 {
		err := t.InsertRegistrationToken(ctx, RegistrationToken{Token: fresh})
		if err != nil && !errors.Is(err, ErrConflict) {
			return "", err
		}
		return fresh, nil
	}
	var token []byte
	err = t.one(ctx, `SELECT value FROM meta WHERE key = $1`, []any{firstTokenKey}, &token)
	return string(token), err
}

// UseNonce marks a nonce as used; ErrConflict if it is already.
func (t *Tx) UseNonce(ctx context.Context, nonce string, expires int64) error {
	return t.insertNew(ctx, `INSERT INTO used_nonces (nonce, expires_ts) VALUES ($1, $2) ON CONFLICT DO NOTHING`, nonce, expires)
}
