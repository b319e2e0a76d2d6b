package load

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

func TestMatch(t *testing.T) {
	always := Window{0, time.Hour}
	// Member 0 sends event 1, member 1 sends event 2; both are in room 0.
	sends := []Send{
		{Room: 0, Sender: 0, Start: 10 * ms, End: 12 * ms, Event: 1},
		{Room: 0, Sender: 1, Start: 20 * ms, End: 25 * ms, Event: 2},
	}
	one := func(seen ...Sighting) Log { return Log{Room: 0, Member: 0, Seen: seen} }
	two := func(seen ...Sighting) Log { return Log{Room: 0, Member: 1, Seen: seen} }
	tests := map[string]struct {
		sends  []Send
		logs   []Log
		window Window
		want   Deliveries
	}{
		"all seen": {sends, []Log{
			one(Sighting{1, 11 * ms}, Sighting{2, 23 * ms}), two(Sighting{1, 15 * ms}, Sighting{2, 26 * ms}),
		}, always, Deliveries{Expected: 4, Latencies: []time.Duration{3 * ms, 5 * ms}}},
		"missing": {sends, []Log{
			one(Sighting{1, 11 * ms}), two(Sighting{1, 15 * ms}, Sighting{2, 26 * ms}),
		}, always, Deliveries{Expected: 4, Missing: 1, Latencies: []time.Duration{5 * ms}}},
		"a member who saw nothing": {sends, []Log{
			one(Sighting{1, 11 * ms}, Sighting{2, 23 * ms}), two(),
		}, always, Deliveries{Expected: 4, Missing: 2, Latencies: []time.Duration{3 * ms}}},
		"twice counts its first sight": {sends, []Log{
			one(Sighting{1, 11 * ms}, Sighting{2, 23 * ms}, Sighting{2, 40 * ms}), two(Sighting{1, 15 * ms}, Sighting{2, 26 * ms}, Sighting{1, 30 * ms}),
		}, always, Deliveries{Expected: 4, Duplicates: 2, Latencies: []time.Duration{3 * ms, 5 * ms}}},
		"another order": {sends, []Log{
			one(Sighting{1, 11 * ms}, Sighting{2, 23 * ms}), two(Sighting{2, 24 * ms}, Sighting{1, 26 * ms}),
		}, always, Deliveries{Expected: 4, Disordered: 1, Latencies: []time.Duration{3 * ms, 16 * ms}}},
		"seen but not acknowledged": {append([]Send{{Room: 0, Failed: true}}, sends...), []Log{
			one(Sighting{9, 11 * ms}, Sighting{1, 11 * ms}, Sighting{2, 23 * ms}), two(Sighting{9, 11 * ms}, Sighting{1, 15 * ms}, Sighting{2, 26 * ms}),
		}, always, Deliveries{Expected: 4, Unacknowledged: 1, Latencies: []time.Duration{3 * ms, 5 * ms}}},
		"the window bounds latencies alone": {sends, []Log{
			one(Sighting{1, 11 * ms}, Sighting{2, 23 * ms}), two(Sighting{1, 15 * ms}, Sighting{2, 26 * ms}),
		}, Window{15 * ms, time.Hour}, Deliveries{Expected: 4, Latencies: []time.Duration{3 * ms}}},
		"an event in the wrong room is not a delivery": {[]Send{{Room: 0, Event: 1}}, []Log{
			{Room: 1, Member: 0, Seen: []Sighting{{1, ms}}}, one(Sighting{1, ms}),
		}, always, Deliveries{Expected: 1, Unacknowledged: 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := Match(tt.sends, tt.logs, tt.window)
			slices.Sort(got.Latencies)
			if !slices.Equal(got.Latencies, tt.want.Latencies) {
				t.Errorf("latencies %v, want %v", got.Latencies, tt.want.Latencies)
			}
			got.Latencies, tt.want.Latencies = nil, nil
			if !equal(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func equal(a, b Deliveries) bool {
	return a.Expected == b.Expected && a.Missing == b.Missing && a.Duplicates == b.Duplicates &&
		a.Disordered == b.Disordered && a.Unacknowledged == b.Unacknowledged
}

// Whatever is taken away from or repeated in complete logs is counted, exactly.
func TestMatchCountsEveryLossAndRepeat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rooms, members, n := rapid.IntRange(1, 4).Draw(t, "rooms"), rapid.IntRange(1, 4).Draw(t, "members"), rapid.IntRange(0, 40).Draw(t, "sends")
		sends := make([]Send, n)
		for i := range sends {
			sends[i] = Send{Room: i % rooms, Sender: i % members, Event: uint64(i + 1), Start: time.Duration(i)}
		}
		var want Deliveries
		var logs []Log
		for room := range rooms {
			for m := range members {
				log := Log{Room: room, Member: m}
				for _, s := range sends {
					if s.Room != room {
						continue
					}
					want.Expected++
					copies := rapid.IntRange(0, 3).Draw(t, "copies")
					if copies == 0 {
						want.Missing++
					}
					want.Duplicates += max(copies-1, 0)
					for range copies {
						log.Seen = append(log.Seen, Sighting{s.Event, s.Start + 1})
					}
				}
				logs = append(logs, log)
			}
		}
		if got := Match(sends, logs, Window{0, time.Hour}); !equal(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}
