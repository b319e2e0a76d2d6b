package token

import (
	"net/http"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
)

const slidingPrefix = "p1_"

// maxState bounds the name of a connection's state.
const maxState = 32

// Sliding is a position of a sliding sync connection: what it has been sent, by the name under which that is stored, and how far the
// device has seen. It may also be used where a token of /sync may.
type Sliding struct {
	State string // lower-case letters and digits; empty: no room was sent yet
	Sync
}

// String writes the position.
func (s Sliding) String() string { return slidingPrefix + s.State + "_" + s.Sync.String() }

// ParseSliding reads what Sliding.String wrote. Anything else is M_INVALID_PARAM.
func ParseSliding(s string) (Sliding, error) {
	rest, ok := strings.CutPrefix(s, slidingPrefix)
	state, text, found := strings.Cut(rest, "_")
	if !ok || !found || len(state) > maxState || strings.Trim(state, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
		return Sliding{}, errInvalid
	}
	t, err := ParseSync(text)
	if err != nil {
		return Sliding{}, err
	}
	return Sliding{state, t}, nil
}

// ErrUnknownPos answers a position that is not, or no longer, known: the client begins a new connection (MSC4186, "Connections").
var ErrUnknownPos = mxerr.New(http.StatusBadRequest, mxerr.UnknownPos, "This position is not known any more: begin again without one")
