package account

import (
	"context"
	"errors"
	"fmt"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// errNoUser is the answer where it may be told that there is no such user.
var errNoUser = mxerr.NotFoundf("There is no such user")

// CreateUser makes an account as an administrator does, who may choose any password.
func (s *Service) CreateUser(ctx context.Context, localpart, password string, admin bool) (userID string, err error) {
	l, err := s.createByAdmin(ctx, Registering{Username: localpart, Password: password, InhibitLogin: true}, store.User{Admin: admin}, nil)
	return l.UserID, err
}

func (s *Service) createByAdmin(ctx context.Context, r Registering, u store.User, also func(tx *store.Tx) error) (Login, error) {
	if err := checkPasswordSize(r.Password); err != nil {
		return Login{}, err
	}
	if err := s.Available(ctx, r.Username); err != nil {
		return Login{}, err
	}
	if err := r.Device.check(); err != nil {
		return Login{}, err
	}
	hash, err := s.hashPassword(ctx, r.Password)
	if err != nil {
		return Login{}, err
	}
	u.PasswordHash = hash
	return s.create(ctx, r, u, also)
}

// UserID is the id of a local user whom an operator names by id or localpart.
func (s *Service) UserID(name string) (string, error) {
	id, ok := s.localUserID(name)
	if !ok {
		return "", mxerr.InvalidParamf("%s is not a user of this server", name)
	}
	return id, nil
}

// List returns at most limit accounts whose id comes after the given one, in the order of ids.
func (s *Service) List(ctx context.Context, after string, limit int) (out []store.User, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		out, err = tx.Users(ctx, after, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing users: %w", err)
	}
	return out, nil
}

// User is an account; M_NOT_FOUND if there is none.
func (s *Service) User(ctx context.Context, userID string) (store.User, error) {
	u, err := s.user(ctx, userID)
	if errors.Is(err, store.ErrNotFound) {
		return u, errNoUser
	}
	return u, err
}

// SetPassword sets any password, as an administrator does, and logs all of the user's devices out.
func (s *Service) SetPassword(ctx context.Context, userID, password string) error {
	if err := checkPasswordSize(password); err != nil {
		return err
	}
	return s.storePassword(ctx, userID, password, true, "")
}

// ChangePassword sets a password that the user chose. With logout all devices but keep, which may be empty, are logged out.
func (s *Service) ChangePassword(ctx context.Context, userID, password string, logout bool, keep string) error {
	if err := CheckPassword(password); err != nil {
		return err
	}
	return s.storePassword(ctx, userID, password, logout, keep)
}

func (s *Service) storePassword(ctx context.Context, userID, password string, logout bool, keep string) error {
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	err = s.changeUser(ctx, userID, func(tx *store.Tx, u *store.User) (revoked [][]byte, err error) {
		if u.Deactivated {
			return nil, errDeactivated
		}
		u.PasswordHash = hash
		if !logout {
			return nil, nil
		}
		return deleteAllDevices(ctx, tx, userID, keep)
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNoUser
	}
	return err
}

// Deactivate closes an account for good: no login, no devices, out of all rooms. Its name is never given out again. With erase, what the
// user kept on the server beside events is deleted, and others see the events redacted who had no sight of them before.
func (s *Service) Deactivate(ctx context.Context, userID string, erase bool) error {
	err := s.changeUser(ctx, userID, func(tx *store.Tx, u *store.User) (revoked [][]byte, err error) {
		u.Deactivated, u.Erased, u.PasswordHash = true, u.Erased || erase, ""
		if revoked, err = deleteAllDevices(ctx, tx, userID, ""); err != nil {
			return nil, err
		}
		if erase {
			if err := tx.EraseUser(ctx, userID); err != nil {
				return nil, err
			}
		}
		return revoked, tx.AddChore(ctx, newChore(userID, choreLeave))
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNoUser
	}
	if err != nil {
		return err
	}
	s.startChore(ctx, userID, choreLeave)
	return nil
}

// SetLocked locks an account, or opens it again. M_NOT_FOUND for who is not there or deactivated, M_FORBIDDEN for administrators.
func (s *Service) SetLocked(ctx context.Context, userID string, locked bool) error {
	return s.moderate(ctx, userID, func(u *store.User) { u.Locked = locked })
}

// SetSuspended suspends an account, or ends that. M_NOT_FOUND for who is not there or deactivated, M_FORBIDDEN for administrators.
func (s *Service) SetSuspended(ctx context.Context, userID string, suspended bool) error {
	return s.moderate(ctx, userID, func(u *store.User) { u.Suspended = suspended })
}

func (s *Service) moderate(ctx context.Context, userID string, change func(u *store.User)) error {
	err := s.changeUser(ctx, userID, func(tx *store.Tx, u *store.User) (changed [][]byte, err error) {
		if err := Moderatable(*u); err != nil {
			return nil, err
		}
		change(u)
		return tx.AccessHashes(ctx, userID)
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNoUser
	}
	return err
}

// Moderatable tells whether an account can be locked and suspended.
func Moderatable(u store.User) error {
	switch {
	case u.Deactivated:
		return errNoUser
	case u.Admin:
		return mxerr.Forbiddenf("Administrators cannot be locked or suspended")
	}
	return nil
}
