package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/token"
)

func (x *slidingAnswer) extensions(ctx context.Context) error {
	for _, answer := range []func(context.Context) error{x.toDevice, x.e2ee, x.accountData, x.receipts} {
		if err := answer(ctx); err != nil {
			return err
		}
	}
	x.typing()
	return nil
}

// wantedBy tells whether an extension wants a room: one that is in one of its lists or is one of its subscriptions. "*" stands for all,
// and so does a field that is left out.
func (e *SlidingExtension) wantedBy(m *matched) bool {
	if !e.on() {
		return false
	}
	inList := func(name string) bool { return name == "*" || slices.Contains(m.lists, name) }
	if len(m.lists) > 0 && (e.Lists == nil || slices.ContainsFunc(e.Lists, inList)) {
		return true
	}
	if e.Rooms == nil {
		return m.subscribed
	}
	return slices.ContainsFunc(e.Rooms, func(id string) bool { return id == m.roomID || id == "*" && m.subscribed })
}

// toDevicePrefix begins a place in the messages to a device.
const toDevicePrefix = "d1_"

// toDeviceSince is the place that a client came back with; nil for none.
func toDeviceSince(e *ToDeviceExtension, lane int) (*token.Sync, error) {
	if e.Since == "" {
		return nil, nil
	}
	digits, ok := strings.CutPrefix(e.Since, toDevicePrefix)
	seq, err := strconv.ParseInt(digits, 10, 48)
	if !ok || err != nil || seq < 0 {
		return nil, mxerr.InvalidParamf("extensions.to_device.since is not what this server gave")
	}
	lanes := make([]int64, lane+1)
	lanes[lane] = seq
	return &token.Sync{Lanes: lanes}, nil
}

// acknowledgeSliding notes which messages the device has.
func (s *Service) acknowledgeSliding(ses *session, req *SlidingRequest) {
	e := req.Extensions.ToDevice
	if e == nil || !e.Enabled || req.Device == "" {
		return
	}
	if since, err := toDeviceSince(e, s.Store.UserLaneNum(req.User)); err == nil && since != nil {
		s.hub.acknowledge(ses, req.Device, since)
	}
}

// toDevice answers with messages to the device (MSC3885). Their place is not that of the connection.
func (x *slidingAnswer) toDevice(ctx context.Context) error {
	e := x.req.Extensions.ToDevice
	if e == nil || !e.Enabled {
		return nil
	}
	lane := x.common.lane()
	since, err := toDeviceSince(e, lane)
	if err != nil {
		return err
	}
	a := &answer{s: x.s, ses: x.ses, req: x.common.req, since: since, snap: x.snap, res: &Response{}, toDeviceLimit: toDeviceMost}
	if e.Limit != nil && *e.Limit > 0 {
		a.toDeviceLimit = min(*e.Limit, toDeviceMost)
	}
	if err := a.toDevice(ctx); err != nil {
		return err
	}
	next := x.snap.now[lane].Seq()
	if a.next.ToDevice != 0 {
		next = a.next.ToDevice
	}
	if since != nil {
		next = max(next, since.Lanes[lane])
	}
	x.res.Extensions.ToDevice = &ToDeviceExtra{NextBatch: toDevicePrefix + strconv.FormatInt(next, 10), Events: []json.RawMessage{}}
	if a.res.ToDevice != nil {
		x.res.Extensions.ToDevice.Events = a.res.ToDevice.Events
		x.res.news = true
	}
	return nil
}

// e2ee answers with whose devices changed and how many keys the device has left (MSC3884).
func (x *slidingAnswer) e2ee(ctx context.Context) error {
	if !x.req.Extensions.E2EE.on() {
		return nil
	}
	if err := x.common.keyCounts(ctx); err != nil {
		return err
	}
	if err := x.common.deviceLists(ctx); err != nil {
		return err
	}
	r := x.common.res
	x.res.Extensions.E2EE = &E2EEExtra{DeviceLists: r.DeviceLists, OneTimeKeys: r.OneTimeKeys, UnusedFallback: r.UnusedFallback}
	if r.OneTimeKeys == nil {
		x.res.Extensions.E2EE.OneTimeKeys = map[string]int{}
	}
	x.res.news = x.res.news || r.DeviceLists != nil || r.keysMoved
	return nil
}

// accountData answers with account data (MSC3959): the global, and that of the rooms that the extension wants.
func (x *slidingAnswer) accountData(ctx context.Context) error {
	e := x.req.Extensions.AccountData
	out := &AccountDataExtra{Global: []json.RawMessage{}, Rooms: map[string][]json.RawMessage{}}
	l := &dataLoader{x: x}
	if err := x.globalData(ctx, e.on(), out, l); err != nil {
		return err
	}
	lane := x.common.lane()
	since := x.common.from(int64(store.MakePos(lane, 0)))
	for num, m := range x.matched {
		sent := x.next.rooms[num]
		if !sent.room.sent || !e.wantedBy(m) {
			continue
		}
		news, err := l.news(ctx, m, sent.data, since)
		if err != nil {
			return err
		}
		sent.data = live
		x.next.rooms[num] = sent
		if len(news) == 0 {
			continue
		}
		if out.Rooms[m.roomID], err = renderAccountData(x.req.User, news, allTypes); err != nil {
			return fmt.Errorf("encoding account data: %w", err)
		}
	}
	x.dataLeftBehind(e, since)
	if e.on() && len(out.Global)+len(out.Rooms) > 0 {
		x.res.Extensions.AccountData = out
		x.res.news = true
	}
	return nil
}

func allTypes(string) bool { return true }

