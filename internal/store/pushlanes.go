package store

import "context"

// PushLane says who pushes what happens in a lane, and how far that has got.
type PushLane struct {
	Lane       int
	Holder     string // empty: nobody
	Turn       int64  // grows with every change, above all when the holder renews its lease
	Pos        Pos
	Now        Pos   // the lane's last position
	PusherTurn int64 // grows whenever a user of the lane sets a pusher
}

// PreparePush makes what is missing for pushing: the rows of the lanes, which begin at the lanes' present positions, and the lanes of
// pushers that were set before there was any pushing.
func (t *Tx) PreparePush(ctx context.Context) error {
	_, err := t.exec(ctx, `INSERT INTO push_lanes (lane, holder, turn, pos, pusher_turn) SELECT l.lane, '', 0, l.pos, 0 FROM lanes l
		WHERE l.lane >= 0 ON CONFLICT (lane) DO NOTHING`)
	if err != nil {
		return err
	}
	users, err := list(ctx, t, scanOne[string], `SELECT DISTINCT user_id FROM pushers WHERE lane = -1`)
	if err != nil || len(users) == 0 {
		return err
	}
	rows := make([][]any, len(users))
	for i, user := range users {
		rows[i] = []any{user, t.laneOf(user)}
	}
	return t.execMany(ctx, `UPDATE pushers SET lane = $2 WHERE user_id = $1`, rows)
}

// PushLanes lists all lanes.
func (t *Tx) PushLanes(ctx context.Context) ([]PushLane, error) {
	return list(ctx, t, func(rows Rows) (l PushLane, err error) {
		err = rows.Scan(&l.Lane, &l.Holder, &l.Turn, &l.Pos, &l.Now, &l.PusherTurn)
		return l, err
	}, `SELECT p.lane, p.holder, p.turn, p.pos, l.pos, p.pusher_turn FROM push_lanes p JOIN lanes l ON l.lane = p.lane ORDER BY p.lane`)
}

// RenewPushLanes shows that a holder is alive.
func (t *Tx) RenewPushLanes(ctx context.Context, holder string) error {
	_, err := t.exec(ctx, `UPDATE push_lanes SET turn = turn + 1 WHERE holder = $1`, holder)
	return err
}

// TakePushLane makes a node the holder, if the row is still as it was at the given turn.
func (t *Tx) TakePushLane(ctx context.Context, lane int, holder string, turn int64) (taken bool, err error) {
	n, err := t.exec(ctx, `UPDATE push_lanes SET holder = $2, turn = turn + 1 WHERE lane = $1 AND turn = $3`, lane, holder, turn)
	return n > 0, err
}

// ReleasePushLane lets others take a lane at once.
func (t *Tx) ReleasePushLane(ctx context.Context, lane int, holder string) error {
	_, err := t.exec(ctx, `UPDATE push_lanes SET holder = '', turn = turn + 1 WHERE lane = $1 AND holder = $2`, lane, holder)
	return err
}

// ReleasePushLanes lets others take at once all that a holder has.
func (t *Tx) ReleasePushLanes(ctx context.Context, holder string) error {
	_, err := t.exec(ctx, `UPDATE push_lanes SET holder = '', turn = turn + 1 WHERE holder = $1`, holder)
	return err
}

// AdvancePushLane says that a lane was looked at from one position to another; ErrConflict if the lane is not the holder's any more, or
// is not at from.
func (t *Tx) AdvancePushLane(ctx context.Context, lane int, holder string, from, to Pos) error {
	n, err := t.exec(ctx, `UPDATE push_lanes SET turn = turn + 1, pos = $4 WHERE lane = $1 AND holder = $2 AND pos = $3`,
		lane, holder, int64(from), int64(to))
	if err == nil && n == 0 {
		return ErrConflict
	}
	return err
}

// AnyPushers tells whether there is any pusher.
func (t *Tx) AnyPushers(ctx context.Context) (bool, error) {
	var n int64
	err := t.one(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM pushers LIMIT 1) AS found`, nil, &n)
	return n > 0, err
}

// PusherChanges lists at most limit of the users of a lane who set a pusher after a turn, in order, and the turn of the last of them.
func (t *Tx) PusherChanges(ctx context.Context, lane int, after int64, limit int) (users []string, last int64, err error) {
	last = after
	users, err = list(ctx, t, func(rows Rows) (user string, err error) {
		err = rows.Scan(&user, &last)
		return user, err
	}, `SELECT user_id, turn FROM pusher_changes WHERE lane = $1 AND turn > $2 ORDER BY turn LIMIT $3`, lane, after, limit)
	return users, last, err
}

// PushersOf lists the pushers of the users.
func (t *Tx) PushersOf(ctx context.Context, users []string) ([]Pusher, error) {
	return list(ctx, t, scanPusher, `SELECT `+pusherColumns+`WHERE p.user_id = ANY($1) ORDER BY p.user_id, p.app_id, p.pushkey`, users)
}

// MemberAt is the position of the newest membership event of a user in a room.
type MemberAt struct {
	UserID string
	Room   int64
	Pos    Pos
}

func scanMemberAt(rows Rows) (m MemberAt, err error) {
	err = rows.Scan(&m.UserID, &m.Room, &m.Pos)
	return m, err
}

// PushedMembers lists the members of a room who have pushers.
func (t *Tx) PushedMembers(ctx context.Context, room int64) ([]MemberAt, error) {
	return list(ctx, t, scanMemberAt, `SELECT m.user_id, m.room, m.pos FROM memberships m WHERE m.room = $1 AND m.membership = 'join'
		AND EXISTS (SELECT 1 FROM pushers p WHERE p.user_id = m.user_id)`, room)
}

// JoinedBy lists the rooms that the users are in.
func (t *Tx) JoinedBy(ctx context.Context, users []string) ([]MemberAt, error) {
	return list(ctx, t, scanMemberAt, `SELECT m.user_id, m.room, m.pos FROM memberships m WHERE m.user_id = ANY($1) AND m.membership = 'join'`, users)
}

// UsersWithPushers tells which of the users have pushers.
func (t *Tx) UsersWithPushers(ctx context.Context, users []string) ([]string, error) {
	return list(ctx, t, scanOne[string], `SELECT DISTINCT user_id FROM pushers WHERE user_id = ANY($1)`, users)
}

// GlobalAccountData is what the users have of two types of global account data.
func (t *Tx) GlobalAccountData(ctx context.Context, users []string, typ, other string) ([]AccountData, error) {
	return list(ctx, t, scanAccountData, `SELECT `+accountDataColumns+`WHERE user_id = ANY($1) AND room_id = '' AND type IN ($2, $3)`,
		users, typ, other)
}

// GlobalAccountDataChanged lists whose global account data of two types was changed in (from, to] of a lane.
func (t *Tx) GlobalAccountDataChanged(ctx context.Context, from, to Pos, typ, other string) ([]string, error) {
	return list(ctx, t, scanOne[string], `SELECT DISTINCT user_id FROM account_data WHERE pos > $1 AND pos <= $2 AND room_id = ''
		AND type IN ($3, $4)`, int64(from), int64(to), typ, other)
}
