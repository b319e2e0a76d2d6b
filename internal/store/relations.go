package store

import (
	"context"
	"fmt"
)

// RelationCount tells how many events relate to one event in one way.
type RelationCount struct {
	Target, RelType string
	Count           int64
	Latest          Pos // the newest of them
}

// RelationCounts counts the threads, edits and references of events, up to a position and less what the given senders sent.
func (t *Tx) RelationCounts(ctx context.Context, targets []string, to Pos, without []string) ([]RelationCount, error) {
	if len(targets) == 0 {
		return nil, nil
	}
	unless, args := notFrom([]any{targets, int64(to)}, without)
	return list(ctx, t, scanRelationCount, `SELECT e.relates_to, e.rel_type, COUNT(*), MAX(e.pos) FROM events e WHERE e.relates_to = ANY($1)
		AND e.rel_type IN ('m.thread', 'm.replace', 'm.reference') AND e.pos <= $2`+unless+` GROUP BY e.relates_to, e.rel_type`, args...)
}

// notFrom leaves out what the given senders sent, as the third argument. Most users ignore nobody, and then indexes alone give the answer.
func notFrom(args []any, senders []string) (where string, all []any) {
	if len(senders) == 0 {
		return "", args
	}
	return ` AND NOT (e.sender = ANY($3))`, append(args, senders)
}

func scanRelationCount(rows Rows) (RelationCount, error) {
	var c RelationCount
	err := rows.Scan(&c.Target, &c.RelType, &c.Count, &c.Latest)
	return c, err
}

// editsEach bounds the edits of one event that are looked at for a valid one.
const editsEach = 10

// Edits returns the newest edits of events, as far as sender and type are those of the original and it is not an edit itself
// (Client-Server API, "Validity of replacement events"), by target and the newest of each first.
func (t *Tx) Edits(ctx context.Context, targets []string, to Pos) ([]*Event, error) {
	if len(targets) == 0 {
		return nil, nil
	}
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+` FROM (SELECT x.pos AS pos,
		ROW_NUMBER() OVER (PARTITION BY x.relates_to ORDER BY x.ts DESC, x.event_id DESC) AS place
		FROM events x CROSS JOIN events o WHERE o.event_id = x.relates_to AND x.relates_to = ANY($1) AND x.rel_type = 'm.replace' AND x.pos <= $2
		AND x.state_key IS NULL AND o.state_key IS NULL AND x.sender = o.sender AND x.type = o.type AND x.room = o.room
		AND COALESCE(o.rel_type, '') <> 'm.replace') n JOIN events e ON e.pos = n.pos JOIN rooms r ON r.room = e.room
		WHERE n.place <= $3 ORDER BY e.relates_to, n.place`, targets, int64(to), editsEach)
}

// RelatedByType returns the events that relate to any of the targets in one way, oldest first, bounded by limit.
func (t *Tx) RelatedByType(ctx context.Context, targets []string, relType string, to Pos, limit int) ([]*Event, error) {
	if len(targets) == 0 {
		return nil, nil
	}
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+fromEvents+`WHERE e.relates_to = ANY($1) AND e.rel_type = $2 AND e.pos <= $3
		ORDER BY e.pos LIMIT $4`, targets, relType, int64(to), limit)
}

// ThreadsOf returns those of the thread roots to whose threads the user has sent something.
func (t *Tx) ThreadsOf(ctx context.Context, roots []string, userID string, to Pos) ([]string, error) {
	if len(roots) == 0 {
		return nil, nil
	}
	return list(ctx, t, scanOne[string], `SELECT DISTINCT e.relates_to FROM events e WHERE e.relates_to = ANY($1) AND e.rel_type = 'm.thread'
		AND e.sender = $2 AND e.pos <= $3`, roots, userID, int64(to))
}

// Relation is one event's relation to another, without the event.
type Relation struct{ Target, Sender, RelType string }

