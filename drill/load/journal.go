package load

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Kind is what an operation does.
type Kind string

// The kinds of operations.
const (
	Send     Kind = "send"      // an encrypted event
	Claim    Kind = "claim"     // of a one-time key
	ToDevice Kind = "to-device" // a message to a device
	Upload   Kind = "upload"    // a picture
	Backup   Kind = "backup"    // a key, encrypted, into the key back-up
	Read     Kind = "read"      // a room's newest events
)

// Outcome is how an operation ended.
type Outcome string

// The outcomes.
const (
	// Unknown: it was never answered. It may have happened.
	Unknown Outcome = "unknown"
	// Acknowledged: a server said that it is done. From then on it must never be undone.
	Acknowledged Outcome = "acknowledged"
	// Refused: a server said that it may not be done. None of a drill's operations may be refused.
	Refused Outcome = "refused"
)

// Op is one operation of a client, with all its tries.
type Op struct {
	Kind   Kind `json:"kind"`
	Client int  `json:"client"`
	// Seq counts the client's operations of the kind, from 1.
	Seq int `json:"seq"`
	// Where is the room, or the user whose device is meant.
	Where string `json:"where,omitempty"`
	// Call and Return are times since the journal's start.
	Call    time.Duration `json:"call"`
	Return  time.Duration `json:"return"`
	Outcome Outcome       `json:"outcome"`
	// Site is who answered; -1 if nobody did.
	Site  int `json:"site"`
	Tries int `json:"tries"`
	// Result is the event's id, the key's, the picture's address, or what was refused.
	Result string `json:"result,omitempty"`
	// Digest is the SHA-256 of what was uploaded or backed up.
	Digest string `json:"digest,omitempty"`
}

// Journal is the record of all operations. Those that run are in it too, as unknown.
type Journal struct {
	Start time.Time

	mu  sync.Mutex
	ops []*Op
}

// NewJournal starts a journal.
func NewJournal() *Journal { return &Journal{Start: time.Now()} }

// Now is the time since the start.
func (j *Journal) Now() time.Duration { return time.Since(j.Start) }

// call notes that an operation begins.
func (j *Journal) call(op Op) *Op {
	op.Call, op.Outcome, op.Site = j.Now(), Unknown, -1
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ops = append(j.ops, &op)
	return &op
}

// answer notes how an operation ended.
func (j *Journal) answer(op *Op, outcome Outcome, site int, result string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	op.Return, op.Outcome, op.Site, op.Result = j.Now(), outcome, site, result
}

// try notes one more try.
func (j *Journal) try(op *Op) {
	j.mu.Lock()
	defer j.mu.Unlock()
	op.Tries++
}

// Ops is a copy of all operations, in the order of their calls.
func (j *Journal) Ops() []Op {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := make([]Op, len(j.ops))
	for i, op := range j.ops {
		all[i] = *op
	}
	return all
}

// Acknowledged counts the acknowledged operations of a kind.
func (j *Journal) Acknowledged(kind Kind) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := 0
	for _, op := range j.ops {
		if op.Kind == kind && op.Outcome == Acknowledged {
			n++
		}
	}
	return n
}

// Save writes the journal to a file, an operation a line.
func (j *Journal) Save(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("saving the journal: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriter(f)
	enc := json.NewEncoder(out)
	for _, op := range j.Ops() {
		if err := enc.Encode(op); err != nil {
			return fmt.Errorf("saving the journal: %w", err)
		}
	}
	return out.Flush()
}

// SendsBetween tells whether a send was acknowledged between two times.
func (j *Journal) SendsBetween(from, to time.Duration) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := len(j.ops) - 1; i >= 0; i-- {
		op := j.ops[i]
		if op.Kind == Send && op.Outcome == Acknowledged && op.Return >= from && op.Return <= to {
			return true
		}
	}
	return false
}
