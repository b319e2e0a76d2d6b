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

// openIDLifetime is how long a token for a third party lasts.
const openIDLifetime = time.Hour

// NewOpenIDToken makes a token with which a third party may ask this server who the user is, and nothing else.
func (s *Service) NewOpenIDToken(ctx context.Context, userID string) (token string, lifetime time.Duration, err error) {
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		token, err = s.issueOpenIDToken(ctx, tx, userID)
		return err
	})
	if err != nil {
		return "", 0, fmt.Errorf("storing an OpenID token: %w", err)
	}
	return token, openIDLifetime, nil
}

func (s *Service) issueOpenIDToken(ctx context.Context, tx *store.Tx, userID string) (token string, err error) {
	token, hash := newToken(openIDPrefix)
	return token, tx.InsertOpenIDToken(ctx, store.OneTimeToken{Hash: hash[:], UserID: userID, ExpiresTS: s.after(openIDLifetime)})
}

// OpenIDUser tells whom an OpenID token was made for.
func (s *Service) OpenIDUser(ctx context.Context, token string) (userID string, err error) {
	hash := hashToken(token)
	var t store.OneTimeToken
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		t, err = tx.OpenIDToken(ctx, hash[:])
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && s.nowMS() >= t.ExpiresTS {
		return "", mxerr.New(http.StatusUnauthorized, mxerr.UnknownToken, "The token is not known or has expired")
	}
	if err != nil {
		return "", fmt.Errorf("looking up an OpenID token: %w", err)
	}
	return t.UserID, nil
}
