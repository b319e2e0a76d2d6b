package audit

import (
	"slices"

	"bongsu.org/bongsu/drill/load"
)

// events finds acknowledged events that are not there, are there twice, or stand in another order at another site.
func (v *Verdict) events(e *Evidence) {
	for _, site := range sortedKeys(e.Histories) {
		for room, history := range e.Histories[site] {
			v.eventsOf(e, site, room, history)
		}
	}
	v.sameOrder(e)
}

func (v *Verdict) eventsOf(e *Evidence, site int, room string, history []load.Event) {
	ids, tags := map[string]int{}, map[string][]string{}
	for _, event := range history {
		ids[event.ID]++
		if event.Tag != "" {
			tags[event.Tag] = append(tags[event.Tag], event.ID)
		}
	}
	for id, n := range ids {
		if n > 1 {
			v.find(Twice, load.Send, "site %s gives %s %d times in %s", letter(site), id, n, room)
		}
	}
	for tag, events := range tags {
		if len(events) > 1 {
			v.find(Twice, load.Send, "operation %s made %v at site %s", tag, events, letter(site))
		}
	}
	for i := range e.Ops {
		op := &e.Ops[i]
		if op.Kind != load.Send || op.Outcome != load.Acknowledged || op.Where != room {
			continue
		}
		v.Checked["events"]++
		if ids[op.Result] == 0 {
			v.find(Lost, load.Send, "%s (client %d's number %d, acknowledged by site %s at %s) is not in %s at site %s",
				op.Result, op.Client, op.Seq, letter(op.Site), when(op.Return), room, letter(site))
			continue
		}
		if !slices.Contains(tags[load.Tag(op.Client, op.Seq)], op.Result) {
			v.find(Damaged, load.Send, "%s at site %s is not what client %d sent as its number %d", op.Result, letter(site), op.Client, op.Seq)
		}
	}
}

// sameOrder finds rooms whose order differs between sites.
func (v *Verdict) sameOrder(e *Evidence) {
	sites := sortedKeys(e.Histories)
	if len(sites) < 2 {
		return
	}
	first := e.Histories[sites[0]]
	for _, site := range sites[1:] {
		for room, history := range e.Histories[site] {
			v.Checked["orders"]++
			for i := range max(len(history), len(first[room])) {
				if at(history, i) != at(first[room], i) {
					v.find(OutOfOrder, load.Send, "place %d of %s holds %q at site %s and %q at site %s",
						i, room, at(first[room], i).ID, letter(sites[0]), at(history, i).ID, letter(site))
					break
				}
			}
		}
	}
}

// at is the event at a place, or none past the end.
func at(history []load.Event, i int) load.Event {
	if i < len(history) {
		return history[i]
	}
	return load.Event{}
}

// order is the place of each event in each room, as the first site that was asked has it.
func (e *Evidence) order() map[string]map[string]int {
	sites := sortedKeys(e.Histories)
	if len(sites) == 0 {
		return nil
	}
	all := map[string]map[string]int{}
	for room, history := range e.Histories[sites[0]] {
		places := make(map[string]int, len(history))
		for i, event := range history {
			places[event.ID] = i
		}
		all[room] = places
	}
	return all
}
