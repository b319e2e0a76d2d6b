package audit

import (
	"math"
	"time"

	"github.com/anishathalye/porcupine"

	"bongsu.org/bongsu/drill/load"
)

// patience bounds the check of one room. The model allows one operation in each state, so that it needs a moment.
const patience = 30 * time.Second

// log is a room as a sequential object: an append gets the next place. The place of each send is read from the room's final order; the
// check is whether the sends can have happened in that order, each between its call and its answer.
func log() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, input, _ any) (bool, any) {
			next, place := state.(int), input.(int)
			return next == place, next + 1
		},
	}
}

// linear finds rooms whose order cannot be that in which the sends happened.
func (v *Verdict) linear(e *Evidence) {
	sites := sortedKeys(e.Histories)
	if len(sites) == 0 {
		return
	}
	ops := map[string]*load.Op{}
	for i := range e.Ops {
		if e.Ops[i].Kind == load.Send {
			ops[load.Tag(e.Ops[i].Client, e.Ops[i].Seq)] = &e.Ops[i]
		}
	}
	for room, history := range e.Histories[sites[0]] {
		appends := appendsOf(history, ops)
		v.Checked["sends put in order"] += len(appends)
		switch porcupine.CheckOperationsTimeout(log(), appends, patience) {
		case porcupine.Illegal:
			v.find(OutOfOrder, load.Send, "%s: no order of its sends agrees with the times of their calls and answers", room)
		case porcupine.Unknown:
			v.find(OutOfOrder, load.Send, "%s: whether its order is right could not be decided within %s", room, patience)
		case porcupine.Ok:
		}
	}
}

// appendsOf gives each send that is in the room its place among them. One that was never acknowledged may have happened at any time after
// its call.
func appendsOf(history []load.Event, ops map[string]*load.Op) []porcupine.Operation {
	var all []porcupine.Operation
	seen := map[string]bool{}
	for _, event := range history {
		op := ops[event.Tag]
		if op == nil || seen[event.Tag] {
			continue
		}
		seen[event.Tag] = true
		end := int64(math.MaxInt64)
		if op.Outcome == load.Acknowledged {
			end = int64(op.Return)
		}
		all = append(all, porcupine.Operation{ClientId: op.Client, Input: len(all), Call: int64(op.Call), Return: end})
	}
	return all
}
