package sync

import (
	"context"
	"encoding/json"
	"slices"
	"sync/atomic"
	"time"

	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/filter"
)

// presenceLoad bounds the reading of the rooms of a user whose presence changed.
const presenceLoad = 5 * time.Second

// PresenceChanged notes a user's change for those who share a room with the user, and wakes them. Whoever asks then looks at the few changes that
// concern it, whatever the number of users who are there.
func (s *Service) PresenceChanged(userID string) {
	ctx, cancel := context.WithTimeout(context.Background(), presenceLoad)
	defer cancel()
	// The user's rooms are kept for a while, also where the user is connected to another node, so that showing presence takes no query.
	ses, err := s.hub.session(ctx, userID)
	if err != nil {
		s.Log.Warn("presence is not told on", "err", err)
		return
	}
	for other := range s.hub.peers(ses) {
		other.notePresence(userID, &s.hub.noted)
		other.wake()
	}
}

// peers are the connected users who share a room with a user, the user among them.
func (h *hub) peers(ses *session) map[*session]struct{} {
	peers := map[*session]struct{}{ses: {}}
	rooms := ses.members()
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, m := range rooms {
		if w := h.rooms[m.room]; w != nil && m.membership == "join" {
			for other := range w.subs {
				peers[other] = struct{}{}
			}
		}
	}
	return peers
}

// presenceNoted bounds the changes that a session keeps.
const presenceNoted = 64

// presenceNotes are the last changes of presence that concern a user, each user's last one only.
type presenceNotes struct {
	floor, last int64 // what there was in (floor, last] is here
	users       []presenceNote
}

// presenceNote is a user whose presence changed. Notes are numbered over all sessions, so that a session that is made anew knows which tokens are
// older than it.
type presenceNote struct {
	user   string
	number int64
}

func (s *session) notePresence(user string, numbers *atomic.Int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := &s.present
	n.users = slices.DeleteFunc(n.users, func(old presenceNote) bool { return old.user == user })
	if len(n.users) == presenceNoted {
		half := presenceNoted / 2
		n.floor = n.users[half-1].number
		n.users = append(n.users[:0], n.users[half:]...)
	}
	n.last = numbers.Add(1)
	n.users = append(n.users, presenceNote{user, n.last})
}

// presenceSince are the users of whom there is a note after the given number, and the number of the last note; false if the session does not go back
// so far.
func (s *session) presenceSince(number int64) (users []string, last int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number < s.present.floor {
		return nil, s.present.last, false
	}
	for _, n := range s.present.users {
		if n.number > number {
			users = append(users, n.user)
		}
	}
	return users, s.present.last, true
}

// presence adds the users whose presence changed and who share a room with this one.
func (a *answer) presence() {
	if !a.s.presence.Enabled() {
		return
	}
	var states []ephemeral.State
	if a.since == nil {
		_, a.next.Presence, _ = a.ses.presenceSince(0) // before the look
		states = a.presentPeers(a.s.presence.Present)
	} else {
		states, a.next.Presence = a.presenceNews()
		states = append(states, a.newlyShared(states)...)
	}
	f := a.req.Filter.PresenceEvents()
	var events []json.RawMessage
	for _, st := range states {
		if !f.Passes(&filter.Event{Type: "m.presence", Sender: st.UserID}) {
			continue
		}
		ev, err := json.Marshal(map[string]any{"type": "m.presence", "sender": st.UserID, "content": presenceContent(st, time.Now())})
		if err == nil {
			events = append(events, ev)
		}
	}
	a.res.Presence = batch(events)
}

// presentPeers are those who share a room with the user, as far as one may tell of them. They are looked for in the user's rooms, and not among all who
// are there: a first sync must not cost as much as the server has users.
func (a *answer) presentPeers(may func(user string) (ephemeral.State, bool)) (states []ephemeral.State) {
	for other := range a.s.hub.peers(a.ses) {
		if st, ok := may(other.user); ok {
			states = append(states, st)
		}
	}
	return states
}

// presenceNews are those whose presence changed since the token. A token of another node knows nothing of this one's changes.
func (a *answer) presenceNews() (states []ephemeral.State, next int64) {
	number := int64(-1)
	if a.since.Node == a.s.NodeID {
		number = a.since.Presence
	}
	users, next, ok := a.ses.presenceSince(number)
	if !ok {
		return a.presentPeers(a.s.presence.Lately), next
	}
	for _, user := range users {
		if st, ok := a.s.presence.Known(user); ok {
			states = append(states, st)
		}
	}
	return states, next
}

// newlyShared are those whom this user has come to share a room with since the token: the members of a room that the user joined, and
// those who joined one of the user's rooms. Their presence is news even if it has not changed.
func (a *answer) newlyShared(told []ephemeral.State) (states []ephemeral.State) {
	users := a.newFaces()
	delete(users, a.req.User)
	for _, st := range told {
		delete(users, st.UserID)
	}
	for user := range users {
		if st, ok := a.s.presence.Present(user); ok {
			states = append(states, st)
		}
	}
	return states
}

func (a *answer) newFaces() map[string]struct{} {
	users := map[string]struct{}{}
	a.s.hub.mu.RLock()
	defer a.s.hub.mu.RUnlock()
	for _, m := range a.snap.rooms {
		w := a.s.hub.rooms[m.room]
		if w == nil || m.membership != "join" || w.joined <= a.from(m.room) {
			continue
		}
		if m.pos > a.from(m.room) {
			for other := range w.subs {
				users[other.user] = struct{}{}
			}
			continue
		}
		for _, r := range w.between(a.from(m.room), a.to(m.room)) {
			if r.ev.Type == "m.room.member" && r.ev.StateKey != nil && membershipIn(r.ev) == "join" {
				users[*r.ev.StateKey] = struct{}{}
			}
		}
	}
	return users
}

// presenceContent is the content of an m.presence event.
func presenceContent(st ephemeral.State, now time.Time) map[string]any {
	content := map[string]any{"presence": st.Presence, "currently_active": st.CurrentlyActive}
	if st.StatusMsg != "" {
		content["status_msg"] = st.StatusMsg
	}
	if !st.LastActive.IsZero() {
		content["last_active_ago"] = max(now.Sub(st.LastActive).Milliseconds(), 0)
	}
	return content
}
