package room

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
)

// Limits of an event (Client-Server API, "Size limits").
const (
	maxEvent = 65536
	maxField = 255
)

// Signer is the server's signing key.
type Signer struct {
	ServerName string
	KeyID      string // ed25519:…
	Key        ed25519.PrivateKey
}

// proto is an event before it has hashes, a signature and an id.
type proto struct {
	RoomID   string // empty for the create event of rooms whose id is its hash
	Type     string
	StateKey *string
	Sender   string
	Content  json.RawMessage
	Redacts  string // of redactions in room versions before 11
	TS       int64
	Depth    int64
	Prev     []string
	Auth     []string
}

// built is a finished event.
type built struct {
	ID   string
	JSON []byte
}

// build hashes and signs an event (Server-Server API, "Signing Events"; room versions 3 and later: the id is the reference hash).
//
// gomatrixserverlib's own builder gives an equivalent event at three times the cost (docs/decisions), since it goes through generic
// JSON several times; here the fields are written in canonical order from the start. What is redacted from the content is still the
// library's to say.
func (s *Signer) build(ver gomatrixserverlib.IRoomVersion, p *proto) (built, error) {
	if err := p.check(); err != nil {
		return built{}, err
	}
	content, err := canonicalJSON(p.Content)
	if err != nil {
		return built{}, mxerr.BadJSONf("The content is not canonical JSON (Appendices, 'Canonical JSON'): whole numbers below 2^53 only")
	}
	redacted, err := p.redactedContent(ver, content)
	if err != nil {
		return built{}, err
	}

	buf := make([]byte, 0, len(content)+768)
	contentHash := sha256.Sum256(p.append(buf, content, "", "", true))
	hash := base64.RawStdEncoding.EncodeToString(contentHash[:])

	// The reference hash and the signature are over the same bytes: the redacted event without signatures.
	signed := p.append(buf, redacted, hash, "", false)
	ref := sha256.Sum256(signed)
	sig := base64.RawStdEncoding.EncodeToString(ed25519.Sign(s.Key, signed))

	out := p.append(make([]byte, 0, len(signed)+len(content)+160), content, hash, s.signature(sig), true)
	if len(out) > maxEvent {
		return built{}, mxerr.TooLargef("The event is larger than %d bytes", maxEvent)
	}
	return built{ID: "$" + base64.RawURLEncoding.EncodeToString(ref[:]), JSON: out}, nil
}

func (s *Signer) signature(sig string) string {
	out := appendString([]byte("{"), s.ServerName)
	out = append(out, ":{"...)
	out = appendString(out, s.KeyID)
	out = append(out, ':')
	out = appendString(out, sig)
	return string(append(out, "}}"...))
}

// append writes the event as canonical JSON, whose fields are in alphabetical order.
func (p *proto) append(dst, content []byte, hash, signatures string, withRedacts bool) []byte {
	dst = append(dst, `{"auth_events":`...)
	dst = appendStrings(dst, p.Auth)
	dst = append(dst, `,"content":`...)
	dst = append(dst, content...)
	dst = append(dst, `,"depth":`...)
	dst = strconv.AppendInt(dst, p.Depth, 10)
	if hash != "" {
		dst = append(append(append(dst, `,"hashes":{"sha256":"`...), hash...), `"}`...)
	}
	dst = append(dst, `,"origin_server_ts":`...)
	dst = strconv.AppendInt(dst, p.TS, 10)
	dst = append(dst, `,"prev_events":`...)
	dst = appendStrings(dst, p.Prev)
	if withRedacts {
		dst = appendField(dst, "redacts", p.Redacts)
	}
	dst = appendField(dst, "room_id", p.RoomID)
	dst = append(dst, `,"sender":`...)
	dst = appendString(dst, p.Sender)
	if signatures != "" {
		dst = append(append(dst, `,"signatures":`...), signatures...)
	}
	if p.StateKey != nil {
		dst = append(dst, `,"state_key":`...)
		dst = appendString(dst, *p.StateKey)
	}
	dst = append(dst, `,"type":`...)
	dst = appendString(dst, p.Type)
	return append(dst, '}')
}

func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, s)
	}
	return append(dst, ']')
}

// redactedContent is what a redaction leaves of the content. Most types keep nothing, in every room version.
func (p *proto) redactedContent(ver gomatrixserverlib.IRoomVersion, content []byte) ([]byte, error) {
	switch p.Type {
	case "m.room.member", "m.room.create", "m.room.join_rules", "m.room.power_levels", "m.room.history_visibility", "m.room.aliases",
		"m.room.redaction":
	default:
		return []byte("{}"), nil
	}
	pruned, err := ver.RedactEventJSON(p.append(nil, content, "", "", true))
	if err != nil {
		return nil, mxerr.BadJSONf("The content of this %s event does not have the right form", p.Type)
	}
	return canonicalJSON([]byte(gjson.GetBytes(pruned, "content").Raw))
}

// check holds the limits that are not the content's.
func (p *proto) check() error {
	if p.Type == "" {
		return mxerr.InvalidParamf("An event needs a type")
	}
	fields := map[string]string{"type": p.Type, "sender": p.Sender, "room_id": p.RoomID}
	if p.StateKey != nil {
		fields["state_key"] = *p.StateKey
	}
	for name, v := range fields {
		if len(v) > maxField {
			return mxerr.New(http.StatusRequestEntityTooLarge, mxerr.TooLarge, "%s is longer than %d bytes", name, maxField)
		}
		if !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
			return mxerr.InvalidParamf("%s is not text in UTF-8", name)
		}
	}
	if !gjson.ParseBytes(p.Content).IsObject() {
		return mxerr.BadJSONf("The content must be a JSON object")
	}
	if p.Depth > maxInt {
		return fmt.Errorf("depth %d is out of range", p.Depth)
	}
	return nil
}
