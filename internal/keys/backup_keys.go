package keys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// RoomKey is an encrypted room key in a back-up (Client-Server API, "Server-side key backups").
type RoomKey struct {
	FirstIndex *int64          `json:"first_message_index"`
	Forwarded  *int64          `json:"forwarded_count"`
	Verified   *bool           `json:"is_verified"`
	Data       json.RawMessage `json:"session_data"`
}

// RoomKeys are keys of a room, by session.
type RoomKeys struct {
	Sessions map[string]RoomKey `json:"sessions"`
}

func (k RoomKey) check() error {
	switch {
	case k.FirstIndex == nil || k.Forwarded == nil || k.Verified == nil || len(k.Data) == 0:
		return mxerr.MissingParamf("A key needs first_message_index, forwarded_count, is_verified and session_data")
	case *k.FirstIndex < 0 || *k.Forwarded < 0:
		return mxerr.InvalidParamf("first_message_index and forwarded_count are at least 0")
	case k.Data[0] != '{':
		return mxerr.BadJSONf("session_data must be a JSON object")
	case len(k.Data) > maxBackupKey:
		return mxerr.TooLargef("session_data can have at most %d bytes", maxBackupKey)
	}
	return nil
}

// StoreRoomKeys puts keys, by room and session, into the current back-up.
func (s *Service) StoreRoomKeys(ctx context.Context, userID, version string, rooms map[string]RoomKeys) (BackupState, error) {
	fresh, err := checkRoomKeys(rooms)
	if err != nil {
		return BackupState{}, err
	}
	var out BackupState
	err = s.changeBackups(ctx, userID, func(tx *store.Tx) error {
		b, err := tx.LatestBackup(ctx, userID)
		if errors.Is(err, store.ErrNotFound) {
			return errNoBackup
		}
		if err != nil {
			return err
		}
		if version != strconv.FormatInt(b.Version, 10) {
			return wrongVersion(b.Version)
		}
		b, err = putRoomKeys(ctx, tx, b, fresh)
		out = state(b)
		return err
	})
	return out, err
}

func checkRoomKeys(rooms map[string]RoomKeys) ([]store.BackupKey, error) {
	var out []store.BackupKey
	for roomID, r := range rooms {
		if r.Sessions == nil {
			return nil, mxerr.MissingParamf("sessions is missing")
		}
		for id, k := range r.Sessions {
			if !plausible(roomID) || !plausible(id) {
				return nil, mxerr.InvalidParamf("The ids of rooms and sessions have between 1 and %d bytes", maxName)
			}
			if err := k.check(); err != nil {
				return nil, err
			}
			out = append(out, store.BackupKey{
				RoomID: roomID, SessionID: id, FirstIndex: *k.FirstIndex, Forwarded: *k.Forwarded, Verified: *k.Verified, Data: compact(k.Data),
			})
		}
	}
	return out, nil
}

// putRoomKeys writes those of the keys that are new or better than what is there, and counts.
func putRoomKeys(ctx context.Context, tx *store.Tx, b store.BackupVersion, fresh []store.BackupKey) (store.BackupVersion, error) {
	sessions := make([]string, len(fresh))
	for i, k := range fresh {
		sessions[i] = k.SessionID
	}
	present, err := tx.BackupKeysOf(ctx, b.UserID, b.Version, sessions)
	if err != nil {
		return b, err
	}
	there := make(map[[2]string]store.BackupKey, len(present))
	for _, k := range present {
		there[[2]string{k.RoomID, k.SessionID}] = k
	}
	fresh = slices.DeleteFunc(fresh, func(k store.BackupKey) bool {
		old, ok := there[[2]string{k.RoomID, k.SessionID}]
		if !ok {
			b.Keys++
		}
		return ok && !better(k, old)
	})
	if b.Keys > maxBackup {
		return b, mxerr.New(http.StatusBadRequest, mxerr.ResourceLimitExceeded, "A back-up can hold at most %d keys", maxBackup)
	}
	if len(fresh) == 0 {
		return b, nil
	}
	b.Etag++
	if err := tx.PutBackupKeys(ctx, b.UserID, b.Version, fresh); err != nil {
		return b, err
	}
	return b, tx.UpdateBackup(ctx, b)
}

// better tells whether a key takes the place of one that is there (Client-Server API, "Server-side key backups", "Backing up keys"):
// a verified one of one that is not; else that with the lower first index; else that which was forwarded less often.
func better(k, old store.BackupKey) bool {
	switch {
	case k.Verified != old.Verified:
		return k.Verified
	case k.FirstIndex != old.FirstIndex:
		return k.FirstIndex < old.FirstIndex
	}
	return k.Forwarded < old.Forwarded
}

// DeleteRoomKeys deletes keys of a back-up: all, those of a room, or one.
func (s *Service) DeleteRoomKeys(ctx context.Context, userID, version, roomID, sessionID string) (BackupState, error) {
	var out BackupState
	err := s.changeBackups(ctx, userID, func(tx *store.Tx) error {
		b, err := existing(ctx, tx, userID, version)
		if err != nil {
			return err
		}
		n, err := tx.DeleteBackupKeys(ctx, userID, b.Version, roomID, sessionID)
		if err != nil {
			return err
		}
		if n > 0 {
			b.Keys -= n
			b.Etag++
			err = tx.UpdateBackup(ctx, b)
		}
		out = state(b)
		return err
	})
	return out, err
}

var errNoRoomKey = mxerr.NotFoundf("Key not found.")

// RoomKey is one key of a back-up.
func (s *Service) RoomKey(ctx context.Context, userID, version, roomID, sessionID string) (RoomKey, error) {
	var out RoomKey
	err := s.Store.Read(ctx, func(tx *store.Tx) error {
		b, err := existing(ctx, tx, userID, version)
		if err != nil {
			return err
		}
		keys, err := tx.BackupKeysOf(ctx, userID, b.Version, []string{sessionID})
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.RoomID == roomID {
				out = asRoomKey(k)
				return nil
			}
		}
		return errNoRoomKey
	})
	if err != nil {
		return out, fmt.Errorf("reading a key of a back-up: %w", err)
	}
	return out, nil
}

func asRoomKey(k store.BackupKey) RoomKey {
	return RoomKey{FirstIndex: &k.FirstIndex, Forwarded: &k.Forwarded, Verified: &k.Verified, Data: k.Data}
}

// backupPage is how many keys are read at once.
const backupPage = 500

// EachRoomKey calls fn with the keys of a back-up, or of one room of it, sorted by room, some at a time, so that a large back-up need
// not be held in memory. started is called once it is known that there is such a back-up, before the first key.
func (s *Service) EachRoomKey(
	ctx context.Context, userID, version, roomID string, started func(), fn func(roomID, sessionID string, k RoomKey) error,
) error {
	var b store.BackupVersion
	err := s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		b, err = existing(ctx, tx, userID, version)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading a back-up: %w", err)
	}
	started()
	var last store.BackupKey
	for {
		var page []store.BackupKey
		err := s.Store.Read(ctx, func(tx *store.Tx) (err error) {
			page, err = tx.BackupKeysAfter(ctx, userID, b.Version, roomID, last, backupPage)
			return err
		})
		if err != nil {
			return fmt.Errorf("reading the keys of a back-up: %w", err)
		}
		for _, k := range page {
			if err := fn(k.RoomID, k.SessionID, asRoomKey(k)); err != nil {
				return err
			}
		}
		if len(page) < backupPage {
			return nil
		}
		last = page[len(page)-1]
	}
}
