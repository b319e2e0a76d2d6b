package config

import (
	"net/mail"
	"net/url"
	"strings"

	"github.com/matrix-org/gomatrixserverlib/spec"
)

func (l *loader) checkTURN() {
	turn := &l.cfg.TURN
	for _, uri := range turn.URIs {
		if !strings.HasPrefix(uri, "turn:") && !strings.HasPrefix(uri, "turns:") {
			l.wrong("turn.uris", "%q is not a TURN server; allowed: turn:HOST:PORT or turns:HOST:PORT, with ?transport=udp or tcp", uri)
		}
	}
	if len(turn.URIs) > 0 && !turn.BuiltIn() && turn.Secret == "" && (turn.Username == "" || turn.Password == "") {
		l.wrong("turn.uris", "TURN servers need turn.secret, or turn.username and turn.password")
	}
	if turn.BuiltIn() {
		l.checkRelay()
	}
}

func (l *loader) checkSupport() {
	s := &l.cfg.Support
	for setting, users := range map[string][]string{"support.admin_users": s.AdminUsers, "support.security_users": s.SecurityUsers} {
		for _, user := range users {
			if !strings.HasPrefix(user, "@") || !strings.Contains(user, ":") {
				l.wrong(setting, "%q is not a Matrix user; allowed: @NAME:SERVER", user)
			}
		}
	}
	for setting, emails := range map[string][]string{"support.admin_emails": s.AdminEmails, "support.security_emails": s.SecurityEmails} {
		for _, email := range emails {
			if a, err := mail.ParseAddress(email); err != nil || a.Address != email {
				l.wrong(setting, "%q is not an e-mail address", email)
			}
		}
	}
	if s.Page == "" {
		return
	}
	if u, err := url.Parse(s.Page); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		l.wrong("support.page", "%q is not the address of a page; allowed: https://HOST, with a path or without", s.Page)
	}
}

func (l *loader) checkNotices() {
	n := &l.cfg.Notices
	if n.User == "" {
		return
	}
	if _, err := spec.NewUserID("@"+n.User+":"+l.cfg.ServerName, false); err != nil {
		l.wrong("notices.user", "%q is not the first part of a user id; allowed: small letters, digits and ._=-/+", n.User)
	}
	if n.Name == "" {
		l.wrong("notices.name", "it cannot be empty")
	}
}
