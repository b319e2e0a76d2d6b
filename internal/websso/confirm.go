package websso

import (
	"errors"
	"net/http"
	"net/url"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/sso"
	"bongsu.org/bongsu/internal/sso/provider"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/webauth"
)

//nolint:gochecknoglobals // as fixed as the program
var confirmLook = webauth.MustPage(files, "pages/confirm.html")

var errNoSession = &webauth.Problem{
	Status: http.StatusNotFound, Title: "This took too long", Text: "Go back to the app and begin again.",
}

type confirmView struct {
	UserID    string
	Operation string
	Session   string
	Providers []*provider.Provider
}

// waiting is what a session of user-interactive authentication waits for, and with whom its user can confirm it.
func (s *Service) waiting(q *webauth.Request, session string) (account.Waiting, confirmView, error) {
	w, err := s.Accounts.WaitingStage(q.Context(), session)
	if errors.Is(err, store.ErrNotFound) || err == nil && w.UserID == "" {
		return w, confirmView{}, errNoSession
	}
	if err != nil {
		return w, confirmView{}, err
	}
	v := confirmView{UserID: w.UserID, Operation: w.Operation, Session: session}
	ids, err := s.Accounts.ExternalIDs(q.Context(), w.UserID)
	if err != nil {
		return w, v, err
	}
	for _, p := range s.SSO.Providers() {
		for _, id := range ids {
			if id.Issuer == p.Issuer {
				v.Providers = append(v.Providers, p)
				break
			}
		}
	}
	return w, v, nil
}

// confirmPage says what an app wants to do. Client-Server API, "SSO during User-Interactive Authentication", security considerations:
// sending the person to the provider at once is not enough, since it may let them in without a question.
func (s *Service) confirmPage(q *webauth.Request) error {
	session := q.URL.Query().Get("session")
	w, v, err := s.waiting(q, session)
	if err != nil {
		return err
	}
	if w.Done(account.StageSSO) {
		return q.Redirect(donePage(session))
	}
	return q.Show(confirmLook, "Confirm that it is you", v)
}

func (s *Service) confirmForm(q *webauth.Request) error {
	session := q.PostForm.Get("session")
	w, v, err := s.waiting(q, session)
	if err != nil {
		return err
	}
	for _, p := range v.Providers {
		if p.ID != q.PostForm.Get("provider") {
			continue
		}
		to := purpose{Kind: forStage, User: w.UserID, Session: session}
		attempt, err := s.attempt(q, p, to, sso.Asking{})
		if err != nil {
			return s.failed(q, p, to, err)
		}
		return onward(q, p, attempt.URL)
	}
	return errNoProvider
}

// completeStage notes that the user has confirmed it, and leads to the page that tells the app (Client-Server API, "Fallback").
func (s *Service) completeStage(q *webauth.Request, p *provider.Provider, userID, session string) error {
	err := s.Accounts.CompleteOutside(q.Context(), session, account.StageSSO, userID)
	if errors.Is(err, store.ErrNotFound) {
		return errNoSession
	}
	if err != nil {
		return err
	}
	s.Log.Info("a user confirmed with single sign-on what an app wants to do", "user", userID, "provider", p.ID)
	return q.Redirect(donePage(session))
}

func donePage(session string) string {
	return "/_matrix/client/v3/auth/" + account.StageSSO + "/fallback/web?" + url.Values{"session": {session}}.Encode()
}
