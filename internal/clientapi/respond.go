package clientapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// empty is the body {}.
type empty struct{}

// raw is a JSON body that is already written out.
type raw []byte

// withStatus is a body with a status other than 200.
type withStatus struct {
	status int
	body   any
}

// written tells that the handler wrote the response itself, or has left the request and will be asked again.
type written struct{}

func (a *API) writeBody(r *request, body any) {
	status := http.StatusOK
	if s, ok := body.(withStatus); ok {
		status, body = s.status, s.body
	}
	switch b := body.(type) {
	case written:
	case raw:
		writeJSON(r.w, status, b)
	default:
		out, err := encodeJSON(b)
		if err != nil {
			a.writeError(r, err)
			return
		}
		writeJSON(r.w, status, out)
	}
}

// encodeJSON writes v without the escapes for HTML that encoding/json makes by default, which only make responses longer.
func encodeJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

// retryUnavailable is how long a client should wait before it resends what the database could not take.
const retryUnavailable = time.Second

// clientError turns any error into what the client may see of it.
func clientError(err error) *mxerr.Error {
	var mx *mxerr.Error
	switch {
	case errors.As(err, &mx):
		return mx
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return mxerr.Unavailable(retryUnavailable)
	case errors.Is(err, store.ErrText):
		return mxerr.InvalidParamf("The request holds what is not text")
	case errors.Is(err, store.ErrNotFound):
		return mxerr.NotFoundf("Not found")
	}
	return mxerr.New(http.StatusInternalServerError, mxerr.Unknown, "Something went wrong on the server")
}

func (a *API) writeError(r *request, err error) {
	mx := clientError(err)
	if mx.Status >= 500 {
		a.Log.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	if ms, ok := mx.Fields["retry_after_ms"].(int64); ok {
		r.w.Header().Set("Retry-After", strconv.FormatInt((ms+999)/1000, 10))
	}
	body, jsonErr := encodeJSON(mx)
	if jsonErr != nil {
		a.Log.Error("writing an error failed", "err", jsonErr)
		body = []byte(`{"errcode":"M_UNKNOWN","error":"Something went wrong on the server"}`)
	}
	writeJSON(r.w, mx.Status, body)
}

func unrecognized(status int) http.HandlerFunc {
	body, _ := encodeJSON(mxerr.New(status, mxerr.Unrecognized, "Unrecognized request"))
	return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, status, body) }
}

// recoverPanic turns a panic in a handler into a 500 and a log line.
func (a *API) recoverPanic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			a.Log.Error("panic in a handler", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			unrecovered, _ := encodeJSON(mxerr.New(http.StatusInternalServerError, mxerr.Unknown, "Something went wrong on the server"))
			writeJSON(w, http.StatusInternalServerError, unrecovered)
		}()
		next.ServeHTTP(w, r)
	})
}
