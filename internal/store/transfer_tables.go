package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// transferTable is one table, as the SQLite database has it.
type transferTable struct {
	name    string
	columns []transferColumn
	key     []transferColumn
	where   string // of the rows that are moved, if not all are
	rows    int64
}

type transferColumn struct {
	name, kind string // kind is the declared type
	inKey      int    // the place in the primary key, from 1; 0: none
}

// notMoved are tables that each database has for itself.
var notMoved = []string{"goose_db_version", "search_cursors"}

// findTables looks up what is to be moved, and makes sure that both databases have the same columns.
func (t *transfer) findTables(ctx context.Context) error {
	names, err := t.names(ctx)
	if err != nil {
		return fmt.Errorf("listing the tables: %w", err)
	}
	for _, name := range names {
		table := &transferTable{name: name}
		if name == "meta" {
			table.where = "key <> '" + metaLanes + "'"
		}
		if err := t.describe(ctx, table); err != nil {
			return fmt.Errorf("describing %s: %w", name, err)
		}
		t.tables = append(t.tables, table)
		t.total += table.rows
	}
	return nil
}

func (t *transfer) names(ctx context.Context) (names []string, err error) {
	rows, err := t.from.QueryContext(ctx, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
		AND name NOT LIKE 'search!_words%' ESCAPE '!' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		if !slices.Contains(notMoved, name) {
			names = append(names, name)
		}
	}
	return names, rows.Err()
}

func (t *transfer) describe(ctx context.Context, table *transferTable) error {
	rows, err := t.from.QueryContext(ctx, `SELECT name, upper(type), pk FROM pragma_table_info(?) ORDER BY cid`, table.name)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var c transferColumn
		if err := rows.Scan(&c.name, &c.kind, &c.inKey); err != nil {
			return err
		}
		table.columns = append(table.columns, c)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	table.key = slices.DeleteFunc(slices.Clone(table.columns), func(c transferColumn) bool { return c.inKey == 0 })
	slices.SortFunc(table.key, func(a, b transferColumn) int { return cmp.Compare(a.inKey, b.inKey) })
	if len(table.key) == 0 {
		return errors.New("it has no primary key")
	}
	if err := t.from.QueryRowContext(ctx, "SELECT count(*) FROM "+table.source()).Scan(&table.rows); err != nil {
		return err
	}
	return t.sameColumns(ctx, table)
}

func (t *transfer) sameColumns(ctx context.Context, table *transferTable) error {
	found, err := t.to.Query(ctx, `SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1`, table.name)
	if err != nil {
		return err
	}
	there, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		return err
	}
	here := table.names(table.columns)
	slices.Sort(here)
	slices.Sort(there)
	if !slices.Equal(here, there) {
		return fmt.Errorf("its columns are %s here and %s there", strings.Join(here, ", "), strings.Join(there, ", "))
	}
	return nil
}

func (*transferTable) names(columns []transferColumn) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.name
	}
	return out
}

// list names columns in SQL. All are plain words.
func (table *transferTable) list(columns []transferColumn) string {
	return `"` + strings.Join(table.names(columns), `", "`) + `"`
}

// source is the table with its condition.
func (table *transferTable) source() string {
	if table.where == "" {
		return `"` + table.name + `"`
	}
	return `"` + table.name + `" WHERE ` + table.where
}

// page reads the rows after a key, nil for the first, in the order of the key.
func (table *transferTable) page(ctx context.Context, db *sql.DB, after []any, limit int) ([][]any, error) {
	query := "SELECT " + table.list(table.columns) + " FROM " + table.source() //nolint:gosec // the names are the schema's
	if after != nil {
		joint := " WHERE "
		if table.where != "" {
			joint = " AND "
		}
		query += joint + "(" + table.list(table.key) + ") > (" + strings.TrimSuffix(strings.Repeat("?, ", len(table.key)), ", ") + ")"
	}
	query += fmt.Sprintf(" ORDER BY %s LIMIT %d", table.list(table.key), limit)
	rows, err := db.QueryContext(ctx, query, after...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out [][]any
	for rows.Next() {
		row := make([]any, len(table.columns))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		for i, c := range table.columns {
			if row[i], err = c.value(row[i]); err != nil {
				return nil, fmt.Errorf("column %s: %w", c.name, err)
			}
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// value is what SQLite holds, which may be of any type in any column, in the column's own type.
func (c transferColumn) value(v any) (any, error) {
	switch x := v.(type) {
	case nil:
		return nil, nil
	case int64:
		switch c.kind {
		case "INTEGER", "BIGINT":
			return x, nil
		case "BOOLEAN":
			return x != 0, nil
		}
	case bool:
		if c.kind == "BOOLEAN" {
			return x, nil
		}
	case string:
		switch c.kind {
		case "TEXT":
			return x, nil
		case "BLOB":
			return []byte(x), nil
		}
	case []byte:
		switch c.kind {
		case "BLOB":
			return x, nil
		case "TEXT":
			return string(x), nil
		}
	}
	return nil, fmt.Errorf("a %T in a column of type %s", v, c.kind)
}

// keyOf is the key of a row.
func (table *transferTable) keyOf(row []any) []any {
	key := make([]any, len(table.key))
	for i, k := range table.key {
		key[i] = row[slices.IndexFunc(table.columns, func(c transferColumn) bool { return c.name == k.name })]
	}
	return key
}

// writeKey and readKey keep a key as text between two runs.
func writeKey(key []any) (string, error) {
	text, err := json.Marshal(key) // bytes become base64
	return string(text), err
}

func (table *transferTable) readKey(text string) ([]any, error) {
	if text == "" {
		return nil, nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil || len(raw) != len(table.key) {
		return nil, fmt.Errorf("reading the last key of %s: %q", table.name, text)
	}
	key := make([]any, len(raw))
	for i, c := range table.key {
		var err error
		switch c.kind {
		case "TEXT":
			key[i], err = decode[string](raw[i])
		case "BLOB":
			key[i], err = decode[[]byte](raw[i])
		case "BOOLEAN":
			key[i], err = decode[bool](raw[i])
		default:
			key[i], err = decode[int64](raw[i])
		}
		if err != nil {
			return nil, fmt.Errorf("reading the last key of %s: %w", table.name, err)
		}
	}
	return key, nil
}

func decode[T any](raw json.RawMessage) (v T, err error) {
	err = json.Unmarshal(raw, &v)
	return v, err
}

// encodeRow writes a row so that two rows have the same bytes only if all their values are the same.
func encodeRow(b []byte, row []any) []byte {
	bytes := func(kind byte, text []byte) {
		b = append(b, kind)
		b = binary.BigEndian.AppendUint64(b, uint64(len(text)))
		b = append(b, text...)
	}
	for _, v := range row {
		switch x := v.(type) {
		case nil:
			b = append(b, 0)
		case int64:
			b = append(b, 1)
			b = binary.BigEndian.AppendUint64(b, uint64(x)) // its bits
		case bool:
			if b = append(b, 2); x {
				b[len(b)-1] = 3
			}
		case string:
			bytes(4, []byte(x))
		case []byte:
			bytes(5, x)
		}
	}
	return b
}
