package search_test

import (
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/search"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

const alice = "@alice:example.org"

type world struct {
	t      testing.TB
	store  *store.Store
	engine *room.Engine
	reader *room.Reader
}

func newWorld(t testing.TB, url, dir string) *world {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	st, err := store.Open(t.Context(), store.Options{URL: url, Dir: dir, Lanes: 3, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	engine, err := room.NewEngine(room.Options{
		Store: st, Signer: &room.Signer{ServerName: "example.org", KeyID: "ed25519:1", Key: key}, DefaultVersion: "12", Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, store: st, engine: engine, reader: room.NewReader(st)}
}

func (w *world) room() string {
	w.t.Helper()
	id, err := w.engine.Create(w.t.Context(), room.CreateRequest{Creator: alice})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) say(roomID, text string) {
	w.t.Helper()
	_, err := w.engine.Send(w.t.Context(), room.SendRequest{
		RoomID: roomID, Sender: alice, Type: "m.room.message", Content: fmt.Appendf(nil, `{"msgtype":"m.text","body":%q}`, text),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// count is how many events a term finds.
func (w *world) count(term string) int {
	w.t.Helper()
	found, err := w.reader.Search(w.t.Context(), room.Who{User: alice}, room.SearchRequest{Term: term, Limit: 500, Recent: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(found.Results)
}

// Nothing is indexed as it is sent; several indexers at once index each event once; a restart goes on from where they were.
func TestIndexFollowsTheLanes(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		dir := t.TempDir()
		w := newWorld(t, url, dir)
		for range 3 {
			id := w.room()
			for i := range 120 {
				w.say(id, fmt.Sprint("word ", i))
			}
		}
		if n := w.count("word"); n != 0 {
			t.Fatalf("%d are indexed as they are sent", n)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := search.NewIndexer(w.store).CatchUp(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := w.count("word"); n != 360 {
			t.Fatalf("%d found, want 360", n)
		}
		last := w.room()
		w.say(last, "word at the end")
		w.store.Close()
		w = newWorld(t, url, dir)
		if err := search.NewIndexer(w.store).Index(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := w.count("word"); n != 361 {
			t.Fatalf("%d found after a restart, want 361", n)
		}
	})
}

// What one event costs the index, and what a search costs, with many rooms and many hits.
func BenchmarkIndex(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			url := ""
			if kind == "postgres" {
				url = testdb.Postgres(b)
			}
			w := newWorld(b, url, b.TempDir())
			var rooms []string
			for range 200 {
				rooms = append(rooms, w.room())
			}
			var wg sync.WaitGroup
			for i := range 64 {
				wg.Go(func() {
					for j := range 150 {
						w.say(rooms[(i*150+j)%len(rooms)], fmt.Sprintf("message %d about the weather of day %d, and what else there is to say about it", j, i))
					}
				})
			}
			wg.Wait()
			begin := time.Now()
			if err := search.NewIndexer(w.store).CatchUp(b.Context()); err != nil {
				b.Fatal(err)
			}
			took := time.Since(begin)
			for b.Loop() {
				_, err := w.reader.Search(b.Context(), room.Who{User: alice}, room.SearchRequest{Term: "weather", Limit: 10, Recent: true})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(took.Microseconds())/9600, "µs/event")
		})
	}
}
