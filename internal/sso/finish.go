package sso

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"bongsu.org/bongsu/internal/store"
)

// freshness is how much older than the question an authentication may be that was asked to be fresh: clocks differ.
const freshness = time.Minute

// Person is somebody whom a provider has vouched for.
type Person struct {
	Provider string // its id
	// Issuer and Subject together are the person, for ever.
	Issuer, Subject string
	// What the claims give, each empty if they do not.
	Localpart, DisplayName, Email string
}

// DenialError is the error of a provider that let nobody in; errors.Is(err, ErrDenied) holds.
type DenialError struct {
	// Code and Text are the provider's words.
	Code, Text string
}

// Error implements error.
func (d *DenialError) Error() string { return ErrDenied.Error() + ": " + d.Code }

// Is makes a DenialError an ErrDenied.
func (d *DenialError) Is(target error) bool { return target == ErrDenied }

// Finish finds out who a person is with whom a provider sends the browser back: at, with the parameters of the address, to the browser that
// has the ticket. It also returns what Begin was given as the purpose; with an error, only once it is sure that the ticket is this browser's.
func (s *Service) Finish(ctx context.Context, at, sealedTicket string, answer url.Values) (Person, []byte, error) {
	if s == nil || s.clients[at] == nil {
		return Person{}, nil, ErrUnknown
	}
	t, err := s.takeTicket(ctx, at, sealedTicket, answer)
	if err != nil {
		return Person{}, nil, err
	}
	p, err := s.person(ctx, t, answer)
	if err != nil {
		level := slog.LevelWarn
		if errors.Is(err, ErrDenied) {
			level = slog.LevelInfo // people change their minds
		}
		s.log.Log(ctx, level, "a sign-in with a provider of single sign-on failed", "provider", at, "err", err)
	}
	return p, t.Purpose, err
}

// takeTicket opens a ticket and uses it up.
func (s *Service) takeTicket(ctx context.Context, at, text string, answer url.Values) (t ticket, err error) {
	if err := s.open(sealTicket, text, &t); err != nil {
		return ticket{}, fmt.Errorf("%w: %w", ErrTicket, err)
	}
	if t.Provider != at || subtle.ConstantTimeCompare([]byte(t.State), []byte(answer.Get("state"))) != 1 {
		return ticket{}, fmt.Errorf("%w: state is another's", ErrTicket)
	}
	mark := sha256.Sum256([]byte("sso " + t.State))
	err = s.store.Write(ctx, func(tx *store.Tx) error {
		return tx.UseNonce(ctx, base64.RawURLEncoding.EncodeToString(mark[:]), s.now().Add(2*attemptLifetime).UnixMilli())
	})
	if errors.Is(err, store.ErrConflict) {
		return ticket{}, fmt.Errorf("%w: used before", ErrTicket)
	}
	if err != nil {
		return ticket{}, fmt.Errorf("using up the ticket of a sign-in: %w", err)
	}
	return t, nil
}

func (s *Service) person(ctx context.Context, t ticket, answer url.Values) (Person, error) {
	c := s.clients[t.Provider]
	// RFC 9207, 2.4: an answer that names another issuer is another's.
	if iss := answer.Get("iss"); iss != "" && iss != c.Issuer {
		return Person{}, fmt.Errorf("%w: it comes from another issuer", ErrAnswer)
	}
	if code := answer.Get("error"); code != "" {
		return Person{}, &DenialError{Code: clip(code), Text: clip(answer.Get("error_description"))}
	}
	found, err := c.discovered(ctx)
	if err != nil {
		return Person{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if answer.Get("code") == "" {
		return Person{}, fmt.Errorf("%w: there is no code in it", ErrAnswer)
	}
	token, raw, err := c.exchange(ctx, found, t, answer.Get("code"))
	if err != nil {
		return Person{}, err
	}
	claims, id, err := s.verify(ctx, c, found, t, raw)
	if err != nil {
		return Person{}, err
	}
	if c.UserInfo {
		if err := c.addUserInfo(ctx, found, token, id.Subject, claims); err != nil {
			return Person{}, err
		}
	}
	return Person{
		Provider: t.Provider, Issuer: id.Issuer, Subject: id.Subject,
		Localpart: c.Claims.Localpart(claims), DisplayName: c.Claims.DisplayName(claims), Email: c.Claims.Email(claims),
	}, nil
}

// verify checks an ID token (OpenID Connect Core, 3.1.3.7): signature, issuer, audience and expiry by the library, the rest here.
func (s *Service) verify(ctx context.Context, c *client, found *oidc.Provider, t ticket, raw string) (map[string]any, *oidc.IDToken, error) {
	id, err := found.VerifierContext(c.context(ctx), &oidc.Config{ClientID: c.ClientID, Now: s.now}).Verify(c.context(ctx), raw)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the ID token: %w", ErrAnswer, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(t.Nonce)) != 1 {
		return nil, nil, fmt.Errorf("%w: the nonce of the ID token is another's", ErrAnswer)
	}
	var known struct {
		Party    string `json:"azp"`
		AuthTime *int64 `json:"auth_time"`
	}
	if err := id.Claims(&known); err != nil {
		return nil, nil, fmt.Errorf("%w: claims of the ID token have not the right form", ErrAnswer)
	}
	switch {
	case id.Subject == "" || len(id.Subject) > maxSubject:
		return nil, nil, fmt.Errorf("%w: the ID token names nobody", ErrAnswer)
	case known.Party != "" && known.Party != c.ClientID:
		return nil, nil, fmt.Errorf("%w: the ID token was made for another client", ErrAnswer)
	case t.Fresh && known.AuthTime != nil && *known.AuthTime < t.Begun-int64(freshness/time.Second):
		return nil, nil, fmt.Errorf("%w: the person was not asked anew who they are", ErrAnswer)
	}
	claims := map[string]any{}
	if err := id.Claims(&numbers{&claims}); err != nil {
		return nil, nil, fmt.Errorf("%w: claims of the ID token have not the right form", ErrAnswer)
	}
	return claims, id, nil
}

// maxSubject: OpenID Connect Core, 2: sub has at most 255 characters.
const maxSubject = 255

// addUserInfo adds the claims that the provider tells only when asked (OpenID Connect Core, 5.3). They must be the same person's.
func (c *client) addUserInfo(ctx context.Context, found *oidc.Provider, token *oauth2.Token, subject string, claims map[string]any) error {
	info, err := found.UserInfo(c.context(ctx), oauth2.StaticTokenSource(token))
	if err != nil {
		return fmt.Errorf("%w: asking for claims: %w", ErrUnavailable, withoutBody(err))
	}
	if info.Subject != subject {
		return fmt.Errorf("%w: the claims are another person's", ErrAnswer)
	}
	more := map[string]any{}
	if err := info.Claims(&numbers{&more}); err != nil {
		return fmt.Errorf("%w: the claims have not the right form", ErrAnswer)
	}
	for name, value := range more {
		if _, there := claims[name]; !there {
			claims[name] = value
		}
	}
	return nil
}

// numbers reads JSON with numbers as they are written, so that a template does not make 1e+06 of a million.
type numbers struct{ into *map[string]any }

// UnmarshalJSON implements json.Unmarshaler.
func (n numbers) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(n.into)
}

// clip keeps what a provider says short enough to be shown.
func clip(text string) string {
	const most = 200
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
