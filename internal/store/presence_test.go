package store_test

import (
	"cmp"
	"log/slog"
	"reflect"
	"slices"
	"testing"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

func TestPresenceKeepsWhatIsNewer(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		db, err := store.Open(t.Context(), store.Options{URL: url, Dir: t.TempDir(), Lanes: 1, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		save := func(rows ...store.Presence) {
			t.Helper()
			if err := db.SavePresence(t.Context(), rows); err != nil {
				t.Fatal(err)
			}
		}
		want := func(rows ...store.Presence) {
			t.Helper()
			got, err := db.LoadPresence(t.Context(), []string{"@a", "@b", "@unknown"})
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(got, func(x, y store.Presence) int { return cmp.Compare(x.UserID, y.UserID) })
			if !reflect.DeepEqual(got, rows) {
				t.Errorf("%v, want %v", got, rows)
			}
		}
		b := store.Presence{UserID: "@b", LastActive: 7}
		save(b, store.Presence{UserID: "@a", StatusMsg: "first", SetAt: 10, LastActive: 10})
		save(store.Presence{UserID: "@a", StatusMsg: "older", SetAt: 5, LastActive: 20})
		want(store.Presence{UserID: "@a", StatusMsg: "first", SetAt: 10, LastActive: 20}, b)
		save(store.Presence{UserID: "@a", StatusMsg: "", SetAt: 11, LastActive: 15}, store.Presence{UserID: "@c"})
		want(store.Presence{UserID: "@a", StatusMsg: "", SetAt: 11, LastActive: 20}, b)
		save()
	})
}
