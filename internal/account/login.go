package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

var (
	errBadLogin    = mxerr.Forbiddenf("The user name or the password is wrong")
	errBadToken    = mxerr.Forbiddenf("The login token is not valid")
	errDeactivated = mxerr.New(http.StatusForbidden, mxerr.UserDeactivated, "This account has been deactivated")
	errNo3PID      = mxerr.Forbiddenf("No account has this third-party identifier")
	// ErrLocked is the answer to whatever a locked user asks, except to log out (Client-Server API, "Account locking").
	ErrLocked = mxerr.New(http.StatusUnauthorized, mxerr.UserLocked, "This account has been locked").With("soft_logout", true)
)

// Identifier names the user who logs in (Client-Server API, "Identifier types").
type Identifier struct {
	Type    string `json:"type"`
	User    string `json:"user"`
	Medium  string `json:"medium"`
	Address string `json:"address"`
	Country string `json:"country"`
	Phone   string `json:"phone"`
}

// Identify returns the id of the local user whom an identifier names, without saying whether the user exists.
func (s *Service) Identify(id Identifier) (string, error) {
	switch {
	case id.Type == "m.id.user":
		if id.User == "" {
			return "", mxerr.MissingParamf("The identifier names no user")
		}
		userID, ok := s.localUserID(id.User)
		if !ok {
			return "", errBadLogin
		}
		return userID, nil
	case id.Type == "m.id.phone", id.Type == "m.id.thirdparty", id.Type == "" && id.Address != "":
		return "", errNo3PID // none is ever bound to an account here
	}
	return "", mxerr.New(http.StatusBadRequest, mxerr.Unknown, "This type of identifier is not known")
}

// LoginByPassword logs a user in.
func (s *Service) LoginByPassword(ctx context.Context, id Identifier, password string, d NewDevice) (Login, error) {
	if err := d.check(); err != nil {
		return Login{}, err
	}
	userID, err := s.Identify(id)
	if err != nil {
		return Login{}, err
	}
	u, err := s.verifyPassword(ctx, userID, password)
	if err != nil {
		return Login{}, err
	}
	return s.login(ctx, u.ID, u.PasswordHash, d)
}

// verifyPassword returns the user if the password is right; errBadLogin if not.
func (s *Service) verifyPassword(ctx context.Context, userID, password string) (store.User, error) {
	if until, ok := s.blocked.Get(userID); ok {
		if wait := until.Sub(s.Now()); wait > 0 {
			return store.User{}, mxerr.Limited(wait)
		}
	}
	u, err := s.user(ctx, userID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return u, err
	}
	ok, err := s.samePassword(ctx, u.PasswordHash, clip(password, maxPassword+1))
	switch {
	case err != nil:
		return u, fmt.Errorf("checking a password: %w", err)
	case !ok:
		s.countFailure(userID)
		return u, errBadLogin
	}
	return u, nil
}

// countFailure keeps further passwords for a user from being tried, once too many were wrong.
func (s *Service) countFailure(userID string) {
	if s.FailedLogin == nil {
		return
	}
	if ok, retry := s.FailedLogin(userID); !ok {
		s.blocked.Add(userID, s.Now().Add(retry))
	}
}

// login starts a session for a user whose password was right when its hash was the given one.
func (s *Service) login(ctx context.Context, userID, passwordHash string, d NewDevice) (l Login, err error) {
	err = s.changeUser(ctx, userID, func(tx *store.Tx, u *store.User) (revoked [][]byte, err error) {
		if u.PasswordHash != passwordHash && !u.Deactivated {
			return nil, errBadLogin
		}
		l, revoked, err = s.admit(ctx, tx, *u, d)
		return revoked, err
	})
	if err != nil {
		return Login{}, err
	}
	return l, nil
}

// admit starts a session for a user who has proved who they are.
func (s *Service) admit(ctx context.Context, tx *store.Tx, u store.User, d NewDevice) (l Login, revoked [][]byte, err error) {
	if err := CheckAdmission(u); err != nil {
		return l, nil, err
	}
	return s.startSession(ctx, tx, u.ID, d)
}

// loginTokenLifetime: Client-Server API, POST /login/get_token: two minutes are recommended.
const loginTokenLifetime = 2 * time.Minute

// NewLoginToken makes a token with which another device of a user may log in, once.
func (s *Service) NewLoginToken(ctx context.Context, userID string) (token string, lifetime time.Duration, err error) {
	token, err = s.NewHandoverToken(ctx, userID, loginTokenLifetime)
	return token, loginTokenLifetime, err
}

// NewHandoverToken is NewLoginToken for an app to which the browser is being sent.
func (s *Service) NewHandoverToken(ctx context.Context, userID string, lifetime time.Duration) (token string, err error) {
	token, hash := newToken(loginPrefix)
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.InsertLoginToken(ctx, store.OneTimeToken{Hash: hash[:], UserID: userID, ExpiresTS: s.after(lifetime)})
	})
	if err != nil {
		return "", fmt.Errorf("storing a login token: %w", err)
	}
	return token, nil
}

// LoginByToken logs in the user for whom a login token was made, and uses it up.
func (s *Service) LoginByToken(ctx context.Context, token string, d NewDevice) (Login, error) {
	if err := d.check(); err != nil {
		return Login{}, err
	}
	hash := hashToken(token)
	var l Login
	var revoked [][]byte
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		t, err := tx.TakeLoginToken(ctx, hash[:])
		if err != nil {
			return err
		}
		u, err := tx.LockUser(ctx, t.UserID)
		if err != nil {
			return err
		}
		if s.nowMS() >= t.ExpiresTS {
			return errBadToken
		}
		l, revoked, err = s.admit(ctx, tx, u, d)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return Login{}, errBadToken
	}
	if err != nil {
		return Login{}, fmt.Errorf("logging in by token: %w", err)
	}
	s.revoked(revoked)
	return l, nil
}
