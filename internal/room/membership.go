package room

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"

	"github.com/matrix-org/gomatrixserverlib/spec"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// MemberRequest is a change of one user's membership.
type MemberRequest struct {
	RoomID  string
	Sender  string
	Target  string // the sender, if empty
	Reason  string
	Content json.RawMessage // further fields for the event; may be empty
	Guest   bool            // the sender is a guest

	closing bool // the sender's account is closed
}

func (r MemberRequest) change(membership string) (memberChange, error) {
	c := memberChange{sender: r.Sender, target: r.Target, membership: membership, extra: map[string]any{}, guest: r.Guest, closing: r.closing}
	if c.target == "" {
		c.target = r.Sender
	}
	if _, err := spec.NewUserID(c.target, true); err != nil {
		return c, mxerr.InvalidParamf("%q is not a user id", c.target)
	}
	if len(r.Content) > 0 {
		if err := decodeNumbers(r.Content, &c.extra); err != nil {
			return c, mxerr.BadJSONf("The request body must be an object")
		}
	}
	// What only the server may vouch for.
	for _, reserved := range []string{"membership", "join_authorised_via_users_server", "third_party_invite"} {
		delete(c.extra, reserved)
	}
	if r.Reason != "" {
		c.extra["reason"] = r.Reason
	}
	return c, nil
}

// Join joins the sender; a user who is in the room already stays so.
func (e *Engine) Join(ctx context.Context, r MemberRequest) error {
	num, ok, err := e.Resolve(ctx, r.RoomID)
	if err != nil {
		return err
	}
	if !ok {
		return mxerr.NotFoundf("No such room")
	}
	c, err := r.change(spec.Join)
	if err != nil {
		return err
	}
	return e.inRoomNum(ctx, num, nil, func(tx *roomTx) error {
		now, err := tx.membership(c.target)
		if err != nil || now == spec.Join {
			return err
		}
		return tx.changeMember(c)
	})
}

// Invite invites the target.
func (e *Engine) Invite(ctx context.Context, r MemberRequest) error {
	return e.change(ctx, r, spec.Invite, nil)
}

// Knock asks to be invited.
func (e *Engine) Knock(ctx context.Context, r MemberRequest) error {
	num, ok, err := e.Resolve(ctx, r.RoomID)
	if err != nil {
		return err
	}
	if !ok {
		return mxerr.NotFoundf("No such room")
	}
	c, err := r.change(spec.Knock)
	if err != nil {
		return err
	}
	return e.inRoomNum(ctx, num, nil, func(tx *roomTx) error { return tx.changeMember(c) })
}

// Leave leaves a room, rejects an invite or takes back a knock.
func (e *Engine) Leave(ctx context.Context, r MemberRequest) error {
	return e.change(ctx, r, spec.Leave, func(now string) error {
		switch now {
		case spec.Join, spec.Invite, spec.Knock:
			return nil
		case spec.Leave:
			return errAlready
		}
		return errNotInRoom
	})
}

// Kick makes the target leave, or takes back an invite or a knock.
func (e *Engine) Kick(ctx context.Context, r MemberRequest) error {
	return e.change(ctx, r, spec.Leave, func(now string) error {
		switch now {
		case spec.Join, spec.Invite, spec.Knock:
			return nil
		}
		return mxerr.Forbiddenf("%s is not in this room", r.Target)
	})
}

// Ban bans the target, who need not be in the room.
func (e *Engine) Ban(ctx context.Context, r MemberRequest) error {
	return e.change(ctx, r, spec.Ban, nil)
}

// Unban lifts a ban.
func (e *Engine) Unban(ctx context.Context, r MemberRequest) error {
	return e.change(ctx, r, spec.Leave, func(now string) error {
		if now != spec.Ban {
			return mxerr.Forbiddenf("%s is not banned from this room", r.Target)
		}
		return nil
	})
}

// errAlready is what a check says where nothing is to be done, and the request succeeds.
var errAlready = errors.New("the membership is already so")

func (e *Engine) change(ctx context.Context, r MemberRequest, membership string, check func(now string) error) error {
	c, err := r.change(membership)
	if err != nil {
		return err
	}
	return e.inRoom(ctx, r.RoomID, nil, func(tx *roomTx) error {
		if check == nil {
			return tx.changeMember(c)
		}
		now, err := tx.membership(c.target)
		if err != nil {
			return err
		}
		sender, err := tx.membership(c.sender)
		if err != nil {
			return err
		}
		if c.sender != c.target && sender != spec.Join {
			return errNotInRoom // before anything is said of the target
		}
		err = check(now)
		if errors.Is(err, errAlready) {
			return nil
		}
		if err != nil {
			return err
		}
		return tx.changeMember(c)
	})
}

// Forget marks a room that the user has left as forgotten.
func (e *Engine) Forget(ctx context.Context, userID, roomID string) error {
	num, ok, err := e.Resolve(ctx, roomID)
	if err != nil {
		return err
	}
	if !ok {
		return errNotInRoom
	}
	return e.store.Write(ctx, func(tx *store.Tx) error {
		m, err := tx.MembershipIn(ctx, userID, num)
		if err != nil {
			return err
		}
		switch m.Membership {
		case spec.Leave, spec.Ban:
			return tx.SetForgotten(ctx, userID, num)
		}
		return mxerr.New(http.StatusBadRequest, mxerr.Unknown, "Leave the room before you forget it")
	})
}

// memberChange is a membership event to be made.
type memberChange struct {
	sender, target, membership string
	extra                      map[string]any
	guest, closing             bool
}

// changeMember appends a membership event.
func (tx *roomTx) changeMember(c memberChange) error {
	content := map[string]any{}
	switch c.membership {
	case spec.Join, spec.Invite, spec.Knock:
		profile, err := tx.profile(c.target)
		if err != nil {
			return err
		}
		maps.Copy(content, profile)
	}
	maps.Copy(content, c.extra)
	content["membership"] = c.membership
	if c.membership == spec.Join {
		if err := tx.checkGuest(c); err != nil {
			return err
		}
		if err := tx.authoriseRestricted(c.target, content); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(content)
	if err != nil {
		return err
	}
	_, err = tx.append(&proto{Type: spec.MRoomMember, StateKey: &c.target, Sender: c.sender, Content: raw}, origin{closing: c.closing})
	return err
}

// checkGuest: Client-Server API, "Guest Access".
func (tx *roomTx) checkGuest(c memberChange) error {
	if c.guest && tx.str("m.room.guest_access", "guest_access") != "can_join" {
		return mxerr.New(http.StatusForbidden, mxerr.GuestAccessForbidden, "Guests may not join this room")
	}
	return nil
}

// profile is what a membership event says of the user.
func (tx *roomTx) profile(userID string) (map[string]any, error) {
	fields, err := tx.Profile(tx.ctx, userID)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, f := range fields {
		if f.Name == "displayname" || f.Name == "avatar_url" {
			out[f.Name] = json.RawMessage(f.Value)
		}
	}
	return out, nil
}
