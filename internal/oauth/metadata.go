package oauth

import (
	"net/url"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"bongsu.org/bongsu/internal/webauth"
)

// The actions of the account page (Client-Server API, "Account management URL actions").
const (
	ActionProfile           = "org.matrix.profile"
	ActionDevicesList       = "org.matrix.devices_list"
	ActionDeviceView        = "org.matrix.device_view"
	ActionDeviceDelete      = "org.matrix.device_delete"
	ActionAccountDeactivate = "org.matrix.account_deactivate"
	ActionCrossSigningReset = "org.matrix.cross_signing_reset"
)

// CacheMetadata says for how long clients may keep the metadata.
const CacheMetadata = "public, max-age=600"

// Metadata is what the server tells clients about itself (RFC 8414; Client-Server API, "Server metadata discovery").
type Metadata struct {
	oidc.DiscoveryConfiguration
	PromptValues      []string `json:"prompt_values_supported"`
	AccountManagement string   `json:"account_management_uri"`
	AccountActions    []string `json:"account_management_actions_supported"`
}

// Metadata of a server at the given public address.
func (s *Service) Metadata(base string) Metadata {
	prompts := []string{}
	if s.registers() {
		prompts = append(prompts, promptCreate)
	}
	return Metadata{
		DiscoveryConfiguration: oidc.DiscoveryConfiguration{
			Issuer:                                 issuer(base),
			AuthorizationEndpoint:                  base + pathAuthorize,
			TokenEndpoint:                          base + pathToken,
			RevocationEndpoint:                     base + pathRevoke,
			RegistrationEndpoint:                   base + pathRegister,
			DeviceAuthorizationEndpoint:            base + pathDevice,
			UserinfoEndpoint:                       base + pathUserInfo,
			JwksURI:                                base + pathKeys,
			ScopesSupported:                        []string{oidc.ScopeOpenID, oidc.ScopeProfile, scopeAPI, scopeDevice + "*"},
			ResponseTypesSupported:                 []string{string(oidc.ResponseTypeCode)},
			ResponseModesSupported:                 []string{string(oidc.ResponseModeQuery), string(oidc.ResponseModeFragment)},
			GrantTypesSupported:                    []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeDeviceCode},
			SubjectTypesSupported:                  []string{"public"},
			IDTokenSigningAlgValuesSupported:       []string{string(jose.RS256)},
			TokenEndpointAuthMethodsSupported:      []oidc.AuthMethod{oidc.AuthMethodNone},
			RevocationEndpointAuthMethodsSupported: []oidc.AuthMethod{oidc.AuthMethodNone},
			CodeChallengeMethodsSupported:          []oidc.CodeChallengeMethod{oidc.CodeChallengeMethodS256},
			ClaimsSupported:                        []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "preferred_username", "name"},
		},
		PromptValues:      prompts,
		AccountManagement: base + webauth.PathHome,
		AccountActions: []string{
			ActionProfile, ActionDevicesList, ActionDeviceView, ActionDeviceDelete, ActionAccountDeactivate, ActionCrossSigningReset,
		},
	}
}

func issuer(base string) string { return base + "/" }

// AccountURL is the address at which a user does an action in the browser.
func AccountURL(base, action string) string {
	return base + webauth.PathHome + "?" + url.Values{"action": {action}}.Encode()
}
