package floor

import (
	"context"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/store"
)

// What the floor writes is in the database, in the order of its chain, and Fill goes on from it.
func TestMeasureAndFillWriteChainedEvents(t *testing.T) {
	ctx := context.Background()
	o := store.Options{Dir: t.TempDir()}
	f, err := Measure(ctx, o, 10, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if f.Events == 0 || f.PerSecond == 0 || f.Build.Count == 0 {
		t.Errorf("got %+v", f)
	}
	s, err := store.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	total := 0
	err = s.Read(ctx, func(tx *store.Tx) error {
		for i := range f.Writers {
			r, err := tx.RoomByID(ctx, "!floor"+string(rune('0'+i)))
			if err != nil {
				return err
			}
			events, err := tx.EventsAfter(ctx, r.Num, 0, store.MakePos(1, 0)-1, 1<<20)
			if err != nil {
				return err
			}
			for j, e := range events {
				if j > 0 && e.Depth != events[j-1].Depth+1 {
					t.Errorf("depth %d follows %d", e.Depth, events[j-1].Depth)
				}
			}
			total += len(events)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if int64(total) != f.Events {
		t.Errorf("%d events are stored, %d were written", total, f.Events)
	}
}
