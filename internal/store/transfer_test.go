package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/testdb"
)

// filled makes an SQLite database with random rows in every table.
func filled(t *testing.T, random *mrand.Rand, most int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	db, err := openAlone(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	tr := &transfer{from: db}
	names, err := tr.names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name == "lanes" {
			continue
		}
		for n := range random.IntN(most + 1) {
			fillRow(t, db, random, name, n)
		}
	}
	return dir
}

func fillRow(t *testing.T, db *sql.DB, random *mrand.Rand, table string, n int) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT name, upper(type), "notnull" OR pk FROM pragma_table_info(?)`, table)
	if err != nil {
		t.Fatal(err)
	}
	var names, holes []string
	var values []any
	for rows.Next() {
		var name, kind string
		var needed bool
		if err := rows.Scan(&name, &kind, &needed); err != nil {
			t.Fatal(err)
		}
		names, holes = append(names, `"`+name+`"`), append(holes, "?")
		values = append(values, randomValue(random, kind, needed, n))
	}
	_ = rows.Close()
	query := `INSERT INTO "` + table + `" (` + strings.Join(names, ",") + ") VALUES (" + strings.Join(holes, ",") + ")"
	if _, err := db.ExecContext(t.Context(), query, values...); err != nil {
		t.Fatalf("%s: %v", table, err)
	}
}

// randomValue differs from all others in its column, for whatever must be unique.
func randomValue(random *mrand.Rand, kind string, needed bool, n int) any {
	if !needed && random.IntN(3) == 0 {
		return nil
	}
	switch kind {
	case "TEXT":
		return string([]rune("봉수Zaz_'\"\\ \u0001é🔥")[random.IntN(13)]) + fmt.Sprint(random.Uint64(), "-", n)
	case "BLOB":
		b := make([]byte, random.IntN(40)+8)
		_, _ = rand.Read(b) // any bytes at all
		return append(b, byte(n), byte(n>>8))
	case "BOOLEAN":
		return random.IntN(2) == 1
	case "INTEGER":
		return int64(n)
	}
	return random.Int64()<<16 ^ int64(n)
}

// dump is every row of the tables, in the order of their keys, by an own way of reading.
func dump(t *testing.T, dir, url string, tables []*transferTable) (here, there map[string][]string) {
	t.Helper()
	db, err := openAlone(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	pg, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pg.Close(t.Context()) }()
	here, there = map[string][]string{}, map[string][]string{}
	for _, table := range tables {
		var text []string
		for _, c := range table.columns {
			switch c.kind {
			case "BLOB":
				text = append(text, "CASE WHEN "+c.name+" IS NOT NULL THEN lower(hex("+c.name+")) END")
			case "BOOLEAN":
				text = append(text, "CASE WHEN "+c.name+" THEN 'true' WHEN NOT "+c.name+" THEN 'false' END")
			default:
				text = append(text, "CAST("+c.name+" AS TEXT)")
			}
		}
		for i := range text {
			text[i] = "COALESCE('=' || " + text[i] + ", 'null')"
		}
		query := "SELECT " + strings.Join(text, " || '|' || ") + " AS line FROM " + table.source() + " ORDER BY line"
		rows, err := db.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(table.name, err)
		}
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			here[table.name] = append(here[table.name], line)
		}
		_ = rows.Close()
		query = strings.NewReplacer("lower(hex(", "encode((", ")) END", "),'hex') END").Replace(query)
		found, err := pg.Query(t.Context(), query)
		if err != nil {
			t.Fatal(table.name, err)
		}
		if there[table.name], err = pgx.CollectRows(found, pgx.RowTo[string]); err != nil {
			t.Fatal(table.name, err)
		}
		if len(there[table.name]) == 0 {
			delete(there, table.name)
		}
	}
	return here, there
}

var errStopped = errors.New("stopped")

// Whatever is in the tables comes over as it is, also if the transfer is broken off again and again.
func TestTransferMovesEverything(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := mrand.New(mrand.NewPCG(seed, seed))
			dir, url := filled(t, random, 25), testdb.Postgres(t)
			chunks := 0
			o := TransferOptions{Dir: dir, URL: url, Lanes: 3, chunk: 1 + random.IntN(15), stop: func() error {
				if chunks++; seed > 0 && random.IntN(20) == 0 {
					return errStopped
				}
				return nil
			}}
			var last TransferProgress
			o.Progress = func(p TransferProgress) {
				if p.Done > p.Total || last.Comparing && !p.Comparing && p.Done == 0 {
					t.Fatalf("progress went from %+v to %+v", last, p)
				}
				last = p
			}
			var report []TransferredTable
			for {
				var err error
				if report, err = Transfer(t.Context(), o); err == nil {
					break
				}
				if !errors.Is(err, errStopped) {
					t.Fatal(err)
				}
				if s, err := Open(t.Context(), Options{URL: url, Lanes: 3}); !errors.Is(err, ErrTransferring) {
					t.Fatalf("opened what is not whole: %v, %v", s, err)
				}
				last = TransferProgress{}
			}
			if !last.Comparing || last.Done != last.Total {
				t.Errorf("the last progress is %+v", last)
			}
			checkTransferred(t, dir, url, report)
		})
	}
}

func checkTransferred(t *testing.T, dir, url string, report []TransferredTable) {
	t.Helper()
	db, err := openAlone(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	tr := &transfer{from: db}
	pool, err := hostsOf(t.Context(), url, 1)
	if err != nil {
		t.Fatal(err)
	}
	tr.to = pool[0].pool
	defer tr.to.Close()
	if err := tr.findTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	if len(report) != len(tr.tables) || len(report) < 30 {
		t.Errorf("%d tables of %d", len(report), len(tr.tables))
	}
	for _, table := range tr.tables {
		switch table.name {
		case "lanes":
			table.where = "lane = 0"
		case "meta":
			table.where += " AND key <> '" + metaUserLanes + "'"
		}
	}
	here, there := dump(t, dir, url, tr.tables)
	for name := range here {
		if len(here[name]) != len(there[name]) {
			t.Errorf("%s: %d rows became %d", name, len(here[name]), len(there[name]))
		}
		set := map[string]bool{}
		for _, line := range there[name] {
			set[line] = true
		}
		for _, line := range here[name] {
			if !set[line] {
				t.Errorf("%s: this row is not there: %s", name, line)
			}
		}
	}
}

func TestTransferRefuses(t *testing.T) {
	ctx := context.Background()
	dir := filled(t, mrand.New(mrand.NewPCG(1, 2)), 5)
	t.Run("a running server", func(t *testing.T) {
		s, err := Open(ctx, Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := Transfer(ctx, TransferOptions{Dir: dir, URL: testdb.Postgres(t), Lanes: 2}); !errors.Is(err, ErrInUse) {
			t.Fatalf("said %v", err)
		}
	})
	t.Run("a database that is in use", func(t *testing.T) {
		url := testdb.Postgres(t)
		s, err := Open(ctx, Options{URL: url, Lanes: 2})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if _, err := Transfer(ctx, TransferOptions{Dir: dir, URL: url, Lanes: 2}); !errors.Is(err, ErrNotEmpty) {
			t.Fatalf("said %v", err)
		}
	})
	t.Run("another transfer", func(t *testing.T) {
		url := testdb.Postgres(t)
		o := TransferOptions{Dir: dir, URL: url, Lanes: 2, stop: func() error { return errStopped }}
		if _, err := Transfer(ctx, o); !errors.Is(err, errStopped) {
			t.Fatal(err)
		}
		s, err := Open(ctx, Options{Dir: dir}) // its server was started meanwhile, and wrote
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Lane(0).Do(ctx, func(tx *LaneTx) error { tx.Next(); return nil }); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if _, err := Transfer(ctx, o); !errors.Is(err, ErrNotEmpty) {
			t.Fatalf("said %v", err)
		}
	})
	t.Run("no database", func(t *testing.T) {
		if _, err := Transfer(ctx, TransferOptions{Dir: filepath.Join(dir, "none"), URL: testdb.Postgres(t), Lanes: 2}); err == nil {
			t.Fatal("moved nothing in silence")
		}
	})
}

// The second pass finds what is not the same.
func TestTransferFindsDifferences(t *testing.T) {
	for name, spoil := range map[string]string{
		"a changed row": `UPDATE users SET created_ts = created_ts + 1 WHERE user_id = (SELECT min(user_id) FROM users)`,
		"a missing row": `DELETE FROM users WHERE user_id = (SELECT min(user_id) FROM users)`,
		"one row more":  `INSERT INTO filters (user_id, filter_id, content) VALUES ('@x:y', 'z', '{}')`,
	} {
		t.Run(name, func(t *testing.T) {
			dir, url := filled(t, mrand.New(mrand.NewPCG(3, 4)), 20), testdb.Postgres(t)
			o := TransferOptions{Dir: dir, URL: url, Lanes: 1}
			spoilt := false
			o.Progress = func(p TransferProgress) {
				if !p.Comparing || spoilt {
					return
				}
				spoilt = true
				pg, err := pgx.Connect(t.Context(), url)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = pg.Close(t.Context()) }()
				if tag, err := pg.Exec(t.Context(), spoil); err != nil || tag.RowsAffected() != 1 {
					t.Fatal(tag, err)
				}
			}
			if _, err := Transfer(t.Context(), o); !errors.Is(err, ErrDiffers) {
				t.Fatalf("said %v", err)
			}
		})
	}
}

// Old positions stay valid, and users stay in the lane where their things are.
func TestTransferredDatabaseGoesOn(t *testing.T) {
	ctx, dir, url := t.Context(), t.TempDir(), testdb.Postgres(t)
	s, err := Open(ctx, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	var room int64
	err = s.Lane(0).Do(ctx, func(tx *LaneTx) error {
		room = int64(tx.Next())
		return tx.AddRoom(ctx, &Room{Num: room, ID: "!old", Version: "12", Creator: "@a:x"})
	})
	if err != nil {
		t.Fatal(err)
	}
	before, err := s.Positions(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := Transfer(ctx, TransferOptions{Dir: dir, URL: url, Lanes: 4}); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(ctx, Options{URL: url, Lanes: 2}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	after, err := s.Positions(ctx)
	if err != nil || len(after) != 4 || after[0] != before[0] || after[3] != MakePos(3, 0) {
		t.Fatalf("positions %v became %v, %v", before, after, err)
	}
	lanes := map[int]bool{}
	for i := range 100 {
		if n := s.UserLaneNum(fmt.Sprintf("@u%d:x", i)); n != 0 {
			t.Fatalf("a user is in lane %d", n)
		}
		lanes[s.NewRoomLane(fmt.Sprint(i)).num] = true
	}
	if len(lanes) != 4 || s.RoomLane(room).num != 0 {
		t.Fatalf("new rooms go to lanes %v", lanes)
	}
}

func TestRowsAreEncodedApart(t *testing.T) {
	value := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Int64(), func(v int64) any { return v }), rapid.Map(rapid.Bool(), func(v bool) any { return v }),
		rapid.Map(rapid.String(), func(v string) any { return v }), rapid.Map(rapid.SliceOf(rapid.Byte()), func(v []byte) any { return v }),
	)
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(value, 0, 5).Draw(t, "a"), rapid.SliceOfN(value, 0, 5).Draw(t, "b")
		if same := bytes.Equal(encodeRow(nil, a), encodeRow(nil, b)); same != (fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b)) {
			t.Fatalf("%#v and %#v: the same %t", a, b, same)
		}
	})
}

func TestKeysAreReadAsWritten(t *testing.T) {
	table := &transferTable{key: []transferColumn{{kind: "TEXT"}, {kind: "BLOB"}, {kind: "BIGINT"}, {kind: "BOOLEAN"}}}
	rapid.Check(t, func(t *rapid.T) {
		key := []any{rapid.String().Draw(t, "text"), rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "blob"), rapid.Int64().Draw(t, "n"), rapid.Bool().Draw(t, "b")}
		text, err := writeKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := table.readKey(text); err != nil || !reflect.DeepEqual(got, key) {
			t.Fatalf("%v came back as %v, %v", key, got, err)
		}
	})
}
