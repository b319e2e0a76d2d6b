package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// server is what the library calls when it has read a request.
type server struct {
	op.UnimplementedServer
	s *Service
}

// Keys implements op.Server.
func (v *server) Keys(context.Context, *op.Request[struct{}]) (*op.Response, error) {
	return op.NewResponse(v.s.keys.public), nil
}

// VerifyAuthRequest finds the client. An error here is shown in the browser, since it is not sure yet where the client is.
func (v *server) VerifyAuthRequest(ctx context.Context, r *op.Request[oidc.AuthRequest]) (*op.ClientRequest[oidc.AuthRequest], error) {
	c, err := v.s.client(ctx, r.Data.ClientID)
	if err != nil {
		return nil, v.s.told(err)
	}
	if !matchRedirect(c.meta.RedirectURIs, r.Data.RedirectURI) {
		return nil, oidc.ErrInvalidRequestRedirectURI().WithDescription("The app asked to be called back at an address that it has not registered")
	}
	return &op.ClientRequest[oidc.AuthRequest]{Request: r, Client: c}, nil
}

// Authorize sends the browser to the page on which the user decides. An error is sent to the client.
func (v *server) Authorize(_ context.Context, r *op.ClientRequest[oidc.AuthRequest]) (*op.Redirect, error) {
	c, ok := r.Client.(*client)
	if !ok {
		return nil, oidc.ErrServerError()
	}
	q, err := newAuthorization(r.Data, c)
	if err != nil {
		return nil, err
	}
	return op.NewRedirect(v.s.page(q, r.Data)), nil
}

// VerifyClient finds the client of a request to an endpoint. Clients have no secrets.
func (v *server) VerifyClient(ctx context.Context, r *op.Request[op.ClientCredentials]) (op.Client, error) {
	c, err := v.s.client(ctx, r.Data.ClientID)
	if oe := (*oidc.Error)(nil); errors.As(err, &oe) {
		return nil, op.NewStatusError(oe, http.StatusUnauthorized) // RFC 6749, 5.2
	}
	if err != nil {
		return nil, v.s.told(err)
	}
	return c, nil
}

// RefreshToken gives new tokens for a refresh token.
func (v *server) RefreshToken(ctx context.Context, r *op.ClientRequest[oidc.RefreshTokenRequest]) (*op.Response, error) {
	var have scope
	l, err := v.s.Accounts.RefreshByClient(ctx, r.Data.RefreshToken, r.Client.GetID(), func(granted string) (err error) {
		if have, err = parseScope(granted); err != nil || len(r.Data.Scopes) == 0 {
			return err
		}
		// RFC 6749, 6: no more than was granted. Less is the same, since what a device may do is not divided.
		want, err := parseScope(strings.Join(r.Data.Scopes, " "))
		if err == nil && !have.holds(want) {
			return oidc.ErrInvalidScope().WithDescription("The scope is larger than what was granted")
		}
		return err
	})
	if err != nil {
		return nil, v.s.told(err)
	}
	return op.NewResponse(tokens(l, have)), nil
}

// tokens is the answer of the token endpoint.
func tokens(l account.Login, granted scope) *oidc.AccessTokenResponse {
	return &oidc.AccessTokenResponse{
		AccessToken: l.AccessToken, TokenType: oidc.BearerToken, RefreshToken: l.RefreshToken, ExpiresIn: uint64(l.ExpiresInMS / 1000),
		Scope: granted.tokens,
	}
}

// Errors of RFC 6750, 3.1.
var (
	errNotOpenID = op.NewStatusError(&oidc.Error{ErrorType: "insufficient_scope", Description: "The token has no scope openid"},
		http.StatusForbidden)
	errBadToken = op.NewStatusError(&oidc.Error{ErrorType: "invalid_token", Description: "The access token is not known or has expired"},
		http.StatusUnauthorized)
)

// UserInfo tells who the user of a token is (OpenID Connect Core, 5.3).
func (v *server) UserInfo(ctx context.Context, r *op.Request[oidc.UserInfoRequest]) (*op.Response, error) {
	userID, err := v.s.userOf(ctx, r.Data.AccessToken)
	if err != nil {
		return nil, v.s.told(err)
	}
	info := &oidc.UserInfo{Subject: userID}
	localpart, _, _ := strings.Cut(strings.TrimPrefix(userID, "@"), ":")
	info.PreferredUsername = localpart
	if info.Name, err = v.s.displayName(ctx, userID); err != nil {
		return nil, v.s.told(err)
	}
	return op.NewResponse(info), nil
}

// displayName is a user's name; empty: there is none.
func (s *Service) displayName(ctx context.Context, userID string) (name string, err error) {
	profile, err := s.Accounts.Profile(ctx, userID)
	if err != nil {
		return "", err
	}
	if raw, ok := profile[account.FieldDisplayName]; ok {
		err = json.Unmarshal(raw, &name)
	}
	return name, err
}

// userOf is the user of a token that may ask who that is: one that is good for nothing else, or one of a device with the scope openid.
func (s *Service) userOf(ctx context.Context, token string) (string, error) {
	userID, err := s.Accounts.OpenIDUser(ctx, token)
	if !mxerr.HasCode(err, mxerr.UnknownToken) {
		return userID, err
	}
	session, err := s.Accounts.Authenticate(ctx, token, account.Seen{})
	if errors.Is(err, account.ErrUnknownToken) || errors.Is(err, account.ErrExpiredToken) || err == nil && session.Locked {
		return "", errBadToken
	}
	if err != nil {
		return "", err
	}
	o, err := s.Accounts.OAuthSession(ctx, session.UserID, session.DeviceID)
	if errors.Is(err, store.ErrNotFound) || err == nil && !slices.Contains(strings.Fields(o.Scope), oidc.ScopeOpenID) {
		return "", errNotOpenID
	}
	return session.UserID, err
}
