package store

import (
	"context"
	"fmt"
)

// attempt is a batch whose commit was sent, and whose outcome is not known: the connection was lost, or the server said that it was not
// replicated.
type attempt struct {
	turn   int64    // that the batch would have given the lane
	events []string // ids of the events that it held
}

// note keeps what is needed to find out later how a commit ended. An attempt that only looked for the outcome of one before it changes
// nothing.
func (l *Lane) note(tx *LaneTx) {
	if l.unsettled != nil && tx.settled {
		return
	}
	a := &attempt{turn: tx.turn}
	for _, ev := range tx.batch.Events {
		a.events = append(a.events, ev.ID)
	}
	l.unsettled = a
}

// settle finds out how the last attempt ended, within a transaction that holds the lane's lock, has written, and is going to wait for its
// own commit: so what it finds is, once it is committed, as safe as it is itself. The lock is free only after the earlier transaction has
// ended. It tells whether the jobs are done; if they are not they are to be run again.
//
// A batch is one transaction: where one of its events is there all of it is. Without events the lane's turn tells, unless another node has
// written since; then nobody can tell, and the callers are.
func (l *Lane) settle(ctx context.Context, tx *LaneTx) (done bool, err error) {
	a := l.unsettled
	if len(a.events) == 0 && tx.turn > a.turn {
		l.unsettled = nil
		return false, fmt.Errorf("%w: other nodes have written since", errUnsettled)
	}
	if len(a.events) > 0 {
		found, err := list(ctx, &tx.Tx, scanOne[string], `SELECT event_id FROM events WHERE event_id = ANY($1)`, a.events)
		if err != nil {
			return false, fmt.Errorf("looking for the events of a lost commit: %w", err)
		}
		done = len(found) > 0
	}
	if !done {
		l.unsettled = nil
		return false, nil
	}
	tx.settled = true
	return true, nil
}

// errUnsettled ends a batch whose outcome cannot be found out. The clients ask again, as after any lost answer.
var errUnsettled = fmt.Errorf("%w: the outcome of a commit cannot be found out", ErrUnavailable)
