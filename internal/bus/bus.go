// Package bus carries wake-ups and ephemeral news between the nodes of a cluster: "lane 3 is at 81204", "alice types".
//
// Its invariants:
//   - Losing every message loses no data. The database is the one source of truth; a node also looks for itself every few seconds, and
//     what is ephemeral is sent again by the clients.
//   - A node never hears itself. What a node publishes goes to the other nodes only; the publisher has already dealt with it.
//   - Nothing waits. Publish hands the message over and returns; a subscriber that is too slow loses messages, which are counted.
//   - Messages of one publisher reach one subscription in the order in which they were published.
//
// It never stores a message, never sends one twice, and opens no port on a node that is alone.
package bus

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
)

// Bus is a node's connection to the other nodes.
type Bus interface {
	// Publish sends payload to every other node's subscriptions of subject. It does not wait for any of them.
	Publish(subject string, payload []byte) error
	// Subscribe calls fn for each message of the subject, one after the other, on a goroutine of the subscription. The payload must not be
	// kept or changed. A message that is on its way when unsubscribe is called may still be delivered.
	Subscribe(subject string, fn func(subject string, payload []byte)) (unsubscribe func(), err error)
	// Healthy says whether this node's own end works. Having no other node to talk to is not an error: see Stats.
	Healthy() error
	// Stats are the counters since the start.
	Stats() Stats
	// NodeID names this run of this node. It is new after each start, so that counters which lived in memory are never mistaken for others.
	NodeID() string
	// Close leaves the cluster. It waits until ctx ends for messages that were published before.
	Close(ctx context.Context) error
}

// Stats counts what a bus did.
type Stats struct {
	Published uint64 // messages handed over by this node
	Received  uint64 // messages given to subscriptions
	Dropped   uint64 // messages that a full queue lost
	Peers     int    // other nodes connected right now
}

// MaxPayload is the greatest length of one message. The messages are small by nature; what is longer belongs in the database.
const MaxPayload = 64 << 10

var (
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("bus: closed")
	// ErrSubject is returned for a subject that is not dot-separated words of letters, digits, hyphens and underscores.
	ErrSubject = errors.New("bus: not a subject")
	// ErrTooLarge is returned for a payload longer than MaxPayload.
	ErrTooLarge = errors.New("bus: payload too large")
)

// NewNodeID makes the name of one run of one node: short, since sync tokens carry it, and of letters and digits only.
func NewNodeID() string {
	var b [8]byte
	rand.Read(b[:])
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

func checkSubject(subject string) error {
	for word := range strings.SplitSeq(subject, ".") {
		if word == "" || strings.ContainsFunc(word, notInWord) {
			return fmt.Errorf("%w: %q", ErrSubject, subject)
		}
	}
	return nil
}

func notInWord(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	return !letter && (r < '0' || r > '9') && r != '-' && r != '_'
}

func checkMessage(subject string, payload []byte) error {
	if len(payload) > MaxPayload {
		return fmt.Errorf("%w: %d bytes on %q", ErrTooLarge, len(payload), subject)
	}
	return checkSubject(subject)
}
