package oauth

import (
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Scopes of Matrix (Client-Server API, "Allocated scope tokens"), and their names before they were stable (MSC2967), which clients
// still use.
const (
	scopeAPI            = "urn:matrix:client:api:*"
	scopeDevice         = "urn:matrix:client:device:"
	unstableScopeAPI    = "urn:matrix:org.matrix.msc2967.client:api:*"
	unstableScopeDevice = "urn:matrix:org.matrix.msc2967.client:device:"
)

// Bounds of a scope.
const (
	maxScope    = 2048
	maxDeviceID = 255
)

// scope is what a client asks for, or has got.
type scope struct {
	// tokens are those that the server knows, as the client wrote them.
	tokens []string
	// device is the device that the client wants to be, with all access; empty: none.
	device string
	// openID: who the user is.
	openID bool
}

// parseScope reads a scope. What it does not know it leaves out (RFC 6749, 3.3).
func parseScope(text string) (scope, error) {
	var s scope
	if len(text) > maxScope {
		return s, oidc.ErrInvalidScope().WithDescription("The scope is too long")
	}
	api := false
	for _, token := range strings.Fields(text) {
		if id, ok := deviceOf(token); ok {
			// Client-Server API, "Device ID allocation": there must be exactly one.
			if s.device != "" && s.device != id {
				return s, oidc.ErrInvalidScope().WithDescription("The scope names more than one device")
			}
			if !isDeviceID(id) {
				return s, oidc.ErrInvalidScope().WithDescription("The device id has characters that a scope cannot have, or too many")
			}
			s.device = id
		} else if token == scopeAPI || token == unstableScopeAPI {
			api = true
		} else if token == oidc.ScopeOpenID {
			s.openID = true
		} else if token != oidc.ScopeProfile {
			continue
		}
		if !slices.Contains(s.tokens, token) {
			s.tokens = append(s.tokens, token)
		}
	}
	switch {
	case api && s.device == "":
		return s, oidc.ErrInvalidScope().WithDescription("Access to the client-server API needs a device, too: %s<device_id>", scopeDevice)
	case !api && s.device != "":
		return s, oidc.ErrInvalidScope().WithDescription("A device needs access to the client-server API, too: %s", scopeAPI)
	case s.device == "" && !s.openID:
		return s, oidc.ErrInvalidScope().WithDescription("The scope has nothing in it that this server gives")
	}
	return s, nil
}

func deviceOf(token string) (id string, ok bool) {
	if id, ok = strings.CutPrefix(token, scopeDevice); ok {
		return id, true
	}
	return strings.CutPrefix(token, unstableScopeDevice)
}

// isDeviceID: Client-Server API, "Device ID allocation": only characters of RFC 6749, 3.3.
func isDeviceID(id string) bool {
	return id != "" && len(id) <= maxDeviceID && !strings.ContainsFunc(id, func(r rune) bool {
		return r < 0x21 || r == '"' || r == '\\' || r > 0x7e
	})
}

// String writes the scope.
func (s scope) String() string { return strings.Join(s.tokens, " ") }

// holds tells whether another scope asks for nothing more.
func (s scope) holds(other scope) bool {
	return !slices.ContainsFunc(other.tokens, func(t string) bool { return !slices.Contains(s.tokens, t) })
}
