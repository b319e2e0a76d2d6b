package store

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/tidwall/gjson"
)

// Event is an event at its place in a lane. What this package hands out is shared and must not be changed.
type Event struct {
	Pos        Pos
	Room       int64 // number of the room
	RoomID     string
	ID         string
	Type       string
	StateKey   *string // nil: not a state event
	Sender     string
	TS         int64 // origin_server_ts, milliseconds
	Depth      int64
	Device     string // of the sender; empty if unknown
	TxnID      string
	TxnKey     []byte
	Replaces   string // id of the state event that this one took the place of
	RedactedBy string // id of the redaction; JSON is then pruned
	RelatesTo  string // m.relates_to.event_id, where there is a rel_type
	RelType    string
	JSON       []byte // the signed event (PDU)

	// What follows is set by who appends, and not read back.
	Member  *MemberChange
	Summary *SummaryChange
}

// MemberChange tells what a membership event changes: the newest membership of a user, and the room's counts.
type MemberChange struct {
	Membership string
	Joined     int // change of the number of joined members: -1, 0 or 1
	Invited    int
}

// SummaryChange is a new value of one of the columns of rooms that repeat the current state; nil clears it.
type SummaryChange struct {
	Column string // one of the names in summaryColumns
	Value  *string
}

// IsState tells whether the event is a state event.
func (e *Event) IsState() bool { return e.StateKey != nil }

// Content is the event's content as JSON.
func (e *Event) Content() []byte { return []byte(gjson.GetBytes(e.JSON, "content").Raw) }

const eventColumns = `e.pos, e.room, r.room_id, e.event_id, e.type, e.state_key, e.sender, e.ts, e.depth, e.device_id, e.txn_id,
	e.replaces, e.redacted_by, e.relates_to, e.rel_type, e.json`

const fromEvents = ` FROM events e JOIN rooms r ON r.room = e.room `

func scanEvent(rows Rows) (*Event, error) {
	var e Event
	var device, txn, replaces, redacted, relates, rel *string
	err := rows.Scan(&e.Pos, &e.Room, &e.RoomID, &e.ID, &e.Type, &e.StateKey, &e.Sender, &e.TS, &e.Depth, &device, &txn,
		&replaces, &redacted, &relates, &rel, &e.JSON)
	if err != nil {
		return nil, err
	}
	e.Device, e.TxnID, e.Replaces, e.RedactedBy = str(device), str(txn), str(replaces), str(redacted)
	e.RelatesTo, e.RelType = str(relates), str(rel)
	return &e, nil
}

