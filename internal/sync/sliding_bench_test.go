package sync

import (
	"context"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

const elementX = `{"lists":{"all_rooms":{"ranges":[[0,19]],"timeline_limit":1,"required_state":[["m.room.name",""],["m.room.encryption",""],
	["m.room.member","$LAZY"],["m.room.member","$ME"],["m.room.topic",""],["m.room.avatar",""],["m.room.canonical_alias",""],
	["m.room.power_levels",""],["m.room.join_rules",""],["m.room.tombstone",""],["m.room.create",""],["m.room.history_visibility",""],
	["m.space.child","*"]],"filters":{"not_room_types":["m.space"]}}},
	"extensions":{"account_data":{"enabled":true},"receipts":{"enabled":true},"typing":{"enabled":true},"e2ee":{"enabled":true},"to_device":{"enabled":true}}}`

// manyRooms puts alice into rooms with some talk.
func (n *node) manyRooms(tb testing.TB, count int) []string {
	tb.Helper()
	ids := make([]string, count)
	g, ctx := errgroup.WithContext(context.Background())
	g.SetLimit(32)
	for i := range ids {
		g.Go(func() error {
			id, err := n.engine.Create(ctx, room.CreateRequest{Creator: bob, Preset: "public_chat", Name: fmt.Sprint("Room ", i)})
			if err != nil {
				return err
			}
			ids[i] = id
			if err := n.engine.Join(ctx, room.MemberRequest{RoomID: id, Sender: alice}); err != nil {
				return err
			}
			for k := range 3 {
				_, err := n.engine.Send(ctx, room.SendRequest{RoomID: id, Sender: bob, Type: "m.room.message", Content: fmt.Appendf(nil, `{"body":"%d"}`, k)})
				if err != nil {
					return err
				}
			}
			return n.st.UserLane(alice).Do(ctx, func(tx *store.LaneTx) error {
				return tx.PutAccountData(ctx, store.AccountData{UserID: alice, RoomID: id, Type: "m.fully_read", Content: []byte(`{"event_id":"$a"}`)})
			})
		})
	}
	if err := g.Wait(); err != nil {
		tb.Fatal(err)
	}
	return ids
}

func BenchmarkSliding2000Rooms(b *testing.B) {
	each := func(name string, url func(*testing.B) string, run func(b *testing.B, n *node)) {
		b.Run(name, func(b *testing.B) { run(b, newNode(b, url(b), b.TempDir())) })
	}
	run := func(b *testing.B, n *node) {
		rooms := n.manyRooms(b, 2000)
		b.Run("initial", func(b *testing.B) {
			for b.Loop() {
				n.service.hub.mu.Lock()
				clear(n.service.hub.sessions) // as for somebody who was not here before
				n.service.hub.mu.Unlock()
				if res := n.slide(b, alice, "", elementX); len(res.Rooms) != 20 || res.Lists["all_rooms"].Count != 2000 {
					b.Fatalf("%d rooms of %d", len(res.Rooms), res.Lists["all_rooms"].Count)
				}
			}
		})
		b.Run("message", func(b *testing.B) {
			pos := n.slide(b, alice, "", elementX).Pos
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				n.send(b, rooms[0], bob, "news")
				b.StartTimer()
				res := n.slide(b, alice, pos, elementX)
				if len(res.Rooms) != 1 {
					b.Fatalf("%d rooms", len(res.Rooms))
				}
				pos = res.Pos
			}
		})
	}
	each("sqlite", func(*testing.B) string { return "" }, run)
	each("postgres", func(b *testing.B) string { return testdb.Postgres(b) }, run)
}
