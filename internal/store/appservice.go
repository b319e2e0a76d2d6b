package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// AppserviceLease says who sends to an application service.
type AppserviceLease struct {
	ID     string
	Holder string // empty: nobody
	Turn   int64  // grows with every change, above all when the holder renews the lease
}

// AppserviceQueue is how far an application service has been sent what concerns it.
type AppserviceQueue struct {
	Series    string // of transaction numbers
	Positions []Pos  // of each lane, up to which everything has been delivered
	Txn       int64  // number of the last transaction that was fixed
	// Pending is the body of the transaction Txn, if that is not delivered yet, and PendingPositions where it ends. nil: all is delivered.
	Pending          []byte
	PendingPositions []Pos
}

// AddAppservice makes the row of an application service that is new: it begins at the given positions, with no holder.
func (t *Tx) AddAppservice(ctx context.Context, id, series string, from []Pos) error {
	_, err := t.exec(ctx, `INSERT INTO appservices (id, series, holder, turn, positions, txn) VALUES ($1, $2, '', 0, $3, 0)
		ON CONFLICT DO NOTHING`, id, series, joinPositions(from))
	return err
}

// AppserviceLeases lists who sends to which application service.
func (t *Tx) AppserviceLeases(ctx context.Context) ([]AppserviceLease, error) {
	return list(ctx, t, func(rows Rows) (l AppserviceLease, err error) {
		err = rows.Scan(&l.ID, &l.Holder, &l.Turn)
		return l, err
	}, `SELECT id, holder, turn FROM appservices ORDER BY id`)
}

// RenewAppservices shows that a holder is alive.
func (t *Tx) RenewAppservices(ctx context.Context, holder string) error {
	_, err := t.exec(ctx, `UPDATE appservices SET turn = turn + 1 WHERE holder = $1`, holder)
	return err
}

// TakeAppservice makes a node the holder, if the row is still as it was at the given turn.
func (t *Tx) TakeAppservice(ctx context.Context, id, holder string, turn int64) (taken bool, err error) {
	n, err := t.exec(ctx, `UPDATE appservices SET holder = $2, turn = turn + 1 WHERE id = $1 AND turn = $3`, id, holder, turn)
	return n > 0, err
}

// ReleaseAppservice lets others take a lease at once.
func (t *Tx) ReleaseAppservice(ctx context.Context, id, holder string) error {
	_, err := t.exec(ctx, `UPDATE appservices SET holder = '', turn = turn + 1 WHERE id = $1 AND holder = $2`, id, holder)
	return err
}

// ReleaseAppservices lets others take at once what a holder has.
func (t *Tx) ReleaseAppservices(ctx context.Context, holder string) error {
	_, err := t.exec(ctx, `UPDATE appservices SET holder = '', turn = turn + 1 WHERE holder = $1`, holder)
	return err
}

// LoadAppservice reads the queue of an application service for its holder; ErrNotFound for anybody else. It writes, so that what it
// returns is known to be durable once the transaction is.
func (t *Tx) LoadAppservice(ctx context.Context, id, holder string) (q AppserviceQueue, err error) {
	var at string
	var pendingAt *string
	err = t.one(ctx, `UPDATE appservices SET turn = turn + 1 WHERE id = $1 AND holder = $2
		RETURNING series, positions, txn, pending_positions, pending_body`, []any{id, holder}, &q.Series, &at, &q.Txn, &pendingAt, &q.Pending)
	if err != nil {
		return q, err
	}
	if q.Positions, err = splitPositions(at); err != nil {
		return q, err
	}
	if pendingAt == nil {
		q.Pending = nil
		return q, nil
	}
	q.PendingPositions, err = splitPositions(*pendingAt)
	return q, err
}

// SaveAppservice writes the queue, if the holder is still the holder and the last transaction was the given one; ErrConflict if not.
func (t *Tx) SaveAppservice(ctx context.Context, id, holder string, lastTxn int64, q AppserviceQueue) error {
	var pendingAt *string
	if q.Pending != nil {
		text := joinPositions(q.PendingPositions)
		pendingAt = &text
	}
	n, err := t.exec(ctx, `UPDATE appservices SET turn = turn + 1, positions = $4, txn = $5, pending_positions = $6, pending_body = $7
		WHERE id = $1 AND holder = $2 AND txn = $3`, id, holder, lastTxn, joinPositions(q.Positions), q.Txn, pendingAt, q.Pending)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrConflict
	}
	return nil
}

func joinPositions(at []Pos) string {
	out := make([]string, len(at))
	for i, p := range at {
		out[i] = strconv.FormatInt(int64(p), 10)
	}
	return strings.Join(out, ",")
}

func splitPositions(text string) ([]Pos, error) {
	parts := strings.Split(text, ",")
	out := make([]Pos, len(parts))
	for i, part := range parts {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("reading the positions of an application service: %w", err)
		}
		out[i] = Pos(n)
	}
	return out, nil
}

// MembersNamed lists who has, or had, anything to do with a room and has an id that begins in a way, whatever the case of its letters.
func (t *Tx) MembersNamed(ctx context.Context, room int64, prefix string) ([]string, error) {
	return list(ctx, t, scanOne[string], `SELECT m.user_id FROM memberships m WHERE m.room = $1 AND m.user_id LIKE $2 ESCAPE '\'`,
		room, likeEscaper.Replace(prefix)+"%")
}

// SharingNamed lists at most limit of those whose id begins in a way and who are in a room together with userID.
func (t *Tx) SharingNamed(ctx context.Context, userID, prefix string, limit int) ([]string, error) {
	return list(ctx, t, scanOne[string], `SELECT DISTINCT o.user_id FROM memberships m JOIN memberships o ON o.room = m.room
		AND o.membership = 'join' AND o.user_id LIKE $2 ESCAPE '\' WHERE m.user_id = $1 AND m.membership = 'join' LIMIT $3`,
		userID, likeEscaper.Replace(prefix)+"%", limit)
}

// SetNetworkRoom puts a room into the directory of an application service's network, or takes it out.
func (t *Tx) SetNetworkRoom(ctx context.Context, instanceID string, room int64, listed bool) error {
	sql := `DELETE FROM appservice_rooms WHERE instance_id = $1 AND room = $2`
	if listed {
		sql = `INSERT INTO appservice_rooms (instance_id, room) VALUES ($1, $2) ON CONFLICT (instance_id, room) DO UPDATE SET room = excluded.room`
	}
	_, err := t.exec(ctx, sql, instanceID, room)
	return err
}
