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

const (
	// unusedSiblings is how long tokens that a repeated refresh has made are kept unused beside newer ones.
	unusedSiblings = 5 * time.Minute
	// reuseGrace is how long after its end a refresh token may come again without being taken for stolen: two windows of one client
	// may refresh at once.
	reuseGrace = time.Minute
)

var (
	errUnknownRefresh = mxerr.New(http.StatusUnauthorized, mxerr.UnknownToken, "The refresh token is not known")
	errSpentRefresh   = mxerr.New(http.StatusUnauthorized, mxerr.UnknownToken, "The refresh token has been used").With("soft_logout", true)
	errExpiredRefresh = mxerr.New(http.StatusUnauthorized, mxerr.UnknownToken, "The refresh token has expired").With("soft_logout", true)
)

// Refresh gives new tokens for a refresh token, which stays valid until one of them is used.
func (s *Service) Refresh(ctx context.Context, token string) (Login, error) {
	return s.refreshIf(ctx, token, nil)
}

// refreshIf is Refresh for the tokens of those devices for which check, if there is one, has no objection.
func (s *Service) refreshIf(ctx context.Context, token string, check func(*store.Tx, store.RefreshToken) error) (l Login, err error) {
	hash := hashToken(token)
	var revoked [][]byte
	var refused error // an outcome that is committed and then told
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		l, revoked, refused = Login{}, nil, nil
		r, err := tx.RefreshToken(ctx, hash[:])
		if errors.Is(err, store.ErrNotFound) {
			return errUnknownRefresh
		}
		if err != nil {
			return err
		}
		if _, err := tx.LockUser(ctx, r.UserID); err != nil {
			return err
		}
		if r, err = tx.RefreshToken(ctx, hash[:]); err != nil { // as it is now that no other change runs
			return err
		}
		if check != nil {
			if err := check(tx, r); err != nil {
				return err
			}
		}
		switch now := s.nowMS(); {
		case r.UsedTS != 0:
			refused = errSpentRefresh
			revoked, err = s.reused(ctx, tx, r, now)
			return err
		case r.ExpiresTS != 0 && now >= r.ExpiresTS:
			return errExpiredRefresh
		}
		l, revoked, err = s.refresh(ctx, tx, r)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return Login{}, errUnknownRefresh
	}
	if err != nil {
		return Login{}, fmt.Errorf("refreshing a token: %w", err)
	}
	s.revoked(revoked)
	return l, refused
}

func (s *Service) refresh(ctx context.Context, tx *store.Tx, r store.RefreshToken) (l Login, revoked [][]byte, err error) {
	if r.Replaces != nil {
		ended, err := tx.EndReplaced(ctx, r.Replaces, s.nowMS())
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return l, nil, err
		}
		revoked = append(revoked, ended)
	}
	if err := tx.DropUnusedSiblings(ctx, r.Hash, s.Now().Add(-unusedSiblings).UnixMilli()); err != nil {
		return l, nil, err
	}
	l, err = s.issuePair(ctx, tx, r.UserID, r.DeviceID, r.Hash)
	return l, revoked, err
}

// reused: a refresh token that comes again long after its successor was used may have been stolen, by this caller or by the one
// before. All of the device's tokens end, softly: whoever knows the password can go on with the device.
func (s *Service) reused(ctx context.Context, tx *store.Tx, r store.RefreshToken, now int64) (revoked [][]byte, err error) {
	if now-r.UsedTS < reuseGrace.Milliseconds() {
		return nil, nil
	}
	s.Log.Warn("a refresh token was used again; its device must log in anew", "user", r.UserID, "device", r.DeviceID)
	return tx.ExpireTokens(ctx, r.UserID, r.DeviceID)
}

// issuePair makes an access token that expires and a refresh token; replaces is the refresh token that asked for them, if one did.
func (s *Service) issuePair(ctx context.Context, tx *store.Tx, userID, deviceID string, replaces []byte) (Login, error) {
	access, accessHash := newToken(accessPrefix)
	refresh, refreshHash := newToken(refreshPrefix)
	err := tx.InsertAccessToken(ctx, store.AccessToken{
		Hash: accessHash[:], UserID: userID, DeviceID: deviceID, ExpiresTS: s.after(s.AccessLifetime), Replaces: replaces,
	})
	if err != nil {
		return Login{}, fmt.Errorf("storing an access token: %w", err)
	}
	err = tx.InsertRefreshToken(ctx, store.RefreshToken{
		Hash: refreshHash[:], UserID: userID, DeviceID: deviceID, AccessHash: accessHash[:], Replaces: replaces,
		IssuedTS: s.nowMS(), ExpiresTS: s.after(s.RefreshLifetime),
	})
	if err != nil {
		return Login{}, fmt.Errorf("storing a refresh token: %w", err)
	}
	return Login{
		UserID: userID, DeviceID: deviceID, AccessToken: access, RefreshToken: refresh, ExpiresInMS: s.AccessLifetime.Milliseconds(),
	}, nil
}
