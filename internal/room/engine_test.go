package room

import (
	"fmt"
	"sync"
	"testing"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

func newTestEngine(tb testing.TB, url string) (*Engine, *store.Store) {
	tb.Helper()
	st, err := store.Open(tb.Context(), store.Options{URL: url, Dir: tb.TempDir(), Lanes: 4})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(st.Close)
	e, err := NewEngine(Options{Store: st, Signer: testSigner(), DefaultVersion: "12"})
	if err != nil {
		tb.Fatal(err)
	}
	return e, st
}

func newTestRoom(tb testing.TB, e *Engine, creator string, members ...string) string {
	tb.Helper()
	id, err := e.Create(tb.Context(), CreateRequest{Creator: creator, Preset: presetPublic})
	if err != nil {
		tb.Fatal(err)
	}
	for _, m := range members {
		if err := e.Join(tb.Context(), MemberRequest{RoomID: id, Sender: m}); err != nil {
			tb.Fatal(err)
		}
	}
	return id
}

func TestCreateInEveryVersion(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		e, _ := newTestEngine(t, url)
		for _, v := range SupportedVersions {
			for _, preset := range []string{presetPrivate, presetTrusted, presetPublic} {
				_, err := e.Create(t.Context(), CreateRequest{
					Creator: "@a:example.org", RoomVersion: v, Preset: preset, Name: "n", Topic: "t", Invite: []string{"@b:example.org"},
					AliasName: v + preset,
				})
				if err != nil {
					t.Errorf("version %s, %s: %v", v, preset, err)
				}
			}
		}
	})
}

func TestManyRoomsAtOnce(t *testing.T) {
	e, _ := newTestEngine(t, "")
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := e.Create(t.Context(), CreateRequest{Creator: "@a:example.org"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestSameTransactionIDGivesSameEvent(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		e, _ := newTestEngine(t, url)
		id := newTestRoom(t, e, "@a:example.org")
		req := SendRequest{RoomID: id, Sender: "@a:example.org", Device: "D", Type: "m.room.message", Content: []byte(`{"body":"x"}`), TxnID: "1"}
		var wg sync.WaitGroup
		ids := make([]string, 20)
		for i := range ids {
			wg.Go(func() {
				got, err := e.Send(t.Context(), req)
				if err != nil {
					t.Error(err)
				}
				ids[i] = got
			})
		}
		wg.Wait()
		for _, got := range ids {
			if got != ids[0] {
				t.Fatalf("two events for one transaction id: %v", ids)
			}
		}
		req.Device = "E"
		other, err := e.Send(t.Context(), req)
		if err != nil || other == ids[0] {
			t.Fatalf("another device's transaction id gave %s, %v", other, err)
		}
	})
}

func TestOutsidersMayNotSend(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		e, _ := newTestEngine(t, url)
		id := newTestRoom(t, e, "@a:example.org", "@b:example.org")
		send := func(sender string) error {
			_, err := e.Send(t.Context(), SendRequest{RoomID: id, Sender: sender, Type: "m.room.message", Content: []byte(`{}`)})
			return err
		}
		if err := send("@b:example.org"); err != nil {
			t.Fatal(err)
		}
		if err := send("@c:example.org"); !mxerr.HasCode(err, mxerr.Forbidden) {
			t.Fatalf("an outsider sent: %v", err)
		}
		if err := e.Kick(t.Context(), MemberRequest{RoomID: id, Sender: "@a:example.org", Target: "@b:example.org"}); err != nil {
			t.Fatal(err)
		}
		if err := send("@b:example.org"); !mxerr.HasCode(err, mxerr.Forbidden) {
			t.Fatalf("someone kicked sent: %v", err)
		}
	})
}

// Two engines on one database stand for two nodes: each must see what the other wrote before it writes itself.
func TestTwoNodesWriteOneRoom(t *testing.T) {
	url := testdb.Postgres(t)
	e1, _ := newTestEngine(t, url)
	e2, st := newTestEngine(t, url)
	id := newTestRoom(t, e1, "@a:example.org", "@b:example.org")
	var wg sync.WaitGroup
	for n, e := range []*Engine{e1, e2} {
		for w := range 4 {
			wg.Go(func() {
				for i := range 25 {
					_, err := e.Send(t.Context(), SendRequest{
						RoomID: id, Sender: "@b:example.org", Device: "D", Type: "m.room.message",
						Content: fmt.Appendf(nil, `{"body":"%d %d %d"}`, n, w, i), TxnID: fmt.Sprint(n, w, i),
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	num, _, err := e2.Resolve(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	err = st.Read(t.Context(), func(tx *store.Tx) error {
		events, err := tx.EventsAfter(t.Context(), num, 0, store.Latest, 1000)
		if err != nil {
			return err
		}
		for i, ev := range events {
			if ev.Depth != int64(i+1) {
				t.Fatalf("event %d has depth %d: two nodes built on the same event", i, ev.Depth)
			}
		}
		if len(events) < 200 {
			t.Fatalf("%d events", len(events))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkSend(b *testing.B) {
	for _, db := range []string{"sqlite", "postgres"} {
		b.Run(db, func(b *testing.B) {
			url := ""
			if db == "postgres" {
				url = testdb.Postgres(b)
			}
			e, _ := newTestEngine(b, url)
			var rooms []string
			for range 20 {
				rooms = append(rooms, newTestRoom(b, e, "@a:example.org"))
			}
			var n int64
			var mu sync.Mutex
			b.SetParallelism(32)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					mu.Lock()
					n++
					i := n
					mu.Unlock()
					_, err := e.Send(b.Context(), SendRequest{
						RoomID: rooms[i%20], Sender: "@a:example.org", Device: "D", Type: "m.room.message",
						Content: []byte(`{"msgtype":"m.text","body":"hello, this is a message"}`), TxnID: fmt.Sprint(i),
					})
					if err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
