package sync

import (
	"context"
	"errors"
	"fmt"

	"bongsu.org/bongsu/internal/store"
)

// deviceNews is what a session remembers of one of the user's devices that sync here. It is guarded by the session's lock. Positions are in
// the user's lane.
type deviceNews struct {
	begun    store.Pos // what came later is noted here
	toDevice store.Pos // of the newest message
	keys     store.Pos // of the newest change of one-time or fallback keys
	counts   *store.KeyCounts
	countsAt int // counts changes of keys, so that what was read before one is not kept after it
	// told is the newest message that the device was told of. unacked: messages up to told may still be stored.
	told    store.Pos
	unacked bool
}

// device makes the session remember a device from now on.
func (h *hub) device(s *session, id string) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	begun := h.lanes[h.store.UserLaneNum(s.user)].pos
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.devices[id] == nil {
		// Whatever the device was told of before, by another node or before a restart, may still be stored.
		s.devices[id] = &deviceNews{begun: begun, unacked: true}
	}
}

func (h *hub) applyToDevice(m store.ToDevice) {
	s := h.sessions[m.UserID]
	if s == nil {
		return
	}
	s.mu.Lock()
	d := s.devices[m.DeviceID]
	if d != nil {
		d.toDevice = max(d.toDevice, m.Pos)
	}
	s.mu.Unlock()
	if d != nil {
		s.wakeDevice(m.DeviceID)
	}
}

func (h *hub) applyKeyChange(c store.KeyChange) {
	s := h.sessions[c.UserID]
	if s == nil {
		return
	}
	s.mu.Lock()
	d := s.devices[c.DeviceID]
	if d != nil {
		d.keys = max(d.keys, c.Pos)
		d.counts = nil
		d.countsAt++
	}
	s.mu.Unlock()
	if d != nil {
		s.wakeDevice(c.DeviceID)
	}
}

// keyCounts answers with the device's keys (Client-Server API, "Extensions to /sync" of end-to-end encryption), which are in every
// response. They are read once and kept until they change.
func (a *answer) keyCounts(ctx context.Context) error {
	if a.req.Device == "" {
		a.res.UnusedFallback = []string{}
		return nil
	}
	a.ses.mu.Lock()
	d := a.ses.devices[a.req.Device]
	var counts *store.KeyCounts
	at := 0
	if d != nil {
		counts, at = d.counts, d.countsAt
		a.res.keysMoved = a.since != nil && d.keys > a.since.Pos(a.lane())
	}
	a.ses.mu.Unlock()
	if counts == nil {
		fresh, err := a.loadCounts(ctx)
		if err != nil {
			return err
		}
		counts = fresh
		a.ses.mu.Lock()
		if d != nil && d.countsAt == at {
			d.counts = counts
		}
		a.ses.mu.Unlock()
	}
	a.res.OneTimeKeys, a.res.UnusedFallback = counts.OneTime, counts.UnusedFallback
	return nil
}

// oneTimeAlgorithm is always among the counts: some clients take a count that is missing for one that has not changed.
const oneTimeAlgorithm = "signed_curve25519"

func (a *answer) loadCounts(ctx context.Context) (*store.KeyCounts, error) {
	var counts store.KeyCounts
	err := a.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		counts, err = tx.KeyCounts(ctx, a.req.User, a.req.Device)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("counting a device's keys: %w", err)
	}
	if _, ok := counts.OneTime[oneTimeAlgorithm]; !ok {
		counts.OneTime[oneTimeAlgorithm] = 0
	}
	return &counts, nil
}

// lane is the number of the user's lane.
func (a *answer) lane() int { return a.s.Store.UserLaneNum(a.req.User) }
