package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"bongsu.org/bongsu/internal/store"
)

// Bounds of a registration.
const (
	maxRegistration = 32 << 10
	maxRedirects    = 20
	maxName         = 80 // characters
)

// registrationError is an error of RFC 7591, 3.2.2.
type registrationError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (e *registrationError) Error() string { return e.Code + ": " + e.Description }

func badMetadata(format string, args ...any) error {
	return &registrationError{"invalid_client_metadata", fmt.Sprintf(format, args...)}
}

func badRedirect(format string, args ...any) error {
	return &registrationError{"invalid_redirect_uri", fmt.Sprintf(format, args...)}
}

// register is the client registration endpoint (RFC 7591; Client-Server API, "Client registration").
func (s *Service) register(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRegistration))
	if err != nil {
		writeJSON(w, http.StatusRequestEntityTooLarge, badMetadata("The metadata is larger than %d bytes, or could not be read", maxRegistration))
		return
	}
	meta, err := parseMetadata(text)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, err)
		return
	}
	text, err = json.Marshal(meta)
	if err != nil {
		s.fail(w, r, fmt.Errorf("encoding metadata: %w", err))
		return
	}
	id := clientID(text)
	err = s.Store.Write(r.Context(), func(tx *store.Tx) error {
		return tx.PutOAuthClient(r.Context(), store.OAuthClient{ID: id, Metadata: text, UsedTS: s.nowMS()})
	})
	if err != nil {
		s.fail(w, r, fmt.Errorf("storing a client: %w", err))
		return
	}
	writeJSON(w, http.StatusCreated, struct {
		ID       string `json:"client_id"`
		IssuedAt int64  `json:"client_id_issued_at"`
		metadata
	}{id, s.Now().Unix(), meta})
}

// parseMetadata reads what a client says of itself, and checks and completes it.
func parseMetadata(text []byte) (metadata, error) {
	var m metadata
	if !utf8.Valid(text) {
		return m, badMetadata("The metadata is not UTF-8")
	}
	if err := json.Unmarshal(text, &m); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			return m, badMetadata("%s must not be a JSON %s", wrong.Field, wrong.Value)
		}
		return m, badMetadata("The metadata must be a JSON object")
	}
	base, ok := parseHTTPS(m.URI)
	if !ok {
		return m, badMetadata("client_uri must be an https address, without a user name or a password")
	}
	if !isOwnDomain(base.Hostname()) {
		return m, badMetadata("client_uri is on a domain below which names belong to many")
	}
	for name, uri := range map[string]string{"logo_uri": m.LogoURI, "tos_uri": m.TermsURI, "policy_uri": m.PolicyURI} {
		if uri == "" {
			continue
		}
		if u, ok := parseHTTPS(uri); !ok || !isBelow(base, u) {
			return m, badMetadata("%s must be an https address on the host of client_uri or on a subdomain of it", name)
		}
	}
	if err := m.completeGrants(); err != nil {
		return m, err
	}
	m.Name = cleanName(m.Name)
	return m, m.checkRedirects(base)
}

// completeGrants fills in defaults (RFC 7591, 2) and leaves out what the server does not know.
func (m *metadata) completeGrants() error {
	switch m.Type {
	case "":
		m.Type = webClient
	case webClient, nativeClient:
	default:
		return badMetadata("application_type must be web or native")
	}
	// Clients have no secrets here: whichever method was asked for, this is the one they get (RFC 7591, 3.2.1).
	m.AuthMethod = string(oidc.AuthMethodNone)
	if len(m.GrantTypes) == 0 {
		m.GrantTypes = []string{string(oidc.GrantTypeCode)}
	}
	if len(m.ResponseTypes) == 0 {
		m.ResponseTypes = []string{string(oidc.ResponseTypeCode)}
	}
	m.GrantTypes = known(m.GrantTypes, grantTypes)
	m.ResponseTypes = known(m.ResponseTypes, []string{string(oidc.ResponseTypeCode)})
	code := slices.Contains(m.GrantTypes, string(oidc.GrantTypeCode))
	switch {
	case !code && !slices.Contains(m.GrantTypes, string(oidc.GrantTypeDeviceCode)):
		return badMetadata("grant_types must have %s or %s", oidc.GrantTypeCode, oidc.GrantTypeDeviceCode)
	case code && len(m.ResponseTypes) == 0:
		return badMetadata("response_types must have code for the grant %s", oidc.GrantTypeCode)
	case !code:
		m.ResponseTypes = []string{}
	}
	return nil
}

// grantTypes are those that the server knows.
var grantTypes = []string{string(oidc.GrantTypeCode), string(oidc.GrantTypeRefreshToken), string(oidc.GrantTypeDeviceCode)}

// known are those of the values that are in all, in the order of all.
func known(values, all []string) []string {
	out := []string{}
	for _, v := range all {
		if slices.Contains(values, v) {
			out = append(out, v)
		}
	}
	return out
}

func (m *metadata) checkRedirects(base *url.URL) error {
	if len(m.RedirectURIs) > maxRedirects {
		return badRedirect("There may be at most %d redirect_uris", maxRedirects)
	}
	if len(m.RedirectURIs) == 0 && slices.Contains(m.GrantTypes, string(oidc.GrantTypeCode)) {
		return badRedirect("redirect_uris must have at least one address for the grant %s", oidc.GrantTypeCode)
	}
	for _, uri := range m.RedirectURIs {
		if !validRedirect(m.Type, base, uri) {
			return badRedirect("%q may not be a redirect URI of a %s application at %s", uri, m.Type, base.Host)
		}
	}
	return nil
}

// cleanName makes a name that shows what it is: without characters that do not show or that turn the direction of text.
func cleanName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[:maxName-1]) + "…"
	}
	return name
}
