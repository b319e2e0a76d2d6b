package store

import (
	"context"
	"fmt"
	"slices"
)

// DeviceChange says that a user's devices, cross-signing keys or what is signed of them changed.
type DeviceChange struct {
	UserID string
	// SeenBy is the one user who can see the change; empty: all who share a room with UserID.
	SeenBy string
	Pos    Pos
	// Rooms is which rooms UserID is in, as read after the change was committed; RoomsUnknown: they could not be read.
	Rooms        []int64
	RoomsUnknown bool
}

func scanDeviceChange(rows Rows) (DeviceChange, error) {
	var c DeviceChange
	err := rows.Scan(&c.UserID, &c.SeenBy, &c.Pos)
	return c, err
}

const putDeviceChange = `INSERT INTO device_list_changes (user_id, seen_by, pos) VALUES ($1, $2, $3)
	ON CONFLICT (user_id, seen_by) DO UPDATE SET pos = excluded.pos`

// ChangeDeviceList gives a change of a user's devices or cross-signing keys its position. The lane must be the user's, or that of
// seenBy, who alone sees the change, unless it is empty.
func (t *LaneTx) ChangeDeviceList(userID, seenBy string) {
	pos := t.Next()
	t.batch.DeviceChanges = append(t.batch.DeviceChanges, DeviceChange{UserID: userID, SeenBy: seenBy, Pos: pos})
	t.writeLater(putDeviceChange, userID, seenBy, int64(pos))
}

// ChangeDeviceList is LaneTx.ChangeDeviceList for transactions of Store.Write, which takes the user's lane for it.
func (t *Tx) ChangeDeviceList(ctx context.Context, userID string) error {
	lane := t.laneOf(userID)
	var pos Pos
	err := t.one(ctx, `UPDATE lanes SET turn = turn + 1, pos = pos + 1 WHERE lane = $1 RETURNING pos`, []any{lane}, &pos)
	if err != nil {
		return fmt.Errorf("taking a position in lane %d: %w", lane, err)
	}
	t.batches = append(t.batches, &Batch{
		Lane: lane, From: pos - 1, To: pos, DeviceChanges: []DeviceChange{{UserID: userID, Pos: pos}},
	})
	_, err = t.exec(ctx, putDeviceChange, userID, "", int64(pos))
	return err
}

// takeLane takes a lane's lock until the transaction ends, as a batch of the lane does.
func (t *Tx) takeLane(ctx context.Context, lane int) error {
	if _, err := t.exec(ctx, `UPDATE lanes SET turn = turn + 1 WHERE lane = $1`, lane); err != nil {
		return fmt.Errorf("taking lane %d: %w", lane, err)
	}
	return nil
}

// findRooms completes a batch's device changes once they are committed. Reading earlier would miss a room that the user joins
// meanwhile, whose members might have fetched the devices from before the change.
func (s *Store) findRooms(b *Batch) {
	if len(b.DeviceChanges) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), findRoomsTime)
	defer cancel()
	err := s.Read(ctx, func(tx *Tx) error { return tx.roomsOfChanged(ctx, b.DeviceChanges) })
	if err == nil {
		return
	}
	s.log.Warn("the rooms of a user whose devices changed could not be read", "err", err)
	for i := range b.DeviceChanges {
		b.DeviceChanges[i].RoomsUnknown = true
	}
}

func (t *Tx) roomsOfChanged(ctx context.Context, changes []DeviceChange) error {
	for i := range changes {
		c := &changes[i]
		if c.SeenBy != "" {
			continue
		}
		rooms, err := list(ctx, t, scanOne[int64], `SELECT room FROM memberships WHERE user_id = $1 AND membership = 'join'`, c.UserID)
		if err != nil {
			return err
		}
		c.Rooms = rooms
	}
	return nil
}

// laneToDeviceMost bounds the messages to devices of a batch that is read from the database. It is more than those of one position.
const laneToDeviceMost = 50_000

