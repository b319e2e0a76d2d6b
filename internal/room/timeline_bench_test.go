package room

import (
	"fmt"
	"testing"
)

// BenchmarkMessages reads a page of 50 events from rooms of different length: a page must cost the same in all.
func BenchmarkMessages(b *testing.B) {
	for _, length := range []int{100, 2000} {
		b.Run(fmt.Sprint(length), func(b *testing.B) {
			e, st := newTestEngine(b, "")
			r := NewReader(st)
			id := newTestRoom(b, e, admin)
			for i := range length {
				_, err := e.Send(b.Context(), SendRequest{RoomID: id, Sender: admin, Type: "m.room.message", Content: fmt.Appendf(nil, `{"body":"%d"}`, i)})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Messages(b.Context(), Who{User: admin}, PageRequest{RoomID: id, Limit: 50}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
