package webaccount

import (
	"encoding/json"
	"strings"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/webauth"
)

//nolint:gochecknoglobals // as fixed as the program
var homeLook = webauth.MustPage(files, "pages/home.html").Wide()

// homeView is what the account's first page shows.
type homeView struct {
	Notice, Problem string
	DisplayName     string
	Devices         int
	HasPassword     bool
	SignIns         []signIn
	Resets          bool
}

// signIn is where somebody signs in besides here, or could.
type signIn struct {
	ID, Provider string
	Connected    bool
	Email        string
	Needed       bool // the only way in
}

// home shows the account, or leads to the page for an action.
func (s *Service) home(q *webauth.Request) error {
	if path := s.actionPath(q.URL.Query().Get("action"), q.URL.Query().Get("device_id")); path != "" {
		return q.Redirect(path)
	}
	v, err := s.homeView(q)
	if err != nil {
		return err
	}
	v.Notice = notice(q)
	return q.Show(homeLook, "Your account", v)
}

func (s *Service) homeView(q *webauth.Request) (v homeView, err error) {
	if v.DisplayName, err = s.displayName(q); err != nil {
		return v, err
	}
	devices, err := s.Accounts.Devices(q.Context(), q.UserID)
	if err != nil {
		return v, err
	}
	v.Devices, v.Resets = len(devices), s.Resets
	if v.HasPassword, _, err = s.Accounts.Proofs(q.Context(), q.UserID); err != nil {
		return v, err
	}
	ids, err := s.Accounts.ExternalIDs(q.Context(), q.UserID)
	if err != nil {
		return v, err
	}
	for _, p := range s.SSO.Providers() {
		one := signIn{ID: p.ID, Provider: p.Name, Needed: !v.HasPassword && len(ids) == 1}
		for _, id := range ids {
			if id.Issuer == p.Issuer {
				one.Connected, one.Email = true, id.Email
			}
		}
		v.SignIns = append(v.SignIns, one)
	}
	return v, nil
}

func (s *Service) displayName(q *webauth.Request) (name string, err error) {
	profile, err := s.Accounts.Profile(q.Context(), q.UserID)
	if err != nil {
		return "", err
	}
	if raw, ok := profile[account.FieldDisplayName]; ok {
		err = json.Unmarshal(raw, &name)
	}
	return name, err
}

// saveProfile changes the display name.
func (s *Service) saveProfile(q *webauth.Request) error {
	name := strings.TrimSpace(q.PostForm.Get("displayname"))
	value, err := json.Marshal(name)
	if err != nil {
		return err
	}
	if err = s.mayChange(q); err == nil {
		err = s.Accounts.SetProfileField(q.Context(), q.UserID, account.FieldDisplayName, value)
	}
	if err == nil {
		return done(q, webauth.PathHome, doneProfile)
	}
	problem, err := q.Words(err)
	if err != nil {
		return err
	}
	v, err := s.homeView(q)
	if err != nil {
		return err
	}
	v.DisplayName, v.Problem = name, problem
	return q.ShowStatus(400, homeLook, "Your account", v)
}

// mayChange: Client-Server API, "Account suspension": profiles of suspended users stay as they are.
func (s *Service) mayChange(q *webauth.Request) error {
	u, err := s.Accounts.User(q.Context(), q.UserID)
	if err != nil {
		return err
	}
	if u.Suspended {
		return errSuspended
	}
	return nil
}
