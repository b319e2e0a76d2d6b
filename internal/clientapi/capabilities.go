package clientapi

import "net/http"

// capabilityRoutes: Client-Server API, "Capabilities negotiation".
func (a *API) capabilityRoutes() {
	a.client(http.MethodGet, "/capabilities", a.capabilities, as(authGuest))
}

// stableRoomVersions are the versions of rooms that can be made and joined.
var stableRoomVersions = []string{"6", "7", "8", "9", "10", "11", "12"}

type enabled struct {
	Enabled bool `json:"enabled"`
}

func (a *API) capabilities(r *request) (any, error) {
	available := make(map[string]string, len(stableRoomVersions))
	for _, v := range stableRoomVersions {
		available[v] = "stable"
	}
	full := enabled{!r.session.Guest}
	oauth, err := a.byOAuth(r)
	if err != nil {
		return nil, err
	}
	interactive := enabled{full.Enabled && !oauth} // needs user-interactive authentication
	caps := map[string]any{
		"m.change_password":          interactive,
		"m.room_versions":            map[string]any{"default": a.defaultRoomVersion(), "available": available},
		"m.set_displayname":          enabled{true},
		"m.set_avatar_url":           full,
		"m.profile_fields":           full,
		"m.3pid_changes":             enabled{false},
		"m.get_login_token":          interactive,
		"m.forget_forced_upon_leave": enabled{false},
	}
	if a.WebPushKey != "" { // MSC4174
		caps["m.webpush"] = map[string]any{"enabled": true, "vapid": a.WebPushKey}
	}
	if r.session.Guest { // Client-Server API, "Guest Access": the display name is all that guests may change
		caps["m.profile_fields"] = map[string]any{"enabled": true, "allowed": []string{"displayname"}}
	}
	if r.session.Admin {
		caps["m.account_moderation"] = map[string]bool{"suspend": true, "lock": true}
	}
	return map[string]any{"capabilities": caps}, nil
}

func (a *API) defaultRoomVersion() string {
	if a.DefaultRoomVersion != "" {
		return a.DefaultRoomVersion
	}
	return stableRoomVersions[len(stableRoomVersions)-1]
}
