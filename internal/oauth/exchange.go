package oauth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/zitadel/oidc/v3/pkg/crypto"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/remote"
	"bongsu.org/bongsu/internal/store"
)

var (
	errBadCode = oidc.ErrInvalidGrant().WithDescription("The code is not known, has expired or was used")
	// errReplayed is errBadCode for one that could use it: the code has been used.
	errReplayed = oidc.ErrInvalidGrant().WithDescription("The code was used before, which ends what was made of it")
)

// CodeExchange gives tokens for a code (RFC 6749, 4.1.3).
func (v *server) CodeExchange(ctx context.Context, r *op.ClientRequest[oidc.AccessTokenRequest]) (*op.Response, error) {
	s := v.s
	c, ok := r.Client.(*client)
	if !ok {
		return nil, oidc.ErrServerError()
	}
	var code store.OAuthCode
	var granted scope
	l, err := s.Accounts.LoginByGrant(ctx, func(tx *store.Tx) (account.Granted, error) {
		var err error
		if code, err = s.takeCode(ctx, tx, c, r.Data); err != nil {
			return account.Granted{}, err
		}
		if granted, err = parseScope(code.Scope); err != nil {
			return account.Granted{}, err
		}
		return grantOf(code.UserID, c, granted, s.seen(ctx)), nil
	})
	if errors.Is(err, errReplayed) {
		s.endReplayed(ctx, code)
	}
	if err != nil {
		return nil, s.told(err)
	}
	out := tokens(l, granted)
	if granted.openID {
		if out.IDToken, err = s.idToken(s.baseOf(ctx), code.UserID, c.id, code.Nonce, out.AccessToken, time.UnixMilli(code.SignedInTS)); err != nil {
			return nil, s.told(err)
		}
	}
	return op.NewResponse(out), nil
}

// takeCode uses a code up, if it is one that the client may use.
func (s *Service) takeCode(ctx context.Context, tx *store.Tx, c *client, r *oidc.AccessTokenRequest) (store.OAuthCode, error) {
	hash := hashCode(r.Code)
	code, err := tx.TakeOAuthCode(ctx, hash)
	replayed := errors.Is(err, store.ErrNotFound)
	if replayed {
		code, err = tx.OAuthCode(ctx, hash)
	}
	if errors.Is(err, store.ErrNotFound) {
		return code, errBadCode
	}
	if err != nil {
		return code, err
	}
	made := code.ExpiresTS - keepCodes.Milliseconds()
	switch {
	case code.ClientID != c.id, code.RedirectURI != r.RedirectURI, !verifies(code.Challenge, r.CodeVerifier):
		return code, errBadCode
	case replayed:
		return code, errReplayed
	case s.nowMS() >= made+codeLifetime.Milliseconds():
		return code, errBadCode
	}
	return code, nil
}

// verifies: RFC 7636, 4.6, with the method S256.
func verifies(challenge, verifier string) bool {
	return verifier != "" && subtle.ConstantTimeCompare([]byte(challenge), []byte(oidc.NewSHACodeChallenge(verifier))) == 1
}

// endReplayed: RFC 6749, 4.1.2: tokens that were made of a code end if it comes again.
func (s *Service) endReplayed(ctx context.Context, code store.OAuthCode) {
	granted, err := parseScope(code.Scope)
	if err != nil || granted.device == "" {
		return
	}
	s.Log.Warn("an OAuth code was used again; its device must log in anew", "user", code.UserID, "device", granted.device)
	if err := s.Accounts.EndTokens(ctx, code.UserID, granted.device); err != nil {
		s.Log.Error("ending what was made of a code that was used again failed", "err", err)
	}
}

// grantOf is what a client gets.
func grantOf(userID string, c *client, granted scope, from account.Seen) account.Granted {
	g := account.Granted{UserID: userID, ClientID: c.id, Scope: granted.String()}
	if granted.device != "" {
		g.Device = &account.NewDevice{ID: granted.device, DisplayName: c.name(), Seen: from}
	}
	return g
}

// idToken tells a client who the user is, signed (OpenID Connect Core, 2).
func (s *Service) idToken(base, userID, clientID, nonce, access string, signedIn time.Time) (string, error) {
	now := s.Now()
	claims := oidc.NewIDTokenClaims(issuer(base), userID, nil, now.Add(idTokenLifetime), signedIn, nonce, "", nil, clientID, 0)
	var err error
	if claims.AccessTokenHash, err = oidc.ClaimHash(access, "RS256"); err != nil {
		return "", fmt.Errorf("hashing an access token: %w", err)
	}
	text, err := crypto.Sign(claims, s.keys.signer)
	if err != nil {
		return "", fmt.Errorf("signing an ID token: %w", err)
	}
	return text, nil
}

// requestKey is where the context holds the HTTP request, of which the library hands on only a part.
type requestKey struct{}

func withRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, r)))
	})
}

func requestOf(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey{}).(*http.Request)
	return r
}

func (s *Service) baseOf(ctx context.Context) string { return s.base(requestOf(ctx)) }

// seen is where a request comes from, for the list of devices.
func (s *Service) seen(ctx context.Context) account.Seen {
	r := requestOf(ctx)
	return account.Seen{Address: remote.Address(r, s.TrustedProxies), UserAgent: r.UserAgent()}
}
