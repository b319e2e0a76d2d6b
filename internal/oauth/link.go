package oauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/webauth"
)

// linkPages let a device in by the code that it shows (RFC 8628, 3.3).
func (s *Service) linkPages() {
	s.Web.Handle("GET "+pathLink, s.linkPage, webauth.SignedIn())
	s.Web.Handle("POST "+pathLink, s.linkForm, webauth.SignedIn(), webauth.Limited("login"))
	s.Web.Handle("GET "+pathLinkConfirm, s.linkConfirmPage, webauth.SignedIn())
	s.Web.Handle("POST "+pathLinkConfirm, s.linkConfirmForm, webauth.SignedIn(), webauth.Limited("login"))
}

var (
	linkLook        = webauth.MustPage(files, "pages/link.html")
	linkConfirmLook = webauth.MustPage(files, "pages/link-confirm.html")
	linkDoneLook    = webauth.MustPage(files, "pages/link-done.html")
)

// linkView is what the page shows on which the code is typed.
type linkView struct{ Problem, Code string }

func (s *Service) linkPage(q *webauth.Request) error {
	return q.Show(linkLook, "Link a device", linkView{Code: normalCode(q.URL.Query().Get("code"))})
}

func (s *Service) linkForm(q *webauth.Request) error {
	typed := q.PostForm.Get("code")
	code := normalCode(typed)
	if _, _, err := s.waiting(q, code); errors.Is(err, store.ErrNotFound) {
		return s.noSuchCode(q, typed)
	} else if err != nil {
		return err
	}
	return q.Redirect(pathLinkConfirm + "?" + url.Values{"code": {code}}.Encode())
}

const maxTyped = 32

func (s *Service) noSuchCode(q *webauth.Request, typed string) error {
	if len(typed) > maxTyped {
		typed = ""
	}
	return q.ShowStatus(http.StatusBadRequest, linkLook, "Link a device", linkView{
		Code: typed, Problem: "No device waits for this code. Look at the device again: a code is good for 15 minutes, and once.",
	})
}

// waiting finds the device that waits for a code, and its client; store.ErrNotFound if there is none.
func (s *Service) waiting(q *webauth.Request, code string) (d store.OAuthDeviceCode, c *client, err error) {
	err = s.Store.Read(q.Context(), func(tx *store.Tx) error {
		d, err = tx.OAuthDeviceCode(q.Context(), code, s.nowMS())
		return err
	})
	if err != nil {
		return d, nil, fmt.Errorf("looking up a user code: %w", err)
	}
	if c, err = s.client(q.Context(), d.ClientID); err != nil {
		return d, nil, problem(err)
	}
	return d, c, nil
}

func (s *Service) linkConfirmPage(q *webauth.Request) error {
	code := normalCode(q.URL.Query().Get("code"))
	d, c, err := s.waiting(q, code)
	if errors.Is(err, store.ErrNotFound) {
		return s.noSuchCode(q, code)
	}
	if err != nil {
		return err
	}
	granted, err := parseScope(d.Scope)
	if err != nil {
		return problem(err)
	}
	view := newAsked(c, granted, q.URL.RequestURI())
	view.Code = code
	if view.Replaces, err = s.replaced(q, granted); err != nil {
		return err
	}
	return q.Show(linkConfirmLook, "Link "+view.Name+"?", view)
}

// linkDone is what the last page shows.
type linkDone struct{ Linked bool }

func (s *Service) linkConfirmForm(q *webauth.Request) error {
	code := normalCode(q.URL.Query().Get("code"))
	d, _, err := s.waiting(q, code)
	if err == nil {
		d.State, d.UserID, d.SignedInTS = store.DeviceCodeDenied, q.UserID, q.SignedIn.UnixMilli()
		if q.PostForm.Get("decision") == "allow" {
			d.State = store.DeviceCodeAllowed
		}
		err = s.Store.Write(q.Context(), func(tx *store.Tx) error { return tx.AnswerOAuthDeviceCode(q.Context(), d, s.nowMS()) })
	}
	if errors.Is(err, store.ErrNotFound) {
		return s.noSuchCode(q, code)
	}
	if err != nil {
		return err
	}
	if d.State == store.DeviceCodeAllowed {
		return q.Show(linkDoneLook, "The device is linked", linkDone{true})
	}
	return q.Show(linkDoneLook, "The device stays out", linkDone{})
}
