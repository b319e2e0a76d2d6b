package webauth

import (
	"net/http"
	"slices"
	"strings"

	"bongsu.org/bongsu/internal/account"
)

func (s *Service) signInPages() {
	s.Handle("GET "+PathSignIn, s.signInPage)
	s.Handle("POST "+PathSignIn, s.signInForm, Limited("login"))
}

var signInLook = MustPage(files, "pages/sign-in.html")

// signInView is what the sign-in page shows.
type signInView struct {
	Problem   string
	User      string
	Next      string
	Again     bool // who is signed in proves it once more
	Password  bool // whether there is one
	Register  string
	Providers []Provider
}

func (s *Service) signInView(q *Request) (signInView, error) {
	next := q.Next()
	v := signInView{Next: next, User: s.hinted(q.URL.Query().Get("hint")), Providers: s.providers, Password: true, Again: q.again()}
	if s.Accounts.Registration != account.RegistrationClosed {
		v.Register = RegisterURL(next, "")
	}
	if !v.Again {
		return v, nil
	}
	password, issuers, err := s.Accounts.Proofs(q.Context(), q.UserID)
	v.User, v.Register, v.Password = s.hinted(q.UserID), "", password
	v.Providers = slices.DeleteFunc(slices.Clone(s.providers), func(p Provider) bool { return !slices.Contains(issuers, p.Issuer) })
	return v, err
}

// again tells whether somebody who is signed in is asked for the password all the same.
func (q *Request) again() bool { return q.UserID != "" && q.URL.Query().Get("again") == "true" }

// hinted is the name that a hint fills in. Client-Server API, "Authorization code grant", login_hint: mxid:@user:server.
func (s *Service) hinted(hint string) string {
	name := strings.TrimPrefix(hint, "mxid:")
	if local, ok := strings.CutSuffix(name, ":"+s.ServerName); ok {
		name = strings.TrimPrefix(local, "@")
	}
	if len(name) > maxHint {
		return ""
	}
	return name
}

const maxHint = 255

func (s *Service) signInPage(q *Request) error {
	if q.UserID != "" && !q.again() {
		return q.GoOn()
	}
	v, err := s.signInView(q)
	if err != nil {
		return err
	}
	return q.Show(signInLook, "Sign in", v)
}

func (s *Service) signInForm(q *Request) error {
	v, err := s.signInView(q)
	if err != nil {
		return err
	}
	name := strings.TrimSpace(q.PostForm.Get("user"))
	if v.Again {
		name = q.UserID
	} else {
		v.User = name
	}
	userID, err := s.Accounts.VerifyPassword(q.Context(), account.Identifier{Type: "m.id.user", User: name}, q.PostForm.Get("password"))
	if err == nil {
		err = q.SignIn(userID)
	}
	if err == nil {
		return q.GoOn()
	}
	if v.Problem, err = q.Words(err); err != nil {
		return err
	}
	return q.ShowStatus(http.StatusForbidden, signInLook, "Sign in", v)
}
