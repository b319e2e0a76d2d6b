package clientapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// maxFilters bounds the filters that a user stores.
const maxFilters = 10000

// filterRoutes: Client-Server API, "Filtering".
func (a *API) filterRoutes() {
	a.client(http.MethodPost, "/user/{userId}/filter", a.createFilter, bodyUpTo(filter.MaxSize), limited("filter"))
	a.client(http.MethodGet, "/user/{userId}/filter/{filterId}", a.getFilter)
}

func (a *API) createFilter(r *request) (any, error) {
	if err := r.ownUser("create filters for"); err != nil {
		return nil, err
	}
	body, err := r.compactObject()
	if err != nil {
		return nil, err
	}
	f, err := filter.Parse(body)
	if err != nil {
		return nil, err
	}
	id := filterID(f.Source())
	ctx := context.WithoutCancel(r.Context())
	err = a.Store.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.CountFilters(ctx, r.session.UserID, maxFilters)
		if err != nil {
			return err
		}
		if n >= maxFilters {
			return mxerr.New(http.StatusBadRequest, mxerr.ResourceLimitExceeded, "A user can store at most %d filters", maxFilters)
		}
		return tx.PutFilter(ctx, r.session.UserID, id, f.Source())
	})
	return map[string]string{"filter_id": id}, err
}

// filterID names a filter by its content, so that a client that uploads the same filter at each start fills nothing. It never begins
// with a brace, which would make it an inline filter.
func filterID(source []byte) string {
	sum := sha256.Sum256(source)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func (a *API) getFilter(r *request) (any, error) {
	if err := r.ownUser("get filters of"); err != nil {
		return nil, err
	}
	content, err := a.storedFilter(r, r.param("filterId"))
	return raw(content), err
}

var errUnknownFilter = mxerr.NotFoundf("There is no such filter")

// storedFilter is the JSON of a filter that the caller has created.
func (a *API) storedFilter(r *request, id string) (content []byte, err error) {
	if checkName("filter id", id) != nil {
		return nil, errUnknownFilter
	}
	err = a.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		content, err = tx.Filter(r.Context(), r.session.UserID, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errUnknownFilter
	}
	return content, err
}
