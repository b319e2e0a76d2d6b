package clientapi

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"time"
)

// echoPatience bounds how long a device's /sync is held back for the answer to the device's own send.
const echoPatience = 100 * time.Millisecond

// echoes lets a device learn by the answer to its send, and not by its /sync, that an event was made. Clients know their message in the
// sync again by its transaction id, but matrix-js-sdk takes a reply in a thread that comes in the sync first for a failure, and sends it
// once more. The answer is on its way when the sync is ready, so that waiting for it costs next to nothing.
//
// A device that syncs at another node is not held back: its sync takes the longer way anyhow.
type echoes struct {
	mu      sync.Mutex
	sending map[sender]map[string]chan struct{} // by transaction id; closed when answered
}

// sender is a device of a user.
type sender struct{ user, device string }

func newEchoes() *echoes { return &echoes{sending: map[sender]map[string]chan struct{}{}} }

// begin notes a send that is answered when the returned function is called. A repeat that overtakes the first is not noted.
func (e *echoes) begin(who sender, txnID string) (answered func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.sending[who][txnID]; ok {
		return func() {}
	}
	if e.sending[who] == nil {
		e.sending[who] = map[string]chan struct{}{}
	}
	done := make(chan struct{})
	e.sending[who][txnID] = done
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		close(done)
		if delete(e.sending[who], txnID); len(e.sending[who]) == 0 {
			delete(e.sending, who)
		}
	}
}

// settle returns when the sends whose events are in the body of a device's sync are answered.
func (e *echoes) settle(ctx context.Context, who sender, body []byte) {
	waiting := e.told(who, body)
	if len(waiting) == 0 {
		return
	}
	patience := time.NewTimer(echoPatience)
	defer patience.Stop()
	for _, done := range waiting {
		select {
		case <-done:
		case <-patience.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (e *echoes) told(who sender, body []byte) (waiting []chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for txnID, done := range e.sending[who] {
		quoted, err := json.Marshal(txnID)
		if err == nil && bytes.Contains(body, append([]byte(`"transaction_id":`), quoted...)) {
			waiting = append(waiting, done)
		}
	}
	return waiting
}

// sends notes that the request sends an event; it is answered when the request is.
func (r *request) sends(txnID string) {
	r.answered = r.api.echoes.begin(sender{r.session.UserID, r.session.DeviceID}, txnID)
}
