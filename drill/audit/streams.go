package audit

import (
	"maps"
	"slices"

	"bongsu.org/bongsu/drill/load"
)

func sortedKeys[K interface{ ~int | ~string }, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}

// streams finds gaps, repeats and events that are not there in what /sync gave.
func (v *Verdict) streams(e *Evidence) {
	order := e.order()
	for _, client := range sortedKeys(e.Streams) {
		stream := e.Streams[client]
		for room, seen := range stream.Rooms {
			if places, ok := order[room]; ok {
				v.stream(client, room, seen, places, stream.Whole)
			}
		}
	}
}

// stream walks one client's stream of one room along the room's order.
func (v *Verdict) stream(client int, room string, seen []load.Seen, places map[string]int, whole bool) {
	had := map[string]bool{}
	last := -1
	for _, s := range seen {
		v.Checked["events in streams"]++
		place, there := places[s.ID]
		switch {
		case !there:
			v.find(Unmade, load.Send, "client %d saw %s at %s from site %s, and it is not in %s", client, s.ID, when(s.At), letter(s.Site), room)
			continue
		case had[s.ID]:
			v.find(Twice, load.Send, "client %d's stream repeats %s at %s from site %s", client, s.ID, when(s.At), letter(s.Site))
			continue
		case last >= 0 && place < last:
			v.find(OutOfOrder, load.Send, "client %d's stream goes back from place %d to %d of %s at %s", client, last, place, room, when(s.At))
		case last >= 0 && place > last+1:
			v.find(Gap, load.Send, "client %d's stream jumps from place %d to %d of %s at %s, site %s", client, last, place, room, when(s.At), letter(s.Site))
		}
		had[s.ID] = true
		last = max(last, place)
	}
	if whole && last < len(places)-1 {
		v.find(Gap, load.Send, "client %d's stream ends at place %d of %s, which has %d", client, last, room, len(places))
	}
}
