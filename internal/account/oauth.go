package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Granted is what a user has allowed an application in a browser.
type Granted struct {
	UserID   string
	ClientID string
	Scope    string
	// Device is the device that is logged in; nil: the application only gets to know who the user is.
	Device *NewDevice
}

// ErrOtherClient tells that a refresh token is not of the application that shows it.
var ErrOtherClient = mxerr.Forbiddenf("The refresh token was given to another application")

// LoginByGrant gives an application what a user has allowed. take runs first, in the same transaction, and uses up what shows that the
// user has; it may run again, and what it returns as an error is returned.
func (s *Service) LoginByGrant(ctx context.Context, take func(tx *store.Tx) (Granted, error)) (l Login, err error) {
	var revoked [][]byte
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		l, revoked = Login{}, nil
		g, err := take(tx)
		if err != nil {
			return err
		}
		u, err := tx.LockUser(ctx, g.UserID)
		if err != nil {
			return err
		}
		if g.Device == nil {
			l, err = s.identify(ctx, tx, u)
			return err
		}
		if err := g.Device.check(); err != nil {
			return err
		}
		d := *g.Device
		d.Refresh = true
		if l, revoked, err = s.admit(ctx, tx, u, d); err != nil {
			return err
		}
		return tx.PutOAuthSession(ctx, store.OAuthSession{
			UserID: u.ID, DeviceID: l.DeviceID, ClientID: g.ClientID, Scope: g.Scope, CreatedTS: s.nowMS(),
		})
	})
	if err != nil {
		return Login{}, fmt.Errorf("logging in by a grant: %w", err)
	}
	s.revoked(revoked)
	return l, nil
}

// identify gives a token that is good for nothing but to ask who the user is.
func (s *Service) identify(ctx context.Context, tx *store.Tx, u store.User) (Login, error) {
	if err := CheckAdmission(u); err != nil {
		return Login{}, err
	}
	token, err := s.issueOpenIDToken(ctx, tx, u.ID)
	return Login{UserID: u.ID, AccessToken: token, ExpiresInMS: openIDLifetime.Milliseconds()}, err
}

// RefreshByClient is Refresh for an application, which may refresh what it got by OAuth if check has no objection to the scope.
func (s *Service) RefreshByClient(ctx context.Context, token, clientID string, check func(scope string) error) (Login, error) {
	return s.refreshIf(ctx, token, func(tx *store.Tx, r store.RefreshToken) error {
		session, err := tx.OAuthSession(ctx, r.UserID, r.DeviceID)
		switch {
		case errors.Is(err, store.ErrNotFound), err == nil && session.ClientID != clientID:
			return ErrOtherClient
		case err != nil:
			return err
		}
		return check(session.Scope)
	})
}

// Revoke ends the login to which an access or a refresh token belongs: its device is deleted. A token that is not known is none that
// works, which is what was asked for.
func (s *Service) Revoke(ctx context.Context, token string) error {
	hash := hashToken(token)
	if strings.HasPrefix(token, openIDPrefix) {
		err := s.Store.Write(ctx, func(tx *store.Tx) error { return tx.DeleteOpenIDToken(ctx, hash[:]) })
		if err != nil {
			return fmt.Errorf("revoking a token: %w", err)
		}
		return nil
	}
	userID, deviceID, err := s.tokenOwner(ctx, hash)
	if err == nil {
		return s.DeleteDevices(ctx, userID, []string{deviceID})
	}
	if errors.Is(err, store.ErrNotFound) {
		// Whoever revoked it may still be waiting for another site to know; so does this.
		err = s.Store.Write(ctx, func(*store.Tx) error { return nil })
	}
	if err != nil {
		return fmt.Errorf("looking up a token to revoke: %w", err)
	}
	return nil
}

func (s *Service) tokenOwner(ctx context.Context, hash [32]byte) (userID, deviceID string, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		a, _, err := tx.AccessToken(ctx, hash[:])
		if err == nil {
			userID, deviceID = a.UserID, a.DeviceID
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		r, err := tx.RefreshToken(ctx, hash[:])
		userID, deviceID = r.UserID, r.DeviceID
		return err
	})
	return userID, deviceID, err
}

// EndTokens ends the tokens of a device, which stays.
func (s *Service) EndTokens(ctx context.Context, userID, deviceID string) error {
	return s.changeUser(ctx, userID, func(tx *store.Tx, _ *store.User) (revoked [][]byte, err error) {
		return tx.DeleteTokens(ctx, userID, deviceID)
	})
}

// OAuthSession tells how a device was logged in by OAuth; store.ErrNotFound if it was not.
func (s *Service) OAuthSession(ctx context.Context, userID, deviceID string) (o store.OAuthSession, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		o, err = tx.OAuthSession(ctx, userID, deviceID)
		return err
	})
	if err != nil {
		return o, fmt.Errorf("looking up how a device was logged in: %w", err)
	}
	return o, nil
}

// resetLifetime is how long after the user has said so in the browser an application may replace the cross-signing keys.
const resetLifetime = 10 * time.Minute

// AllowCrossSigningReset lets the applications that a user logged in by OAuth replace the user's cross-signing keys, once and soon.
func (s *Service) AllowCrossSigningReset(ctx context.Context, userID string) error {
	err := s.Store.Write(ctx, func(tx *store.Tx) error { return tx.AllowCrossSigningReset(ctx, userID, s.after(resetLifetime)) })
	if err != nil {
		return fmt.Errorf("allowing to replace cross-signing keys: %w", err)
	}
	return nil
}

// CrossSigningResetAllowed tells whether AllowCrossSigningReset holds for a user.
func (s *Service) CrossSigningResetAllowed(ctx context.Context, userID string) (bool, error) {
	err := s.Store.Read(ctx, func(tx *store.Tx) error {
		_, err := tx.CrossSigningReset(ctx, userID, s.nowMS())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking up whether cross-signing keys may be replaced: %w", err)
	}
	return true, nil
}

// EndCrossSigningReset is called when the keys were replaced.
func (s *Service) EndCrossSigningReset(ctx context.Context, userID string) {
	err := s.Store.Write(ctx, func(tx *store.Tx) error { return tx.EndCrossSigningReset(ctx, userID) })
	if err != nil {
		s.Log.Warn("taking back the permission to replace cross-signing keys failed; it will expire", "err", err)
	}
}
