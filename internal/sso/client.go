package sso

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"bongsu.org/bongsu/internal/sso/provider"
)

// Times of discovery. A document is good for a day; a provider that did not answer is asked again after a pause, so that those who come
// meanwhile do not wait for it one after the other.
const (
	discoverFor   = 15 * time.Second
	discoverTries = 3
	discoverPause = 500 * time.Millisecond
	askAgainAfter = 3 * time.Second
	goodFor       = 24 * time.Hour
	answerWithin  = 10 * time.Second
)

// maxAnswer bounds what a provider may answer.
const maxAnswer = 1 << 20

// client speaks with one provider.
type client struct {
	*provider.Provider
	http  *http.Client
	now   func() time.Time
	alive context.Context // of the Service
	tasks *sync.WaitGroup // of the Service

	mu     sync.Mutex
	found  *oidc.Provider // nil: not yet
	until  time.Time      // when found, or failed, is to be looked at again
	failed error          // of the last discovery
	busy   chan struct{}  // closed when the discovery under way has ended; nil: none is
}

func (s *Service) newClient(p *provider.Provider, t http.RoundTripper) *client {
	return &client{
		Provider: p, http: &http.Client{Transport: bounded{t}, Timeout: answerWithin}, now: s.now, alive: s.alive, tasks: &s.tasks,
	}
}

// bounded cuts answers that are too long.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
	}
	return resp, err
}

// context makes the libraries use the provider's HTTP client.
func (c *client) context(ctx context.Context) context.Context { return oidc.ClientContext(ctx, c.http) }

// discovered is what the provider says of itself. One look is taken at a time, and all wait for it; what was learned before stays good
// while it is taken, and where the provider is down now.
func (c *client) discovered(ctx context.Context) (*oidc.Provider, error) {
	c.mu.Lock()
	if c.busy == nil && !c.now().Before(c.until) {
		c.busy = make(chan struct{})
		c.tasks.Go(c.look)
	}
	busy, known := c.busy, c.found != nil
	c.mu.Unlock()
	if busy != nil && !known {
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.result()
}

// look asks the provider, whoever waits for it.
func (c *client) look() {
	found, err := c.discover(c.alive)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed, c.until = err, c.now().Add(askAgainAfter)
	if err == nil {
		c.found, c.until = found, c.now().Add(goodFor)
	}
	close(c.busy)
	c.busy = nil
}

func (c *client) result() (*oidc.Provider, error) {
	if c.found != nil {
		return c.found, nil
	}
	return nil, c.failed
}

// discover asks for the provider's document, a few times if it does not answer.
func (c *client) discover(ctx context.Context) (*oidc.Provider, error) {
	ctx, cancel := context.WithTimeout(c.context(ctx), discoverFor)
	defer cancel()
	for try := 1; ; try++ {
		found, err := oidc.NewProvider(ctx, c.Issuer)
		if err == nil {
			return found, c.usable(found)
		}
		if try == discoverTries {
			return nil, fmt.Errorf("discovering %s: %w", c.Issuer, err)
		}
		select {
		case <-time.After(discoverPause):
		case <-ctx.Done():
			return nil, fmt.Errorf("discovering %s: %w", c.Issuer, err)
		}
	}
}

// usable tells whether the document has what a sign-in needs.
func (c *client) usable(found *oidc.Provider) error {
	endpoint := found.Endpoint()
	for name, address := range map[string]string{"authorization_endpoint": endpoint.AuthURL, "token_endpoint": endpoint.TokenURL} {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return fmt.Errorf("discovering %s: %s is no address", c.Issuer, name)
		}
		if u.Scheme == "http" && strings.HasPrefix(c.Issuer, "https:") {
			return fmt.Errorf("discovering %s: %s is not encrypted", c.Issuer, name)
		}
	}
	return nil
}

func (c *client) config(found *oidc.Provider, redirect string) *oauth2.Config {
	endpoint := found.Endpoint()
	switch c.ClientAuth {
	case "basic":
		endpoint.AuthStyle = oauth2.AuthStyleInHeader
	case "post":
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	default:
		endpoint.AuthStyle = c.authStyle(found)
	}
	return &oauth2.Config{ClientID: c.ClientID, ClientSecret: c.ClientSecret, Endpoint: endpoint, RedirectURL: redirect, Scopes: c.Scopes}
}

// authStyle is how the provider takes the client's secret. OpenID Connect Discovery, 3: client_secret_basic if it does not say. The
// library's own way, to try one and then the other, would spend the code.
func (c *client) authStyle(found *oidc.Provider) oauth2.AuthStyle {
	var says struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := found.Claims(&says); err != nil || c.ClientSecret == "" {
		return oauth2.AuthStyleInParams // a client without a secret is named in the body (RFC 6749, 4.1.3)
	}
	for _, m := range says.Methods {
		switch m {
		case "client_secret_basic":
			return oauth2.AuthStyleInHeader
		case "client_secret_post":
			return oauth2.AuthStyleInParams
		}
	}
	return oauth2.AuthStyleInHeader
}

// address is where the browser is sent.
func (c *client) address(found *oidc.Provider, t ticket, a Asking) string {
	options := []oauth2.AuthCodeOption{oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)}
	for name, value := range c.Parameters {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	if a.Hint != "" {
		options = append(options, oauth2.SetAuthURLParam("login_hint", a.Hint))
	}
	switch {
	case a.Fresh: // OpenID Connect Core, 3.1.2.1
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	case a.Create && c.creates(found):
		options = append(options, oauth2.SetAuthURLParam("prompt", "create"))
	}
	return c.config(found, t.Redirect).AuthCodeURL(t.State, options...)
}

// creates tells whether the provider understands prompt=create (Initiating User Registration via OpenID Connect, 4.1).
func (c *client) creates(found *oidc.Provider) bool {
	var says struct {
		Prompts []string `json:"prompt_values_supported"`
	}
	if found.Claims(&says) != nil {
		return false
	}
	for _, p := range says.Prompts {
		if p == "create" {
			return true
		}
	}
	return false
}

// exchange gives a code for tokens, and returns the text of the ID token.
func (c *client) exchange(ctx context.Context, found *oidc.Provider, t ticket, code string) (*oauth2.Token, string, error) {
	token, err := c.config(found, t.Redirect).Exchange(c.context(ctx), code, oauth2.VerifierOption(t.Verifier))
	var said *oauth2.RetrieveError
	switch {
	case errors.As(err, &said) && said.Response.StatusCode < http.StatusInternalServerError:
		return nil, "", fmt.Errorf("%w: the code was not taken: %d %s", ErrAnswer, said.Response.StatusCode, said.ErrorCode)
	case errors.As(err, &said):
		return nil, "", fmt.Errorf("%w: exchanging the code: status %d", ErrUnavailable, said.Response.StatusCode)
	case err != nil:
		return nil, "", fmt.Errorf("%w: exchanging the code: %w", ErrUnavailable, withoutBody(err))
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok || raw == "" {
		return nil, "", fmt.Errorf("%w: there is no ID token in it", ErrAnswer)
	}
	return token, raw, nil
}

// withoutBody keeps errors of the library that quote what was received out of the log.
func withoutBody(err error) error {
	var network *url.Error
	if errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return errors.New("the answer could not be read")
}
