package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

func TestStatus(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database string) {
		data, ctx := t.TempDir(), t.Context()
		st, err := store.Open(ctx, store.Options{URL: database, Dir: data, Lanes: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.OnceMeta(ctx, "server_name", func() ([]byte, error) { return []byte("example.org"), nil }); err != nil {
			t.Fatal(err)
		}
		run := func() (string, error) {
			var out bytes.Buffer
			p := &program{name: "bongsu", out: &out, errs: t.Output()}
			err := p.execute(ctx, []string{"status", "--data", data, "--database", database})
			return out.String(), err
		}
		if out, err := run(); err != nil || !strings.Contains(out, "No node has reported yet") || !strings.Contains(out, "primary") {
			t.Errorf("without nodes: %v\n%s", err, out)
		}
		report := func(site string, peak int64) {
			t.Helper()
			now := time.Now()
			err := st.Write(ctx, func(tx *store.Tx) error {
				return tx.PutNodeLoad(ctx, store.NodeLoad{
					Node: site + ":8008", Site: site, HourTS: now.Truncate(time.Hour).UnixMilli(), SeenTS: now.UnixMilli(), Cores: 2, CPUPeak: peak,
				})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		report("seoul", 700)
		report("busan", 700)
		if out, err := run(); err != nil || strings.Count(out, "the others carry on") != 2 {
			t.Errorf("with two sites: %v\n%s", err, out)
		}
		report("seoul", 1500)
		report("seoul", 100) // a restart lowers no peak
		if out, err := run(); !errors.Is(err, errStatus) || strings.Count(out, "TOO LITTLE IS LEFT") != 2 {
			t.Errorf("with too much to do: %v\n%s", err, out)
		}
		st.Close()
	})
}
