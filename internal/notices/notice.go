package notices

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Kinds of notices (Client-Server API, "Server Notices").
const (
	// KindUsageLimit says that the server has reached a limit, about which its administrator must do something.
	KindUsageLimit = "m.server_notice.usage_limit_reached"
	// KindAnnouncement says whatever the operator wants to say.
	KindAnnouncement = "org.bongsu.announcement"
)

// LimitMonthlyActive is the limit on users who were active in the last 30 days.
const LimitMonthlyActive = "monthly_active_user"

// maxBody bounds the text of a notice, so that it fits into an event.
const maxBody = 32 << 10

// Notice is a notice to be sent in the background.
type Notice struct {
	// ID names the notice; the same again is the same notice. Empty for a new one.
	ID string
	// To is a user; empty for all.
	To string
	// Body is the text.
	Body string
	// Kind is one of the kinds above; empty for an announcement.
	Kind string
	// AdminContact is a URI to reach the administrator at, and LimitType the limit: both for KindUsageLimit.
	AdminContact, LimitType string
	// Pin shows the notice as active until the next that is pinned; Unpin only ends what is active.
	Pin, Unpin bool
}

// content is that of the event.
func (n Notice) content() ([]byte, error) {
	if n.Kind == "" {
		n.Kind = KindAnnouncement
	}
	switch {
	case n.Body == "":
		return nil, errors.New("a notice needs a text")
	case len(n.Body) > maxBody:
		return nil, fmt.Errorf("a notice has at most %d bytes", maxBody)
	case n.Kind == KindUsageLimit && (n.AdminContact == "" || n.LimitType == ""):
		return nil, errors.New("a notice of a limit that was reached needs the limit and how to reach the administrator")
	}
	return json.Marshal(struct {
		MsgType      string `json:"msgtype"`
		Body         string `json:"body"`
		Kind         string `json:"server_notice_type"`
		AdminContact string `json:"admin_contact,omitempty"`
		LimitType    string `json:"limit_type,omitempty"`
	}{"m.server_notice", n.Body, n.Kind, n.AdminContact, n.LimitType})
}
