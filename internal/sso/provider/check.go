package provider

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Bounds of single fields, in bytes, and of how many parameters there may be.
const (
	maxText       = 255
	maxSecret     = 4096
	maxParameters = 20
)

var (
	// opaqueID: Appendices, "Opaque Identifiers".
	opaqueID = regexp.MustCompile(`^[0-9A-Za-z._~-]+$`)
	// brandName: Appendices, "Common Namespaced Identifier Grammar", without what it says of namespaces.
	brandName = regexp.MustCompile(`^[a-z][a-z0-9._-]*$`)
	// mxcURI is the address of an uploaded file.
	mxcURI = regexp.MustCompile(`^mxc://[^/?#\s]+/[0-9A-Za-z_-]+$`)
	// scopeToken: RFC 6749, 3.3.
	scopeToken = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]+$`)
)

// ownParameters are those of an authorization request that the server sets itself.
var ownParameters = []string{
	"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "request", "request_uri",
}

// checker gathers what is wrong.
type checker struct{ wrongs []error }

func (c *checker) wrong(field, format string, args ...any) {
	c.wrongs = append(c.wrongs, fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...)))
}

func (c *checker) check(p *Provider) {
	if !opaqueID.MatchString(p.ID) || len(p.ID) > maxText {
		c.wrong("id", "%q is not an id; allowed: up to %d of the characters 0-9 a-z A-Z . _ ~ -", p.ID, maxText)
	}
	if p.Name == "" || len(p.Name) > maxText {
		c.wrong("name", "it is what people see, and has 1 to %d bytes", maxText)
	}
	if p.Icon != "" && !mxcURI.MatchString(p.Icon) {
		c.wrong("icon", "%q is not the mxc:// address of an uploaded image", p.Icon)
	}
	if p.Brand != "" && (!brandName.MatchString(p.Brand) || len(p.Brand) > maxText) {
		c.wrong("brand", "%q is not a brand; allowed: a-z, then also 0-9 . _ -", p.Brand)
	}
	if err := checkIssuer(p.Issuer); err != nil {
		c.wrong("issuer", "%v", err)
	}
	if p.ClientID == "" || len(p.ClientID) > maxText {
		c.wrong("client_id", "the provider knows this server by it; it has 1 to %d bytes", maxText)
	}
	if !slices.Contains([]string{"auto", "basic", "post"}, p.ClientAuth) {
		c.wrong("client_auth", "%q is not allowed; allowed: auto, basic, post", p.ClientAuth)
	}
	c.scopes(p.Scopes)
	c.parameters(p.Parameters)
}

func (c *checker) scopes(scopes []string) {
	if !slices.Contains(scopes, "openid") {
		c.wrong("scopes", "openid is missing; without it there is no ID token")
	}
	for _, s := range scopes {
		if !scopeToken.MatchString(s) || len(s) > maxText {
			c.wrong("scopes", "%q is not a scope", s)
		}
	}
}

func (c *checker) parameters(parameters map[string]string) {
	if len(parameters) > maxParameters {
		c.wrong("parameters", "at most %d are allowed", maxParameters)
	}
	for name, value := range parameters {
		switch {
		case slices.Contains(ownParameters, name):
			c.wrong("parameters", "%s is set by the server itself", name)
		case name == "" || len(name)+len(value) > maxText:
			c.wrong("parameters", "%q has no name, or is longer than %d bytes", name, maxText)
		}
	}
}

// secret is the client's secret, which stands in the file or in one of its own.
func (c *checker) secret(f file) string {
	if f.ClientSecretFile == "" {
		return f.ClientSecret
	}
	if f.ClientSecret != "" {
		c.wrong("client_secret_file", "client_secret is set, too; one of the two is enough")
		return ""
	}
	text, err := read(f.ClientSecretFile, maxSecret)
	if err != nil {
		c.wrong("client_secret_file", "%v", err)
		return ""
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		c.wrong("client_secret_file", "%s is empty", f.ClientSecretFile)
	}
	return secret
}

// checkIssuer: OpenID Connect Discovery, 3: an https address without query or fragment. Plain http is for providers on the same machine.
func checkIssuer(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "https" && u.Scheme != "http") {
		return fmt.Errorf("%q is not an issuer; allowed: https://HOST, with a port and a path or without", text)
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return fmt.Errorf("%q is not encrypted; allowed: https, and http for a provider on this machine", text)
	}
	return nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
