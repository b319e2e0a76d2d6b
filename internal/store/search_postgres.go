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
		rows[i] = []any{int64(text.Pos), text.TS, text.all()}
	}
	return t.execMany(ctx, `INSERT INTO search_words (pos, ts, words) VALUES ($1, $2, array_to_tsvector($3::text[]))`, rows)
}

func (postgresSearch) remove(ctx context.Context, t *Tx, positions []Pos) error {
	_, err := t.exec(ctx, `DELETE FROM search_words WHERE pos = ANY($1)`, nums(positions))
	return err
}

func (postgresSearch) removeRoom(ctx context.Context, t *Tx, room int64) error {
	_, err := t.exec(ctx, `DELETE FROM search_words WHERE words @@ CAST($1::text AS tsquery)`, lexeme(roomWord(room)))
	return err
}

func (postgresSearch) find(ctx context.Context, t *Tx, q SearchQuery) ([]SearchHit, error) {
	return list(ctx, t, scanHit, `SELECT pos, ts FROM search_words WHERE words @@ CAST($1::text AS tsquery) AND (ts, pos) < ($2, $3)
		ORDER BY ts DESC, pos DESC LIMIT $4`, q.tsquery(), q.Below.TS, int64(q.Below.Pos), q.Limit)
}

// tsquery writes the query in PostgreSQL's language.
func (q SearchQuery) tsquery() string {
	rooms, keys := q.filters()
	parts := []string{anyLexeme(rooms)}
	if len(keys) > 0 {
		parts = append(parts, anyLexeme(keys))
	}
	for _, word := range q.Whole {
		parts = append(parts, lexeme(word))
	}
	for _, word := range q.Beginnings {
		parts = append(parts, lexeme(word)+":*")
	}
	return strings.Join(parts, " & ")
}

func anyLexeme(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = lexeme(w)
	}
	return "(" + strings.Join(quoted, " | ") + ")"
}

var lexemeEscaper = strings.NewReplacer(`\`, `\\`, `'`, `''`)

func lexeme(word string) string { return "'" + lexemeEscaper.Replace(word) + "'" }