// RelationKinds lists who relates to the targets and how, each once, bounded by limit.
func (t *Tx) RelationKinds(ctx context.Context, targets []string, limit int) ([]Relation, error) {
	if len(targets) == 0 {
		return nil, nil
	}
	return list(ctx, t, func(rows Rows) (Relation, error) {
		var r Relation
		err := rows.Scan(&r.Target, &r.Sender, &r.RelType)
		return r, err
	}, `SELECT DISTINCT e.relates_to, e.sender, e.rel_type FROM events e WHERE e.relates_to = ANY($1) LIMIT $2`, targets, limit)
}

// RelatedQuery selects the events of a room that relate to any of the targets, in (From, To]. RelType and EventType narrow it unless they
// are empty.
type RelatedQuery struct {
	Room               int64
	Targets            []string
	RelType, EventType string
	From, To           Pos
	Oldest             bool // oldest first, instead of newest first
	Limit              int
}

// Related returns the events that a query selects. The plus keeps it from walking over the whole room.
func (t *Tx) Related(ctx context.Context, q RelatedQuery) ([]*Event, error) {
	if len(q.Targets) == 0 {
		return nil, nil
	}
	order := `DESC`
	if q.Oldest {
		order = `ASC`
	}
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+fromEvents+`WHERE e.relates_to = ANY($1) AND ($2 = '' OR e.rel_type = $2)
		AND ($3 = '' OR e.type = $3) AND e.pos > $4 AND e.pos <= $5 AND +e.room = $6 ORDER BY e.pos `+order+` LIMIT $7`,
		q.Targets, q.RelType, q.EventType, int64(q.From), int64(q.To), q.Room, q.Limit)
}

// RelatedIDs lists the events of a room that relate to any of the targets, oldest first, bounded by limit.
func (t *Tx) RelatedIDs(ctx context.Context, room int64, targets []string, limit int) ([]string, error) {
	if len(targets) == 0 {
		return nil, nil
	}
	return list(ctx, t, scanOne[string], `SELECT e.event_id FROM events e WHERE e.relates_to = ANY($1) AND +e.room = $2 ORDER BY e.pos LIMIT $3`,
		targets, room, limit)
}

// Thread is a thread of a room: its root, and its newest event.
type Thread struct {
	Root   string
	Latest Pos
}

// ThreadsQuery selects threads of a room whose newest event is at or below To; events above Bound do not count.
type ThreadsQuery struct {
	Room        int64
	To, Bound   Pos
	Without     []string // senders whose events do not count
	Participant string   // unless empty: threads that this user began or sent something to
	Limit       int
}

// Threads lists threads, the most recently active first.
func (t *Tx) Threads(ctx context.Context, q ThreadsQuery) ([]Thread, error) {
	unless, args := notFrom([]any{q.Room, int64(q.Bound)}, q.Without)
	n := len(args)
	took := ""
	args = append(args, int64(q.To), q.Limit)
	if q.Participant != "" {
		args = append(args, q.Participant)
		took = fmt.Sprintf(` AND (EXISTS (SELECT 1 FROM events p WHERE p.relates_to = n.root AND p.rel_type = 'm.thread' AND p.sender = $%d AND p.pos <= $2)
			OR EXISTS (SELECT 1 FROM events o WHERE o.event_id = n.root AND o.sender = $%d))`, n+3, n+3)
	}
	return list(ctx, t, func(rows Rows) (Thread, error) {
		var th Thread
		err := rows.Scan(&th.Root, &th.Latest)
		return th, err
	}, `SELECT n.root, n.latest FROM (SELECT e.relates_to AS root, MAX(e.pos) AS latest FROM events e WHERE e.room = $1
		AND e.rel_type = 'm.thread' AND e.pos <= $2`+unless+` GROUP BY e.relates_to) n
		WHERE n.latest <= `+fmt.Sprintf(`$%d%s ORDER BY n.latest DESC LIMIT $%d`, n+1, took, n+2), args...)
}

// RelatedBySender returns the events by which one user relates to an event in one way, oldest first, bounded by limit.
func (t *Tx) RelatedBySender(ctx context.Context, target, relType, sender string, limit int) ([]*Event, error) {
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+fromEvents+`WHERE e.relates_to = $1 AND e.rel_type = $2 AND e.sender = $3
		ORDER BY e.pos LIMIT $4`, target, relType, sender, limit)
}