// laneToDevice reads for which devices there are messages, and shortens the batch if there are too many.
func (t *Tx) laneToDevice(ctx context.Context, b *Batch) (err error) {
	b.ToDevice, err = list(ctx, t, scanToDeviceName, `SELECT user_id, device_id, pos FROM to_device WHERE pos > $1 AND pos <= $2
		ORDER BY pos LIMIT $3`, int64(b.From), int64(b.To), laneToDeviceMost)
	if err != nil {
		return fmt.Errorf("reading for which devices there are messages: %w", err)
	}
	if len(b.ToDevice) < laneToDeviceMost {
		return nil
	}
	last := b.ToDevice[len(b.ToDevice)-1].Pos // of which there may be more
	b.To = last - 1
	b.ToDevice = slices.DeleteFunc(b.ToDevice, func(m ToDevice) bool { return m.Pos == last })
	return nil
}

// laneKeys completes a batch that is read from the database.
func (t *Tx) laneKeys(ctx context.Context, b *Batch) (err error) {
	from, to := int64(b.From), int64(b.To)
	b.KeyChanges, err = list(ctx, t, scanKeyChange, `SELECT user_id, device_id, pos FROM key_changes WHERE pos > $1 AND pos <= $2
		ORDER BY pos`, from, to)
	if err != nil {
		return fmt.Errorf("reading whose one-time keys changed: %w", err)
	}
	b.DeviceChanges, err = list(ctx, t, scanDeviceChange, `SELECT user_id, seen_by, pos FROM device_list_changes WHERE pos > $1 AND pos <= $2
		ORDER BY pos`, from, to)
	if err != nil {
		return fmt.Errorf("reading whose devices changed: %w", err)
	}
	return t.roomsOfChanged(ctx, b.DeviceChanges)
}

const joinedTogether = `EXISTS (SELECT 1 FROM memberships m JOIN memberships o ON o.room = m.room AND o.membership = 'join'
	WHERE m.user_id = $1 AND m.membership = 'join' AND o.user_id = `

// DeviceListsChanged names whose devices or keys changed in (from, to] of a lane that a user can see: those who share a room, and the
// user.
func (t *Tx) DeviceListsChanged(ctx context.Context, userID string, from, to Pos) ([]string, error) {
	return list(ctx, t, scanOne[string], `SELECT DISTINCT d.user_id FROM device_list_changes d WHERE d.pos > $2 AND d.pos <= $3
		AND (d.seen_by = $1 OR d.seen_by = '' AND (d.user_id = $1 OR `+joinedTogether+`d.user_id)))`, userID, int64(from), int64(to))
}

// Sharing returns those of the users who are in a room together with userID.
func (t *Tx) Sharing(ctx context.Context, userID string, users []string) ([]string, error) {
	return list(ctx, t, scanOne[string], `SELECT DISTINCT o.user_id FROM memberships m JOIN memberships o ON o.room = m.room
		AND o.membership = 'join' WHERE m.user_id = $1 AND m.membership = 'join' AND o.user_id = ANY($2)`, userID, users)
}

// MembersChanged names whose membership changed in (from, to] of a lane, in the rooms that a user is in.
func (t *Tx) MembersChanged(ctx context.Context, userID string, from, to Pos) ([]string, error) {
	return list(ctx, t, scanOne[string], `SELECT DISTINCT s.state_key FROM memberships m JOIN state_log s ON s.room = m.room
		WHERE m.user_id = $1 AND m.membership = 'join' AND s.type = 'm.room.member' AND s.pos > $2 AND s.pos <= $3`,
		userID, int64(from), int64(to))
}

// KeyedMembers names those who are in one of the rooms and have ever published keys.
func (t *Tx) KeyedMembers(ctx context.Context, rooms []int64) ([]string, error) {
	return list(ctx, t, scanOne[string], `SELECT DISTINCT m.user_id FROM memberships m JOIN device_list_changes d ON d.user_id = m.user_id
		AND d.seen_by = '' WHERE m.room = ANY($1) AND m.membership = 'join'`, rooms)
}
