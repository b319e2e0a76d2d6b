package keys

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Bounds of messages to devices.
const (
	maxMessages     = 10_000   // of one request
	maxMessage      = 64 << 10 // bytes of a content, as of an event
	maxQueue        = 10_000   // messages that wait for a device
	warnQueuesEvery = time.Minute
)

// allDevices stands for all devices of a user.
const allDevices = "*"

// Send is a request to send messages to devices.
type Send struct {
	Sender, Device string // who sends
	Type, TxnID    string
	// Messages: user → device, or * for all → content.
	Messages map[string]map[string]json.RawMessage
}

// SendToDevice queues messages for devices, once for each transaction id. Messages for devices that do not exist are dropped, as are
// those for a device for which maxQueue messages wait already: the newest goes, not the oldest, for what came first is what a device
// that comes back needs first to understand the rest.
func (s *Service) SendToDevice(ctx context.Context, r Send) error {
	if len(r.Type) == 0 || len(r.Type) > maxName {
		return mxerr.InvalidParamf("The type has between 1 and %d bytes", maxName)
	}
	messages, err := s.expand(ctx, r.Messages)
	if err != nil {
		return err
	}
	if err := s.dropFull(ctx, messages); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for lane, users := range byLane(s.Store, messages) {
		var rows []store.ToDevice
		for user, devices := range users {
			for device, content := range devices {
				rows = append(rows, store.ToDevice{UserID: user, DeviceID: device, Sender: r.Sender, Type: r.Type, Content: content})
			}
		}
		if len(rows) == 0 {
			continue
		}
		g.Go(func() error {
			return s.Store.Lane(lane).SendOnce(ctx, sendKey(r, lane), s.Now().UnixMilli(), func(tx *store.LaneTx) error {
				tx.AddToDevice(rows)
				return nil
			})
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("sending to devices: %w", err)
	}
	return nil
}

// sendKey names what a request does in one lane. A transaction id counts for one device and one endpoint (Client-Server API,
// "Transaction identifiers"); the lanes of a request commit one by one, so that a repeat may find some of them done.
func sendKey(r Send, lane int) string {
	h := sha256.New()
	for _, part := range []string{r.Sender, r.Device, r.Type, r.TxnID, strconv.Itoa(lane)} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// expand checks the messages and puts the devices in the place of *. Users of other servers are left out.
func (s *Service) expand(ctx context.Context, in map[string]map[string]json.RawMessage) (map[string]map[string]json.RawMessage, error) {
	out := map[string]map[string]json.RawMessage{}
	var wild []string
	n := 0
	for user, devices := range in {
		if n += len(devices); n > maxMessages {
			return nil, mxerr.InvalidParamf("At most %d messages can be sent at once", maxMessages)
		}
		for device, content := range devices {
			if err := checkContent(content); err != nil {
				return nil, err
			}
			if device == allDevices {
				wild = append(wild, user)
			}
		}
		if _, ok := s.local(user); ok {
			out[user] = maps.Clone(devices)
		}
	}
	if len(wild) == 0 {
		return out, nil
	}
	var known map[string][]string
	err := s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		known, err = tx.DeviceIDs(ctx, wild)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading whose devices there are: %w", err)
	}
	for _, user := range wild {
		devices := out[user]
		content := devices[allDevices]
		delete(devices, allDevices)
		for _, device := range known[user] {
			if _, own := devices[device]; !own {
				devices[device] = content
			}
		}
	}
	return out, nil
}

func checkContent(content json.RawMessage) error {
	if trimmed := bytes.TrimLeft(content, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return mxerr.BadJSONf("A message's content must be a JSON object")
	}
	if len(content) > maxMessage {
		return mxerr.TooLargef("A message's content can have at most %d bytes", maxMessage)
	}
	return nil
}

// queueRoom is how many messages a device's queue is known to take yet. What the device acknowledges is not seen until it is used up
// and counted anew, so that sending takes no count of the queue.
type queueRoom struct {
	mu     sync.Mutex
	left   int
	warned time.Time
}

// dropFull removes messages for devices whose queues are full.
func (s *Service) dropFull(ctx context.Context, messages map[string]map[string]json.RawMessage) error {
	for user, devices := range messages {
		for _, device := range slices.Collect(maps.Keys(devices)) {
			ok, err := s.reserve(ctx, deviceKey{user, device})
			if err != nil {
				return err
			}
			if !ok {
				delete(devices, device)
			}
		}
	}
	return nil
}

func (s *Service) reserve(ctx context.Context, k deviceKey) (bool, error) {
	r, ok := s.room.Get(k)
	if !ok {
		r = &queueRoom{}
		if old, ok, _ := s.room.PeekOrAdd(k, r); ok {
			r = old
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left <= 0 {
		var waiting int
		err := s.Store.Read(ctx, func(tx *store.Tx) (err error) {
			waiting, err = tx.CountToDevice(ctx, k.user, k.device, maxQueue)
			return err
		})
		if err != nil {
			return false, fmt.Errorf("counting the messages for a device: %w", err)
		}
		r.left = maxQueue - waiting
	}
	if r.left <= 0 {
		if now := s.Now(); now.Sub(r.warned) > warnQueuesEvery {
			r.warned = now
			s.Log.Warn("messages to a device are dropped: too many wait for it", "user", k.user, "device", k.device, "waiting", maxQueue)
		}
		return false, nil
	}
	r.left--
	return true, nil
}
