package store

import (
	"cmp"
	"context"
	"slices"
)

// What waits in a pusher's queue beside events.
const (
	PushBadge      Pos = 0  // only the count of what is unread
	PushActivation Pos = -1 // the request to activate the pusher
)

// PushUnread is an event that a user with pushers was notified of and has not read.
type PushUnread struct {
	UserID   string
	Pos      Pos
	Room     int64
	ThreadID string
	TS       int64
	Actions  []byte // of the push rule, JSON
}

// AddPushUnread writes what users are notified of; what is there already stays as it is.
func (t *Tx) AddPushUnread(ctx context.Context, list []PushUnread) error {
	rows := make([][]any, len(list))
	for i, u := range list {
		rows[i] = []any{u.UserID, int64(u.Pos), u.Room, u.ThreadID, u.TS, u.Actions}
	}
	return t.execMany(ctx, `INSERT INTO push_unread (user_id, pos, room, thread_id, ts, actions) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (user_id, pos) DO NOTHING`, rows)
}

// PushRead says that a user has read a room, or one thread of it (unless thread is empty), up to a position. It tells whether anything of
// that was unread.
func (t *Tx) PushRead(ctx context.Context, userID string, room int64, thread string, upTo Pos) (fell bool, err error) {
	n, err := t.exec(ctx, `DELETE FROM push_unread WHERE user_id = $1 AND room = $2 AND pos <= $3 AND ($4 = '' OR thread_id = $4)`,
		userID, room, int64(upTo), thread)
	return n > 0, err
}

// PushRedacted takes an event back, and tells whose counts fell.
func (t *Tx) PushRedacted(ctx context.Context, event Pos) ([]string, error) {
	return list(ctx, t, scanOne[string], `DELETE FROM push_unread WHERE pos = $1 RETURNING user_id`, int64(event))
}

// PushQueued is something that waits for a pusher.
type PushQueued struct {
	UserID, AppID, Pushkey string
	Pos                    Pos
	TS                     int64
}

// QueuePush puts something into queues, and makes an attempt due for those pushers that do not wait already. Rows are written in one
// order, whoever writes, so that two who write at once wait for each other at most.
func (t *Tx) QueuePush(ctx context.Context, list []PushQueued) error {
	list = slices.SortedFunc(slices.Values(list), func(a, b PushQueued) int {
		return cmp.Or(comparePushers(a, b), cmp.Compare(a.Pos, b.Pos))
	})
	writes := make([]write, 0, 2*len(list))
	for i, q := range list {
		writes = append(writes, write{`INSERT INTO push_queue (user_id, app_id, pushkey, pos, ts) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (user_id, app_id, pushkey, pos) DO UPDATE SET ts = excluded.ts`, []any{q.UserID, q.AppID, q.Pushkey, int64(q.Pos), q.TS}})
		if i+1 < len(list) && comparePushers(q, list[i+1]) == 0 {
			continue
		}
		writes = append(writes, write{`UPDATE pushers SET queued = queued + 1, due_ts = COALESCE(due_ts, $4)
			WHERE user_id = $1 AND app_id = $2 AND pushkey = $3`, []any{q.UserID, q.AppID, q.Pushkey, q.TS}})
	}
	return t.q.ExecAll(ctx, writes)
}

func comparePushers(a, b PushQueued) int {
	return cmp.Or(cmp.Compare(a.UserID, b.UserID), cmp.Compare(a.AppID, b.AppID), cmp.Compare(a.Pushkey, b.Pushkey))
}

// DuePushers lists at most limit pushers of users of the lanes for which an attempt is due, those that wait longest first, except those
// whose notifications go to one of the hosts.
func (t *Tx) DuePushers(ctx context.Context, lanes []int64, now int64, except []string, limit int) ([]Pusher, error) {
	if except == nil {
		except = []string{} // not NULL, with which nothing compares
	}
	return list(ctx, t, scanPusher, `SELECT `+pusherColumns+`WHERE p.lane = ANY($1) AND p.due_ts <= $2 AND NOT (p.host = ANY($3))
		ORDER BY p.due_ts LIMIT $4`, lanes, now, except, limit)
}

