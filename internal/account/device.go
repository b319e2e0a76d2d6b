package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Bounds of what clients say of their devices, in bytes.
const (
	maxDeviceID   = 255
	maxDeviceName = 255
)

var (
	errNoDevice   = mxerr.NotFoundf("You have no such device")
	errDeviceID   = mxerr.InvalidParamf("A device id is at most %d printable characters", maxDeviceID)
	errDeviceKey  = mxerr.Forbiddenf("This device id is one of your cross-signing keys")
	errDeviceName = mxerr.InvalidParamf("A device's name is at most %d bytes", maxDeviceName)
)

// NewDevice is what a client asks of the device that it logs in with.
type NewDevice struct {
	ID          string // empty: the server makes one
	DisplayName string // of a device that is not known yet
	// Refresh tells that the client can use refresh tokens.
	Refresh bool
	Seen    Seen
}

func (d NewDevice) check() error {
	if len(d.ID) > maxDeviceID || strings.ContainsFunc(d.ID, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return errDeviceID
	}
	if len(d.DisplayName) > maxDeviceName {
		return errDeviceName
	}
	return nil
}

// Login is what a client gets that has logged in. The tokens are empty where there are none; ExpiresIn is 0 for a token that lasts.
type Login struct {
	UserID       string
	DeviceID     string
	AccessToken  string
	RefreshToken string
	ExpiresInMS  int64
}

// startSession gives a user a device with tokens. Client-Server API, "Relationship between access tokens and devices": whatever tokens
// a known device had are revoked; their hashes are returned.
func (s *Service) startSession(ctx context.Context, tx *store.Tx, userID string, d NewDevice) (l Login, revoked [][]byte, err error) {
	if d.ID == "" {
		d.ID = newDeviceID()
	} else if taken, err := tx.IsCrossSigningKey(ctx, userID, d.ID); err != nil {
		return l, nil, err
	} else if taken {
		// Client-Server API, "Cross-signing": servers must ensure that device ids do not collide with cross-signing public keys.
		return l, nil, errDeviceKey
	} else if revoked, err = tx.DeleteTokens(ctx, userID, d.ID); err != nil {
		return l, nil, err
	}
	now := s.nowMS()
	dev := store.Device{
		UserID: userID, ID: d.ID, CreatedTS: now, LastSeenTS: now, LastSeenIP: d.Seen.Address, LastSeenWith: clip(d.Seen.UserAgent, maxAgent),
	}
	if d.DisplayName != "" {
		dev.DisplayName = &d.DisplayName
	}
	if err := tx.PutDevice(ctx, dev); err != nil {
		return l, nil, fmt.Errorf("storing a device: %w", err)
	}
	if d.Refresh {
		l, err = s.issuePair(ctx, tx, userID, d.ID, nil)
		return l, revoked, err
	}
	l = Login{UserID: userID, DeviceID: d.ID}
	var hash [32]byte
	l.AccessToken, hash = newToken(accessPrefix)
	err = tx.InsertAccessToken(ctx, store.AccessToken{Hash: hash[:], UserID: userID, DeviceID: d.ID})
	return l, revoked, err
}

// Devices lists a user's devices.
func (s *Service) Devices(ctx context.Context, userID string) (out []store.Device, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		out, err = tx.Devices(ctx, userID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing devices: %w", err)
	}
	for i := range out {
		out[i] = s.withSeen(out[i])
	}
	return out, nil
}

// Device is one device of a user.
func (s *Service) Device(ctx context.Context, userID, deviceID string) (d store.Device, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		d, err = tx.Device(ctx, userID, deviceID)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return d, errNoDevice
	}
	if err != nil {
		return d, fmt.Errorf("reading a device: %w", err)
	}
	return s.withSeen(d), nil
}

// RenameDevice gives a device a display name; nil leaves it as it is.
func (s *Service) RenameDevice(ctx context.Context, userID, deviceID string, name *string) error {
	if name == nil {
		_, err := s.Device(ctx, userID, deviceID)
		return err
	}
	if len(*name) > maxDeviceName {
		return errDeviceName
	}
	err := s.Store.Write(ctx, func(tx *store.Tx) error { return tx.RenameDevice(ctx, userID, deviceID, *name) })
	if errors.Is(err, store.ErrNotFound) {
		return errNoDevice
	}
	if err != nil {
		return fmt.Errorf("renaming a device: %w", err)
	}
	return nil
}

// DeleteDevices deletes devices and revokes their tokens. Ids of no device are passed over.
func (s *Service) DeleteDevices(ctx context.Context, userID string, ids []string) error {
	return s.changeUser(ctx, userID, func(tx *store.Tx, _ *store.User) (revoked [][]byte, err error) {
		return tx.DeleteDevices(ctx, userID, ids)
	})
}

// DeleteAllDevices deletes all of a user's devices but the given one, which may be empty.
func (s *Service) DeleteAllDevices(ctx context.Context, userID, keep string) error {
	return s.changeUser(ctx, userID, func(tx *store.Tx, _ *store.User) (revoked [][]byte, err error) {
		return deleteAllDevices(ctx, tx, userID, keep)
	})
}

// deleteAllDevices logs a user out of all devices but one, and of all browsers.
func deleteAllDevices(ctx context.Context, tx *store.Tx, userID, keep string) (revoked [][]byte, err error) {
	devices, err := tx.Devices(ctx, userID)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, d := range devices {
		if d.ID != keep {
			ids = append(ids, d.ID)
		}
	}
	if err := tx.DeleteBrowserSessions(ctx, userID); err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return tx.DeleteDevices(ctx, userID, ids)
}

// changeUser runs a change of one user, and makes all nodes forget the access tokens that it revoked or whose user it changed. An error
// of fn that is meant for the client is returned as it is.
func (s *Service) changeUser(ctx context.Context, userID string, fn func(tx *store.Tx, u *store.User) (revoked [][]byte, err error)) error {
	var revoked [][]byte
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		u, err := tx.LockUser(ctx, userID)
		if err != nil {
			return err
		}
		before := u
		if revoked, err = fn(tx, &u); err != nil || u == before {
			return err
		}
		return tx.UpdateUser(ctx, u)
	})
	if err != nil {
		return fmt.Errorf("changing %s: %w", userID, err)
	}
	s.revoked(revoked)
	return nil
}
