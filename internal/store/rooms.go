package store

import "context"

// Room is a room and what lists of rooms show of it.
type Room struct {
	Num               int64
	ID                string
	Version           string
	Creator           string
	Type              string
	Published         bool
	Joined, Invited   int64
	Name              string
	Topic             string
	AvatarURL         string
	CanonicalAlias    string
	JoinRule          string
	HistoryVisibility string
	GuestAccess       string
	Encryption        string
}

const roomColumns = `r.room, r.room_id, r.version, r.creator, r.room_type, r.published, r.joined, r.invited, r.name, r.topic, r.avatar_url,
	r.canonical_alias, r.join_rule, r.history_visibility, r.guest_access, r.encryption`

func scanRoom(rows Rows) (*Room, error) {
	var r Room
	var typ, name, topic, avatar, alias, join, vis, guest, enc *string
	err := rows.Scan(&r.Num, &r.ID, &r.Version, &r.Creator, &typ, &r.Published, &r.Joined, &r.Invited, &name, &topic, &avatar, &alias,
		&join, &vis, &guest, &enc)
	if err != nil {
		return nil, err
	}
	r.Type, r.Name, r.Topic, r.AvatarURL, r.CanonicalAlias = str(typ), str(name), str(topic), str(avatar), str(alias)
	r.JoinRule, r.HistoryVisibility, r.GuestAccess, r.Encryption = str(join), str(vis), str(guest), str(enc)
	return &r, nil
}

// AddRoom writes a new room, before its first event.
func (t *LaneTx) AddRoom(ctx context.Context, r *Room) error {
	if err := t.save(ctx); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO rooms (room, room_id, version, creator, room_type, published) VALUES ($1, $2, $3, $4, $5, $6)`,
		r.Num, r.ID, r.Version, r.Creator, null(r.Type), r.Published)
	return err
}

// RoomByID finds a room by its id.
func (t *Tx) RoomByID(ctx context.Context, id string) (*Room, error) {
	return first(list(ctx, t, scanRoom, `SELECT `+roomColumns+` FROM rooms r WHERE r.room_id = $1`, id))
}

// RoomByNum finds a room by its number.
func (t *Tx) RoomByNum(ctx context.Context, room int64) (*Room, error) {
	return first(list(ctx, t, scanRoom, `SELECT `+roomColumns+` FROM rooms r WHERE r.room = $1`, room))
}

// RoomsByNum returns those of the rooms that exist.
func (t *Tx) RoomsByNum(ctx context.Context, rooms []int64) ([]*Room, error) {
	return list(ctx, t, scanRoom, `SELECT `+roomColumns+` FROM rooms r WHERE r.room = ANY($1)`, rooms)
}

func first[T any](items []*T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, ErrNotFound
	}
	return items[0], nil
}
