package sync

import (
	"context"
	"encoding/json"
	"fmt"
	stdsync "sync"
	"time"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

// Bounds of the messages to a device in one response (Client-Server API, "Send-to-Device messaging": 100 is a reasonable limit).
const (
	toDeviceMost  = 100
	toDeviceBytes = 1 << 20
)

// toDevice answers with messages to the device, oldest first. If there are more than fit, the token says how far they went.
func (a *answer) toDevice(ctx context.Context) error {
	if a.req.Device == "" {
		return nil
	}
	from, to := a.toDeviceFrom(), a.snap.now[a.lane()]
	if a.nothingFor(from) {
		return nil
	}
	var messages []store.ToDevice
	err := a.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		messages, err = tx.ToDeviceFor(ctx, a.req.User, a.req.Device, from, to, a.toDeviceCount()+1)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the messages to a device: %w", err)
	}
	var events []json.RawMessage
	size := 0
	for i, m := range messages {
		if size += len(m.Content); i == a.toDeviceCount() || i > 0 && size > toDeviceBytes {
			a.next.ToDevice = messages[i-1].Pos.Seq()
			break
		}
		ev, err := json.Marshal(struct {
			Type    string          `json:"type"`
			Sender  string          `json:"sender"`
			Content json.RawMessage `json:"content"`
		}{m.Type, m.Sender, m.Content})
		if err != nil {
			return fmt.Errorf("encoding a message to a device: %w", err)
		}
		events = append(events, ev)
	}
	if len(events) > 0 {
		a.ses.tell(a.req.Device, messages[len(events)-1].Pos)
	}
	a.res.ToDevice = batch(events)
	return nil
}

// toDeviceCount is how many messages the answer may have.
func (a *answer) toDeviceCount() int {
	if a.toDeviceLimit > 0 {
		return a.toDeviceLimit
	}
	return toDeviceMost
}

// toDeviceFrom is how far the device has its messages.
func (a *answer) toDeviceFrom() store.Pos {
	if a.since == nil {
		return store.MakePos(a.lane(), 0)
	}
	return toDevicePos(a.since, a.lane())
}

// toDevicePos is how far a token says that a device has its messages.
func toDevicePos(since *token.Sync, lane int) store.Pos {
	if since.ToDevice > 0 {
		return store.MakePos(lane, since.ToDevice)
	}
	return since.Pos(lane)
}

// nothingFor tells whether it is known without a query that no message came for the device after from.
func (a *answer) nothingFor(from store.Pos) bool {
	a.ses.mu.Lock()
	defer a.ses.mu.Unlock()
	d := a.ses.devices[a.req.Device]
	return d != nil && a.since != nil && from >= d.begun && d.toDevice <= from
}

// tell notes that a device is told of the messages up to a position.
func (s *session) tell(id string, pos store.Pos) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.devices[id]; d != nil {
		d.told, d.unacked = max(d.told, pos), true
	}
}

// acks collects which messages devices have, and deletes those in the background, many at once. What is lost of it does no harm: the
// device acknowledges them again with each token, and after a restart this node deletes them then.
type acks struct {
	mu      stdsync.Mutex
	waiting map[ackKey]store.Pos
}

type ackKey struct{ user, device string }

// Bounds of deleting what is acknowledged: how often, how many devices at once, and how many wait. Beyond the last, new ones are left
// for a later token.
const (
	ackEvery = time.Second
	ackBatch = 500
	acksMost = 100_000
)

// acknowledge notes that a device came back with a token, and so has all messages that it was told of up to there.
func (h *hub) acknowledge(s *session, id string, since *token.Sync) {
	pos := toDevicePos(since, h.store.UserLaneNum(s.user))
	s.mu.Lock()
	d := s.devices[id]
	due := d != nil && d.unacked
	if due && d.told <= pos {
		d.unacked = false
	}
	s.mu.Unlock()
	if !due || pos.Seq() == 0 {
		return
	}
	h.acks.mu.Lock()
	defer h.acks.mu.Unlock()
	k := ackKey{s.user, id}
	if _, ok := h.acks.waiting[k]; !ok && len(h.acks.waiting) >= acksMost {
		return
	}
	h.acks.waiting[k] = max(h.acks.waiting[k], pos)
}

// dropAcknowledged deletes, from time to time, the messages that devices have.
func (h *hub) dropAcknowledged(ctx context.Context) {
	tick := time.NewTicker(ackEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			h.flushAcks(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			h.flushAcks(last)
			return
		}
	}
}

func (h *hub) flushAcks(ctx context.Context) {
	for {
		batch := h.acks.take(ackBatch)
		if len(batch) == 0 {
			return
		}
		err := h.store.Write(ctx, func(tx *store.Tx) error { return tx.DropToDevice(ctx, batch) })
		if err != nil {
			h.acks.putBack(batch)
			h.log.Warn("deleting messages that devices have failed; it is tried again", "err", err)
			return
		}
	}
}

func (a *acks) take(most int) (out []store.Acknowledged) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for k, pos := range a.waiting {
		if len(out) == most {
			break
		}
		out = append(out, store.Acknowledged{UserID: k.user, DeviceID: k.device, Pos: pos})
		delete(a.waiting, k)
	}
	return out
}

func (a *acks) putBack(batch []store.Acknowledged) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, b := range batch {
		k := ackKey{b.UserID, b.DeviceID}
		a.waiting[k] = max(a.waiting[k], b.Pos)
	}
}
