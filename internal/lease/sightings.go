// Package lease lets one node at a time do what must not be done twice, without asking that the nodes' clocks agree.
//
// A lease is a row of the database with a turn that its holder raises. Whoever looks at it counts by its own clock for how long the turn
// has stayed the same, and takes it, by the turn that was seen, when that is too long. A holder counts, too, and stops before others
// take. What else is in the row, and what its holder does, is the callers' own; so is their SQL.
//
// A lease alone keeps nothing from being done twice: a process that was asleep wakes with a lease that has run out. What a holder writes
// must name the holder, or be such that it does no harm twice.
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

// keep forgets all leases but those that there are.
func (s Sightings[K]) keep(rows []Row[K]) {
	if len(s) <= len(rows) {
		return
	}
	there := make(map[K]bool, len(rows))
	for _, row := range rows {
		there[row.Key] = true
	}
	for key := range s {
		if !there[key] {
			delete(s, key)
		}
	}
}
