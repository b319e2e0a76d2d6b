package conform

import (
	"net/http"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	spec, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	const json = "application/json"
	cases := map[string]struct {
		method, path string
		status       int
		contentType  string
		body         string
		want         string // a part of the one violation; empty for none
	}{
		"as the schema says":         {"GET", "/_matrix/client/versions", 200, json, `{"versions":["v1.1"]}`, ""},
		"a field missing":            {"GET", "/_matrix/client/versions", 200, json, `{}`, "missing property 'versions'"},
		"a field of the wrong type":  {"GET", "/_matrix/client/versions", 200, json, `{"versions":"v1.1"}`, "got string, want array"},
		"no JSON":                    {"GET", "/_matrix/client/versions", 200, json, `{`, "not JSON"},
		"the wrong content type":     {"GET", "/_matrix/client/versions", 200, "text/html", `{"versions":[]}`, "Content-Type is text/html"},
		"an undocumented success":    {"GET", "/_matrix/client/versions", 202, json, `{"versions":[]}`, "has no status 202"},
		"a common error":             {"GET", "/_matrix/client/v3/account/whoami", 500, json, `{"errcode":"M_UNKNOWN","error":"x"}`, ""},
		"an uncommon error":          {"GET", "/_matrix/client/v3/joined_rooms", 404, json, `{"errcode":"M_TOO_LARGE","error":"x"}`, "neither the operation's nor a common error"},
		"an error without a code":    {"GET", "/_matrix/client/v3/joined_rooms", 404, json, `{"error":"x"}`, "missing property 'errcode'"},
		"a question":                 {"POST", "/_matrix/client/v3/keys/device_signing/upload", 401, json, `{"flows":[{"stages":["m.login.dummy"]}],"session":"x","params":{}}`, ""},
		"a question without flows":   {"POST", "/_matrix/client/v3/keys/device_signing/upload", 401, json, `{"session":"x"}`, "missing property 'errcode'"},
		"an unknown path refused":    {"GET", "/_matrix/client/v3/nosuch", 404, json, `{"errcode":"M_UNRECOGNIZED","error":"x"}`, ""},
		"an unknown path answered":   {"GET", "/_matrix/client/v3/nosuch", 200, json, `{}`, "no such operation"},
		"an escaped slash":           {"GET", "/_matrix/client/v3/rooms/%21a:b/state/t/a%2Fb", 200, json, `{}`, ""},
		"an empty state key":         {"GET", "/_matrix/client/v3/rooms/%21a:b/state/t", 200, json, `{}`, ""},
		"media of any type":          {"GET", "/_matrix/client/v1/media/download/a/b", 200, "image/png", "\x89PNG", ""},
		"what is not the client API": {"GET", "/metrics", 200, "text/plain", "x 1", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			header := http.Header{"Content-Type": {c.contentType}, "Access-Control-Allow-Origin": {"*"}}
			found := spec.Check(Exchange{Method: c.method, EscapedPath: c.path, Status: c.status, Header: header, Body: []byte(c.body)})
			switch {
			case c.want == "" && len(found) != 0:
				t.Fatalf("found %v", found)
			case c.want != "" && (len(found) != 1 || !strings.Contains(found[0].Reason, c.want)):
				t.Fatalf("found %v, want %q", found, c.want)
			}
		})
	}
}

func TestCheckNeedsTheCORSHeader(t *testing.T) {
	spec, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	found := spec.Check(Exchange{Method: "GET", EscapedPath: "/_matrix/client/versions", Status: 200, Header: header, Body: []byte(`{"versions":[]}`)})
	if len(found) != 1 || !strings.Contains(found[0].Reason, "Access-Control-Allow-Origin") {
		t.Fatalf("found %v", found)
	}
}

func TestFindPrefersSpelledOutPaths(t *testing.T) {
	spec, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/_matrix/client/v3/profile/%40a%3Ab":             "getUserProfile",
		"/_matrix/client/v3/profile/%40a%3Ab/displayname": "getProfileField",
		"/_matrix/client/v3/pushrules/global/":            "getPushRulesGlobal",
		"/_matrix/client/v3/rooms/!a:b/state/t/":          "getRoomStateWithKey",
	} {
		if op := spec.Find("GET", path); op == nil || op.ID != want {
			t.Errorf("%s is %v, want %s", path, op, want)
		}
	}
}
