package webauth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/store"
)

// Names of the cookies. With TLS they get a prefix with which browsers let only this very host set them.
const (
	sessionCookie = "bongsu_session"
	formCookie    = "bongsu_form"
	hostPrefix    = "__Host-"
)

// maxSecret bounds what is looked at of a cookie.
const maxSecret = 128

func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte("browser " + secret))
	return sum[:]
}

// identify finds out who is signed in.
func (q *Request) identify() error {
	secret := q.cookie(sessionCookie)
	if secret == "" {
		return nil
	}
	var b store.BrowserSession
	var u store.User
	err := q.s.Store.Read(q.Context(), func(tx *store.Tx) (err error) {
		b, u, err = tx.BrowserSession(q.Context(), hashSecret(secret), q.s.Now().UnixMilli())
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("looking up a browser session: %w", err)
	}
	if admitted := account.CheckAdmission(u) == nil; admitted {
		q.secret, q.UserID, q.SignedIn = secret, b.UserID, time.UnixMilli(b.SignedInTS)
	}
	return nil
}

// SignIn signs a user in in this browser, who has proved who they are. It replaces whoever was signed in, and answers nothing: go on
// with GoOn. Locked and deactivated users are refused.
func (q *Request) SignIn(userID string) error {
	secret, now := newSecret(), q.s.Now()
	err := q.s.Store.Write(q.Context(), func(tx *store.Tx) error {
		u, err := tx.LockUser(q.Context(), userID)
		if err != nil {
			return err
		}
		if err := account.CheckAdmission(u); err != nil {
			return err
		}
		if q.secret != "" {
			if err := tx.DeleteBrowserSession(q.Context(), hashSecret(q.secret)); err != nil {
				return err
			}
		}
		return tx.PutBrowserSession(q.Context(), store.BrowserSession{
			Hash: hashSecret(secret), UserID: userID, SignedInTS: now.UnixMilli(), ExpiresTS: now.Add(sessionLifetime).UnixMilli(),
		})
	})
	if err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	q.secret, q.UserID, q.SignedIn = secret, userID, now
	q.setCookie(sessionCookie, secret)
	return nil
}

// SignOut ends the session of this browser.
func (q *Request) SignOut() error {
	if q.secret != "" {
		err := q.s.Store.Write(q.Context(), func(tx *store.Tx) error {
			return tx.DeleteBrowserSession(q.Context(), hashSecret(q.secret))
		})
		if err != nil {
			return fmt.Errorf("signing out: %w", err)
		}
	}
	q.secret, q.UserID, q.SignedIn = "", "", time.Time{}
	q.setCookie(sessionCookie, "")
	q.setCookie(formCookie, "")
	return nil
}

// cookie is the value of a cookie that this server set; empty: there is none.
func (q *Request) cookie(name string) string {
	c, err := q.Cookie(q.cookieName(name))
	if err != nil || len(c.Value) > maxSecret {
		return ""
	}
	return c.Value
}

func (q *Request) cookieName(name string) string {
	if q.secure() {
		return hostPrefix + name
	}
	return name
}

// setCookie sets a cookie that ends with the browser; an empty one ends at once. SameSite is Lax, since people come here from
// applications' pages.
func (q *Request) setCookie(name, value string) {
	c := &http.Cookie{ //nolint:gosec // Secure wherever there is TLS
		Name: q.cookieName(name), Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: q.secure(),
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(q.W, c)
}

// formToken is the secret of this browser's forms. It is bound to the session, so that a form of before signing in is good for nothing
// after it.
func (q *Request) formToken() string {
	secret := q.cookie(formCookie)
	if secret == "" {
		secret = newSecret()
		q.setCookie(formCookie, secret)
		q.AddCookie(&http.Cookie{Name: q.cookieName(formCookie), Value: secret}) //nolint:gosec // for a further look in this request
	}
	return formTokenOf(secret, q.secret)
}

func formTokenOf(form, session string) string {
	sum := sha256.Sum256([]byte("form " + form + " " + session))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// checkForm reads a form, and makes sure that it comes from a page that this server gave to this browser.
func (q *Request) checkForm() error {
	if err := q.s.cross.Check(q.Request); err != nil {
		return errForm
	}
	q.Body = http.MaxBytesReader(q.W, q.Body, maxForm)
	if err := q.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return err
		}
		return &Problem{http.StatusBadRequest, "That did not work", "The form could not be read."}
	}
	secret := q.cookie(formCookie)
	if secret == "" || subtle.ConstantTimeCompare([]byte(q.PostForm.Get("csrf")), []byte(formTokenOf(secret, q.secret))) != 1 {
		return errForm
	}
	return nil
}
