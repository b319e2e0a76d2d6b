// Package stats sums up samples of durations. It keeps every sample and sorts once at the end: a run has some hundred
// thousand of them, and exact percentiles need no explanation in a report.
package stats

import (
	"math"
	"slices"
	"time"
)

// Summary describes a set of durations, in milliseconds.
type Summary struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Summarise sorts samples in place and gives their percentiles. Without samples every field is zero.
func Summarise(samples []time.Duration) Summary {
	if len(samples) == 0 {
		return Summary{}
	}
	slices.Sort(samples)
	return Summary{
		Count: len(samples),
		P50:   Millis(Quantile(samples, 0.50)),
		P90:   Millis(Quantile(samples, 0.90)),
		P99:   Millis(Quantile(samples, 0.99)),
		Max:   Millis(samples[len(samples)-1]),
	}
}

// Quantile gives the smallest sample that at least the share q of all samples does not exceed (the nearest-rank
// method). The samples must be sorted and not empty.
func Quantile(sorted []time.Duration, q float64) time.Duration {
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Millis turns a duration into milliseconds, rounded to a microsecond.
func Millis(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Microsecond)) / 1000
}
