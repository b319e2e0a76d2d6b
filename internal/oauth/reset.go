package oauth

import (
	"time"

	"bongsu.org/bongsu/internal/webauth"
)

// recentSignIn is how long ago a user may have given the password who resets their digital identity.
const recentSignIn = 5 * time.Minute

// resetPages: Client-Server API, "OAuth authentication": the user allows that an application replaces the cross-signing keys.
func (s *Service) resetPages() {
	s.Web.Handle("GET "+pathReset, s.resetPage, webauth.Recently(recentSignIn))
	s.Web.Handle("POST "+pathReset, s.resetForm, webauth.Recently(recentSignIn))
}

var resetLook = webauth.MustPage(files, "pages/reset.html")

// resetView is what the page shows.
type resetView struct{ Done bool }

func (s *Service) resetPage(q *webauth.Request) error {
	return q.Show(resetLook, "Reset your digital identity?", resetView{})
}

func (s *Service) resetForm(q *webauth.Request) error {
	if err := s.Accounts.AllowCrossSigningReset(q.Context(), q.UserID); err != nil {
		return err
	}
	return q.Show(resetLook, "Go back to the app", resetView{Done: true})
}
