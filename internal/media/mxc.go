package media

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// maxMediaID bounds the ids that are looked up; the specification sets no length, and those made here have 32 characters.
const maxMediaID = 255

// MXC is a content URI: mxc://server/id.
type MXC struct {
	Server string
	ID     string
}

// String implements fmt.Stringer.
func (m MXC) String() string { return "mxc://" + m.Server + "/" + m.ID }

// Valid reports whether both parts keep to the characters that the specification allows, which also keeps out every form of
// directory traversal (Client-Server API, "Content repository", "Security considerations").
func (m MXC) Valid() bool { return validServerName(m.Server) && validMediaID(m.ID) }

// ParseMXC reads an mxc:// URI.
func ParseMXC(uri string) (MXC, error) {
	rest, ok := strings.CutPrefix(uri, "mxc://")
	if !ok {
		return MXC{}, fmt.Errorf("%q is not an mxc:// URI", uri)
	}
	server, id, ok := strings.Cut(rest, "/")
	m := MXC{Server: server, ID: id}
	if !ok || !m.Valid() {
		return MXC{}, fmt.Errorf("%q is not a valid mxc:// URI", uri)
	}
	return m, nil
}

// newMediaID makes an unguessable id of 192 random bits.
func newMediaID() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func validMediaID(id string) bool {
	if id == "" || len(id) > maxMediaID {
		return false
	}
	for _, c := range []byte(id) {
		if !isAlphanumeric(c) && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// Appendices, "Server name": an IPv4 address, an IPv6 address in brackets, or a DNS name, and an optional port.
var (
	dnsServerName = regexp.MustCompile(`^[0-9A-Za-z.-]{1,255}(:[0-9]{1,5})?$`)
	portSuffix    = regexp.MustCompile(`^(:[0-9]{1,5})?$`)
)

func validServerName(name string) bool {
	if len(name) > 255 {
		return false
	}
	if !strings.HasPrefix(name, "[") {
		return dnsServerName.MatchString(name)
	}
	host, port, ok := strings.Cut(name[1:], "]")
	addr, err := netip.ParseAddr(host)
	return ok && err == nil && addr.Is6() && addr.Zone() == "" && portSuffix.MatchString(port)
}
