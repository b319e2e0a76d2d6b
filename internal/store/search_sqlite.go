package store

import (
	"context"
	"strconv"
	"strings"
)

// sqliteSearch keeps words in an FTS5 table without content.
type sqliteSearch struct{}

func (sqliteSearch) add(ctx context.Context, t *Tx, texts []SearchText) error {
	rows := make([][]any, len(texts))
	for i, text := range texts {
		rows[i] = []any{int64(text.Pos), text.all()}
	}
	return t.execMany(ctx, `INSERT INTO search_words (rowid, words) VALUES ($1, $2)`, rows)
}

func (sqliteSearch) remove(ctx context.Context, t *Tx, positions []Pos) error {
	_, err := t.exec(ctx, `DELETE FROM search_words WHERE rowid = ANY($1)`, nums(positions))
	return err
}

func (sqliteSearch) find(ctx context.Context, t *Tx, q SearchQuery) ([]SearchHit, error) {
	return list(ctx, t, scanHit, `SELECT s.rowid, e.ts FROM (SELECT rowid FROM search_words WHERE search_words MATCH $1 AND rowid < $2
		ORDER BY rowid DESC LIMIT $3) s JOIN events e ON e.pos = s.rowid ORDER BY s.rowid DESC`, q.fts5(), int64(q.Below.Pos), q.Limit)
}

// fts5 writes the query in the language of FTS5.
func (q SearchQuery) fts5() string {
	var rooms, keys []string
	for _, room := range q.Rooms {
		rooms = append(rooms, phrase(roomWord(room)))
	}
	for _, key := range q.Keys {
		keys = append(keys, phrase(keyWords[key]))
	}
	parts := []string{"(" + strings.Join(rooms, " OR ") + ")"}
	if len(keys) > 0 {
		parts = append(parts, "("+strings.Join(keys, " OR ")+")")
	}
	for _, word := range q.Whole {
		parts = append(parts, phrase(word))
	}
	for _, word := range q.Beginnings {
		parts = append(parts, phrase(word)+"*")
	}
	return strings.Join(parts, " AND ")
}

// all are the words of a text, with those for its room and its key.
func (t SearchText) all() string {
	return roomWord(t.Room) + " " + keyWords[t.Key] + " " + strings.Join(t.Words, " ")
}

// roomWord stands among the words of a text for its room. No word of a text begins with _.
func roomWord(room int64) string { return "_r" + strconv.FormatInt(room, 36) }

func phrase(word string) string { return `"` + strings.ReplaceAll(word, `"`, `""`) + `"` }
