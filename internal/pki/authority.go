package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// Lifetimes. A node's certificate lives for a year and a month: renewed once a year, it leaves time to notice that it was not.
const (
	AuthorityLife = 10 * 365 * 24 * time.Hour
	LeafLife      = 397 * 24 * time.Hour
	// RenewWithin is how long before its end a certificate is due.
	RenewWithin = 30 * 24 * time.Hour
	// skew is how far the clocks of machines may differ.
	skew = time.Hour
)

// caName is the name of the authority's files.
const caName = "ca"

var (
	// ErrExists says that there is a certificate or key of that name already.
	ErrExists = errors.New("it is there already")
	// ErrNoAuthority says that the folder holds no authority.
	ErrNoAuthority = errors.New("there is no authority")
)

// Kind says what a certificate is for.
type Kind string

// The kinds of certificates.
const (
	KindAuthority Kind = "authority"
	KindNode      Kind = "node"   // serves, and calls others
	KindClient    Kind = "client" // only calls others
)

// Authority issues certificates into its folder.
type Authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  func() time.Time
}

// Create makes an authority in a folder, which is made if it is missing.
func Create(dir, name string, life time.Duration) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder: %w", err)
	}
	a := &Authority{dir: dir, now: time.Now}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	template, err := a.template(name, life)
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("signing the authority: %w", err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("reading the authority: %w", err)
	}
	return a, writePair(dir, caName, der, a.key, false)
}

// Open reads the authority of a folder.
func Open(dir string) (*Authority, error) {
	cert, err := readCertificate(filepath.Join(dir, caName+".crt"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s: make one with `bongsu pki ca`", ErrNoAuthority, dir)
	}
	if err != nil {
		return nil, err
	}
	key, err := readKey(filepath.Join(dir, caName+".key"))
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("the key in %s is not that of its certificate", dir)
	}
	return &Authority{dir: dir, cert: cert, key: key, now: time.Now}, nil
}

// Request says what a certificate is to hold.
type Request struct {
	// Name names the files and is the certificate's common name: what PostgreSQL takes for the role.
	Name  string
	Kind  Kind
	Hosts []string // names and addresses by which a node is reached
	Life  time.Duration
}

// nameForm keeps names fit for files and for certificates.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// hostForm is a DNS name, or a pattern of one.
var hostForm = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)

func (r *Request) check() error {
	if !nameForm.MatchString(r.Name) || r.Name == caName {
		return fmt.Errorf("%q is not a name for a certificate; allowed: letters, digits, dot, dash and underscore, at most 64, and not %s", r.Name, caName)
	}
	for _, h := range r.Hosts {
		if net.ParseIP(h) == nil && (!hostForm.MatchString(h) || len(h) > 253) {
			return fmt.Errorf("%q is neither a host's name nor an address", h)
		}
	}
	if r.Kind == KindNode && len(r.Hosts) == 0 {
		return errors.New("a node needs at least one name or address by which it is reached")
	}
	return nil
}

// Issue makes a certificate with its key.
func (a *Authority) Issue(r Request) error {
	if err := r.check(); err != nil {
		return err
	}
	return a.issue(r, false)
}

func (a *Authority) issue(r Request, replace bool) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("making a key: %w", err)
	}
	template, err := a.template(r.Name, r.Life)
	if err != nil {
		return err
	}
	if template.NotAfter.After(a.cert.NotAfter) {
		template.NotAfter = a.cert.NotAfter
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if r.Kind == KindNode {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, h := range r.Hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return fmt.Errorf("signing %s: %w", r.Name, err)
	}
	return writePair(a.dir, r.Name, der, key, replace)
}

// template is what all certificates have.
func (a *Authority) template(name string, life time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	now := a.now()
	return &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)), Subject: pkix.Name{CommonName: name, Organization: []string{"Bongsu"}},
		NotBefore: now.Add(-skew), NotAfter: now.Add(life),
	}, nil
}

// Renew issues anew, with a new key, what is due within a time, and returns the names. The authority itself is not renewed: whoever
// trusts it would have to be told.
func (a *Authority) Renew(within time.Duration) ([]string, error) {
	all, err := List(a.dir)
	if err != nil {
		return nil, err
	}
	var renewed []string
	for _, c := range all {
		if c.Kind == KindAuthority || c.NotAfter.After(a.now().Add(within)) || c.NotAfter.Equal(a.cert.NotAfter) {
			continue
		}
		r := Request{Name: c.Name, Kind: c.Kind, Hosts: c.Hosts, Life: c.Life}
		if err := a.issue(r, true); err != nil {
			return renewed, err
		}
		renewed = append(renewed, c.Name)
	}
	return renewed, nil
}

// Certificate describes one of a folder.
type Certificate struct {
	Name     string
	Kind     Kind
	Hosts    []string
	NotAfter time.Time
	Life     time.Duration // for which it was made
}

// List describes the certificates of a folder, by name.
func List(dir string) ([]Certificate, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.crt"))
	if err != nil {
		return nil, fmt.Errorf("looking for certificates: %w", err)
	}
	slices.Sort(paths)
	out := make([]Certificate, 0, len(paths))
	for _, path := range paths {
		cert, err := readCertificate(path)
		if err != nil {
			return nil, err
		}
		c := describe(cert)
		c.Name = filepath.Base(path[:len(path)-len(".crt")])
		out = append(out, c)
	}
	return out, nil
}

func describe(cert *x509.Certificate) Certificate {
	c := Certificate{
		Kind: KindClient, Hosts: slices.Clone(cert.DNSNames), NotAfter: cert.NotAfter, Life: cert.NotAfter.Sub(cert.NotBefore) - skew,
	}
	switch {
	case cert.IsCA:
		c.Kind = KindAuthority
	case slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageServerAuth):
		c.Kind = KindNode
	}
	for _, ip := range cert.IPAddresses {
		c.Hosts = append(c.Hosts, ip.String())
	}
	return c
}

// Ends is when the certificate in a file ends: of several in it, the first to end.
func Ends(file string) (ends time.Time, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return ends, fmt.Errorf("reading a certificate: %w", err)
	}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != certificateBlock {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return ends, fmt.Errorf("reading %s: %w", file, err)
		}
		if ends.IsZero() || cert.NotAfter.Before(ends) {
			ends = cert.NotAfter
		}
	}
	if ends.IsZero() {
		return ends, fmt.Errorf("%s holds no %s", file, certificateBlock)
	}
	return ends, nil
}
