package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

func open(tb testing.TB, url, dir string) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), store.Options{URL: url, Dir: dir, Lanes: 2})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

var errRefused = errors.New("refused")

func addRoom(ctx context.Context, tx *store.LaneTx, id string) (int64, error) {
	num := int64(tx.Next())
	return num, tx.AddRoom(ctx, &store.Room{Num: num, ID: id, Version: "12", Creator: "@a:x"})
}

func addEvent(tx *store.LaneTx, room int64, id string, key []byte) {
	tx.AddEvent(&store.Event{Pos: tx.Next(), Room: room, ID: id, Type: "m", Sender: "@a:x", TxnKey: key, JSON: []byte(`{"content":{}}`)})
}

// What a failed job wrote is gone, whatever it had written and in whatever order, and its neighbours in the batch are not touched.
func TestFailedJobLeavesNothing(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := open(t, url, t.TempDir())
		ctx := t.Context()
		l := s.Lane(0)
		var room int64
		err := l.Do(ctx, func(tx *store.LaneTx) (err error) {
			room, err = addRoom(ctx, tx, "!r")
			addEvent(tx, room, "$first", nil)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		failing := []func(tx *store.LaneTx) error{
			func(tx *store.LaneTx) error { addEvent(tx, room, "$bad1", nil); return errRefused },
			func(tx *store.LaneTx) error {
				addEvent(tx, room, "$bad2", nil)
				if err := tx.PutAccountData(ctx, store.AccountData{UserID: "@a:x", Type: "bad", Content: []byte("{}")}); err != nil {
					return err
				}
				addEvent(tx, room, "$bad3", nil)
				if err := tx.Flush(ctx); err != nil {
					return err
				}
				return errRefused
			},
			func(tx *store.LaneTx) error { addEvent(tx, room, "$bad4", nil); panic("job") },
		}
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				if err := l.Do(ctx, func(tx *store.LaneTx) error { addEvent(tx, room, fmt.Sprint("$ok", i), nil); return nil }); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if err := l.Do(ctx, failing[i%len(failing)]); err == nil {
					t.Error("a failing job was acknowledged")
				}
			})
		}
		wg.Wait()
		err = s.Read(ctx, func(tx *store.Tx) error {
			events, err := tx.EventsAfter(ctx, room, 0, store.Latest, 1000)
			if err != nil {
				return err
			}
			if len(events) != 31 {
				t.Errorf("%d events, want 31", len(events))
			}
			data, err := tx.AllAccountData(ctx, "@a:x")
			if len(data) != 0 {
				t.Errorf("account data of a failed job: %v", data)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// One bad row must not fail those that it shared a batch with.
func TestConflictFailsOnlyItsJob(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := open(t, url, t.TempDir())
		ctx := t.Context()
		var room int64
		err := s.Lane(0).Do(ctx, func(tx *store.LaneTx) (err error) {
			room, err = addRoom(ctx, tx, "!r")
			addEvent(tx, room, "$taken", nil)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				id := fmt.Sprint("$ok", i)
				if i%5 == 0 {
					id = "$taken"
				}
				err := s.Lane(0).Do(ctx, func(tx *store.LaneTx) error { addEvent(tx, room, id, nil); return nil })
				if (i%5 == 0) != errors.Is(err, store.ErrConflict) {
					t.Errorf("job %d: %v", i, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestRepeatIsFoundAcrossRestart(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		dir := t.TempDir()
		ctx := context.Background()
		key := []byte("0123456789abcdef")
		s := open(t, url, dir)
		var room int64
		err := s.Lane(1%s.Lanes()).DoOnce(ctx, key, func(tx *store.LaneTx) (err error) {
			room, err = addRoom(ctx, tx, "!r")
			addEvent(tx, room, "$one", key)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		s = open(t, url, dir)
		err = s.RoomLane(room).DoOnce(ctx, key, func(tx *store.LaneTx) error {
			if tx.Repeat() != "$one" {
				t.Errorf("repeat is %q", tx.Repeat())
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestCallerMayLeave(t *testing.T) {
	s := open(t, "", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	begun, goOn := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- s.Lane(0).Do(ctx, func(tx *store.LaneTx) error {
			close(begun)
			<-goOn
			_, err := addRoom(context.Background(), tx, "!r")
			return err
		})
	}()
	<-begun
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("the caller was told %v", err)
	}
	close(goOn)
	// The next job of the lane comes after the first is committed.
	if err := s.Lane(0).Do(t.Context(), func(*store.LaneTx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	err := s.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.RoomByID(t.Context(), "!r"); return err })
	if err != nil {
		t.Fatalf("what was begun is not there: %v", err)
	}
}

// Positions that are visible have no gap below them, whoever writes.
func TestPositionsAreGapless(t *testing.T) {
	url := testdb.Postgres(t)
	a, b := open(t, url, ""), open(t, url, "")
	ctx := t.Context()
	var room int64
	err := a.Lane(0).Do(ctx, func(tx *store.LaneTx) (err error) { room, err = addRoom(ctx, tx, "!r"); return err })
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	checked := make(chan error, 1)
	go func() { checked <- watchGaps(ctx, a, room, stop) }()
	var wg sync.WaitGroup
	for n, s := range []*store.Store{a, b} {
		for i := range 100 {
			wg.Go(func() {
				if err := s.Lane(0).Do(ctx, func(tx *store.LaneTx) error { addEvent(tx, room, fmt.Sprint("$", n, ".", i), nil); return nil }); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	close(stop)
	if err := <-checked; err != nil {
		t.Fatal(err)
	}
}

func watchGaps(ctx context.Context, s *store.Store, room int64, stop <-chan struct{}) error {
	for {
		err := s.Read(ctx, func(tx *store.Tx) error {
			events, err := tx.EventsAfter(ctx, room, 0, store.Latest, 1000)
			for i, ev := range events {
				if want := store.Pos(room + 1 + int64(i)); ev.Pos != want {
					return fmt.Errorf("position %d is visible before %d", ev.Pos, want)
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		select {
		case <-stop:
			return nil
		default:
		}
	}
}

func TestClosedStoreTakesNothing(t *testing.T) {
	s := open(t, "", t.TempDir())
	s.Close()
	if err := s.Lane(0).Do(t.Context(), func(*store.LaneTx) error { return nil }); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("a closed store said %v", err)
	}
}
