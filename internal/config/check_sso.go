package config

import (
	"net/url"
	"strings"

	"bongsu.org/bongsu/internal/sso/provider"
)

// checkSingleSignOn reads the files of providers, and looks at the addresses of trusted apps.
func (l *loader) checkSingleSignOn() {
	if _, err := provider.LoadAll(l.cfg.SingleSignOn.Providers); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			l.wrong("single_sign_on.providers", "%s", line)
		}
	}
	for _, client := range l.cfg.SingleSignOn.TrustedClients {
		u, err := url.Parse(client)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			l.wrong("single_sign_on.trusted_clients", "%q is not the address of a web app; allowed: https://HOST, with a port and a path or without", client)
		}
	}
}
