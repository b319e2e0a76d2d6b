package notices

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestContent(t *testing.T) {
	for want, n := range map[string]Notice{
		`{"msgtype":"m.server_notice","body":"hello","server_notice_type":"org.bongsu.announcement"}`: {Body: "hello"},
		`{"msgtype":"m.server_notice","body":"full","server_notice_type":"m.server_notice.usage_limit_reached","admin_contact":"mailto:a@b",` +
			`"limit_type":"monthly_active_user"}`: {Body: "full", Kind: KindUsageLimit, AdminContact: "mailto:a@b", LimitType: LimitMonthlyActive},
	} {
		if got, err := n.content(); err != nil || string(got) != want {
			t.Errorf("got %s %v, want %s", got, err, want)
		}
	}
	for _, n := range []Notice{
		{}, {Body: strings.Repeat("x", maxBody+1)}, {Body: "x", Kind: KindUsageLimit}, {Body: "x", Kind: KindUsageLimit, AdminContact: "mailto:a@b"},
	} {
		if got, err := n.content(); err == nil {
			t.Errorf("%s is taken", got)
		}
	}
}

func TestWithTag(t *testing.T) {
	for old, want := range map[string]string{
		"":                             `{"tags":{"m.server_notice":{}}}`,
		"{}":                           `{"tags":{"m.server_notice":{}}}`,
		`{"tags":{"u.x":{"order":1}}}`: `{"tags":{"m.server_notice":{},"u.x":{"order":1}}}`,
		`{"tags":7}`:                   `{"tags":{"m.server_notice":{}}}`,
	} {
		got, err := withTag([]byte(old))
		if err != nil || string(got) != want || !json.Valid(got) {
			t.Errorf("%q became %s %v", old, got, err)
		}
	}
}

func TestHoldRunsOut(t *testing.T) {
	var h hold
	if h.mine() != "" {
		t.Error("something is held from the start")
	}
	h.set("a", time.Now().Add(time.Hour))
	h.drop("b")
	if h.mine() != "a" {
		t.Error("what was got is not held")
	}
	h.set("a", time.Now().Add(-time.Second))
	if h.mine() != "" {
		t.Error("what has run out is held")
	}
}
