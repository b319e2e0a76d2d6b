package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/turn/v5"

	"bongsu.org/bongsu/internal/config"
)

func TestCredentialsOpenTheBuiltInRelay(t *testing.T) {
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := settings(t, "")
	cfg.TURN.Listen, cfg.TURN.PublicAddresses = address, []string{"127.0.0.1"}
	cfg.TURN.RelayPorts = config.PortRange{First: 30000, Last: 31000}
	n := start(t, cfg)
	alice := n.register("alice")
	got := n.must(alice, http.MethodGet, v3+"/voip/turnServer", "")
	if uri := got.get("uris.0"); uri != "turn:"+address+"?transport=udp" {
		t.Errorf("the relay is called %q", uri)
	}
	if got.get("uris.1") != "turn:"+address+"?transport=tcp" || got.get("uris.#") != "2" {
		t.Errorf("the relays are %s", got.body)
	}

	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	client, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: address, Username: got.get("username"), Password: got.get("password"), Conn: conn,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	relayed, err := client.Allocate()
	if err != nil {
		t.Fatalf("the credentials open nothing: %v", err)
	}
	if stats := n.parts.relay.Stats(); stats.Held != 1 {
		t.Errorf("counted %+v", stats)
	}
	if err := relayed.Close(); err != nil {
		t.Error(err)
	}
}

// keyPair writes a certificate of its own for a name, with its key.
func keyPair(t *testing.T, dir, name string) (file, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	rawKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{file: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: rawKey}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file, keyFile
}

func TestRenewedCertificateIsRead(t *testing.T) {
	dir := t.TempDir()
	file, key := keyPair(t, dir, "old.example.org")
	c, err := loadCertificate(file, key)
	if err != nil {
		t.Fatal(err)
	}
	names := func() []string {
		t.Helper()
		current, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(current.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.DNSNames
	}
	aged := func() {
		c.looked = time.Now().Add(-2 * lookAtCertificate)
		c.changed = c.changed.Add(-time.Hour)
	}
	keyPair(t, dir, "new.example.org")
	if !slices.Equal(names(), []string{"old.example.org"}) {
		t.Error("the files are read for each handshake")
	}
	aged()
	if !slices.Equal(names(), []string{"new.example.org"}) {
		t.Error("the renewed certificate is not used")
	}
	if err := os.WriteFile(file, []byte(strings.Repeat("x", 10)), 0o600); err != nil {
		t.Fatal(err)
	}
	aged()
	if !slices.Equal(names(), []string{"new.example.org"}) {
		t.Error("a broken file replaced a good certificate")
	}
}
