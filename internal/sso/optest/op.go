// Package optest is a provider of single sign-on for tests: an OpenID Connect provider on an address of its own, with keys of its own.
//
// It keeps the rules that a provider keeps (codes are used once, by the client that they were made for, with the verifier that belongs to
// their challenge) and can be told to break single ones. It is for tests alone.
package optest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// The client that the provider knows.
const (
	ClientID     = "bongsu"
	ClientSecret = "a secret of the client"
)

// OP is a running provider.
type OP struct {
	Issuer string
	Server *httptest.Server
	// Clock is the provider's clock; set it before its first use.
	Clock func() time.Time

	key    *rsa.PrivateKey
	signer jose.Signer

	mu     sync.Mutex
	person map[string]any
	faulty Faults
	codes  map[string]grant
	tokens map[string]map[string]any
	asked  url.Values
}

// Faults are rules that the provider breaks.
type Faults struct {
	// Down answers everything with 503.
	Down bool
	// Nonce, Audience and Issuer stand in ID tokens in place of the right ones.
	Nonce, Audience, Issuer string
	// NamesIssuer is given as iss beside the code.
	NamesIssuer string
	// ForeignKey signs with a key that is not published.
	ForeignKey bool
	// Expired makes ID tokens that have expired.
	Expired bool
	// AuthTime is when people gave their password; zero: just now.
	AuthTime time.Time
	// Denies sends people back with this error.
	Denies string
	// UserInfoSubject is whose claims userinfo tells; empty: the person's.
	UserInfoSubject string
	// HideClaims leaves everything but sub out of ID tokens, so that userinfo must be asked.
	HideClaims bool
}

type grant struct {
	claims                     map[string]any
	redirect, challenge, nonce string
}

// New starts a provider that ends with the test.
func New(t testing.TB) *OP {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	o := &OP{Clock: time.Now, key: key, codes: map[string]grant{}, tokens: map[string]map[string]any{}}
	if o.signer, err = newSigner(key); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", o.discovery)
	mux.HandleFunc("GET /keys", o.keys)
	mux.HandleFunc("GET /authorize", o.authorize)
	mux.HandleFunc("POST /token", o.token)
	mux.HandleFunc("GET /userinfo", o.userinfo)
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.faults().Down {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(o.Server.Close)
	o.Issuer = o.Server.URL
	return o
}

func newSigner(key *rsa.PrivateKey) (jose.Signer, error) {
	return jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "first"}}, nil)
}

// SignedIn makes somebody the person who is signed in at the provider; the claims need sub.
func (o *OP) SignedIn(claims map[string]any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.person = claims
}

// Break makes the provider break rules, and keep all others.
func (o *OP) Break(f Faults) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faulty = f
}

// Asked is what the last authorization request asked for.
func (o *OP) Asked() url.Values {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

func (o *OP) faults() Faults {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.faulty
}

func (o *OP) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"issuer": o.Issuer, "authorization_endpoint": o.Issuer + "/authorize", "token_endpoint": o.Issuer + "/token",
		"jwks_uri": o.Issuer + "/keys", "userinfo_endpoint": o.Issuer + "/userinfo",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "code_challenge_methods_supported": []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic"}, "prompt_values_supported": []string{"login", "create"},
	})
}

func (o *OP) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: o.key.Public(), KeyID: "first", Algorithm: "RS256", Use: "sig"}}})
}

// authorize lets the person in who is signed in, and asks nothing.
func (o *OP) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" {
		http.Error(w, "not a request of the client", http.StatusBadRequest)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = q
	reply := url.Values{"state": {q.Get("state")}}
	if o.faulty.NamesIssuer != "" {
		reply.Set("iss", o.faulty.NamesIssuer)
	}
	if o.faulty.Denies != "" {
		reply.Set("error", o.faulty.Denies)
		reply.Set("error_description", "The provider says why.")
	} else {
		code := rand.Text()
		o.codes[code] = grant{o.person, back.String(), q.Get("code_challenge"), q.Get("nonce")}
		reply.Set("code", code)
	}
	back.RawQuery = reply.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound) //nolint:gosec // a test says where to
}

func (o *OP) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	if name, err := url.QueryUnescape(secret); err != nil || id != ClientID || name != ClientSecret {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	code := r.PostFormValue("code")
	g, ok := o.codes[code]
	delete(o.codes, code)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	verified := subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(g.challenge)) == 1
	if !ok || !verified || r.PostFormValue("redirect_uri") != g.redirect {
		refuse(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	raw, err := o.idToken(g)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "server_error")
		return
	}
	access := rand.Text()
	o.tokens[access] = g.claims
	answer(w, map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": raw})
}

func (o *OP) idToken(g grant) (string, error) {
	f, now := o.faulty, o.Clock()
	claims := map[string]any{}
	for name, value := range g.claims {
		if !f.HideClaims || name == "sub" {
			claims[name] = value
		}
	}
	claims["iss"], claims["aud"], claims["nonce"] = or(f.Issuer, o.Issuer), or(f.Audience, ClientID), or(f.Nonce, g.nonce)
	claims["iat"], claims["exp"], claims["auth_time"] = now.Unix(), now.Add(5*time.Minute).Unix(), now.Unix()
	if f.Expired {
		claims["exp"] = now.Add(-time.Hour).Unix()
	}
	if !f.AuthTime.IsZero() {
		claims["auth_time"] = f.AuthTime.Unix()
	}
	signer := o.signer
	if f.ForeignKey {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return "", err
		}
		if signer, err = newSigner(key); err != nil {
			return "", err
		}
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}

func (o *OP) userinfo(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var access string
	_, _ = fmt.Sscanf(r.Header.Get("Authorization"), "Bearer %s", &access)
	person, ok := o.tokens[access]
	if !ok {
		refuse(w, http.StatusUnauthorized, "invalid_token")
		return
	}
	claims := map[string]any{}
	for name, value := range person {
		claims[name] = value
	}
	if o.faulty.UserInfoSubject != "" {
		claims["sub"] = o.faulty.UserInfoSubject
	}
	answer(w, claims)
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code})
}

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}
