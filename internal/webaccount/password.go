package webaccount

import (
	"net/http"

	"bongsu.org/bongsu/internal/webauth"
)

//nolint:gochecknoglobals // as fixed as the program
var passwordLook = webauth.MustPage(files, "pages/password.html")

type passwordView struct {
	Problem     string
	HasPassword bool
}

func (v passwordView) title() string {
	if v.HasPassword {
		return "Change your password"
	}
	return "Choose a password"
}

func (s *Service) passwordPage(q *webauth.Request) error {
	has, _, err := s.Accounts.Proofs(q.Context(), q.UserID)
	if err != nil {
		return err
	}
	if !has && s.Web.Now().Sub(q.SignedIn) > recent {
		return q.ToSignInAgain()
	}
	v := passwordView{HasPassword: has}
	return q.Show(passwordLook, v.title(), v)
}

func (s *Service) changePassword(q *webauth.Request) error {
	has, _, err := s.Accounts.Proofs(q.Context(), q.UserID)
	if err != nil {
		return err
	}
	v := passwordView{HasPassword: has}
	if v.Problem, err = s.tryPassword(q, has); err != nil {
		return err
	}
	if v.Problem != "" {
		return q.ShowStatus(http.StatusBadRequest, passwordLook, v.title(), v)
	}
	return done(q, webauth.PathHome, donePassword)
}

// tryPassword changes the password; problem says what the person can mend.
func (s *Service) tryPassword(q *webauth.Request, has bool) (problem string, err error) {
	fresh := q.PostForm.Get("fresh")
	if fresh != q.PostForm.Get("repeated") {
		return "The two new passwords are not the same.", nil
	}
	ok, problem, err := s.proved(q, has)
	if err != nil || problem != "" {
		return problem, err
	}
	if !ok {
		return "You signed in too long ago. Load this page again.", nil
	}
	everywhere := q.PostForm.Get("everywhere") == "on"
	if err := s.Accounts.ChangePassword(q.Context(), q.UserID, fresh, everywhere, ""); err != nil {
		return q.Words(err)
	}
	// The sessions of all browsers may have ended with the devices.
	return "", q.SignIn(q.UserID)
}
