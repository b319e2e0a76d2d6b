package sync

import (
	"encoding/json"
	"slices"
	"strconv"
)

// AppendJSON appends the response as JSON. It gives the same as json.Marshal, which would read every event once more to check it and
// to take out white space, although this server wrote it.
func (r *Response) AppendJSON(dst []byte) ([]byte, error) {
	w := &writer{b: dst}
	w.open()
	w.string("next_batch", r.NextBatch)
	if r.Rooms != nil {
		w.name("rooms")
		w.rooms(r.Rooms)
	}
	w.events("account_data", r.AccountData)
	w.events("presence", r.Presence)
	w.events("to_device", r.ToDevice)
	if r.DeviceLists != nil {
		w.value("device_lists", r.DeviceLists)
	}
	if len(r.OneTimeKeys) > 0 {
		w.value("device_one_time_keys_count", r.OneTimeKeys)
	}
	w.value("device_unused_fallback_key_types", r.UnusedFallback)
	w.close()
	return w.b, w.err
}

// writer appends JSON objects. The first error stays.
type writer struct {
	b   []byte
	err error
}

func (w *writer) open()  { w.b = append(w.b, '{') }
func (w *writer) close() { w.b = append(w.b, '}') }

// name begins a field.
func (w *writer) name(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
}

func (w *writer) string(name, value string) { w.value(name, value) }

func (w *writer) number(name string, n int64) {
	w.name(name)
	w.b = strconv.AppendInt(w.b, n, 10)
}

// value writes a field that is small or rare.
func (w *writer) value(name string, v any) {
	raw, err := json.Marshal(v)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.name(name)
	w.b = append(w.b, raw...)
}

// events writes a batch, unless there is none.
func (w *writer) events(name string, batch *EventBatch) {
	if batch == nil {
		return
	}
	w.name(name)
	w.open()
	w.list(batch.Events)
	w.close()
}

// list writes the field "events".
func (w *writer) list(events []json.RawMessage) {
	w.name("events")
	w.b = append(w.b, '[')
	for i, ev := range events {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, ev...)
	}
	w.b = append(w.b, ']')
}

func (w *writer) rooms(r *Rooms) {
	w.open()
	eachRoom(w, "join", r.Join, w.joined)
	eachRoom(w, "invite", r.Invite, func(i *InvitedRoom) { w.events("invite_state", &i.State) })
	eachRoom(w, "knock", r.Knock, func(k *KnockedRoom) { w.events("knock_state", &k.State) })
	eachRoom(w, "leave", r.Leave, w.left)
	w.close()
}

// eachRoom writes rooms in the order of their ids.
func eachRoom[T any](w *writer, name string, rooms map[string]*T, fields func(*T)) {
	if len(rooms) == 0 {
		return
	}
	ids := make([]string, 0, len(rooms))
	for id := range rooms {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	w.name(name)
	w.open()
	for _, id := range ids {
		w.name(id) // room ids need no escapes
		w.open()
		fields(rooms[id])
		w.close()
	}
	w.close()
}

func (w *writer) joined(j *JoinedRoom) {
	if j.Summary != nil {
		w.value("summary", j.Summary)
	}
	w.events("state", j.State)
	w.events("state_after", j.StateAfter)
	w.timeline(j.Timeline)
	w.events("ephemeral", j.Ephemeral)
	w.events("account_data", j.AccountData)
	if j.Unread != nil {
		w.name("unread_notifications")
		w.open()
		w.number("notification_count", int64(j.Unread.Notifications))
		w.number("highlight_count", int64(j.Unread.Highlights))
		w.close()
	}
	if len(j.Threads) > 0 {
		w.value("unread_thread_notifications", j.Threads)
	}
}

func (w *writer) left(l *LeftRoom) {
	w.events("state", l.State)
	w.events("state_after", l.StateAfter)
	w.timeline(l.Timeline)
	w.events("account_data", l.AccountData)
}

func (w *writer) timeline(t *Timeline) {
	if t == nil {
		return
	}
	w.name("timeline")
	w.open()
	w.list(t.Events)
	w.value("limited", t.Limited)
	if t.PrevBatch != "" {
		w.string("prev_batch", t.PrevBatch)
	}
	w.close()
}
