package config

import (
	"crypto/x509"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/matrix-org/gomatrixserverlib/spec"

	"bongsu.org/bongsu/internal/appservice/registration"
)

// check looks at what one value alone does not show: forms, files, and settings that need each other.
func (l *loader) check() {
	c := &l.cfg
	if _, _, ok := spec.ParseAndValidateServerName(spec.ServerName(c.ServerName)); !ok {
		l.wrong("server_name", "%q is not a server name; allowed: a domain or an IP address, with a port or without, such as example.org",
			c.ServerName)
	}
	if c.Data == "" {
		l.wrong("data", "it cannot be empty; allowed: a folder, which is made if it is missing")
	}
	l.checkAddress("listen", c.Listen)
	l.checkTogether(map[string]string{"tls.certificate": c.TLS.Certificate, "tls.key": c.TLS.Key})
	l.checkBaseURL("public_base_url", c.PublicBaseURL)
	for _, entrance := range c.Entrances {
		l.checkBaseURL("entrances", entrance)
	}
	l.checkDatabase(c.Database)
	for _, server := range c.DatabaseReads {
		l.checkPeer("database_reads", server)
	}
	l.checkCAFile(c.CAFile)
	if c.Metrics.Listen != "" {
		l.checkAddress("metrics.listen", c.Metrics.Listen)
		if c.Metrics.Listen == c.Listen && !strings.HasSuffix(c.Listen, ":0") {
			l.wrong("metrics.listen", "%s serves the clients already; metrics need an address or port of their own", c.Listen)
		}
	}
	l.checkBus()
	l.checkMedia()
	l.checkTURN()
	l.checkSupport()
	l.checkNotices()
	l.checkAppservices()
	l.checkSingleSignOn()
}

// wrong reports a setting at the place where it was set.
func (l *loader) wrong(setting, format string, args ...any) {
	where, ok := l.origins[setting]
	if !ok {
		where = "default"
	}
	l.problem(where, setting, format, args...)
}

func (l *loader) checkAddress(setting, address string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || !isPort(port) || strings.ContainsAny(host, " /@") {
		l.wrong(setting, "%q is not an address to listen on; allowed: HOST:PORT, such as 127.0.0.1:8008, [::1]:8008 or :8008", address)
	}
}

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

func (l *loader) checkBaseURL(setting, text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		l.wrong(setting, "%q is not an address for clients; allowed: https://HOST, with a port and a path or without", text)
	}
}

func (l *loader) checkDatabase(text string) {
	if text == "" || strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://") {
		return
	}
	// The text is not repeated: it may hold a password.
	l.wrong("database", "this is not a database; allowed: postgres://USER:PASSWORD@HOST[,HOST…]/NAME, or nothing for SQLite in the data folder")
}

func (l *loader) checkCAFile(path string) {
	if path == "" {
		return
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		l.wrong("ca_file", "%v", err)
		return
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		l.wrong("ca_file", "%s holds no certificate; allowed: a file with -----BEGIN CERTIFICATE----- blocks", path)
	}
}

func (l *loader) checkBus() {
	bus := &l.cfg.Bus
	if bus.ClusterListen == "" {
		const both = "nodes reach each other in both directions: set bus.cluster_listen, too"
		if len(bus.Routes) > 0 {
			l.wrong("bus.routes", both)
		}
		if bus.ClusterAdvertise != "" {
			l.wrong("bus.cluster_advertise", both)
		}
		return
	}
	const needing = "bus.cluster_listen"
	l.checkAddress(needing, bus.ClusterListen)
	for _, route := range bus.Routes {
		l.checkPeer("bus.routes", route)
	}
	if bus.ClusterAdvertise != "" {
		l.checkPeer("bus.cluster_advertise", bus.ClusterAdvertise)
	}
	if bus.Secret == "" {
		l.wrong(needing, "a cluster needs bus.secret, the same on every node")
	}
	if !l.cfg.UsesPostgres() {
		l.wrong(needing, "a cluster needs a PostgreSQL database that its nodes share: set database")
	}
	l.checkBusTLS()
}

// checkAppservices reads the registrations of application services.
func (l *loader) checkAppservices() {
	_, err := registration.LoadAll(l.cfg.Appservices, l.cfg.ServerName)
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		l.wrong("appservices", "%s", line)
	}
}

// checkPeer checks the address of another node.
func (l *loader) checkPeer(setting, address string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || !isPort(port) || strings.ContainsAny(host, "/@ ") {
		l.wrong(setting, "%q is not an address; allowed: HOST:PORT", address)
	}
}

func (l *loader) checkBusTLS() {
	bus := &l.cfg.Bus
	l.checkTogether(map[string]string{"bus.tls_certificate": bus.TLSCertificate, "bus.tls_key": bus.TLSKey, "bus.tls_authority": bus.TLSAuthority})
}

// checkTogether looks at files of which all are needed, or none.
func (l *loader) checkTogether(files map[string]string) {
	var set, unset []string
	for _, setting := range slices.Sorted(maps.Keys(files)) {
		if files[setting] == "" {
			unset = append(unset, setting)
			continue
		}
		set = append(set, setting)
		if _, err := os.Stat(files[setting]); err != nil {
			l.wrong(setting, "%v", err)
		}
	}
	if len(set) > 0 && len(unset) > 0 {
		l.wrong(set[0], "it needs %s, too", strings.Join(unset, " and "))
	}
}
