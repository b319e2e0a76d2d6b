package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"bongsu.org/bongsu/internal/testdb"
)

// Of a connection there are the state that the client came back with and those made of it, and no others.
func TestSlidingStates(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		ctx := t.Context()
		s, err := Open(ctx, Options{URL: url, Dir: t.TempDir(), Lanes: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		conn := SlidingConn{"@a:x", "D", "c"}
		ts := int64(0)
		put := func(c SlidingConn, id, parent string) {
			t.Helper()
			ts++
			err := s.Write(ctx, func(tx *Tx) error {
				return tx.PutSlidingState(ctx, SlidingState{SlidingConn: c, ID: id, Parent: parent, TS: ts, Content: []byte(id)})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		has := func(c SlidingConn, id string) bool {
			t.Helper()
			var got SlidingState
			err := s.Read(ctx, func(tx *Tx) (err error) {
				got, err = tx.SlidingState(ctx, c, id)
				return err
			})
			if err != nil && !errors.Is(err, ErrNotFound) {
				t.Fatal(err)
			}
			return err == nil && string(got.Content) == id
		}
		check := func(want string) {
			t.Helper()
			got := ""
			for _, id := range []string{"1", "2", "2b", "3"} {
				if has(conn, id) {
					got += id + " "
				}
			}
			if got != want {
				t.Fatalf("the states are %q, want %q", got, want)
			}
		}
		put(conn, "1", "")
		put(conn, "2", "1")
		put(conn, "2b", "1") // the request with 1 was sent again
		check("1 2 2b ")
		put(conn, "3", "2")
		check("2 3 ")
		put(SlidingConn{"@a:x", "other", "c"}, "9", "")
		check("2 3 ")
		for i := range 3 * slidingSiblings {
			put(conn, fmt.Sprint("sibling", i), "2")
		}
		if has(conn, "sibling0") || !has(conn, fmt.Sprint("sibling", 3*slidingSiblings-1)) || !has(conn, "2") {
			t.Error("the answers to one request are not bounded as they should be")
		}
		for i := range slidingConns {
			put(SlidingConn{"@a:x", "D", fmt.Sprint("conn", i)}, "1", "")
		}
		if has(conn, "2") || !has(SlidingConn{"@a:x", "D", "conn0"}, "1") || !has(SlidingConn{"@a:x", "other", "c"}, "9") {
			t.Error("the connections of a device are not bounded as they should be")
		}
		testSlidingExpiry(ctx, t, s, ts)
	})
}

func testSlidingExpiry(ctx context.Context, t *testing.T, s *Store, newest int64) {
	t.Helper()
	last := SlidingConn{"@a:x", "D", fmt.Sprint("conn", slidingConns-1)}
	var dropped int64
	err := s.Write(ctx, func(tx *Tx) (err error) {
		if err = tx.TouchSlidingState(ctx, last, "1", newest+10); err != nil {
			return err
		}
		dropped, err = tx.DropSlidingStates(ctx, newest+5, 1000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Read(ctx, func(tx *Tx) error {
		_, err := tx.SlidingState(ctx, last, "1")
		return err
	})
	if err != nil || dropped != slidingConns {
		t.Errorf("%d states were dropped, and the one in use came as %v", dropped, err)
	}
}
