package store

import (
	"context"
	"errors"
)

// NoticesUserType is the type of the account that notices come from.
const NoticesUserType = "notices"

// NoticeRoom is a user's server notices room.
type NoticeRoom struct {
	UserID string
	Room   int64
	RoomID string
	Tagged bool // the user's clients are told which room it is
}

// NoticeRoomOf is a user's server notices room; ErrNotFound if there is none yet.
func (t *Tx) NoticeRoomOf(ctx context.Context, userID string) (r NoticeRoom, err error) {
	err = t.one(ctx, `SELECT user_id, room, room_id, tagged FROM notice_rooms WHERE user_id = $1`, []any{userID},
		&r.UserID, &r.Room, &r.RoomID, &r.Tagged)
	return r, err
}

// AddNoticeRoom makes a room that the job makes the user's server notices room; ErrConflict if there is another.
func (t *LaneTx) AddNoticeRoom(ctx context.Context, r NoticeRoom) error {
	if err := t.save(ctx); err != nil {
		return err
	}
	return t.insertNew(ctx, `INSERT INTO notice_rooms (user_id, room, room_id, tagged) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		r.UserID, r.Room, r.RoomID, r.Tagged)
}

// SetNoticeRoomTagged notes that the user's clients are told which room it is.
func (t *Tx) SetNoticeRoomTagged(ctx context.Context, userID string) error {
	_, err := t.exec(ctx, `UPDATE notice_rooms SET tagged = TRUE WHERE user_id = $1`, userID)
	return err
}

// Notice is a notice that is sent in the background.
type Notice struct {
	ID         string
	UserID     string // empty: all who have an account when it is made
	Content    []byte // empty: only takes back what is pinned
	Pin        bool
	CreatedTS  int64
	FinishedTS int64  // 0: not yet
	After      string // those whose ids come no later have it
	Sent       int64
	Failed     int64
	Holder     string
	Turn       int64
}

const noticeColumns = `id, user_id, content, pin, created_ts, finished_ts, after_user, sent, failed, holder, turn`

func (n *Notice) fields() []any {
	return []any{
		&n.ID, &n.UserID, &n.Content, &n.Pin, &n.CreatedTS, &n.FinishedTS, &n.After, &n.Sent, &n.Failed, &n.Holder, &n.Turn,
	}
}

func scanNotice(rows Rows) (n Notice, err error) {
	err = rows.Scan(n.fields()...)
	return n, err
}

// AddNotice asks for a notice; the same id again is the same notice.
func (t *Tx) AddNotice(ctx context.Context, n Notice) error {
	_, err := t.exec(ctx, `INSERT INTO notices (`+noticeColumns+`) VALUES ($1, $2, $3, $4, $5, 0, '', 0, 0, '', 0)
		ON CONFLICT (id) DO UPDATE SET turn = notices.turn + 1`, n.ID, n.UserID, n.Content, n.Pin, n.CreatedTS)
	return err
}

// Notices lists at most limit notices, newest first.
func (t *Tx) Notices(ctx context.Context, limit int) ([]Notice, error) {
	return list(ctx, t, scanNotice, `SELECT `+noticeColumns+` FROM notices ORDER BY created_ts DESC, id LIMIT $1`, limit)
}

// OldestNotice is the one that is to be sent before all others; ErrNotFound if none waits.
func (t *Tx) OldestNotice(ctx context.Context) (n Notice, err error) {
	err = t.one(ctx, `SELECT `+noticeColumns+` FROM notices WHERE finished_ts = 0 ORDER BY created_ts, id LIMIT 1`, nil, n.fields()...)
	return n, err
}

// LoadNotice reads a notice for its holder; ErrNotFound for anybody else. It writes, so that what it returns is durable once the
// transaction is.
func (t *Tx) LoadNotice(ctx context.Context, id, holder string) (n Notice, err error) {
	err = t.one(ctx, `UPDATE notices SET turn = turn + 1 WHERE id = $1 AND holder = $2 AND finished_ts = 0 RETURNING `+noticeColumns,
		[]any{id, holder}, n.fields()...)
	return n, err
}

// AdvanceNotice notes how far a notice has got, if it is still the holder's and was at before; ErrConflict if not.
func (t *Tx) AdvanceNotice(ctx context.Context, before string, n Notice) error {
	done, err := t.exec(ctx, `UPDATE notices SET turn = turn + 1, after_user = $4, sent = $5, failed = $6, finished_ts = $7
		WHERE id = $1 AND holder = $2 AND after_user = $3 AND finished_ts = 0`, n.ID, n.Holder, before, n.After, n.Sent, n.Failed, n.FinishedTS)
	if err == nil && done == 0 {
		return ErrConflict
	}
	return err
}

// NoticeReaders lists at most limit of the people who had an account at a time, after a user, in the order of their ids: no bots, no guests,
// and nobody whose account is closed.
func (t *Tx) NoticeReaders(ctx context.Context, after string, made int64, limit int) ([]string, error) {
	return list(ctx, t, scanOne[string], `SELECT user_id FROM users WHERE user_id > $1 AND created_ts <= $2 AND NOT guest AND NOT deactivated
		AND user_type NOT IN ('bot', '`+NoticesUserType+`') ORDER BY user_id LIMIT $3`, after, made, limit)
}

// RenewNotices shows that a holder is alive.
func (t *Tx) RenewNotices(ctx context.Context, holder string) error {
	_, err := t.exec(ctx, `UPDATE notices SET turn = turn + 1 WHERE holder = $1 AND finished_ts = 0`, holder)
	return err
}

// TakeNotice makes a node the holder, if the row is still as it was at the given turn.
func (t *Tx) TakeNotice(ctx context.Context, id, holder string, turn int64) (taken bool, err error) {
	n, err := t.exec(ctx, `UPDATE notices SET holder = $2, turn = turn + 1 WHERE id = $1 AND turn = $3 AND finished_ts = 0`, id, holder, turn)
	return n > 0, err
}

// ReleaseNotices lets others take at once what a holder has.
func (t *Tx) ReleaseNotices(ctx context.Context, holder string) error {
	_, err := t.exec(ctx, `UPDATE notices SET holder = '', turn = turn + 1 WHERE holder = $1 AND finished_ts = 0`, holder)
	return err
}

// SweepNotices removes notices that were finished before a time.
func (t *Tx) SweepNotices(ctx context.Context, before int64) error {
	_, err := t.exec(ctx, `DELETE FROM notices WHERE finished_ts > 0 AND finished_ts < $1`, before)
	return err
}

// EnsureUserOfType makes an account without a password, unless it is there, and tells whether what is there is of that type.
func (t *Tx) EnsureUserOfType(ctx context.Context, u User) (ok bool, err error) {
	if err := t.InsertUser(ctx, u); err != nil && !errors.Is(err, ErrConflict) {
		return false, err
	}
	have, err := t.LockUser(ctx, u.ID)
	return have.Type == u.Type, err
}
