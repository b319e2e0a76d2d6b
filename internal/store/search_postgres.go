package store

import (
	"context"
	"strings"
)

// postgresSearch keeps words as text search vectors under a GIN index. What the words are is said before: no parser or dictionary of
// PostgreSQL has a part in it.
type postgresSearch struct{}

func (postgresSearch) add(ctx context.Context, t *Tx, texts []SearchText) error {
	rows := make([][]any, len(texts))
	for i, text := range texts {
		rows[i] = []any{int64(text.Pos), text.Room, text.TS, append([]string{keyWords[text.Key]}, text.Words...)}
	}
	return t.execMany(ctx, `INSERT INTO search_words (pos, room, ts, words) VALUES ($1, $2, $3, array_to_tsvector($4::text[]))`, rows)
}

func (postgresSearch) remove(ctx context.Context, t *Tx, positions []Pos) error {
	_, err := t.exec(ctx, `DELETE FROM search_words WHERE pos = ANY($1)`, nums(positions))
	return err
}

func (postgresSearch) find(ctx context.Context, t *Tx, q SearchQuery) ([]SearchHit, error) {
	return list(ctx, t, scanHit, `SELECT pos, ts FROM search_words WHERE words @@ CAST($1::text AS tsquery) AND room = ANY($2)
		AND (ts, pos) < ($3, $4) ORDER BY ts DESC, pos DESC LIMIT $5`, q.tsquery(), q.Rooms, q.Below.TS, int64(q.Below.Pos), q.Limit)
}

// tsquery writes the query in PostgreSQL's language.
func (q SearchQuery) tsquery() string {
	var parts, keys []string
	for _, key := range q.Keys {
		keys = append(keys, lexeme(keyWords[key]))
	}
	if len(keys) > 0 {
		parts = append(parts, "("+strings.Join(keys, " | ")+")")
	}
	for _, word := range q.Whole {
		parts = append(parts, lexeme(word))
	}
	for _, word := range q.Beginnings {
		parts = append(parts, lexeme(word)+":*")
	}
	return strings.Join(parts, " & ")
}

var lexemeEscaper = strings.NewReplacer(`\`, `\\`, `'`, `''`)

func lexeme(word string) string { return "'" + lexemeEscaper.Replace(word) + "'" }
