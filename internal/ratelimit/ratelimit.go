// Package ratelimit decides whether one more operation of a user or an address may go on.
//
// It keeps one moment for each key that did something lately: when the key will have used up nothing again (the generic cell rate
// algorithm, which is a token bucket without a clock of its own). Invariants: over any time, a key gets at most its burst and what its
// rate gives in that time; a key that waits as long as it is told is let through; memory is bounded, and where too many keys are active the
// ones forgotten are let through rather than the others kept out. Each node counts for itself. The package never waits.
package ratelimit

import (
	"hash/maphash"
	"sync"
	"time"

	"bongsu.org/bongsu/internal/config"
)

const (
	// shards keep the locks of different keys apart.
	shards = 64
	// maxKeys bounds the keys of a shard: in all some 20 MB.
	maxKeys = 4096
	// minKeys is how many keys a shard holds before it looks for those that can be forgotten.
	minKeys = 64
)

// Limiter counts the operations of every key, each class of them by itself.
type Limiter struct {
	rates  map[string]rate
	other  rate
	now    func() time.Time
	seed   maphash.Seed
	shards [shards]shard
}

// key is who does what.
type key struct{ class, who string }

// rate is a rate as the algorithm needs it.
type rate struct {
	// interval is the time in which one operation is earned.
	interval time.Duration
	// tolerance is the time in which a whole burst is.
	tolerance time.Duration
}

type shard struct {
	mu sync.Mutex
	// free is the moment at which a key has its whole burst again.
	free map[key]time.Time
	// limit is how many keys the shard holds before it forgets some.
	limit int
}

// New makes a limiter with a rate for each class; a class that is not named has the other rate. The clock is time.Now, but for tests.
func New(rates map[string]config.Rate, other config.Rate, now func() time.Time) *Limiter {
	l := &Limiter{rates: make(map[string]rate, len(rates)), other: newRate(other), now: now, seed: maphash.MakeSeed()}
	for class, r := range rates {
		l.rates[class] = newRate(r)
	}
	for i := range l.shards {
		l.shards[i] = shard{free: map[key]time.Time{}, limit: minKeys}
	}
	return l
}

func newRate(r config.Rate) rate {
	interval := r.Per / time.Duration(r.Count)
	return rate{interval: interval, tolerance: interval * time.Duration(r.Burst)}
}

// Allow counts an operation of a class by a user or an address. If it may not go on, it is not counted, and retryAfter says after which
// time it may.
func (l *Limiter) Allow(class, who string) (ok bool, retryAfter time.Duration) {
	r, named := l.rates[class]
	if !named {
		r = l.other
	}
	k := key{class, who}
	s := &l.shards[maphash.Comparable(l.seed, k)%shards]
	now := l.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	free, known := s.free[k]
	if free.Before(now) {
		free = now
	}
	free = free.Add(r.interval)
	if wait := free.Sub(now) - r.tolerance; wait > 0 {
		return false, wait
	}
	if !known {
		s.makeRoom(now)
	}
	s.free[k] = free
	return true, 0
}

// makeRoom forgets the keys that have their whole burst again once there are many keys, and any if that is not enough.
func (s *shard) makeRoom(now time.Time) {
	if len(s.free) < s.limit {
		return
	}
	for k, free := range s.free {
		if !free.After(now) {
			delete(s.free, k)
		}
	}
	// Twice what is left: the work of looking through all keys is then shared by as many new ones.
	s.limit = min(max(minKeys, 2*len(s.free)), maxKeys)
	for k := range s.free {
		// An eighth at a time, for the same reason.
		if len(s.free) <= maxKeys-maxKeys/8 {
			return
		}
		delete(s.free, k)
	}
}
