package store

import "context"

// The states of a device code.
const (
	DeviceCodeWaiting = "waiting"
	DeviceCodeAllowed = "allowed"
	DeviceCodeDenied  = "denied"
	DeviceCodeUsed    = "used"
)

// OAuthDeviceCode is a device that waits for its user to type a code into a browser, known by the hash of what the device holds.
type OAuthDeviceCode struct {
	Hash       []byte
	UserCode   string
	ClientID   string
	Scope      string
	State      string
	UserID     string // empty while it waits
	SignedInTS int64
	PolledTS   int64
	PauseMS    int64
	ExpiresTS  int64
}

const deviceCodeColumns = `code_hash, user_code, client_id, scope, state, user_id, signed_in_ts, polled_ts, pause_ms, expires_ts`

func (d *OAuthDeviceCode) fields() []any {
	return []any{&d.Hash, &d.UserCode, &d.ClientID, &d.Scope, &d.State, &d.UserID, &d.SignedInTS, &d.PolledTS, &d.PauseMS, &d.ExpiresTS}
}

// InsertOAuthDeviceCode stores a new device code; ErrConflict if its user code is another's.
func (t *Tx) InsertOAuthDeviceCode(ctx context.Context, d OAuthDeviceCode) error {
	return t.insertNew(ctx, `INSERT INTO oauth_device_codes (`+deviceCodeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT DO NOTHING`, d.Hash, d.UserCode, d.ClientID, d.Scope, d.State, d.UserID, d.SignedInTS, d.PolledTS, d.PauseMS, d.ExpiresTS)
}

// LockOAuthDeviceCode finds a device code for a transaction that changes it: until its end no other such transaction runs.
func (t *Tx) LockOAuthDeviceCode(ctx context.Context, hash []byte) (OAuthDeviceCode, error) {
	var d OAuthDeviceCode
	err := t.one(ctx, `UPDATE oauth_device_codes SET state = state WHERE code_hash = $1 RETURNING `+deviceCodeColumns, []any{hash}, d.fields()...)
	return d, err
}

// OAuthDeviceCode finds the device that waits for a user code.
func (t *Tx) OAuthDeviceCode(ctx context.Context, userCode string, now int64) (OAuthDeviceCode, error) {
	var d OAuthDeviceCode
	err := t.one(ctx, `SELECT `+deviceCodeColumns+` FROM oauth_device_codes WHERE user_code = $1 AND state = $2 AND expires_ts > $3`,
		[]any{userCode, DeviceCodeWaiting, now}, d.fields()...)
	return d, err
}

// PollOAuthDeviceCode notes that a device has asked.
func (t *Tx) PollOAuthDeviceCode(ctx context.Context, d OAuthDeviceCode) error {
	_, err := t.exec(ctx, `UPDATE oauth_device_codes SET polled_ts = $2, pause_ms = $3 WHERE code_hash = $1`, d.Hash, d.PolledTS, d.PauseMS)
	return err
}

// AnswerOAuthDeviceCode lets the waiting device in, or not; ErrNotFound if none waits for the code any more.
func (t *Tx) AnswerOAuthDeviceCode(ctx context.Context, d OAuthDeviceCode, now int64) error {
	n, err := t.exec(ctx, `UPDATE oauth_device_codes SET state = $2, user_id = $3, signed_in_ts = $4
		WHERE code_hash = $1 AND state = $5 AND expires_ts > $6`, d.Hash, d.State, d.UserID, d.SignedInTS, DeviceCodeWaiting, now)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// TakeOAuthDeviceCode uses a device code up; ErrNotFound if nobody has allowed it, or it was used.
func (t *Tx) TakeOAuthDeviceCode(ctx context.Context, hash []byte) (OAuthDeviceCode, error) {
	var d OAuthDeviceCode
	err := t.one(ctx, `UPDATE oauth_device_codes SET state = $2 WHERE code_hash = $1 AND state = $3 RETURNING `+deviceCodeColumns,
		[]any{hash, DeviceCodeUsed, DeviceCodeAllowed}, d.fields()...)
	return d, err
}

// AllowCrossSigningReset lets a user's cross-signing keys be replaced until the given time.
func (t *Tx) AllowCrossSigningReset(ctx context.Context, userID string, until int64) error {
	_, err := t.exec(ctx, `INSERT INTO cross_signing_resets (user_id, expires_ts) VALUES ($1, $2)
		ON CONFLICT (user_id) DO UPDATE SET expires_ts = excluded.expires_ts`, userID, until)
	return err
}

// CrossSigningReset tells until when a user's cross-signing keys may be replaced; ErrNotFound if they may not.
func (t *Tx) CrossSigningReset(ctx context.Context, userID string, now int64) (until int64, err error) {
	err = t.one(ctx, `SELECT expires_ts FROM cross_signing_resets WHERE user_id = $1 AND expires_ts > $2`, []any{userID, now}, &until)
	return until, err
}

// EndCrossSigningReset takes back what AllowCrossSigningReset gave.
func (t *Tx) EndCrossSigningReset(ctx context.Context, userID string) error {
	_, err := t.exec(ctx, `DELETE FROM cross_signing_resets WHERE user_id = $1`, userID)
	return err
}