// globalData is all of it at first, then what changed.
func (x *slidingAnswer) globalData(ctx context.Context, on bool, out *AccountDataExtra, l *dataLoader) (err error) {
	news := x.common.data[""]
	if !on {
		x.next.global = x.next.global && len(news) == 0
		return nil
	}
	if !x.state.global || x.since == nil {
		if news, err = l.of(ctx, ""); err != nil {
			return err
		}
		if !slices.ContainsFunc(news, func(d store.AccountData) bool { return d.Type == pushRulesType }) {
			news = append(slices.Clone(news), store.AccountData{UserID: x.req.User, Type: pushRulesType})
		}
	}
	x.next.global = true
	events, err := renderAccountData(x.req.User, news, allTypes)
	out.Global = some(events)
	return err
}

// dataLeftBehind notes the rooms whose account data changed and is not told of.
func (x *slidingAnswer) dataLeftBehind(e *SlidingExtension, since store.Pos) {
	for _, m := range x.snap.rooms {
		sent, ok := x.next.rooms[m.room]
		if !ok || x.common.data[m.roomID] == nil {
			continue
		}
		if told := x.matched[m.room]; told != nil && e.wantedBy(told) {
			continue
		}
		sent.data.fallBehind(since)
		x.next.rooms[m.room] = sent
	}
}

// dataLoader reads a user's account data at most once.
type dataLoader struct {
	x   *slidingAnswer
	all map[string][]store.AccountData
}

func (l *dataLoader) of(ctx context.Context, roomID string) ([]store.AccountData, error) {
	if l.x.since == nil {
		return l.x.common.data[roomID], nil // the first request of a connection has read all
	}
	if l.all == nil {
		all, err := l.x.common.loadAccountData(ctx, 0, l.x.snap.now[l.x.common.lane()])
		if err != nil {
			return nil, fmt.Errorf("reading account data: %w", err)
		}
		l.all = map[string][]store.AccountData{}
		for _, d := range all {
			l.all[d.RoomID] = append(l.all[d.RoomID], d)
		}
	}
	return l.all[roomID], nil
}

func (l *dataLoader) news(ctx context.Context, m *matched, sent stream, since store.Pos) ([]store.AccountData, error) {
	if sent.sent && sent.behind == 0 && l.x.since != nil {
		return l.x.common.data[m.roomID], nil
	}
	all, err := l.of(ctx, m.roomID)
	from := sent.from(since)
	if !sent.sent || l.x.since == nil {
		return all, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(d store.AccountData) bool { return d.Pos <= from }), err
}

// receipts answers with who has read what (MSC3960).
func (x *slidingAnswer) receipts(ctx context.Context) error {
	e := x.req.Extensions.Receipts
	out := &EphemeralExtra{Rooms: map[string]json.RawMessage{}}
	for num, m := range x.matched {
		sent := x.next.rooms[num]
		if m.membership != "join" || !sent.room.sent {
			continue
		}
		if !e.wantedBy(m) {
			if x.common.moved(num, x.last) {
				sent.receipts.fallBehind(x.common.from(num))
				x.next.rooms[num] = sent
			}
			continue
		}
		news, err := x.receiptsOf(ctx, m, sent.receipts)
		if err != nil {
			return fmt.Errorf("reading receipts: %w", err)
		}
		sent.receipts = live
		x.next.rooms[num] = sent
		if ev := receiptEvent(x.req.User, news); ev != nil {
			out.Rooms[m.roomID] = ev
		}
	}
	if len(out.Rooms) > 0 {
		x.res.Extensions.Receipts = out
		x.res.news = true
	}
	return nil
}

// receiptsOf is what changed; for a room that is sent as if for the first time, the user's own and those for the events it is sent
// with.
func (x *slidingAnswer) receiptsOf(ctx context.Context, m *matched, sent stream) ([]store.Receipt, error) {
	start, begun := x.starts[m.room]
	if !begun && sent.sent && x.since != nil {
		if sent.behind == 0 && !x.common.moved(m.room, x.last) {
			return nil, nil
		}
		a := &answer{s: x.s, ses: x.ses, req: x.common.req, since: x.sinceIn(sent), snap: x.snap}
		return a.receipts(ctx, m.member, false)
	}
	if !begun {
		start = x.common.to(m.room)
	}
	var out []store.Receipt
	err := x.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		// A receipt is younger than its event.
		if out, err = tx.ReceiptsIn(ctx, m.room, start, receiptsMost); err != nil {
			return err
		}
		own, err := tx.ReceiptsOf(ctx, m.room, x.req.User)
		out = append(out, own...)
		return err
	})
	return out, err
}

// typing answers with who types (MSC3961).
func (x *slidingAnswer) typing() {
	e := x.req.Extensions.Typing
	if !e.on() {
		return
	}
	out := &EphemeralExtra{Rooms: map[string]json.RawMessage{}}
	for num, m := range x.matched {
		if m.membership != "join" || !e.wantedBy(m) {
			continue
		}
		users, changed := x.common.types[m.roomID]
		if _, begun := x.starts[num]; !changed && (begun || x.state.rooms[num].room.behind != 0) {
			users = x.s.typing.Room(m.roomID).Users
			changed = len(users) > 0
		}
		if !changed {
			continue
		}
		ev, err := json.Marshal(map[string]any{"type": "m.typing", "content": map[string]any{"user_ids": append([]string{}, users...)}})
		if err == nil {
			out.Rooms[m.roomID] = ev
		}
	}
	if len(out.Rooms) > 0 {
		x.res.Extensions.Typing = out
		x.res.news = true
	}
}
