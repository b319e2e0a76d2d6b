package room

import (
	"encoding/json"
	"math"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Encryption says which new rooms are encrypted although their creator did not ask for it.
type Encryption string

// The rooms that are encrypted from the start.
const (
	EncryptNone    Encryption = "off"
	EncryptPrivate Encryption = "private" // those made with a private preset
	EncryptAll     Encryption = "all"
)

const (
	typeEncryption = "m.room.encryption"
	typeSpace      = "m.space"
	megolm         = "m.megolm.v1.aes-sha2"
)

// encryptsByDefault tells whether a new room gets m.room.encryption unless its initial_state brings its own. A space does not: nobody
// talks in it.
func (p *roomPlan) encryptsByDefault(which Encryption) bool {
	if p.NoDefaultEncryption || p.roomType == typeSpace {
		return false
	}
	return which == EncryptAll || which == EncryptPrivate && p.Preset != presetPublic
}

// checkEncryption holds a room's encryption where it is, whoever asks: it may begin, it does not end (Client-Server API,
// m.room.encryption: once it is enabled it is not disabled). It may become stricter in when keys are renewed, not laxer.
func (tx *roomTx) checkEncryption(p *proto) error {
	if p.Type != typeEncryption || p.StateKey == nil || *p.StateKey != "" {
		return nil
	}
	// In canonical form no key is there twice, so that what is read here is what everybody else reads.
	content, err := canonicalJSON(p.Content)
	if err != nil {
		return err
	}
	after, err := readEncryption(content)
	if err != nil {
		return err
	}
	n := tx.room.state[store.StateKey{Type: typeEncryption}]
	if n == nil {
		return nil
	}
	before, _ := readEncryption(n.ev.Content())
	if before.Algorithm == "" {
		return nil // what is there is no encryption, so that it can begin
	}
	if after.Algorithm != before.Algorithm {
		return mxerr.Forbiddenf("This room is encrypted with %s, and stays so", before.Algorithm)
	}
	if after.everyMS > before.everyMS || after.everyMessages > before.everyMessages {
		return mxerr.Forbiddenf("The keys of this room may be renewed more often, not less often")
	}
	return nil
}

// encryption is the content of m.room.encryption.
type encryption struct {
	Algorithm              string
	everyMS, everyMessages int64 // after which keys are renewed
}

// Client-Server API, m.room.encryption: what counts where a room does not say when keys are renewed.
const (
	defaultRotationMS       = 604_800_000
	defaultRotationMessages = 100
)

// readEncryption reads the content of m.room.encryption. With an error there may still be an algorithm: of what was written before
// there were these checks.
func readEncryption(content []byte) (encryption, error) {
	algorithm := gjson.GetBytes(content, "algorithm")
	if algorithm.Type != gjson.String || algorithm.Str == "" {
		return encryption{}, mxerr.BadJSONf("m.room.encryption needs algorithm, a string such as %s", megolm)
	}
	e := encryption{Algorithm: algorithm.Str}
	var err error
	if e.everyMS, err = rotation(content, "rotation_period_ms", defaultRotationMS); err != nil {
		return e, err
	}
	e.everyMessages, err = rotation(content, "rotation_period_msgs", defaultRotationMessages)
	return e, err
}

func rotation(content []byte, field string, def int64) (int64, error) {
	v := gjson.GetBytes(content, field)
	if !v.Exists() {
		return def, nil
	}
	if v.Type != gjson.Number || v.Num < 1 || v.Num != math.Trunc(v.Num) {
		return 0, mxerr.BadJSONf("%s must be a whole number above zero", field)
	}
	return v.Int(), nil
}

// keepsEncryption refuses the redaction of an event that says that the room is encrypted: it takes the algorithm from it.
func keepsEncryption(target *store.Event) error {
	if target.Type != typeEncryption || !target.IsState() || *target.StateKey != "" || target.RedactedBy != "" {
		return nil
	}
	if e, _ := readEncryption(target.Content()); e.Algorithm == "" {
		return nil // redacting what is no encryption ends none
	}
	return mxerr.Forbiddenf("This event says that the room is encrypted, and cannot be redacted")
}

// defaultEncryption is the state of a room that is encrypted by default.
func defaultEncryption() StateEvent {
	return StateEvent{Type: typeEncryption, Content: object("algorithm", megolm)}
}

// carriedEncryption is the encryption that a room takes along when it is upgraded; nil if it has none. What a new room would not let in
// is left out.
func carriedEncryption(content []byte) json.RawMessage {
	e, err := readEncryption(content)
	switch {
	case e.Algorithm == "":
		return nil
	case err != nil:
		return object("algorithm", e.Algorithm)
	}
	return content
}