func str(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// null is nil for an empty string, so that it is stored as NULL.
func null(s string) *string {
	if s == "" {
		return nil
	}
	return storable(&s)
}

// storable puts a mark in the place of the one character that PostgreSQL's texts cannot hold. Contents, where it may stand, are bytes.
func storable(s *string) *string {
	if s == nil || strings.IndexByte(*s, 0) < 0 {
		return s
	}
	out := strings.ReplaceAll(*s, "\x00", "\uFFFD")
	return &out
}

// AddEvent appends an event whose position came from Next. It is written with the batch's other events.
func (t *LaneTx) AddEvent(e *Event) {
	t.inserts = append(t.inserts, e)
	t.batch.Events = append(t.batch.Events, e)
}

const (
	insertEvent = `INSERT INTO events (pos, room, event_id, type, state_key, sender, ts, depth, device_id, txn_id, txn_key, replaces,
		relates_to, rel_type, json) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	insertState  = `INSERT INTO state_log (room, type, state_key, pos) VALUES ($1, $2, $3, $4)`
	upsertMember = `INSERT INTO memberships (user_id, room, membership, pos, sender) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id, room) DO UPDATE SET membership = excluded.membership, pos = excluded.pos, sender = excluded.sender, forgotten = FALSE`
	countMembers = `UPDATE rooms SET joined = joined + $1, invited = invited + $2 WHERE room = $3`
)

// summaryColumns are the columns of rooms that a SummaryChange may name.
var summaryColumns = map[string]string{
	"name":               `UPDATE rooms SET name = $1 WHERE room = $2`,
	"topic":              `UPDATE rooms SET topic = $1 WHERE room = $2`,
	"avatar_url":         `UPDATE rooms SET avatar_url = $1 WHERE room = $2`,
	"canonical_alias":    `UPDATE rooms SET canonical_alias = $1 WHERE room = $2`,
	"join_rule":          `UPDATE rooms SET join_rule = $1 WHERE room = $2`,
	"history_visibility": `UPDATE rooms SET history_visibility = $1 WHERE room = $2`,
	"guest_access":       `UPDATE rooms SET guest_access = $1 WHERE room = $2`,
	"encryption":         `UPDATE rooms SET encryption = $1 WHERE room = $2`,
}

// eventWrites are the statements that write events and what follows from them: all of one kind after the other.
func eventWrites(events []*Event) []write {
	if len(events) == 0 {
		return nil
	}
	writes := make([]write, 0, 2*len(events))
	counts := map[int64]*MemberChange{}
	for _, e := range events {
		writes = append(writes, write{insertEvent, []any{
			int64(e.Pos), e.Room, e.ID, e.Type, e.StateKey, e.Sender, e.TS, e.Depth, null(e.Device), null(e.TxnID), null(txnText(e.TxnKey)),
			null(e.Replaces), null(e.RelatesTo), null(e.RelType), e.JSON,
		}})
	}
	for _, e := range events {
		if e.IsState() {
			writes = append(writes, write{insertState, []any{e.Room, e.Type, *e.StateKey, int64(e.Pos)}})
		}
		if e.Member != nil {
			writes = append(writes, write{upsertMember, []any{*e.StateKey, e.Room, e.Member.Membership, int64(e.Pos), e.Sender}})
			addCount(counts, e)
		}
		if e.Summary != nil {
			writes = append(writes, write{summaryColumns[e.Summary.Column], []any{storable(e.Summary.Value), e.Room}})
		}
	}
	for room, c := range counts {
		if c.Joined != 0 || c.Invited != 0 {
			writes = append(writes, write{countMembers, []any{c.Joined, c.Invited, room}})
		}
	}
	return writes
}

func addCount(counts map[int64]*MemberChange, e *Event) {
	c := counts[e.Room]
	if c == nil {
		c = &MemberChange{}
		counts[e.Room] = c
	}
	c.Joined += e.Member.Joined
	c.Invited += e.Member.Invited
}

// RedactEvent prunes an event: json is what is left of it.
func (t *LaneTx) RedactEvent(ctx context.Context, target Pos, json []byte, redaction string) error {
	if err := t.Flush(ctx); err != nil {
		return err
	}
	if err := t.save(ctx); err != nil {
		return err
	}
	_, err := t.exec(ctx, `UPDATE events SET json = $1, redacted_by = $2, relates_to = NULL, rel_type = NULL WHERE pos = $3`,
		json, redaction, int64(target))
	return err
}

// txnText is how a transaction key is stored: as text, so that both databases take a list of them.
func txnText(key []byte) string { return base64.RawStdEncoding.EncodeToString(key) }

// EventByID returns an event, whatever its room.
func (t *Tx) EventByID(ctx context.Context, id string) (*Event, error) {
	events, err := t.EventsByID(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, ErrNotFound
	}
	return events[0], nil
}

// EventsByID returns those of the events that exist, in no order.
func (t *Tx) EventsByID(ctx context.Context, ids []string) ([]*Event, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+fromEvents+`WHERE e.event_id = ANY($1)`, ids)
}

// EventsByPos returns the events at the given positions, in order.
func (t *Tx) EventsByPos(ctx context.Context, positions []Pos) ([]*Event, error) {
	if len(positions) == 0 {
		return nil, nil
	}
	nums := make([]int64, len(positions))
	for i, p := range positions {
		nums[i] = int64(p)
	}
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+fromEvents+`WHERE e.pos = ANY($1) ORDER BY e.pos`, nums)
}

// EventsAfter returns at most limit of a room's events in (from, to], oldest first.
func (t *Tx) EventsAfter(ctx context.Context, room int64, from, to Pos, limit int) ([]*Event, error) {
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+fromEvents+`WHERE e.room = $1 AND e.pos > $2 AND e.pos <= $3 ORDER BY e.pos LIMIT $4`,
		room, int64(from), int64(to), limit)
}

// EventsBefore returns at most limit of a room's events in (from, to], newest first.
func (t *Tx) EventsBefore(ctx context.Context, room int64, from, to Pos, limit int) ([]*Event, error) {
	return list(ctx, t, scanEvent,
		`SELECT `+eventColumns+fromEvents+`WHERE e.room = $1 AND e.pos > $2 AND e.pos <= $3 ORDER BY e.pos DESC LIMIT $4`,
		room, int64(from), int64(to), limit)
}

// LaneEvents returns a lane's events in (from, to], in order.
func (t *Tx) LaneEvents(ctx context.Context, from, to Pos) ([]*Event, error) {
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+fromEvents+`WHERE e.pos > $1 AND e.pos <= $2 ORDER BY e.pos`, int64(from), int64(to))
}

// LastEvent is a room's newest event.
func (t *Tx) LastEvent(ctx context.Context, room int64) (*Event, error) {
	events, err := t.EventsBefore(ctx, room, 0, MakePos(MaxLanes, 0), 1)
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, ErrNotFound
	}
	return events[0], nil
}

// EventNear is the position of the event of a room whose timestamp is nearest to ts, at or after it (forward) or at or before it.
func (t *Tx) EventNear(ctx context.Context, room, ts int64, forward bool) (*Event, error) {
	where := `WHERE e.room = $1 AND e.ts <= $2 ORDER BY e.ts DESC, e.pos DESC LIMIT 1`
	if forward {
		where = `WHERE e.room = $1 AND e.ts >= $2 ORDER BY e.ts, e.pos LIMIT 1`
	}
	events, err := list(ctx, t, scanEvent, `SELECT `+eventColumns+fromEvents+where, room, ts)
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, ErrNotFound
	}
	return events[0], nil
}

// Relations returns at most limit of the events that relate to target, in (from, to), newest first (or oldest first). relType and
// eventType narrow it unless they are empty.
func (t *Tx) Relations(ctx context.Context, target, relType, eventType string, from, to Pos, oldest bool, limit int) ([]*Event, error) {
	order := `DESC`
	if oldest {
		order = `ASC`
	}
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+fromEvents+`WHERE e.relates_to = $1 AND ($2 = '' OR e.rel_type = $2)
		AND ($3 = '' OR e.type = $3) AND e.pos > $4 AND e.pos < $5 ORDER BY e.pos `+order+` LIMIT $6`,
		target, relType, eventType, int64(from), int64(to), limit)
}

// RelatedTo returns the events that relate to any of the targets, oldest first, bounded by limit.
func (t *Tx) RelatedTo(ctx context.Context, targets []string, to Pos, limit int) ([]*Event, error) {
	if len(targets) == 0 {
		return nil, nil
	}
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+fromEvents+`WHERE e.relates_to = ANY($1) AND e.pos <= $2 ORDER BY e.pos LIMIT $3`,
		targets, int64(to), limit)
}
