package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"bongsu.org/bongsu/internal/store"
)

// metadata is what the server keeps of what a client says of itself (Client-Server API, "Client metadata"). Its JSON is what is stored,
// and, with the id, the answer to a registration.
type metadata struct {
	Name          string   `json:"client_name,omitempty"`
	URI           string   `json:"client_uri"`
	LogoURI       string   `json:"logo_uri,omitempty"`
	TermsURI      string   `json:"tos_uri,omitempty"`
	PolicyURI     string   `json:"policy_uri,omitempty"`
	RedirectURIs  []string `json:"redirect_uris,omitempty"`
	ResponseTypes []string `json:"response_types"`
	GrantTypes    []string `json:"grant_types"`
	AuthMethod    string   `json:"token_endpoint_auth_method"`
	Type          string   `json:"application_type"`
}

// clientID makes a client's id of its metadata. Client-Server API, "Dynamic client registration flow": registrations with the same
// metadata may share one.
func clientID(text []byte) string {
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:18])
}

// client is a registered client, as the library sees it.
type client struct {
	id   string
	meta metadata
}

var errUnknownClient = oidc.ErrInvalidClient().WithDescription("The app is not registered with this server, or no longer: start again in it")

// client finds a client; an error for the client if it is not registered.
func (s *Service) client(ctx context.Context, id string) (*client, error) {
	var row store.OAuthClient
	err := s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.OAuthClient(ctx, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errUnknownClient
	}
	if err != nil {
		return nil, fmt.Errorf("looking up a client: %w", err)
	}
	c := &client{id: id}
	if err := json.Unmarshal(row.Metadata, &c.meta); err != nil {
		return nil, fmt.Errorf("reading the metadata of the client %s: %w", id, err)
	}
	return c, nil
}

// name is what people are told of who the client is.
func (c *client) name() string {
	if c.meta.Name != "" {
		return c.meta.Name
	}
	return c.host()
}

func (c *client) host() string {
	u, err := url.Parse(c.meta.URI)
	if err != nil {
		return c.meta.URI
	}
	return u.Host
}

func (c *client) may(grant oidc.GrantType) bool {
	return slices.Contains(c.meta.GrantTypes, string(grant))
}

// The methods of op.Client.

func (c *client) GetID() string                    { return c.id }
func (c *client) RedirectURIs() []string           { return c.meta.RedirectURIs }
func (c *client) PostLogoutRedirectURIs() []string { return nil }
func (c *client) AuthMethod() oidc.AuthMethod      { return oidc.AuthMethodNone }
func (c *client) LoginURL(string) string           { return pathConsent }
func (c *client) DevMode() bool                    { return false }
func (c *client) ClockSkew() time.Duration         { return 0 }
func (c *client) IDTokenLifetime() time.Duration   { return idTokenLifetime }

func (c *client) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (c *client) IDTokenUserinfoClaimsAssertion() bool { return false }

func (c *client) ApplicationType() op.ApplicationType {
	if c.meta.Type == nativeClient {
		return op.ApplicationTypeNative
	}
	return op.ApplicationTypeWeb
}

func (c *client) ResponseTypes() []oidc.ResponseType {
	out := make([]oidc.ResponseType, len(c.meta.ResponseTypes))
	for i, t := range c.meta.ResponseTypes {
		out[i] = oidc.ResponseType(t)
	}
	return out
}

func (c *client) GrantTypes() []oidc.GrantType {
	out := make([]oidc.GrantType, len(c.meta.GrantTypes))
	for i, t := range c.meta.GrantTypes {
		out[i] = oidc.GrantType(t)
	}
	return out
}

// IsScopeAllowed lets all scopes through to parseScope.
func (c *client) IsScopeAllowed(string) bool { return true }

func sameScopes(scopes []string) []string { return scopes }

func (c *client) RestrictAdditionalIdTokenScopes() func([]string) []string     { return sameScopes }
func (c *client) RestrictAdditionalAccessTokenScopes() func([]string) []string { return sameScopes }
