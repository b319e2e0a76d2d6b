package stats

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSummarise(t *testing.T) {
	hundred := make([]time.Duration, 0, 100)
	for i := 100; i >= 1; i-- {
		hundred = append(hundred, time.Duration(i)*time.Millisecond)
	}
	tests := map[string]struct {
		in   []time.Duration
		want Summary
	}{
		"none":    {nil, Summary{}},
		"one":     {[]time.Duration{1500 * time.Microsecond}, Summary{1, 1.5, 1.5, 1.5, 1.5}},
		"two":     {[]time.Duration{2 * time.Millisecond, time.Millisecond}, Summary{2, 1, 2, 2, 2}},
		"hundred": {hundred, Summary{100, 50, 90, 99, 100}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Summarise(tt.in); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// The nearest-rank quantile is a sample, at least the share q is at or below it, and no smaller sample will do.
func TestQuantileIsTheNearestRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SliceOfN(rapid.Map(rapid.Int64Range(0, 50), func(n int64) time.Duration { return time.Duration(n) }), 1, 200).Draw(t, "samples")
		percent := rapid.IntRange(1, 100).Draw(t, "percent")
		slices.Sort(samples)
		got := Quantile(samples, float64(percent)/100)
		atOrBelow, below := 0, 0
		for _, s := range samples {
			if s <= got {
				atOrBelow++
			}
			if s < got {
				below++
			}
		}
		if !slices.Contains(samples, got) || atOrBelow*100 < percent*len(samples) || below*100 >= percent*len(samples) {
			t.Fatalf("%d%% of %v: got %d", percent, samples, got)
		}
	})
}
