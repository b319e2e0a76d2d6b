package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of a lane's queue: what waits for the committer, and what one transaction takes. Beyond the first, callers are told to come
// back rather than kept in memory.
const (
	laneQueue = 4096
	laneBatch = 256
)

// Lane is one log of the database. Its committer, one goroutine, runs what callers hand in: whatever arrives while a commit is under
// way makes the next batch, and each batch is one transaction.
type Lane struct {
	store *Store
	num   int
	jobs  chan *job
	done  chan struct{}
	hooks LaneHooks

	// began is when the oldest job of the batch at work was handed in, in ms; 0: there is none.
	began atomic.Int64

	closing sync.RWMutex // held for reading while a job is handed in
	closed  bool

	// Owned by the committer. known is the lane's last position as of our last batch; -1: not known. unsettled is what the
	// batch at work was sent to be committed as, with an outcome that is not known.
	known     Pos
	unsettled *attempt
}

// LaneHooks connect a lane with who keeps state in memory. CatchUp and Reset are called from the committer, one at a time.
type LaneHooks interface {
	// CatchUp is called inside a batch's transaction, before its jobs, when other nodes have written (from, to] since the last call.
	CatchUp(ctx context.Context, tx *Tx, from, to Pos) error
	// Reset is called when a batch was rolled back: whatever was remembered since the last Committed is void.
	Reset(lane int)
	// Committed is called after a batch is durable and before its callers are answered, by the committer or by a transaction beside it
	// (see Tx.ChangeDeviceList); two calls may then overlap, and come in either order.
	Committed(b *Batch)
}

// Batch is what one commit, of this node or of another, added to a lane: the rows whose position is in (From, To], in order.
type Batch struct {
	Lane        int
	From, To    Pos
	Events      []*Event
	Receipts    []Receipt
	AccountData []AccountData
	// ToDevice names the devices that messages came for, not their content.
	ToDevice      []ToDevice
	DeviceChanges []DeviceChange
	KeyChanges    []KeyChange
}

type job struct {
	ctx    context.Context
	txnKey []byte
	// sendKey is the key of a request to send to devices; empty: it is none.
	sendKey string
	run     func(tx *LaneTx) error
	until   time.Time // when its caller is told that it takes too long
	err     error
	done    chan struct{}
}

func newLane(s *Store, num int) *Lane {
	l := &Lane{store: s, num: num, jobs: make(chan *job, laneQueue), done: make(chan struct{}), known: -1}
	go l.loop()
	return l
}

// SetHooks is called once, before the first Do.
func (l *Lane) SetHooks(h LaneHooks) { l.hooks = h }

// Do runs fn in the lane's next batch and returns once the batch is durable. fn runs on the committer's goroutine and may run again
// in another batch, after a failure that left nothing; what it wrote is undone when it returns an error, which Do returns. When ctx
// ends first, Do returns its error, and the work may still be done.
func (l *Lane) Do(ctx context.Context, fn func(tx *LaneTx) error) error {
	return l.DoOnce(ctx, nil, fn)
}

// DoOnce is Do for work that has a transaction id. If an event with this key is already there, LaneTx.Repeat gives its id.
func (l *Lane) DoOnce(ctx context.Context, txnKey []byte, fn func(tx *LaneTx) error) error {
	return l.enqueue(&job{ctx: ctx, txnKey: txnKey, run: fn, done: make(chan struct{})})
}

// SendOnce is Do for a request to send to devices. If the request with this key is done already in this lane, fn is not run.
func (l *Lane) SendOnce(ctx context.Context, sendKey string, now int64, fn func(tx *LaneTx) error) error {
	return l.enqueue(&job{ctx: ctx, sendKey: sendKey, done: make(chan struct{}), run: func(tx *LaneTx) error {
		if tx.isSent(sendKey) {
			return nil
		}
		tx.markSent(sendKey, now)
		return fn(tx)
	}})
}

func (l *Lane) enqueue(j *job) error {
	j.until = time.Now().Add(l.store.patience)
	if err := l.handIn(j); err != nil {
		return err
	}
	tooLong := time.NewTimer(l.store.patience)
	defer tooLong.Stop()
	select {
	case <-j.done:
		return j.err
	case <-j.ctx.Done():
		return j.ctx.Err()
	case <-tooLong.C:
		return fmt.Errorf("%w: lane %d waits for longer than %s", ErrUnknown, l.num, l.store.patience)
	}
}

