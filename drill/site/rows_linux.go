package site

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Rows are digests of all tables of all sites' databases, by site and table. The databases may still be catching up, and nodes write a little
// even where no client does: so they are read again and again until every table was seen in one and the same state everywhere, or the time is
// over. A table that was is given by that state; of another each site's last is given.
func (c *Cluster) Rows(ctx context.Context, sites []*Site, patience time.Duration) (map[string]map[string]string, error) {
	seen := sightings{}
	for deadline := time.Now().Add(patience); ; {
		for _, s := range sites {
			rows, err := s.rows(ctx)
			if err != nil {
				return nil, fmt.Errorf("reading the database of site %s: %w", s.Name, err)
			}
			seen.add(s.Name, rows)
		}
		all, same := seen.agreed()
		if same || time.Now().After(deadline) {
			return all, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// sightings are the states in which tables were seen, by site and table, in order.
type sightings map[string]map[string][]string

func (s sightings) add(site string, rows map[string]string) {
	if s[site] == nil {
		s[site] = map[string][]string{}
	}
	for table, digest := range rows {
		s[site][table] = append(s[site][table], digest)
	}
}

// agreed gives each table's state at each site: the one that was seen everywhere, or each site's last. It tells whether all were seen everywhere.
func (s sightings) agreed() (_ map[string]map[string]string, same bool) {
	all := map[string]map[string]string{}
	tables := map[string]bool{}
	for site, rows := range s {
		all[site] = map[string]string{}
		for table, states := range rows {
			tables[table] = true
			all[site][table] = states[len(states)-1]
		}
	}
	same = true
	for table := range tables {
		common := s.common(table)
		if common == "" {
			same = false
			continue
		}
		for site := range s {
			all[site][table] = common
		}
	}
	return all, same
}

// common is a state in which a table was seen at every site; empty if there is none.
func (s sightings) common(table string) string {
	times := map[string]int{}
	for _, rows := range s {
		once := map[string]bool{}
		for _, state := range rows[table] {
			if once[state] {
				continue
			}
			once[state] = true
			if times[state]++; times[state] == len(s) {
				return state
			}
		}
	}
	return ""
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
