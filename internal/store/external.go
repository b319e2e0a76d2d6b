package store

import "context"

// ExternalID is who a user is at a provider of single sign-on.
type ExternalID struct {
	Issuer, Subject string
	UserID          string
	Email           string // empty: not known
	LinkedTS        int64
}

const externalColumns = `issuer, subject, user_id, email, linked_ts`

func (e *ExternalID) fields() []any {
	return []any{&e.Issuer, &e.Subject, &e.UserID, &e.Email, &e.LinkedTS}
}

func scanExternal(rows Rows) (ExternalID, error) {
	var e ExternalID
	err := rows.Scan(e.fields()...)
	return e, err
}

// InsertExternalID links a user with who they are at a provider; ErrConflict if that is linked already. Of transactions that link the same
// person at once, one gets through.
func (t *Tx) InsertExternalID(ctx context.Context, e ExternalID) error {
	return t.insertNew(ctx, `INSERT INTO external_ids (`+externalColumns+`) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		e.Issuer, e.Subject, e.UserID, e.Email, e.LinkedTS)
}

// MeetExternalID finds the user whom a provider calls issuer and subject, and notes the e-mail address that it gives now. It writes even if
// the address is the same, so that an answer made from it has waited for replication.
func (t *Tx) MeetExternalID(ctx context.Context, issuer, subject, email string) (ExternalID, error) {
	var e ExternalID
	err := t.one(ctx, `UPDATE external_ids SET email = $3 WHERE issuer = $1 AND subject = $2 RETURNING `+externalColumns,
		[]any{issuer, subject, email}, e.fields()...)
	return e, err
}

// ExternalIDs lists who a user is at providers, the oldest link first.
func (t *Tx) ExternalIDs(ctx context.Context, userID string) ([]ExternalID, error) {
	return list(ctx, t, scanExternal, `SELECT `+externalColumns+` FROM external_ids WHERE user_id = $1 ORDER BY linked_ts, issuer, subject`,
		userID)
}

// DeleteExternalIDs ends who a user is at a provider.
func (t *Tx) DeleteExternalIDs(ctx context.Context, userID, issuer string) error {
	_, err := t.exec(ctx, `DELETE FROM external_ids WHERE user_id = $1 AND issuer = $2`, userID, issuer)
	return err
}
