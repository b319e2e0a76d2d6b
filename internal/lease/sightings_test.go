package lease

import (
	"testing"
	"time"
)

func TestUnchanged(t *testing.T) {
	s, start := Sightings[string]{}, time.Now()
	for i, c := range []struct {
		key   string
		turn  int64
		after time.Duration
		want  time.Duration
	}{
		{"a", 1, 0, 0},
		{"a", 1, time.Second, time.Second},
		{"b", 1, 2 * time.Second, 0},
		{"a", 2, 3 * time.Second, 0},
		{"a", 2, 10 * time.Second, 7 * time.Second},
		{"b", 1, 10 * time.Second, 8 * time.Second},
	} {
		if got := s.Unchanged(c.key, c.turn, start.Add(c.after)); got != c.want {
			t.Errorf("%d: %s at turn %d is unchanged for %v, want %v", i, c.key, c.turn, got, c.want)
		}
	}
}
