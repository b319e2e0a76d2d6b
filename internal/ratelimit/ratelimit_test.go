package ratelimit

import (
	"strconv"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/config"
	"pgregory.net/rapid"
)

// clock is a clock that stands still unless it is set.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func TestBurstThenRate(t *testing.T) {
	c := &clock{time.Unix(1e9, 0)}
	l := New(map[string]config.Rate{"login": {Count: 2, Per: time.Second, Burst: 3}}, config.Rate{Count: 1, Per: time.Hour, Burst: 1}, c.now)
	allow := func(class, who string, want bool) {
		t.Helper()
		if ok, retry := l.Allow(class, who); ok != want || ok != (retry == 0) {
			t.Errorf("%s by %s: got %v, %v, want %v", class, who, ok, retry, want)
		}
	}
	for range 3 {
		allow("login", "a", true)
	}
	allow("login", "a", false)
	allow("login", "b", true) // each key by itself
	allow("other", "a", true) // each class by itself
	allow("other", "a", false)
	c.at = c.at.Add(500 * time.Millisecond)
	allow("login", "a", true)
	allow("login", "a", false)
}

func TestNoKeyGetsMoreThanItsRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := config.Rate{
			Count: rapid.IntRange(1, 100).Draw(t, "count"),
			Per:   rapid.SampledFrom([]time.Duration{time.Second, time.Minute}).Draw(t, "per"),
			Burst: rapid.IntRange(1, 50).Draw(t, "burst"),
		}
		begin := time.Unix(1e9, 0)
		c := &clock{begin}
		l := New(nil, r, c.now)
		interval := r.Per / time.Duration(r.Count)
		allowed := 0
		for range rapid.IntRange(1, 200).Draw(t, "operations") {
			c.at = c.at.Add(time.Duration(rapid.Int64Range(0, int64(2*interval)).Draw(t, "pause")))
			ok, retry := l.Allow("send", "a")
			if ok {
				allowed++
			}
			if most := r.Burst + int(c.at.Sub(begin)/interval); allowed > most {
				t.Fatalf("%d were allowed in %v, want at most %d", allowed, c.at.Sub(begin), most)
			}
			if !ok && rapid.Bool().Draw(t, "wait") {
				if c.at = c.at.Add(retry - 1); first(l.Allow("send", "a")) {
					t.Fatal("it was let through before the time that it was told")
				}
				if c.at = c.at.Add(1); !first(l.Allow("send", "a")) {
					t.Fatal("it waited as long as it was told and was not let through")
				}
				allowed++
			}
		}
	})
}

func first(ok bool, _ time.Duration) bool { return ok }

func TestMemoryIsBounded(t *testing.T) {
	c := &clock{time.Unix(1e9, 0)}
	l := New(nil, config.Rate{Count: 1, Per: time.Hour, Burst: 1}, c.now)
	keys := func() (n int) {
		for i := range l.shards {
			n += len(l.shards[i].free)
		}
		return n
	}
	for i := range 2 * shards * maxKeys {
		l.Allow("send", strconv.Itoa(i))
	}
	if n := keys(); n > shards*maxKeys {
		t.Errorf("%d keys are held, want at most %d", n, shards*maxKeys)
	}
	// Once they are free again they are forgotten, by the next ones.
	c.at = c.at.Add(2 * time.Hour)
	for i := range shards * maxKeys {
		c.at = c.at.Add(time.Hour)
		l.Allow("send", "later"+strconv.Itoa(i))
	}
	if n := keys(); n > 2*shards*minKeys {
		t.Errorf("%d keys are held though all but one are free again", n)
	}
}

func BenchmarkAllow(b *testing.B) {
	l := New(nil, config.Rate{Count: 1_000_000, Per: time.Second, Burst: 1_000_000}, time.Now)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			l.Allow("send", "@user"[:1+i%5])
		}
	})
}
