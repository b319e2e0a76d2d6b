package appservice

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"bongsu.org/bongsu/internal/ephemeral"
	"bongsu.org/bongsu/internal/store"
)

const (
	// sharesMost bounds the users who share a room with another that are looked at for one of the service's.
	sharesMost = 1000
	// maxSeen bounds for how many users it is remembered, for seenTime, whether the service may know of their presence.
	maxSeen  = 20_000
	seenTime = time.Minute
	// statesMost bounds the users whose presence is looked at at once; of more the latest are.
	statesMost = 500
)

// sources tell of what is of the moment.
type sources struct {
	typing   *ephemeral.Typing
	presence *ephemeral.Presence // nil: switched off
}

// moments is up to where a sender has told of typing and presence.
type moments struct {
	typing, presence int64
	seen             *lru.Cache[string, verdict]
}

// verdict is whether a service may know of a user's presence.
type verdict struct {
	yes   bool
	until time.Time
}

// begin passes over what was before.
func (m *moments) begin(s *sender) {
	m.seen, _ = lru.New[string, verdict](maxSeen) // fails for sizes below 1 only
	if from := s.d.sources.Load(); from != nil {
		m.typing, m.presence = from.typing.Counter(), from.presence.Counter()
	}
}

// take is what changed since it was last called and concerns the service; what cannot be found out now is lost, as it soon would be
// anyway.
func (m *moments) take(ctx context.Context, s *sender) []json.RawMessage {
	from := s.d.sources.Load()
	if from == nil || !s.service.ReceiveEphemeral {
		return nil
	}
	all := func(string) bool { return true }
	var rooms []ephemeral.RoomTyping
	var states []ephemeral.State
	if from.typing.Counter() != m.typing {
		rooms, m.typing = from.typing.Since(m.typing, all)
	}
	if from.presence.Counter() != m.presence {
		states, m.presence = from.presence.Since(m.presence, all)
		states = states[:min(len(states), statesMost)] // the latest come first
	}
	if len(rooms)+len(states) == 0 {
		return nil
	}
	var out []json.RawMessage
	err := s.d.Store.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = s.concerning(ctx, tx, rooms, states)
		return err
	})
	if err != nil {
		s.d.Log.Debug("an application service is not told who types and who is there", "service", s.service.ID, "err", err)
		return nil
	}
	return out
}

func (s *sender) concerning(ctx context.Context, tx *store.Tx, rooms []ephemeral.RoomTyping, states []ephemeral.State) (
	[]json.RawMessage, error,
) {
	var out []json.RawMessage
	for _, t := range rooms {
		if len(out) == maxEphemeral {
			return out, nil
		}
		ev, err := s.typingEvent(ctx, tx, t)
		if err != nil {
			return nil, err
		}
		if ev != nil {
			out = append(out, ev)
		}
	}
	for _, st := range states {
		if len(out) == maxEphemeral {
			return out, nil
		}
		wanted, err := s.sees(ctx, tx, st.UserID)
		if err != nil {
			return nil, err
		}
		if wanted {
			out = append(out, presenceEvent(st, time.Now()))
		}
	}
	return out, nil
}

// typingEvent is nil for a room that does not concern the service.
func (s *sender) typingEvent(ctx context.Context, tx *store.Tx, t ephemeral.RoomTyping) (json.RawMessage, error) {
	r, err := tx.RoomByID(ctx, t.RoomID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	wanted, err := s.interestedIn(ctx, tx, r.Num, r.ID, s.at[store.Pos(r.Num).Lane()])
	if err != nil || !wanted {
		return nil, err
	}
	users := t.Users
	if users == nil {
		users = []string{}
	}
	return json.Marshal(map[string]any{"type": "m.typing", "room_id": t.RoomID, "content": map[string]any{"user_ids": users}})
}

// sees tells whether one of the service's users may know of a user's presence: it is that user's own, or they share a room.
func (s *sender) sees(ctx context.Context, tx *store.Tx, userID string) (bool, error) {
	if s.service.Owns(userID) {
		return true, nil
	}
	if v, ok := s.moments.seen.Get(userID); ok && time.Now().Before(v.until) {
		return v.yes, nil
	}
	others, err := tx.SharingNamed(ctx, userID, s.service.prefix, sharesMost)
	if err != nil {
		return false, err
	}
	v := verdict{yes: slices.ContainsFunc(others, s.service.Owns), until: time.Now().Add(seenTime)}
	s.moments.seen.Add(userID, v)
	return v.yes, nil
}

// presenceEvent: Client-Server API, m.presence.
func presenceEvent(st ephemeral.State, now time.Time) json.RawMessage {
	content := map[string]any{"presence": st.Presence, "currently_active": st.CurrentlyActive}
	if st.StatusMsg != "" {
		content["status_msg"] = st.StatusMsg
	}
	if !st.LastActive.IsZero() {
		content["last_active_ago"] = max(now.Sub(st.LastActive).Milliseconds(), 0)
	}
	out, err := json.Marshal(map[string]any{"type": "m.presence", "sender": st.UserID, "content": content})
	if err != nil {
		return json.RawMessage("{}") // texts and numbers never fail
	}
	return out
}
