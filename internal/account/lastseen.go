package account

import (
	"context"
	"strings"
	"sync"

	"bongsu.org/bongsu/internal/store"
)

// Bounds of the list of devices seen: how many are remembered until the next flush, and how many are written in one transaction.
const (
	maxSeen   = 200_000
	seenBatch = 500
	maxAgent  = 256
)

type deviceKey struct{ userID, deviceID string }

type lastSeen struct {
	Seen
	at int64
}

// seenList gathers when devices were last seen, so that no request waits for that to be written.
type seenList struct {
	mu *sync.Mutex
	m  map[deviceKey]lastSeen
}

func newSeenList() seenList { return seenList{mu: &sync.Mutex{}, m: map[deviceKey]lastSeen{}} }

// seenApart is how much later, in ms, a device must be seen again at the same address to be noted again.
const seenApart = 1000

// note remembers a request, of which the strings are copied: they would keep the whole request in memory.
func (l *seenList) note(k deviceKey, seen Seen, at int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, known := l.m[k]
	if known && old.Address == seen.Address && at-old.at < seenApart || !known && len(l.m) >= maxSeen {
		return
	}
	l.m[k] = lastSeen{at: at, Seen: Seen{
		Address: strings.Clone(seen.Address), UserAgent: strings.Clone(clip(seen.UserAgent, maxAgent)),
	}}
}

func (l *seenList) get(k deviceKey) (lastSeen, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v, ok := l.m[k]
	return v, ok
}

// take empties the list.
func (l *seenList) take() map[deviceKey]lastSeen {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.m
	l.m = map[deviceKey]lastSeen{}
	return m
}

func (s *Service) flushSeen(ctx context.Context) {
	m := s.seen.take()
	batch := make([]store.Device, 0, min(len(m), seenBatch))
	for k, v := range m {
		batch = append(batch, store.Device{
			UserID: k.userID, ID: k.deviceID, LastSeenTS: v.at, LastSeenIP: v.Address, LastSeenWith: v.UserAgent,
		})
		if len(batch) == seenBatch {
			s.writeSeen(ctx, batch)
			batch = batch[:0]
		}
	}
	s.writeSeen(ctx, batch)
}

// writeSeen loses the batch if the database is away: the devices will be seen again.
func (s *Service) writeSeen(ctx context.Context, batch []store.Device) {
	if len(batch) == 0 {
		return
	}
	err := s.Store.Write(ctx, func(tx *store.Tx) error { return tx.NoteSeen(ctx, batch) })
	if err != nil {
		s.Log.Warn("noting when devices were seen failed", "devices", len(batch), "err", err)
	}
}

// withSeen brings a device up to date with what is not written yet.
func (s *Service) withSeen(d store.Device) store.Device {
	if v, ok := s.seen.get(deviceKey{d.UserID, d.ID}); ok && v.at >= d.LastSeenTS {
		d.LastSeenTS, d.LastSeenIP, d.LastSeenWith = v.at, v.Address, v.UserAgent
	}
	return d
}
