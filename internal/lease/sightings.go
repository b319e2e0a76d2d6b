// Package lease tells when the holder of a lease has stopped, without asking that the nodes' clocks agree.
//
// A lease is a row of the database with a turn that its holder raises. Whoever looks at it counts by its own clock for how long the turn
// has stayed the same. The package keeps nothing in the database, and takes no lease: that is its callers' to do, by the turn they saw.
package lease

import "time"

// Sightings is when the leases, by their keys, were first seen as they are. It is for one goroutine.
type Sightings[K comparable] map[K]sighting

type sighting struct {
	turn int64
	at   time.Time
}

// Unchanged notes a lease's turn, and is for how long it has been seen like that; 0 if it is new.
func (s Sightings[K]) Unchanged(key K, turn int64, now time.Time) time.Duration {
	before, known := s[key]
	if !known || before.turn != turn {
		s[key] = sighting{turn, now}
		return 0
	}
	return now.Sub(before.at)
}
