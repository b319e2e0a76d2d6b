package webaccount

import (
	"net/http"

	"bongsu.org/bongsu/internal/webauth"
)

//nolint:gochecknoglobals // as fixed as the program
var (
	deactivateLook  = webauth.MustPage(files, "pages/deactivate.html")
	deactivatedLook = webauth.MustPage(files, "pages/deactivated.html")
)

type deactivateView struct {
	Problem     string
	HasPassword bool
	Erase       bool
}

const deactivateTitle = "Close your account for ever?"

func (s *Service) deactivatePage(q *webauth.Request) error {
	has, _, err := s.Accounts.Proofs(q.Context(), q.UserID)
	if err != nil {
		return err
	}
	if !has && s.Web.Now().Sub(q.SignedIn) > recent {
		return q.ToSignInAgain()
	}
	return q.Show(deactivateLook, deactivateTitle, deactivateView{HasPassword: has})
}

func (s *Service) deactivate(q *webauth.Request) error {
	has, _, err := s.Accounts.Proofs(q.Context(), q.UserID)
	if err != nil {
		return err
	}
	v := deactivateView{HasPassword: has, Erase: q.PostForm.Get("erase") == "on"}
	ok := false
	if q.PostForm.Get("sure") != "on" {
		v.Problem = "Tick the box to say that you are sure."
	} else if ok, v.Problem, err = s.proved(q, has); err != nil {
		return err
	}
	if !ok {
		if v.Problem == "" {
			v.Problem = "You signed in too long ago. Load this page again."
		}
		return q.ShowStatus(http.StatusBadRequest, deactivateLook, deactivateTitle, v)
	}
	userID := q.UserID
	if err := s.Accounts.Deactivate(q.Context(), userID, v.Erase); err != nil {
		return err
	}
	if err := q.SignOut(); err != nil {
		return err
	}
	return q.Show(deactivatedLook, "Your account is closed", userID)
}
