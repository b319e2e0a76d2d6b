package store

import (
	"errors"
	"time"
)

// Observer sees how lanes work, for metrics. Its method is called by the committers and must not block.
type Observer interface {
	// Batch tells of a batch: how many jobs it had, how long it took until they could be answered, and whether the database failed it.
	Batch(lane, jobs int, took time.Duration, failed bool)
}

// observe tells the observer, if there is one, of a batch that ended.
func (l *Lane) observe(batch []*job, took time.Duration) {
	if o := l.store.observer; o != nil {
		o.Batch(l.num, len(batch), took, errors.Is(batch[0].err, ErrUnavailable))
	}
}

// Load tells how much of the database's connections is in use.
type Load struct {
	Busy, Most int // connections at work, and how many there can be
	Queued     int // writes that wait for a lane's committer
}

// Load is the load of the moment.
func (s *Store) Load() Load {
	var out Load
	out.Busy, out.Most = s.back.connections()
	for _, l := range s.lanes {
		out.Queued += len(l.jobs)
	}
	return out
}

// OldestWait is for how long the oldest write that a lane is committing has waited.
func (s *Store) OldestWait(now time.Time) (oldest time.Duration) {
	for _, l := range s.lanes {
		if began := l.began.Load(); began != 0 {
			oldest = max(oldest, now.Sub(time.UnixMilli(began)))
		}
	}
	return oldest
}

func (b *sqliteBackend) connections() (busy, most int) {
	most = cap(b.readers) + cap(b.writer)
	return most - len(b.readers) - len(b.writer), most
}

func (b *postgresBackend) connections() (busy, most int) {
	for _, h := range b.hosts {
		st := h.pool.Stat()
		busy, most = busy+int(st.AcquiredConns()), max(most, int(st.MaxConns()))
	}
	return busy, most
}
