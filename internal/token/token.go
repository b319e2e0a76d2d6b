// Package token reads and writes the tokens that clients hold between requests: where /sync got to, and where a page of a room's
// events begins or ends.
//
// A token is opaque to clients and carries no secret: whoever changes one sees only what the same request without it would show. Every
// token that was ever handed out stays readable; a new form gets a new prefix.
//
// A token stands for a gap between events. All events at or below its positions are before it, the others after.
package token

import (
	"encoding/base64"
	"strconv"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

const (
	syncPrefix = "s1_"
	// cutPrefix begins a token of /sync that has ToDevice.
	cutPrefix  = "s2_"
	pagePrefix = "t"
)

// maxLen bounds what is looked at: the longest token that is handed out has 1,024 lanes of ten digits.
const maxLen = 16 << 10

// Sync is how far a device has seen: a position in every lane, and in the streams that are not kept.
type Sync struct {
	// Lanes is the last seen sequence of each lane.
	Lanes []int64
	// ToDevice is how far, in the lane of the user, the messages to the device were told; 0: as far as the lane was.
	ToDevice int64
	// Typing and Presence count on one node only.
	Typing, Presence int64
	// Node is the node whose counters those two are.
	Node string
}

// String writes the token: the lanes, the two counters and the node, "s1_4f.0.1z_3_0_bjE"; with ToDevice after the lanes,
// "s2_4f.0.1z_4d_3_0_bjE".
func (s Sync) String() string {
	b := make([]byte, 0, len(syncPrefix)+6*len(s.Lanes)+len(s.Node)*4/3+16)
	if s.ToDevice == 0 {
		b = append(b, syncPrefix...)
	} else {
		b = append(b, cutPrefix...)
	}
	for i, n := range s.Lanes {
		if i > 0 {
			b = append(b, '.')
		}
		b = strconv.AppendInt(b, n, 36)
	}
	if s.ToDevice != 0 {
		b = strconv.AppendInt(append(b, '_'), s.ToDevice, 36)
	}
	b = strconv.AppendInt(append(b, '_'), s.Typing, 36)
	b = strconv.AppendInt(append(b, '_'), s.Presence, 36)
	return string(base64.RawURLEncoding.AppendEncode(append(b, '_'), []byte(s.Node)))
}

// Pos is the token's position in a lane; 0 of the lane if the token does not have that lane.
func (s Sync) Pos(lane int) store.Pos {
	if lane < len(s.Lanes) {
		return store.MakePos(lane, s.Lanes[lane])
	}
	return store.MakePos(lane, 0)
}

var errInvalid = mxerr.InvalidParamf("The token is not one that this server made")

// ParseSync reads what Sync.String wrote. Anything else is M_INVALID_PARAM.
func ParseSync(s string) (Sync, error) {
	rest, ok := strings.CutPrefix(s, syncPrefix)
	cut := false
	if !ok {
		rest, cut = strings.CutPrefix(s, cutPrefix)
	}
	if !ok && !cut || len(s) > maxLen {
		return Sync{}, errInvalid
	}
	toDevice := int64(0)
	if cut {
		if rest, toDevice, ok = cutToDevice(rest); !ok {
			return Sync{}, errInvalid
		}
	}
	parts := strings.SplitN(rest, "_", 4) // the node comes last and may hold the separator
	if len(parts) != 4 {
		return Sync{}, errInvalid
	}
	lanes, ok := parseLanes(parts[0])
	typing, okTyping := parseSeq(parts[1], 36)
	presence, okPresence := parseSeq(parts[2], 36)
	node, err := base64.RawURLEncoding.Strict().DecodeString(parts[3])
	if !ok || !okTyping || !okPresence || err != nil {
		return Sync{}, errInvalid
	}
	return Sync{Lanes: lanes, ToDevice: toDevice, Typing: typing, Presence: presence, Node: string(node)}, nil
}

// cutToDevice takes the second part out of what follows cutPrefix.
func cutToDevice(s string) (rest string, toDevice int64, ok bool) {
	lanes, after, ok := strings.Cut(s, "_")
	if !ok {
		return "", 0, false
	}
	text, after, ok := strings.Cut(after, "_")
	if !ok {
		return "", 0, false
	}
	toDevice, ok = parseSeq(text, 36)
	return lanes + "_" + after, toDevice, ok && toDevice > 0
}

func parseLanes(s string) ([]int64, bool) {
	parts := strings.Split(s, ".")
	if len(parts) > store.MaxLanes {
		return nil, false
	}
	out := make([]int64, len(parts))
	for i, p := range parts {
		n, ok := parseSeq(p, 36)
		if !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

// maxSeq is the largest sequence that a position can hold.
const maxSeq = 1<<48 - 1

func parseSeq(s string, base int) (int64, bool) {
	if s == "" || s[0] == '+' || s[0] == '-' {
		return 0, false
	}
	n, err := strconv.ParseInt(s, base, 64)
	return n, err == nil && n <= maxSeq
}

// Page is the token of the gap after a position of a room.
func Page(pos store.Pos) string { return pagePrefix + strconv.FormatInt(pos.Seq(), 10) }

// ParsePage reads a page token, or a token of /sync, as a place in the given lane. Anything else is M_INVALID_PARAM.
//
// Client-Server API, "Pagination": a room's pages also start from the tokens that /sync gave.
func ParsePage(s string, lane int) (store.Pos, error) {
	if strings.HasPrefix(s, slidingPrefix) { // MSC4186: a position may be used here, too
		t, err := ParseSliding(s)
		if err != nil {
			return 0, err
		}
		return t.Pos(lane), nil
	}
	if strings.HasPrefix(s, syncPrefix) || strings.HasPrefix(s, cutPrefix) {
		t, err := ParseSync(s)
		if err != nil {
			return 0, err
		}
		return t.Pos(lane), nil
	}
	rest, ok := strings.CutPrefix(s, pagePrefix)
	if !ok {
		return 0, errInvalid
	}
	seq, ok := parseSeq(rest, 10)
	if !ok {
		return 0, errInvalid
	}
	return store.MakePos(lane, seq), nil
}
