package notices

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/store"
)

// send sends an event to the user's room, which is made if there is none, and to which the user is invited who is not in it.
func (s *Service) send(ctx context.Context, e Event) (eventID string, err error) {
	r, err := s.roomFor(ctx, e.To)
	if err != nil {
		return "", err
	}
	eventID, err = s.Rooms.Send(ctx, room.SendRequest{
		RoomID: r.RoomID, Sender: s.UserID, Type: e.Type, StateKey: e.StateKey, Content: e.Content, TxnID: e.TxnID,
	})
	if err != nil {
		return "", fmt.Errorf("sending a notice to %s: %w", e.To, err)
	}
	return eventID, nil
}

// pin makes an event the only one that is pinned in a room (Client-Server API, "Server Notices": "Active notices are represented by the
// pinned events"); without one, none is.
func (s *Service) pin(ctx context.Context, roomID string, eventIDs ...string) error {
	if eventIDs == nil {
		eventIDs = []string{}
	}
	content, err := json.Marshal(map[string][]string{"pinned": eventIDs})
	if err != nil {
		return err
	}
	key := ""
	_, err = s.Rooms.Send(ctx, room.SendRequest{RoomID: roomID, Sender: s.UserID, Type: "m.room.pinned_events", StateKey: &key, Content: content})
	if err != nil {
		return fmt.Errorf("pinning a notice: %w", err)
	}
	return nil
}

// roomFor is the user's server notices room, tagged, with the user in it or invited.
func (s *Service) roomFor(ctx context.Context, userID string) (store.NoticeRoom, error) {
	r, err := s.known(ctx, userID)
	if errors.Is(err, store.ErrNotFound) {
		r, err = s.makeRoom(ctx, userID)
	}
	if err != nil {
		return r, err
	}
	if !r.Tagged {
		if err := s.tag(ctx, r); err != nil {
			return r, err
		}
	}
	return r, s.invite(ctx, r)
}

func (s *Service) known(ctx context.Context, userID string) (r store.NoticeRoom, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		r, err = tx.NoticeRoomOf(ctx, userID)
		return err
	})
	return r, err
}

// errTwice: somebody else has just made the user's room.
var errTwice = errors.New("the user has a server notices room")

// powerLevels let nobody but the server write, or react, or change anything.
const powerLevels = `{"users_default":-10,"invite":50}`

// makeRoom makes the user's room, with its row in the same transaction.
func (s *Service) makeRoom(ctx context.Context, userID string) (store.NoticeRoom, error) {
	r := store.NoticeRoom{UserID: userID}
	_, err := s.Rooms.Create(ctx, room.CreateRequest{
		Creator: s.UserID, Preset: "private_chat", Name: s.Name, Invite: []string{userID}, NoDefaultEncryption: true,
		CreationContent: json.RawMessage(`{"m.federate":false}`), PowerLevels: json.RawMessage(powerLevels),
		InitialState: []room.StateEvent{{Type: "m.room.guest_access", Content: json.RawMessage(`{"guest_access":"forbidden"}`)}},
		Also: func(ctx context.Context, tx *store.LaneTx, num int64, roomID string) error {
			r.Room, r.RoomID = num, roomID
			err := tx.AddNoticeRoom(ctx, r)
			if errors.Is(err, store.ErrConflict) {
				return errTwice
			}
			return err
		},
	})
	if errors.Is(err, errTwice) {
		return s.known(ctx, userID)
	}
	if err != nil {
		return r, fmt.Errorf("making the server notices room of %s: %w", userID, err)
	}
	return r, nil
}

// tag tells the user's clients which room it is. A user who takes the tag away later is left alone.
func (s *Service) tag(ctx context.Context, r store.NoticeRoom) error {
	bg := context.WithoutCancel(ctx) // a lane shares its transaction with others
	err := s.Store.UserLane(r.UserID).Do(ctx, func(tx *store.LaneTx) error {
		old, err := tx.AccountDataOf(bg, r.UserID, r.RoomID, "m.tag")
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		content, err := withTag(old.Content)
		if err != nil {
			return err
		}
		return tx.PutAccountData(bg, store.AccountData{UserID: r.UserID, RoomID: r.RoomID, Type: "m.tag", Content: content})
	})
	if err != nil {
		return fmt.Errorf("tagging the server notices room of %s: %w", r.UserID, err)
	}
	return s.Store.Write(ctx, func(tx *store.Tx) error { return tx.SetNoticeRoomTagged(ctx, r.UserID) })
}

// withTag adds the tag to the content of m.tag.
func withTag(old []byte) ([]byte, error) {
	var content struct {
		Tags map[string]json.RawMessage `json:"tags"`
	}
	if len(old) > 0 {
		_ = json.Unmarshal(old, &content) // what is no m.tag is replaced
	}
	if content.Tags == nil {
		content.Tags = map[string]json.RawMessage{}
	}
	content.Tags["m.server_notice"] = json.RawMessage(`{}`)
	return json.Marshal(content)
}

// invite invites a user who has left.
func (s *Service) invite(ctx context.Context, r store.NoticeRoom) error {
	var now store.Membership
	err := s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		now, err = tx.MembershipIn(ctx, r.UserID, r.Room)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("looking for %s in their server notices room: %w", r.UserID, err)
	}
	if now.Membership == "join" || now.Membership == "invite" {
		return nil
	}
	if err := s.Rooms.Invite(ctx, room.MemberRequest{RoomID: r.RoomID, Sender: s.UserID, Target: r.UserID}); err != nil {
		return fmt.Errorf("inviting %s to their server notices room: %w", r.UserID, err)
	}
	return nil
}
