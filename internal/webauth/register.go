package webauth

import (
	"net/http"
	"strings"

	"bongsu.org/bongsu/internal/account"
)

func (s *Service) registerPages() {
	s.Handle("GET "+PathRegister, s.registerPage)
	s.Handle("POST "+PathRegister, s.registerForm, Limited("registration"))
}

var registerLook = MustPage(files, "pages/register.html")

var errClosed = &Problem{http.StatusForbidden, "No new accounts",
	"Accounts on this server are made by whoever runs it. Ask there for one."}

// registerView is what the page shows that creates an account.
type registerView struct {
	Problem    string
	User       string
	Token      string
	NeedsToken bool
	Next       string
	SignIn     string
	Providers  []Provider
}

func (s *Service) registerView(q *Request) registerView {
	next := q.Next()
	return registerView{
		User: s.hinted(q.URL.Query().Get("hint")), Token: clip(q.URL.Query().Get("token"), maxHint),
		NeedsToken: s.Accounts.Registration == account.RegistrationToken, Next: next, SignIn: SignInURL(next, ""),
		Providers: s.providers,
	}
}

func clip(text string, most int) string {
	if len(text) > most {
		return ""
	}
	return text
}

func (s *Service) registerPage(q *Request) error {
	if s.Accounts.Registration == account.RegistrationClosed {
		return errClosed
	}
	return q.Show(registerLook, "Create an account", s.registerView(q))
}

func (s *Service) registerForm(q *Request) error {
	if s.Accounts.Registration == account.RegistrationClosed {
		return errClosed
	}
	v := s.registerView(q)
	v.User, v.Token = strings.TrimSpace(q.PostForm.Get("user")), strings.TrimSpace(q.PostForm.Get("token"))
	userID, problem, err := s.create(q, v)
	if err == nil && problem == "" {
		if err := q.SignIn(userID); err != nil {
			return err
		}
		return q.GoOn()
	}
	if err != nil {
		if problem, err = q.Words(err); err != nil {
			return err
		}
	}
	v.Problem = problem
	return q.ShowStatus(http.StatusBadRequest, registerLook, "Create an account", v)
}

// create makes the account; problem says what the person can mend.
func (s *Service) create(q *Request, v registerView) (userID, problem string, err error) {
	password := q.PostForm.Get("password")
	switch {
	case v.User == "":
		return "", "Choose a user name.", nil
	case password != q.PostForm.Get("repeated"):
		return "", "The two passwords are not the same.", nil
	}
	if v.NeedsToken {
		valid, err := s.Accounts.TokenValid(q.Context(), v.Token)
		if err != nil {
			return "", "", err
		}
		if !valid {
			return "", "This registration token is not valid.", nil
		}
	}
	login, err := s.Accounts.Register(q.Context(), account.Registering{Username: v.User, Password: password, InhibitLogin: true, Token: v.Token})
	return login.UserID, "", err
}
