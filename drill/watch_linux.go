package drill

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"bongsu.org/bongsu/drill/load"
	"bongsu.org/bongsu/drill/site"
)

// watch looks from outside where the primary is.
type watch struct {
	mu    sync.Mutex
	first map[int]time.Duration // when each timeline was first seen to have a primary
}

// watchEvery is how often each site is asked: an election's time is known to this much.
const watchEvery = 150 * time.Millisecond

func startWatch(ctx context.Context, c *site.Cluster, j *load.Journal) *watch {
	w := &watch{first: map[int]time.Duration{}}
	for _, s := range c.Sites {
		go func() {
			for ctx.Err() == nil {
				if st := s.Database(ctx); st.Role == "primary" {
					w.saw(st.Timeline, j.Now())
				}
				_ = pause(ctx, watchEvery) // the loop looks at ctx
			}
		}()
	}
	return w
}

func (w *watch) saw(timeline int, at time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.first[timeline]; !known {
		w.first[timeline] = at
	}
}

// election is how long after a moment a primary of a later timeline was first seen; 0 if none was.
func (w *watch) election(since time.Duration, timeline int) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	earliest := time.Duration(0)
	for later, at := range w.first {
		if later > timeline && at > since && (earliest == 0 || at-since < earliest) {
			earliest = at - since
		}
	}
	return earliest
}

// loadAverage is how many processes wanted a CPU in the last minute.
func loadAverage() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), " ")
	load, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return load
}
