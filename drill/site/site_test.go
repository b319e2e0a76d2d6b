//go:build linux

package site

import "testing"

func TestMissingSaysWhatIsNotThere(t *testing.T) {
	sites := []*Site{{Name: "a"}, {Name: "b"}}
	whole := []State{{Etcd: true, Role: "primary", Ready: true, Media: true, Followers: map[string]string{"b": "sync"}}, {Etcd: true, Role: "replica", Ready: true, Media: true}}
	if got := missing(sites, whole); got != "" {
		t.Errorf("whole, and yet %q", got)
	}
	for _, c := range []struct {
		want   string
		change func([]State)
	}{
		{"etcd in a", func(s []State) { s[0].Etcd = false }},
		{"the database in b", func(s []State) { s[1].Role = "" }},
		{"replication to b", func(s []State) { s[0].Followers = map[string]string{"b": "async"} }},
		{"the media store in a", func(s []State) { s[0].Media = false }},
		{"the node in b", func(s []State) { s[1].Ready = false }},
		{"a primary", func(s []State) { s[0].Role = "replica" }},
	} {
		states := append([]State(nil), whole...)
		c.change(states)
		if got := missing(sites, states); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