// PushItem is something that waits for a pusher, with what belongs to it.
type PushItem struct {
	Pos     Pos
	TS      int64
	Actions []byte // nil: the event is not unread any more
}

// PushItems lists at most limit of what waits for a pusher, the newest first.
func (t *Tx) PushItems(ctx context.Context, p Pusher, limit int) ([]PushItem, error) {
	return list(ctx, t, func(rows Rows) (i PushItem, err error) {
		err = rows.Scan(&i.Pos, &i.TS, &i.Actions)
		return i, err
	}, `SELECT q.pos, q.ts, u.actions FROM push_queue q LEFT JOIN push_unread u ON u.user_id = q.user_id AND u.pos = q.pos
		WHERE q.user_id = $1 AND q.app_id = $2 AND q.pushkey = $3 ORDER BY q.ts DESC, q.pos DESC LIMIT $4`, p.UserID, p.AppID, p.Pushkey, limit)
}

// CountPushUnread counts what a user has not read, as far as limit.
func (t *Tx) CountPushUnread(ctx context.Context, userID string, limit int) (n int, err error) {
	err = t.one(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM push_unread WHERE user_id = $1 LIMIT $2) AS counted`, []any{userID, limit}, &n)
	return n, err
}

// PushDone takes out of a pusher's queue what is dealt with, up to the time at which each was queued.
func (t *Tx) PushDone(ctx context.Context, p Pusher, done []PushItem) error {
	rows := make([][]any, len(done))
	for i, d := range done {
		rows[i] = []any{p.UserID, p.AppID, p.Pushkey, int64(d.Pos), d.TS}
	}
	return t.execMany(ctx, `DELETE FROM push_queue WHERE user_id = $1 AND app_id = $2 AND pushkey = $3 AND pos = $4 AND ts <= $5`, rows)
}

// PushDropOld takes out of a pusher's queue what comes before an item in the order of PushItems.
func (t *Tx) PushDropOld(ctx context.Context, p Pusher, before PushItem) error {
	_, err := t.exec(ctx, `DELETE FROM push_queue WHERE user_id = $1 AND app_id = $2 AND pushkey = $3 AND (ts < $4 OR ts = $4 AND pos < $5)`,
		p.UserID, p.AppID, p.Pushkey, before.TS, int64(before.Pos))
	return err
}

// SettlePusher ends a successful attempt. If nothing was queued since the pusher was read, nothing is due; else the next attempt is.
func (t *Tx) SettlePusher(ctx context.Context, p Pusher, now int64, more bool) error {
	queued := p.Queued
	if more {
		queued = -1 // no pusher's count: something is left
	}
	_, err := t.exec(ctx, `UPDATE pushers SET failures = 0, due_ts = CASE WHEN queued = $4 THEN NULL ELSE CAST($5 AS BIGINT) END
		WHERE user_id = $1 AND app_id = $2 AND pushkey = $3`, p.UserID, p.AppID, p.Pushkey, queued, now)
	return err
}

// PostponePusher ends an attempt that failed: the next one is due at the given time. A pusher that was set again meanwhile keeps its time.
func (t *Tx) PostponePusher(ctx context.Context, p Pusher, due int64) error {
	_, err := t.exec(ctx, `UPDATE pushers SET failures = failures + 1, due_ts = $5 WHERE user_id = $1 AND app_id = $2 AND pushkey = $3
		AND version = $4`, p.UserID, p.AppID, p.Pushkey, p.Version, due)
	return err
}

// SweepPush removes what waits for pushers that are gone, and what is older than the given times.
func (t *Tx) SweepPush(ctx context.Context, queuedBefore, unreadBefore int64) error {
	if _, err := t.exec(ctx, `DELETE FROM push_queue WHERE ts < $1 OR NOT EXISTS (SELECT 1 FROM pushers p WHERE p.user_id = push_queue.user_id
		AND p.app_id = push_queue.app_id AND p.pushkey = push_queue.pushkey)`, queuedBefore); err != nil {
		return err
	}
	_, err := t.exec(ctx, `DELETE FROM push_unread WHERE ts < $1
		OR NOT EXISTS (SELECT 1 FROM pushers p WHERE p.user_id = push_unread.user_id)`, unreadBefore)
	return err
}
