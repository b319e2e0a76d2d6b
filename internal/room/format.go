package room

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
)

// Unsigned is what a client is told of an event beside the event (Client-Server API, "Room event format", UnsignedData). Empty fields
// are left out.
type Unsigned struct {
	Membership      string          // of the reader, at the event
	TxnID           string          // for the device that sent the event
	PrevContent     json.RawMessage // of a state event
	PrevSender      string
	ReplacesState   string
	RedactedBecause json.RawMessage // the redaction, in client format
	Relations       json.RawMessage // m.relations
	InviteRoomState json.RawMessage // stripped state, on an invite or a knock
	KnockRoomState  json.RawMessage
}

// FormatOptions choose the shape of an event.
type FormatOptions struct {
	WithoutRoomID bool // as in /sync, where the room is known
	Now           time.Time
}

// AppendClient appends an event in the format for clients (Client-Server API, "Room event format").
func AppendClient(dst []byte, ev *store.Event, u Unsigned, o FormatOptions) []byte {
	dst = append(dst, `{"content":`...)
	dst = append(dst, gjson.GetBytes(ev.JSON, "content").Raw...)
	dst = append(dst, `,"event_id":`...)
	dst = appendString(dst, ev.ID)
	dst = append(dst, `,"origin_server_ts":`...)
	dst = strconv.AppendInt(dst, ev.TS, 10)
	if redacts := Redacts(ev); redacts != "" {
		// Room versions before 11 have it at the top, later ones in the content; clients are given both.
		dst = append(dst, `,"redacts":`...)
		dst = appendString(dst, redacts)
	}
	if !o.WithoutRoomID {
		dst = append(dst, `,"room_id":`...)
		dst = appendString(dst, ev.RoomID)
	}
	dst = append(dst, `,"sender":`...)
	dst = appendString(dst, ev.Sender)
	if ev.StateKey != nil {
		dst = append(dst, `,"state_key":`...)
		dst = appendString(dst, *ev.StateKey)
	}
	dst = append(dst, `,"type":`...)
	dst = appendString(dst, ev.Type)
	dst = append(dst, `,"unsigned":`...)
	dst = appendUnsigned(dst, ev, u, o)
	return append(dst, '}')
}

func appendUnsigned(dst []byte, ev *store.Event, u Unsigned, o FormatOptions) []byte {
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	dst = append(dst, `{"age":`...)
	dst = strconv.AppendInt(dst, max(now.UnixMilli()-ev.TS, 0), 10)
	dst = appendField(dst, "membership", u.Membership)
	dst = appendField(dst, "transaction_id", u.TxnID)
	dst = appendField(dst, "prev_sender", u.PrevSender)
	dst = appendField(dst, "replaces_state", u.ReplacesState)
	dst = appendRaw(dst, "prev_content", u.PrevContent)
	dst = appendRaw(dst, "redacted_because", u.RedactedBecause)
	dst = appendRaw(dst, "m.relations", u.Relations)
	dst = appendRaw(dst, "invite_room_state", u.InviteRoomState)
	dst = appendRaw(dst, "knock_room_state", u.KnockRoomState)
	return append(dst, '}')
}

func appendField(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	return appendString(dst, value)
}

func appendRaw(dst []byte, name string, value json.RawMessage) []byte {
	if len(value) == 0 {
		return dst
	}
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	return append(dst, value...)
}

// StrippedState is an event with the few fields that someone outside the room is shown (Client-Server API, "Stripped state").
func StrippedState(ev *store.Event) json.RawMessage {
	dst := append([]byte(nil), `{"content":`...)
	dst = append(dst, gjson.GetBytes(ev.JSON, "content").Raw...)
	dst = append(dst, `,"sender":`...)
	dst = appendString(dst, ev.Sender)
	dst = append(dst, `,"state_key":`...)
	dst = appendString(dst, *ev.StateKey)
	dst = append(dst, `,"type":`...)
	dst = appendString(dst, ev.Type)
	return append(dst, '}')
}

// Redacts is the event that a redaction is about; empty for other events.
func Redacts(ev *store.Event) string {
	if ev.Type != "m.room.redaction" {
		return ""
	}
	if id := gjson.GetBytes(ev.JSON, "content.redacts"); id.Type == gjson.String {
		return id.Str
	}
	return gjson.GetBytes(ev.JSON, "redacts").Str
}
