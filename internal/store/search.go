package store

import (
	"context"
	"fmt"
)

// SearchText is a text by whose words an event is found.
type SearchText struct {
	Pos   Pos
	Room  int64
	TS    int64
	Key   string // which field of the event it is
	Words []string
}

// SearchBatch is what changes in the index of words as a lane is read on.
type SearchBatch struct {
	Lane     int
	From, To Pos // the batch counts only if the index is at From
	Add      []SearchText
	Redacted []string // ids of events
}

// SearchQuery selects texts that are in one of the rooms, stand under one of the keys, and have all the whole words and, for each
// beginning, a word that begins so.
type SearchQuery struct {
	Rooms      []int64
	Keys       []string // nil: all
	Whole      []string
	Beginnings []string
	// Below is where to go on: after what it names. The zero value: from the newest.
	Below SearchHit
	Limit int
}

// SearchHit is a text that was found.
type SearchHit struct {
	Pos Pos
	TS  int64
}

// searchDialect is the index of words, which each database has in its own way. The texts themselves are not in it.
type searchDialect interface {
	add(ctx context.Context, t *Tx, texts []SearchText) error
	remove(ctx context.Context, t *Tx, positions []Pos) error
	find(ctx context.Context, t *Tx, q SearchQuery) ([]SearchHit, error)
}

func (s *Store) search() searchDialect {
	if _, ok := s.back.(*sqliteBackend); ok {
		return sqliteSearch{}
	}
	return postgresSearch{}
}

// keyWords stand among the words of a text for its key. No word of a text begins with _.
var keyWords = map[string]string{"content.body": "_kb", "content.name": "_kn", "content.topic": "_kt"}

// SearchCursor is how far a lane is in the index.
func (t *Tx) SearchCursor(ctx context.Context, lane int) (Pos, error) {
	at := MakePos(lane, 0)
	var n int64
	err := t.one(ctx, `SELECT COUNT(*), COALESCE(MAX(pos), 0) FROM search_cursors WHERE lane = $1`, []any{lane}, &n, &at)
	if n == 0 {
		return MakePos(lane, 0), err
	}
	return at, err
}

// EventsToSearch returns the first events, at most limit, in (from, to] that have to do with the index: those with text, and those that
// take something out.
func (t *Tx) EventsToSearch(ctx context.Context, from, to Pos, limit int) ([]*Event, error) {
	return list(ctx, t, scanEvent, `SELECT `+eventColumns+fromEvents+`WHERE e.pos > $1 AND e.pos <= $2
		AND (e.type = 'm.room.redaction' OR e.type IN ('m.room.message', 'm.room.name', 'm.room.topic') AND e.redacted_by IS NULL) ORDER BY e.pos LIMIT $3`, int64(from), int64(to), limit)
}

// MoveSearch writes a batch. done is false, and nothing is written, if the index is not at the batch's start: another node was faster.
func (s *Store) MoveSearch(ctx context.Context, b SearchBatch) (done bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		n, err := tx.exec(ctx, `INSERT INTO search_cursors (lane, pos) VALUES ($1, $2)
			ON CONFLICT (lane) DO UPDATE SET pos = excluded.pos WHERE search_cursors.pos = $3`, b.Lane, int64(b.To), int64(b.From))
		if done = n > 0; err != nil || !done {
			return err
		}
		return s.writeSearch(ctx, tx, b)
	})
	if err != nil {
		return false, fmt.Errorf("writing the index of words: %w", err)
	}
	return done, nil
}

func (s *Store) writeSearch(ctx context.Context, tx *Tx, b SearchBatch) error {
	dialect := s.search()
	if len(b.Add) > 0 {
		if err := dialect.add(ctx, tx, b.Add); err != nil {
			return err
		}
	}
	gone, err := tx.EventsByID(ctx, b.Redacted)
	if err != nil {
		return err
	}
	var positions []Pos
	for _, ev := range gone {
		if ev.RedactedBy != "" {
			positions = append(positions, ev.Pos)
		}
	}
	if len(positions) > 0 {
		if err := dialect.remove(ctx, tx, positions); err != nil {
			return err
		}
	}
	return nil
}

// FindTexts finds texts, the newest first: by their places in the lane where there is one lane, by their time where there are several.
func (s *Store) FindTexts(ctx context.Context, tx *Tx, q SearchQuery) ([]SearchHit, error) {
	if len(q.Rooms) == 0 || len(q.Whole)+len(q.Beginnings) == 0 {
		return nil, nil
	}
	if q.Below.Pos == 0 {
		q.Below = SearchHit{Pos: Latest, TS: int64(Latest)}
	}
	hits, err := s.search().find(ctx, tx, q)
	if err != nil {
		return nil, fmt.Errorf("searching: %w", err)
	}
	return hits, nil
}

func scanHit(rows Rows) (SearchHit, error) {
	var h SearchHit
	err := rows.Scan(&h.Pos, &h.TS)
	return h, err
}
