package keys

import (
	"time"

	"bongsu.org/bongsu/internal/store"
)

// Times of cleaning. A client that resends a request to send to devices later than keepSent sends it twice.
const (
	cleanEvery = 10 * time.Minute
	keepSent   = 24 * time.Hour
	cleanBatch = 1000
)

// clean removes what is no longer needed, a little at a time, so that it keeps no one from writing.
func (s *Service) clean() {
	ticker := time.NewTicker(cleanEvery)
	defer ticker.Stop()
	for {
		s.forgetSent()
		s.dropBackups()
		select {
		case <-s.alive.Done():
			return
		case <-ticker.C:
		case <-s.garbage:
		}
	}
}

func (s *Service) forgetSent() {
	before := s.Now().Add(-keepSent).UnixMilli()
	for n := int64(cleanBatch); n == cleanBatch && s.alive.Err() == nil; {
		err := s.Store.Write(s.alive, func(tx *store.Tx) (err error) {
			n, err = tx.ForgetSent(s.alive, before, cleanBatch)
			return err
		})
		if err != nil {
			s.Log.Warn("forgetting old requests to send to devices failed; it is tried again", "err", err)
			return
		}
	}
}

// dropBackups removes the keys of deleted back-ups.
func (s *Service) dropBackups() {
	for more := true; more && s.alive.Err() == nil; {
		err := s.Store.Write(s.alive, func(tx *store.Tx) (err error) {
			more, err = tx.DropBackupGarbage(s.alive, cleanBatch)
			return err
		})
		if err != nil {
			s.Log.Warn("removing deleted back-ups failed; it is tried again", "err", err)
			return
		}
	}
}
