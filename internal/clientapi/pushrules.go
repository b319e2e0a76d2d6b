package clientapi

import (
	"errors"
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/push"
	"bongsu.org/bongsu/internal/store"
)

// pushRuleRoutes: Client-Server API, "Push Rules: API".
func (a *API) pushRuleRoutes() {
	const rule = "/pushrules/global/{kind}/{ruleId}"
	a.client(http.MethodGet, "/pushrules/", a.getPushRules)
	a.client(http.MethodGet, "/pushrules/global/", a.getGlobalPushRules)
	a.client(http.MethodGet, rule, a.getPushRule)
	a.client(http.MethodPut, rule, a.putPushRule, limited("push_rules"))
	a.client(http.MethodDelete, rule, a.deletePushRule, limited("push_rules"))
	a.client(http.MethodGet, rule+"/enabled", a.getPushRuleEnabled)
	a.client(http.MethodPut, rule+"/enabled", a.putPushRuleEnabled, limited("push_rules"))
	a.client(http.MethodGet, rule+"/actions", a.getPushRuleActions)
	a.client(http.MethodPut, rule+"/actions", a.putPushRuleActions, limited("push_rules"))
}

func (a *API) getPushRules(r *request) (any, error) {
	set, err := a.pushRules(r)
	return push.Content{Global: set}, err
}

func (a *API) getGlobalPushRules(r *request) (any, error) {
	return a.pushRules(r)
}

func (a *API) getPushRule(r *request) (any, error) {
	return a.pushRule(r)
}

func (a *API) getPushRuleEnabled(r *request) (any, error) {
	rule, err := a.pushRule(r)
	return map[string]bool{"enabled": rule.Enabled}, err
}

func (a *API) getPushRuleActions(r *request) (any, error) {
	rule, err := a.pushRule(r)
	return map[string][]push.Action{"actions": rule.Actions}, err
}

func (a *API) putPushRule(r *request) (any, error) {
	var rule push.Rule
	if err := r.decode(&rule); err != nil {
		return nil, err
	}
	rule.ID = r.param("ruleId")
	place := push.Place{Before: r.query("before"), After: r.query("after")}
	return a.changePushRules(r, func(c *push.Changes, kind push.Kind) error {
		return c.Put(kind, rule, place)
	})
}

func (a *API) deletePushRule(r *request) (any, error) {
	return a.changePushRules(r, func(c *push.Changes, kind push.Kind) error {
		return c.Delete(kind, r.param("ruleId"))
	})
}

func (a *API) putPushRuleEnabled(r *request) (any, error) {
	var body struct {
		Enabled *bool `json:"enabled"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.Enabled == nil {
		return nil, mxerr.MissingParamf("enabled is missing")
	}
	return a.changePushRules(r, func(c *push.Changes, kind push.Kind) error {
		return c.SetEnabled(kind, r.param("ruleId"), *body.Enabled)
	})
}

func (a *API) putPushRuleActions(r *request) (any, error) {
	var body struct {
		Actions []push.Action `json:"actions"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	return a.changePushRules(r, func(c *push.Changes, kind push.Kind) error {
		return c.SetActions(kind, r.param("ruleId"), body.Actions)
	})
}

// changePushRules changes the caller's rules in the user's lane, as m.push_rules, so that every device of the user learns of it by
// /sync (Client-Server API, "Push Rules: Events").
func (a *API) changePushRules(r *request, change func(*push.Changes, push.Kind) error) (any, error) {
	kind, err := push.ParseKind(r.param("kind"))
	if err != nil {
		return nil, err
	}
	return empty{}, a.changeAccountData(r, "", typePushRules, func(old []byte) ([]byte, error) {
		changes, err := push.ParseChanges(old)
		if err != nil {
			return nil, err
		}
		if err := change(changes, kind); err != nil {
			return nil, err
		}
		return changes.Encode()
	})
}

// pushRule is the rule that the path names.
func (a *API) pushRule(r *request) (push.Rule, error) {
	kind, err := push.ParseKind(r.param("kind"))
	if err != nil {
		return push.Rule{}, err
	}
	set, err := a.pushRules(r)
	if err != nil {
		return push.Rule{}, err
	}
	rule, ok := set.Find(kind, r.param("ruleId"))
	if !ok {
		return push.Rule{}, mxerr.NotFoundf("The push rule was not found.")
	}
	return rule, nil
}

func (a *API) pushRules(r *request) (push.Ruleset, error) {
	stored, err := a.storedPushRules(r)
	if err != nil {
		return push.Ruleset{}, err
	}
	changes, err := push.ParseChanges(stored)
	if err != nil {
		return push.Ruleset{}, err
	}
	return changes.Ruleset(r.session.UserID), nil
}

// storedPushRules is what the caller changed of the default rules; nil for nothing.
func (a *API) storedPushRules(r *request) ([]byte, error) {
	var data store.AccountData
	err := a.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		data, err = tx.AccountDataOf(r.Context(), r.session.UserID, "", typePushRules)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return data.Content, err
}
