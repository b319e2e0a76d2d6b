package bus

import (
	"encoding/json"
	"fmt"
)

// LaneMoved says that a lane has rows up to a position. The receiver reads them from the database.
type LaneMoved struct {
	Lane int   `json:"l"`
	Pos  int64 `json:"p"`
}

// Typing says that a user types in a room for so many milliseconds from now on; zero says that the user has stopped. It is a length of
// time and not a moment, so that nodes whose clocks differ agree.
type Typing struct {
	RoomID string `json:"r"`
	UserID string `json:"u"`
	ForMS  int64  `json:"ms,omitempty"`
}

// Presence is what one node knows of a user who is connected to it.
type Presence struct {
	Node     string `json:"n"`
	UserID   string `json:"u"`
	Presence string `json:"p"`           // of the user's devices at that node: online, unavailable, or offline when there is none left
	Active   int64  `json:"a,omitempty"` // when the user last did something, in milliseconds since 1970
	Set      int64  `json:"t,omitempty"` // when the user chose Chosen and StatusMsg; the newer choice wins
	Chosen   string `json:"c,omitempty"` // the state that the user chose by hand
	Status   string `json:"s,omitempty"` // the status message
}

// TokenRevoked says that an access token is no longer good. Hash is the form in which the database knows it, never the token.
type TokenRevoked struct {
	Hash string `json:"h"`
}

// Message is any message that nodes send each other.
type Message interface {
	LaneMoved | Typing | Presence | TokenRevoked
}

// subject is a switch and not a method, so that messages stay plain data.
func subject(m any) string {
	switch m.(type) {
	case LaneMoved:
		return "lane"
	case Typing:
		return "typing"
	case Presence:
		return "presence"
	default:
		return "token-revoked"
	}
}

// Send publishes a message to the other nodes.
func Send[M Message](b Bus, m M) error {
	payload, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encoding a bus message: %w", err)
	}
	return b.Publish(subject(m), payload)
}

// Listen calls fn for each message of its type from another node. Fields that this version does not know are ignored; what cannot be
// read at all, which only a node of a strange version can send, is as if lost.
func Listen[M Message](b Bus, fn func(M)) (unsubscribe func(), err error) {
	var zero M
	return b.Subscribe(subject(zero), func(_ string, payload []byte) {
		var m M
		if json.Unmarshal(payload, &m) != nil {
			return
		}
		fn(m)
	})
}
