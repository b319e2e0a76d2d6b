package sync

import (
	"context"
	"encoding/json"
	"time"

	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/filter"
)

// presenceLoad bounds the reading of the rooms of a user whose presence changed.
const presenceLoad = 5 * time.Second

// PresenceChanged wakes those who share a room with a user.
func (s *Service) PresenceChanged(userID string) {
	ctx, cancel := context.WithTimeout(context.Background(), presenceLoad)
	defer cancel()
	// The user's rooms are kept for a while, also where the user is connected to another node, so that showing presence takes no query.
	ses, err := s.hub.session(ctx, userID)
	if err != nil {
		s.Log.Warn("presence is not told on", "err", err)
		return
	}
	rooms := ses.members()
	s.hub.mu.RLock()
	defer s.hub.mu.RUnlock()
	for _, m := range rooms {
		if w := s.hub.rooms[m.room]; w != nil && m.membership == "join" {
			for other := range w.subs {
				other.wake()
			}
		}
	}
}

// presence adds the users whose presence changed and who share a room with this one.
func (a *answer) presence() {
	if !a.s.presence.Enabled() {
		return
	}
	var states []ephemeral.State
	if a.since == nil {
		a.next.Presence = a.s.presence.Counter()
		states = a.presentPeers()
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

// presentPeers are those who are there and share a room with the user. They are looked for in the user's rooms, and not among all who are
// there: a first sync must not cost as much as the server has users.
func (a *answer) presentPeers() (states []ephemeral.State) {
	users := map[string]struct{}{a.req.User: {}}
	a.s.hub.mu.RLock()
	for _, m := range a.snap.rooms {
		if w := a.s.hub.rooms[m.room]; w != nil && m.membership == "join" {
			for other := range w.subs {
				users[other.user] = struct{}{}
			}
		}
	}
	a.s.hub.mu.RUnlock()
	for user := range users {
		if st, ok := a.s.presence.Known(user); ok && st.Presence != ephemeral.Offline {
			states = append(states, st)
		}
	}
	return states
}

// presenceNews are those whose presence changed since the token. A token of another node knows nothing of this one's changes.
func (a *answer) presenceNews() ([]ephemeral.State, int64) {
	counter := int64(0)
	if a.since.Node == a.s.NodeID {
		counter = a.since.Presence
	}
	joined := map[int64]bool{}
	for _, m := range a.snap.rooms {
		if m.membership == "join" {
			joined[m.room] = true
		}
	}
	return a.s.presence.Since(counter, func(user string) bool { return user == a.req.User || a.shares(user, joined) })
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
		if st, ok := a.s.presence.Known(user); ok && st.Presence != ephemeral.Offline {
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

// shares tells whether a connected user is in one of the rooms.
func (a *answer) shares(user string, joined map[int64]bool) bool {
	a.s.hub.mu.RLock()
	other := a.s.hub.sessions[user]
	a.s.hub.mu.RUnlock()
	if other == nil {
		return false
	}
	for _, m := range other.members() {
		if m.membership == "join" && joined[m.room] {
			return true
		}
	}
	return false
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
