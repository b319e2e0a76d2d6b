package websso

import (
	"net/http"
	"strings"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/webauth"
)

//nolint:gochecknoglobals // as fixed as the program
var nameLook = webauth.MustPage(files, "pages/name.html")

type nameView struct {
	Problem  string
	Provider string // its name
	Known    string // what the provider calls the person; empty: nothing fit to show
	Name     string
}

// choosing is who chooses a name in this browser.
func (s *Service) choosing(q *webauth.Request) (newcomer, nameView, error) {
	var n newcomer
	if err := s.SSO.Held(newcomerCookie, cookie(q, newcomerCookie), &n); err != nil {
		status, title, text := words("", err)
		return n, nameView{}, &webauth.Problem{Status: status, Title: title, Text: text}
	}
	p := s.SSO.Provider(n.Person.Provider)
	if p == nil {
		return n, nameView{}, errNoProvider
	}
	v := nameView{Provider: p.Name, Known: n.Person.Email, Name: account.SuggestLocalpart(n.Person.Localpart)}
	if v.Known == "" {
		v.Known = n.Person.DisplayName
	}
	return n, v, nil
}

const nameTitle = "Choose a user name"

func (s *Service) namePage(q *webauth.Request) error {
	n, v, err := s.choosing(q)
	if err != nil {
		return err
	}
	if v.Name != "" {
		v.Problem, err = q.Words(s.Accounts.Available(q.Context(), v.Name))
		if err != nil && v.Problem == "" {
			return err
		}
	}
	if v.Problem != "" && n.Person.Localpart != "" {
		v.Problem = "The name " + v.Name + " is not free. Choose another."
	}
	return q.Show(nameLook, nameTitle, v)
}

func (s *Service) nameForm(q *webauth.Request) error {
	n, v, err := s.choosing(q)
	if err != nil {
		return err
	}
	v.Name = strings.TrimSpace(q.PostForm.Get("user"))
	userID, err := s.Accounts.RegisterExternal(q.Context(), external(n.Person), v.Name, n.Person.DisplayName)
	if err == nil {
		setCookie(q, newcomerCookie, "", 0)
		return s.enter(q, userID, n.Next)
	}
	if !isName(err) {
		return err
	}
	if v.Problem, err = q.Words(err); err != nil {
		return err
	}
	return q.ShowStatus(http.StatusBadRequest, nameLook, nameTitle, v)
}
