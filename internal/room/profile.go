package room

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/matrix-org/gomatrixserverlib/spec"

	"bongsu.org/bongsu/internal/store"
)

// ProfileChanged repeats a user's new display name and avatar in the membership events of the rooms that the user is in
// (Client-Server API, "Events on change of profile information"). A room whose rules refuse it keeps the old ones.
func (e *Engine) ProfileChanged(ctx context.Context, userID string) error {
	return e.inRoomsOf(ctx, userID, []string{spec.Join}, func(m store.Membership) error {
		return e.inRoomNum(ctx, m.Room, nil, func(tx *roomTx) error { return tx.refreshProfile(userID) })
	})
}

// refreshProfile appends the user's membership event anew if the profile in it is out of date.
func (tx *roomTx) refreshProfile(userID string) error {
	n, err := tx.room.get(tx.ctx, tx.LaneTx, spec.MRoomMember, userID)
	if err != nil || membershipOf(n) != spec.Join {
		return err
	}
	content := map[string]any{}
	if err := decodeNumbers(n.ev.Content(), &content); err != nil {
		return err
	}
	for _, field := range []string{"displayname", "avatar_url", "reason", "is_direct"} {
		delete(content, field)
	}
	profile, err := tx.profile(userID)
	if err != nil {
		return err
	}
	for k, v := range profile {
		content[k] = v
	}
	raw, err := json.Marshal(content)
	if err != nil {
		return err
	}
	if same, err := canonicalJSON(raw); err == nil && bytes.Equal(same, n.ev.Content()) {
		return nil
	}
	return tx.putState(userID, spec.MRoomMember, userID, raw)
}