func (l *Lane) handIn(j *job) error {
	l.closing.RLock()
	defer l.closing.RUnlock()
	if l.closed {
		return fmt.Errorf("%w: the database is closed", ErrUnavailable)
	}
	select {
	case l.jobs <- j:
		return nil
	default:
		return fmt.Errorf("%w: lane %d has %d waiting writes", ErrUnavailable, l.num, laneQueue)
	}
}

func (l *Lane) stop() {
	l.closing.Lock()
	l.closed = true
	close(l.jobs)
	l.closing.Unlock()
	<-l.done
}

func (l *Lane) loop() {
	defer close(l.done)
	for first := range l.jobs {
		batch := l.gather(first)
		began := time.Now()
		l.began.Store(first.until.Add(-l.store.patience).UnixMilli())
		l.commit(batch)
		l.began.Store(0)
		l.observe(batch, time.Since(began))
		for _, j := range batch {
			close(j.done)
		}
	}
}

func (l *Lane) gather(first *job) []*job {
	batch := []*job{first}
	for len(batch) < laneBatch {
		select {
		case j, ok := <-l.jobs:
			if !ok {
				return batch
			}
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch, again if the database asks for it or was lost, and leaves each job's outcome in its err.
func (l *Lane) commit(batch []*job) {
	live := batch
	l.unsettled = nil
	for try := 1; ; try++ {
		if live = l.stillWanted(live); len(live) == 0 {
			return
		}
		err := l.tryCommit(live)
		if err == nil {
			return
		}
		l.known = -1
		if l.hooks != nil {
			l.hooks.Reset(l.num)
		}
		again := l.store.back.retryable(err) && try < writeTries || errors.Is(err, errGone) || errors.Is(err, ErrUnknown)
		if again && time.Now().Before(live[0].until) && !l.store.closing.Load() {
			time.Sleep(time.Duration(min(try, 20)) * 5 * time.Millisecond)
			continue
		}
		if len(live) > 1 && !errors.Is(err, ErrUnavailable) {
			l.oneByOne(live)
			return
		}
		l.store.log.Error("a batch was not committed", "lane", l.num, "jobs", len(live), "err", err)
		for _, j := range live {
			j.err = err
		}
		return
	}
}

// stillWanted drops jobs whose callers have left, before anything is begun for them.
func (l *Lane) stillWanted(jobs []*job) []*job {
	now := time.Now()
	return slices.DeleteFunc(slices.Clone(jobs), func(j *job) bool {
		j.err = j.ctx.Err()
		if j.err == nil && l.store.back.remote() && now.After(j.until) {
			j.err = fmt.Errorf("%w: lane %d has no database", ErrUnavailable, l.num)
		}
		return j.err != nil
	})
}

// oneByOne keeps one bad job from failing those that it shared a batch with.
func (l *Lane) oneByOne(jobs []*job) {
	for _, j := range jobs {
		l.commit([]*job{j})
	}
}

func (l *Lane) tryCommit(batch []*job) (err error) {
	ctx := context.Background()
	t, err := l.store.back.begin(patientUntil(ctx, batch[0].until))
	if err != nil {
		return err
	}
	defer t.Rollback()
	tx := &LaneTx{Tx: Tx{q: t, userLanes: l.store.userLanes, saw: l.store.back.saw}, lane: l}
	if err := tx.begin(ctx, batch); err != nil {
		return err
	}
	if l.unsettled != nil {
		done, err := l.settle(ctx, tx)
		if err != nil {
			return err
		}
		if done {
			return l.end(t, tx)
		}
	}
	for _, j := range batch {
		if j.err, err = tx.runJob(ctx, j); err != nil {
			return err
		}
	}
	return l.end(t, tx)
}

// end commits, and tells what was committed.
func (l *Lane) end(t transaction, tx *LaneTx) error {
	if err := t.Commit(tx.finish()...); err != nil {
		if errors.Is(err, ErrUnknown) {
			l.note(tx)
		}
		return err
	}
	l.unsettled = nil
	l.known = tx.batch.To
	l.store.committed()
	l.store.back.saw(tx.batch.To)
	l.store.findRooms(&tx.batch)
	if l.hooks != nil {
		l.hooks.Committed(&tx.batch)
	}
	return nil
}
