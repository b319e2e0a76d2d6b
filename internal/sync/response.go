package sync

import "encoding/json"

// Response is the body of /sync (Client-Server API, GET /sync).
type Response struct {
	NextBatch   string      `json:"next_batch"`
	Rooms       *Rooms      `json:"rooms,omitempty"`
	AccountData *EventBatch `json:"account_data,omitempty"`
	Presence    *EventBatch `json:"presence,omitempty"`
	ToDevice    *EventBatch `json:"to_device,omitempty"`

	DeviceLists    *DeviceLists   `json:"device_lists,omitempty"`
	OneTimeKeys    map[string]int `json:"device_one_time_keys_count,omitempty"`
	UnusedFallback []string       `json:"device_unused_fallback_key_types"`

	keysMoved bool // the counts of keys have changed since the token
}

// Rooms is what is new, by the user's membership and the room's id.
type Rooms struct {
	Join   map[string]*JoinedRoom  `json:"join,omitempty"`
	Invite map[string]*InvitedRoom `json:"invite,omitempty"`
	Knock  map[string]*KnockedRoom `json:"knock,omitempty"`
	Leave  map[string]*LeftRoom    `json:"leave,omitempty"`
}

// EventBatch is a list of events.
type EventBatch struct {
	Events []json.RawMessage `json:"events"`
}

// Timeline is a piece of a room's timeline. Limited: there is a gap between it and what the device has seen, which PrevBatch leads into.
type Timeline struct {
	Events    []json.RawMessage `json:"events"`
	Limited   bool              `json:"limited"`
	PrevBatch string            `json:"prev_batch,omitempty"`
}

// Counts are unread events.
type Counts struct {
	Notifications int `json:"notification_count"`
	Highlights    int `json:"highlight_count"`
}

// Summary is what a client needs to name a room.
type Summary struct {
	Heroes  []string `json:"m.heroes,omitempty"`
	Joined  int64    `json:"m.joined_member_count"`
	Invited int64    `json:"m.invited_member_count"`
}

// JoinedRoom is what is new in a room that the user is in.
type JoinedRoom struct {
	Summary     *Summary           `json:"summary,omitempty"`
	State       *EventBatch        `json:"state,omitempty"`
	StateAfter  *EventBatch        `json:"state_after,omitempty"`
	Timeline    *Timeline          `json:"timeline,omitempty"`
	Ephemeral   *EventBatch        `json:"ephemeral,omitempty"`
	AccountData *EventBatch        `json:"account_data,omitempty"`
	Unread      *Counts            `json:"unread_notifications,omitempty"`
	Threads     map[string]*Counts `json:"unread_thread_notifications,omitempty"`
}

// InvitedRoom is an invite.
type InvitedRoom struct {
	State EventBatch `json:"invite_state"`
}

// KnockedRoom is a knock.
type KnockedRoom struct {
	State EventBatch `json:"knock_state"`
}

// LeftRoom is the end of a room that the user has left.
type LeftRoom struct {
	State       *EventBatch `json:"state,omitempty"`
	StateAfter  *EventBatch `json:"state_after,omitempty"`
	Timeline    *Timeline   `json:"timeline,omitempty"`
	AccountData *EventBatch `json:"account_data,omitempty"`
}

func (r *Response) empty() bool {
	return r.Rooms == nil && r.AccountData == nil && r.Presence == nil && r.ToDevice == nil && r.DeviceLists == nil && !r.keysMoved
}

// batch is nil for no events, so that the field is left out.
func batch(events []json.RawMessage) *EventBatch {
	if len(events) == 0 {
		return nil
	}
	return &EventBatch{Events: events}
}

// some is never nil, for fields that are required.
func some(events []json.RawMessage) []json.RawMessage {
	if events == nil {
		return []json.RawMessage{}
	}
	return events
}
