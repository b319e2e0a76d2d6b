package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// errReserved: Application Service API, "Server admin style permissions".
var errReserved = mxerr.New(http.StatusBadRequest, mxerr.Exclusive, "This user name is kept for a service")

// checkReserved refuses names that are in an exclusive namespace of an application service, and that of the server's own user.
func (s *Service) checkReserved(userID string) error {
	if s.Reserved != nil && s.Reserved(userID) {
		return errReserved
	}
	return nil
}

// RegisterForService makes an account, without a password, as an application service asks that may have the name (Application Service API,
// "Server admin style permissions").
func (s *Service) RegisterForService(ctx context.Context, r Registering) (Login, error) {
	if r.Username == "" {
		return Login{}, mxerr.MissingParamf("username is missing")
	}
	if err := r.Device.check(); err != nil {
		return Login{}, err
	}
	return s.create(ctx, r, store.User{}, nil)
}

// LoginForService logs a user in without a password, as an application service asks that has the user in its namespaces.
func (s *Service) LoginForService(ctx context.Context, userID string, d NewDevice) (l Login, err error) {
	if err := d.check(); err != nil {
		return Login{}, err
	}
	err = s.changeUser(ctx, userID, func(tx *store.Tx, u *store.User) (revoked [][]byte, err error) {
		l, revoked, err = s.admit(ctx, tx, *u, d)
		return revoked, err
	})
	if errors.Is(err, store.ErrNotFound) {
		return Login{}, mxerr.Forbiddenf("There is no such user")
	}
	if err != nil {
		return Login{}, err
	}
	return l, nil
}

// EnsureServiceUser makes the account of an application service's own user, unless it is there.
func (s *Service) EnsureServiceUser(ctx context.Context, userID string) error {
	localpart, _, _ := strings.Cut(strings.TrimPrefix(userID, "@"), ":")
	_, err := s.RegisterForService(ctx, Registering{Username: localpart, InhibitLogin: true})
	if mxerr.HasCode(err, mxerr.UserInUse) {
		return nil
	}
	return err
}

// PutDevice names a device, which is made if it is not there (Client-Server API, PUT /devices/{deviceId}, for application services).
func (s *Service) PutDevice(ctx context.Context, userID string, d NewDevice) (created bool, err error) {
	if err := d.check(); err != nil {
		return false, err
	}
	err = s.changeUser(ctx, userID, func(tx *store.Tx, _ *store.User) ([][]byte, error) {
		_, err := tx.Device(ctx, userID, d.ID)
		created = errors.Is(err, store.ErrNotFound)
		switch {
		case err != nil && !created:
			return nil, fmt.Errorf("reading a device: %w", err)
		case created:
			return nil, s.makeDevice(ctx, tx, userID, d)
		case d.DisplayName != "":
			return nil, tx.RenameDevice(ctx, userID, d.ID, d.DisplayName)
		}
		return nil, nil
	})
	return created, err
}

func (s *Service) makeDevice(ctx context.Context, tx *store.Tx, userID string, d NewDevice) error {
	taken, err := tx.IsCrossSigningKey(ctx, userID, d.ID)
	switch {
	case err != nil:
		return err
	case taken:
		return errDeviceKey
	}
	dev := store.Device{
		UserID: userID, ID: d.ID, CreatedTS: s.nowMS(), LastSeenTS: s.nowMS(), LastSeenIP: d.Seen.Address, LastSeenWith: clip(d.Seen.UserAgent, maxAgent),
	}
	if d.DisplayName != "" {
		dev.DisplayName = &d.DisplayName
	}
	return tx.PutDevice(ctx, dev)
}
