package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/store"
)

// The user code: RFC 8628, 6.1: letters that are not taken for each other and make no words.
const (
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLen     = 8
	userCodeDash    = 4
	userCodeTries   = 5
)

// DeviceAuthorization begins to let a device in that has no browser (RFC 8628, 3.1).
func (v *server) DeviceAuthorization(ctx context.Context, r *op.ClientRequest[oidc.DeviceAuthorizationRequest]) (*op.Response, error) {
	s := v.s
	if !op.ValidateGrantType(r.Client, oidc.GrantTypeDeviceCode) {
		return nil, oidc.ErrUnauthorizedClient().WithDescription("The client has not registered for the grant %s", oidc.GrantTypeDeviceCode)
	}
	granted, err := parseScope(strings.Join(r.Data.Scopes, " "))
	if err != nil {
		return nil, err
	}
	code, hash := newCode()
	d := store.OAuthDeviceCode{
		Hash: hash, ClientID: r.Client.GetID(), Scope: granted.String(), State: store.DeviceCodeWaiting, PauseMS: pollEvery.Milliseconds(),
		ExpiresTS: s.after(deviceCodeLifetime),
	}
	if err := s.storeDeviceCode(ctx, &d); err != nil {
		return nil, s.told(err)
	}
	page := s.baseOf(ctx) + pathLink
	return op.NewResponse(&oidc.DeviceAuthorizationResponse{
		DeviceCode: code, UserCode: d.UserCode, VerificationURI: page, VerificationURIComplete: page + "?" + url.Values{"code": {d.UserCode}}.Encode(),
		ExpiresIn: int(deviceCodeLifetime.Seconds()), Interval: int(pollEvery.Seconds()),
	}), nil
}

// storeDeviceCode gives a device code a user code of its own.
func (s *Service) storeDeviceCode(ctx context.Context, d *store.OAuthDeviceCode) error {
	for try := 1; ; try++ {
		var err error
		if d.UserCode, err = op.NewUserCode([]rune(userCodeLetters), userCodeLen, userCodeDash); err != nil {
			return err
		}
		err = s.Store.Write(ctx, func(tx *store.Tx) error {
			if err := tx.TouchOAuthClient(ctx, d.ClientID, s.nowMS()); err != nil {
				return err
			}
			return tx.InsertOAuthDeviceCode(ctx, *d)
		})
		switch {
		case errors.Is(err, store.ErrConflict) && try < userCodeTries:
		case errors.Is(err, store.ErrNotFound):
			return errUnknownClient
		case err != nil:
			return fmt.Errorf("storing a device code: %w", err)
		default:
			return nil
		}
	}
}

// normalCode is a user code as it is stored, of what a person types: case and punctuation do not matter (RFC 8628, 6.1).
func normalCode(text string) string {
	letters := strings.Map(func(r rune) rune {
		if strings.ContainsRune(userCodeLetters, r) {
			return r
		}
		return -1
	}, strings.ToUpper(text))
	if len(letters) != userCodeLen {
		return ""
	}
	return letters[:userCodeDash] + "-" + letters[userCodeDash:]
}

// DeviceToken answers a device that asks whether its user has let it in (RFC 8628, 3.4 and 3.5).
func (v *server) DeviceToken(ctx context.Context, r *op.ClientRequest[oidc.DeviceAccessTokenRequest]) (*op.Response, error) {
	s := v.s
	c, ok := r.Client.(*client)
	if !ok {
		return nil, oidc.ErrServerError()
	}
	hash := hashCode(r.Data.DeviceCode)
	if err := s.poll(ctx, hash, c.id); err != nil {
		return nil, s.told(err)
	}
	var d store.OAuthDeviceCode
	var granted scope
	l, err := s.Accounts.LoginByGrant(ctx, func(tx *store.Tx) (account.Granted, error) {
		var err error
		d, err = tx.TakeOAuthDeviceCode(ctx, hash)
		if errors.Is(err, store.ErrNotFound) {
			return account.Granted{}, errBadCode
		}
		if err != nil {
			return account.Granted{}, err
		}
		if granted, err = parseScope(d.Scope); err != nil {
			return account.Granted{}, err
		}
		return grantOf(d.UserID, c, granted, s.seen(ctx)), nil
	})
	if err != nil {
		return nil, s.told(err)
	}
	out := tokens(l, granted)
	if granted.openID {
		if out.IDToken, err = s.idToken(s.baseOf(ctx), d.UserID, c.id, "", out.AccessToken, time.UnixMilli(d.SignedInTS)); err != nil {
			return nil, s.told(err)
		}
	}
	return op.NewResponse(out), nil
}

// poll notes that a device asks, and tells whether it may come in: nil if so.
func (s *Service) poll(ctx context.Context, hash []byte, clientID string) error {
	var answer error // committed, and then told
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		d, err := tx.LockOAuthDeviceCode(ctx, hash)
		if errors.Is(err, store.ErrNotFound) || err == nil && d.ClientID != clientID {
			answer = errBadCode
			return nil
		}
		if err != nil {
			return err
		}
		now := s.nowMS()
		switch {
		case d.State == store.DeviceCodeDenied:
			answer = oidc.ErrAccessDenied()
		case d.State == store.DeviceCodeUsed:
			answer = errBadCode
		case now >= d.ExpiresTS:
			answer = oidc.ErrExpiredDeviceCode()
		case d.State == store.DeviceCodeAllowed:
			answer = nil
		case now-d.PolledTS < d.PauseMS:
			// RFC 8628, 3.5: the pause grows by 5 seconds for this and all further questions.
			answer = oidc.ErrSlowDown()
			d.PauseMS += pollEvery.Milliseconds()
		default:
			answer = oidc.ErrAuthorizationPending()
		}
		d.PolledTS = now
		return tx.PollOAuthDeviceCode(ctx, d)
	})
	if err != nil {
		return fmt.Errorf("noting that a device asks: %w", err)
	}
	return answer
}
