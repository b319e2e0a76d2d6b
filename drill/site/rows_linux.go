package site

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Rows are digests of all tables of all sites' databases, by site and table. Nodes write a little even where no client does, such as
// their leases: they stand still meanwhile. The databases may still be catching up: they are read again until they are the same, or the time is
// over, and the last reading is returned.
func (c *Cluster) Rows(ctx context.Context, sites []*Site, patience time.Duration) (_ map[string]map[string]string, err error) {
	for _, s := range sites {
		if err := s.Freeze(Node); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, s.Thaw(Node)) }()
	}
	deadline := time.Now().Add(patience)
	for {
		all := map[string]map[string]string{}
		for _, s := range sites {
			rows, err := s.rows(ctx)
			if err != nil {
				return nil, fmt.Errorf("reading the database of site %s: %w", s.Name, err)
			}
			all[s.Name] = rows
		}
		if same(all) || time.Now().After(deadline) {
			return all, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func same(all map[string]map[string]string) bool {
	var first map[string]string
	for _, rows := range all {
		if first == nil {
			first = rows
		}
		for table, digest := range rows {
			if first[table] != digest {
				return false
			}
		}
	}
	return true
}

// rows reads a database as of one moment.
func (s *Site) rows(ctx context.Context) (_ map[string]string, err error) {
	conn, err := pgx.Connect(ctx, fmt.Sprintf("postgres://postgres:%s@%s/bongsu?sslmode=disable&connect_timeout=2", s.cluster.secret, s.at(portPostgres)))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tx.Rollback(context.WithoutCancel(ctx))) }()
	names, err := tx.Query(ctx, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
	if err != nil {
		return nil, err
	}
	tables, err := pgx.CollectRows(names, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	digests := map[string]string{}
	for _, table := range tables {
		var digest string
		// A sum does not mind the order of the rows.
		sql := "SELECT count(*) || ' rows ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM " + pgx.Identifier{table}.Sanitize() + " t"
		if err := tx.QueryRow(ctx, sql).Scan(&digest); err != nil {
			return nil, fmt.Errorf("reading %s: %w", table, err)
		}
		digests[table] = digest
	}
	return digests, nil
}
