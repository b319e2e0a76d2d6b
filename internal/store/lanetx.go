package store

import (
	"context"
	"fmt"
)

// LaneTx is the transaction of a lane's batch, as one job of it sees it.
type LaneTx struct {
	Tx
	lane    *Lane
	next    Pos
	batch   Batch
	inserts []*Event // of batch.Events, those not yet written
	late    []write
	sent    map[string]bool   // keys of requests to send to devices that are done
	repeats map[string]string // event ids by the text of their transaction key
	repeat  string
	mark    int  // of inserts, where those of the running job begin
	lateAt  int  // the same of late
	saved   bool // a savepoint of the running job is open
	turn    int64
	settled bool // it only waits for what an earlier attempt wrote
}

// writeLater runs a statement at the end of the batch, in one round trip with all others. It must be one that cannot fail for what the
// job did.
func (t *LaneTx) writeLater(sql string, args ...any) { t.late = append(t.late, write{sql, args}) }

// writePending writes events, what follows from them, and late writes.
func (t *LaneTx) writePending(ctx context.Context, events []*Event, late []write) error {
	writes := append(eventWrites(events), late...)
	if len(writes) == 0 {
		return nil
	}
	if err := t.q.ExecAll(ctx, writes); err != nil {
		return fmt.Errorf("writing a batch: %w", err)
	}
	return nil
}

// begin takes the lane's lock, looks up which of the jobs are done already, and brings whoever keeps state in memory up to date.
func (t *LaneTx) begin(ctx context.Context, batch []*job) error {
	var pos Pos
	// Writing the row is the lock, and makes this transaction one that writes and waits even if no job adds a row. What comes after it
	// sees all that was committed before the lock was got.
	reads := []read{{
		sql: `UPDATE lanes SET turn = turn + 1 WHERE lane = $1 RETURNING pos, turn`, args: []any{t.lane.num},
		row: func(rows Rows) error { return rows.Scan(&pos, &t.turn) },
	}}
	reads = append(reads, t.findRepeats(batch)...)
	reads = append(reads, t.findSent(batch)...)
	if err := t.q.QueryAll(ctx, reads); err != nil {
		return fmt.Errorf("locking lane %d: %w", t.lane.num, err)
	}
	if t.lane.hooks != nil && t.lane.known != pos {
		if err := t.lane.hooks.CatchUp(ctx, &t.Tx, t.lane.known, pos); err != nil {
			return fmt.Errorf("catching up with lane %d: %w", t.lane.num, err)
		}
	}
	t.next = pos
	t.batch = Batch{Lane: t.lane.num, From: pos}
	return nil
}

// findRepeats looks up which of a batch's transaction ids were used.
func (t *LaneTx) findRepeats(batch []*job) []read {
	var keys []string
	for _, j := range batch {
		if j.txnKey != nil {
			keys = append(keys, txnText(j.txnKey))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	t.repeats = map[string]string{}
	return []read{{
		sql: `SELECT txn_key, event_id FROM events WHERE txn_key = ANY($1)`, args: []any{keys},
		row: func(rows Rows) error {
			var key, id string
			err := rows.Scan(&key, &id)
			t.repeats[key] = id
			return err
		},
	}}
}

// runJob returns the job's own error, after undoing what the job wrote, or an error that ends the whole batch.
func (t *LaneTx) runJob(ctx context.Context, j *job) (jobErr, err error) {
	next, before := t.next, t.batch
	t.mark, t.lateAt = len(t.inserts), len(t.late)
	t.repeat = t.repeats[txnText(j.txnKey)]
	jobErr = runGuarded(t, j.run)
	if jobErr == nil {
		if j.txnKey != nil && t.repeat == "" && len(t.batch.Events) > len(before.Events) {
			t.remember(j.txnKey)
		}
		return nil, t.release(ctx)
	}
	t.next, t.batch, t.inserts, t.late = next, before, t.inserts[:t.mark], t.late[:t.lateAt]
	delete(t.sent, j.sendKey)
	if t.saved {
		t.saved = false
		for _, sql := range []string{`ROLLBACK TO SAVEPOINT job`, `RELEASE SAVEPOINT job`} {
			if _, err := t.exec(ctx, sql); err != nil {
				return jobErr, err
			}
		}
	}
	return jobErr, nil
}

// runGuarded turns a panic of one job into its error; the committer serves everybody.
func runGuarded(t *LaneTx, run func(*LaneTx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a lane's job: %v", p)
		}
	}()
	return run(t)
}

// remember lets a later job of the same batch with the same transaction id find this one's event.
func (t *LaneTx) remember(txnKey []byte) {
	t.repeats[txnText(txnKey)] = t.batch.Events[len(t.batch.Events)-1].ID
}

func (t *LaneTx) release(ctx context.Context) error {
	if !t.saved {
		return nil
	}
	t.saved = false
	_, err := t.exec(ctx, `RELEASE SAVEPOINT job`)
	return err
}

// save opens the running job's savepoint before its first direct write, after writing what earlier jobs left pending, which is not to
// be undone with this one.
func (t *LaneTx) save(ctx context.Context) error {
	if t.saved {
		return nil
	}
	if err := t.writePending(ctx, t.inserts[:t.mark], t.late[:t.lateAt]); err != nil {
		return err
	}
	t.inserts, t.mark = t.inserts[t.mark:], 0
	t.late, t.lateAt = t.late[t.lateAt:], 0
	if _, err := t.exec(ctx, `SAVEPOINT job`); err != nil {
		return err
	}
	t.saved = true
	return nil
}

// Flush writes what is pending, so that queries see it.
func (t *LaneTx) Flush(ctx context.Context) error {
	if len(t.inserts) > t.mark || len(t.late) > t.lateAt {
		if err := t.save(ctx); err != nil {
			return err
		}
	}
	if err := t.writePending(ctx, t.inserts, t.late); err != nil {
		return err
	}
	t.inserts, t.mark = nil, 0
	t.late, t.lateAt = nil, 0
	return nil
}

// Repeat is the id of the event that an earlier request with the running job's transaction id made; empty if there is none.
func (t *LaneTx) Repeat() string { return t.repeat }

// Next takes the lane's next position.
func (t *LaneTx) Next() Pos {
	t.next++
	return t.next
}

// Lane is the number of the lane.
func (t *LaneTx) Lane() int { return t.lane.num }

// finish moves the lane's row on and returns what is still to be written, with the commit.
func (t *LaneTx) finish() []write {
	t.batch.To = t.next
	if t.next != t.batch.From {
		t.writeLater(`UPDATE lanes SET pos = $1 WHERE lane = $2`, int64(t.next), t.lane.num)
	}
	return append(eventWrites(t.inserts), t.late...)
}
