package keys

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Bounds of back-ups.
const (
	maxAlgorithm = 255
	maxAuthData  = 64 << 10
	maxBackupKey = 64 << 10 // bytes of one key's session_data
	maxBackup    = 1_000_000
)

// BackupInfo describes a back-up (Client-Server API, GET /room_keys/version).
type BackupInfo struct {
	Algorithm string          `json:"algorithm"`
	AuthData  json.RawMessage `json:"auth_data"`
	Count     int64           `json:"count"`
	Etag      string          `json:"etag"`
	Version   string          `json:"version"`
}

// BackupState is what a client is told after a change of the keys in a back-up.
type BackupState struct {
	Etag  string `json:"etag"`
	Count int64  `json:"count"`
}

var errNoBackup = mxerr.NotFoundf("There is no such back-up")

func state(b store.BackupVersion) BackupState {
	return BackupState{Etag: strconv.FormatInt(b.Etag, 10), Count: b.Keys}
}

// NewBackup is what a client asks for a back-up, or changes of one.
type NewBackup struct {
	Algorithm string          `json:"algorithm"`
	AuthData  json.RawMessage `json:"auth_data"`
	Version   string          `json:"version"` // only of a change
}

func (n NewBackup) check() error {
	switch {
	case n.Algorithm == "":
		return mxerr.MissingParamf("algorithm is missing")
	case len(n.Algorithm) > maxAlgorithm:
		return mxerr.InvalidParamf("algorithm has at most %d bytes", maxAlgorithm)
	case len(n.AuthData) == 0:
		return mxerr.MissingParamf("auth_data is missing")
	case n.AuthData[0] != '{':
		return mxerr.BadJSONf("auth_data must be a JSON object")
	case len(n.AuthData) > maxAuthData:
		return mxerr.TooLargef("auth_data can have at most %d bytes", maxAuthData)
	}
	return nil
}

// CreateBackup begins a new back-up, which is the current one from then on, and returns its version.
func (s *Service) CreateBackup(ctx context.Context, userID string, n NewBackup) (string, error) {
	if err := n.check(); err != nil {
		return "", err
	}
	var version int64
	err := s.changeBackups(ctx, userID, func(tx *store.Tx) (err error) {
		version, err = tx.AddBackup(ctx, store.BackupVersion{UserID: userID, Algorithm: n.Algorithm, AuthData: compact(n.AuthData)})
		return err
	})
	return strconv.FormatInt(version, 10), err
}

func compact(text []byte) []byte {
	var buf bytes.Buffer
	if json.Compact(&buf, text) != nil {
		return text // it was checked to be JSON
	}
	return buf.Bytes()
}

// changeBackups runs a change of a user's back-ups, one at a time, in a transaction that writes whatever fn does: a repeated request is
// acknowledged by a commit of its own.
func (s *Service) changeBackups(ctx context.Context, userID string, fn func(tx *store.Tx) error) error {
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.LockUser(ctx, userID); err != nil {
			return err
		}
		return fn(tx)
	})
	if err != nil {
		return fmt.Errorf("changing a back-up: %w", err)
	}
	return nil
}

// Backup describes a back-up; the current one if version is empty.
func (s *Service) Backup(ctx context.Context, userID, version string) (BackupInfo, error) {
	var b store.BackupVersion
	err := s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if version == "" {
			if b, err = tx.LatestBackup(ctx, userID); errors.Is(err, store.ErrNotFound) {
				return errNoBackup
			}
			return err
		}
		b, err = existing(ctx, tx, userID, version)
		return err
	})
	if err != nil {
		return BackupInfo{}, fmt.Errorf("reading a back-up: %w", err)
	}
	return BackupInfo{
		Algorithm: b.Algorithm, AuthData: b.AuthData, Count: b.Keys, Etag: strconv.FormatInt(b.Etag, 10),
		Version: strconv.FormatInt(b.Version, 10),
	}, nil
}

// existing is a back-up that is not deleted.
func existing(ctx context.Context, tx *store.Tx, userID, version string) (store.BackupVersion, error) {
	b, err := known(ctx, tx, userID, version)
	if err == nil && b.Deleted {
		return b, errNoBackup
	}
	return b, err
}

// known is a back-up, be it deleted or not.
func known(ctx context.Context, tx *store.Tx, userID, version string) (store.BackupVersion, error) {
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return store.BackupVersion{}, errNoBackup
	}
	b, err := tx.Backup(ctx, userID, n)
	if errors.Is(err, store.ErrNotFound) {
		return b, errNoBackup
	}
	return b, err
}

// UpdateBackup changes the auth_data of a back-up; its algorithm stays.
func (s *Service) UpdateBackup(ctx context.Context, userID, version string, n NewBackup) error {
	if err := n.check(); err != nil {
		return err
	}
	if n.Version != "" && n.Version != version {
		return mxerr.InvalidParamf("version in the body is not that in the path")
	}
	return s.changeBackups(ctx, userID, func(tx *store.Tx) error {
		b, err := existing(ctx, tx, userID, version)
		if err != nil {
			return err
		}
		if b.Algorithm != n.Algorithm {
			return mxerr.InvalidParamf("Algorithm does not match")
		}
		b.AuthData = compact(n.AuthData)
		return tx.UpdateBackup(ctx, b)
	})
}

// DeleteBackup deletes a back-up with all its keys. One that is deleted already is no error.
func (s *Service) DeleteBackup(ctx context.Context, userID, version string) error {
	err := s.changeBackups(ctx, userID, func(tx *store.Tx) error {
		b, err := known(ctx, tx, userID, version)
		if err != nil || b.Deleted {
			return err
		}
		return tx.DeleteBackup(ctx, userID, b.Version)
	})
	if err != nil {
		return err
	}
	select {
	case s.garbage <- struct{}{}:
	default:
	}
	return nil
}

// wrongVersion: Client-Server API, PUT /room_keys/keys: keys go to the current back-up alone.
func wrongVersion(current int64) *mxerr.Error {
	return mxerr.New(http.StatusForbidden, mxerr.WrongRoomKeysVersion, "Wrong backup version.").
		With("current_version", strconv.FormatInt(current, 10))
}
