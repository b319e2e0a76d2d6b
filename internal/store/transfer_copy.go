package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

func (t *transfer) copyAll(ctx context.Context) error {
	for _, table := range t.tables {
		if err := t.copyTable(ctx, table); err != nil {
			return fmt.Errorf("moving %s: %w", table.name, err)
		}
	}
	return nil
}

func (t *transfer) copyTable(ctx context.Context, table *transferTable) error {
	var moved int64
	var last string
	err := t.to.QueryRow(ctx, `SELECT moved, last_key FROM transfer_tables WHERE name = $1`, table.name).Scan(&moved, &last)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	t.done += moved
	t.tell(false, table.name)
	after, err := table.readKey(last)
	if err != nil {
		return err
	}
	for {
		rows, err := table.page(ctx, t.from, after, t.o.chunk)
		if err != nil || len(rows) == 0 {
			return err
		}
		after = table.keyOf(rows[len(rows)-1])
		moved += int64(len(rows))
		if err := t.copyChunk(ctx, table, rows, moved, after); err != nil {
			return fmt.Errorf("the %d rows up to %v: %w", len(rows), after, err)
		}
		t.done += int64(len(rows))
		t.tell(false, table.name)
		if t.o.stop != nil {
			if err := t.o.stop(); err != nil {
				return err
			}
		}
	}
}

// copyChunk writes rows and how far that is in one transaction. It need not wait for replication: what is lost is lost together, and the
// transfer ends with a transaction that waits for all before it.
func (t *transfer) copyChunk(ctx context.Context, table *transferTable, rows [][]any, moved int64, last []any) error {
	key, err := writeKey(last)
	if err != nil {
		return err
	}
	tx, err := t.to.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, `SET LOCAL synchronous_commit = off`); err != nil {
		return err
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{table.name}, table.names(table.columns), pgx.CopyFromRows(rows)); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO transfer_tables (name, moved, last_key) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET moved = excluded.moved, last_key = excluded.last_key`, table.name, moved, key)
	if err != nil {
		return err
	}
	return tx.Commit(ctx)
}

func (t *transfer) compareAll(ctx context.Context) ([]TransferredTable, error) {
	t.done = 0
	report := make([]TransferredTable, 0, len(t.tables))
	for _, table := range t.tables {
		t.tell(true, table.name)
		hash, err := t.compareTable(ctx, table)
		if err != nil {
			return nil, fmt.Errorf("comparing %s: %w", table.name, err)
		}
		report = append(report, TransferredTable{Name: table.name, Rows: table.rows, Hash: hash})
	}
	return report, nil
}

// compareTable looks up each row of the one database in the other, and counts.
func (t *transfer) compareTable(ctx context.Context, table *transferTable) (string, error) {
	all := sha256.New()
	var after []any
	for {
		here, err := table.page(ctx, t.from, after, t.o.chunk)
		if err != nil {
			return "", err
		}
		if len(here) == 0 {
			break
		}
		there, err := t.lookUp(ctx, table, here)
		if err != nil {
			return "", err
		}
		for _, row := range here {
			key, text := table.keyOf(row), encodeRow(nil, row)
			if !bytes.Equal(there[string(encodeRow(nil, key))], text) {
				return "", fmt.Errorf("%w: the row with the key %v", ErrDiffers, key)
			}
			_, _ = all.Write(text)
		}
		after = table.keyOf(here[len(here)-1])
		t.done += int64(len(here))
		t.tell(true, table.name)
	}
	var rows int64
	if err := t.to.QueryRow(ctx, "SELECT count(*) FROM "+table.source()).Scan(&rows); err != nil {
		return "", err
	}
	if rows != table.rows {
		return "", fmt.Errorf("%w: %d rows here, %d there", ErrDiffers, table.rows, rows)
	}
	return hashText(all.Sum(nil)), nil
}

// lookUp reads the rows with the same keys from PostgreSQL, by their encoded keys.
func (t *transfer) lookUp(ctx context.Context, table *transferTable, here [][]any) (map[string][]byte, error) {
	args, arrays := make([]any, len(table.key)), make([]string, len(table.key))
	for i, k := range table.key {
		args[i], arrays[i] = k.array(here, slices.IndexFunc(table.columns, func(c transferColumn) bool { return c.name == k.name }), i+1)
	}
	query := "SELECT " + table.list(table.columns) + ` FROM "` + table.name + `" WHERE (` + table.list(table.key) +
		") IN (SELECT * FROM unnest(" + strings.Join(arrays, ", ") + "))"
	rows, err := t.to.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[string][]byte, len(here))
	for rows.Next() {
		row, err := rows.Values()
		if err != nil {
			return nil, err
		}
		for i, v := range row {
			if n, ok := v.(int32); ok {
				row[i] = int64(n)
			}
		}
		out[string(encodeRow(nil, table.keyOf(row)))] = encodeRow(nil, row)
	}
	return out, rows.Err()
}

// array is the values of one column of the key, and the SQL of the parameter that takes them.
func (c transferColumn) array(rows [][]any, column, param int) (values any, sql string) {
	switch c.kind {
	case "TEXT":
		return columnOf[string](rows, column), fmt.Sprintf("$%d::text[]", param)
	case "BLOB":
		return columnOf[[]byte](rows, column), fmt.Sprintf("$%d::bytea[]", param)
	case "BOOLEAN":
		return columnOf[bool](rows, column), fmt.Sprintf("$%d::boolean[]", param)
	}
	return columnOf[int64](rows, column), fmt.Sprintf("$%d::bigint[]", param)
}

func columnOf[T any](rows [][]any, column int) []T {
	out := make([]T, len(rows))
	for i, row := range rows {
		out[i], _ = row[column].(T) // a key is never null
	}
	return out
}
