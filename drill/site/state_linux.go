package site

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// State is how a site is.
type State struct {
	// Etcd tells whether its member sees a leader.
	Etcd bool
	// Role is the database's: primary, replica, or empty if it does not run.
	Role string
	// Timeline grows with each promotion.
	Timeline int
	// Followers are the sites whose databases follow this one, with "sync" or "async", if it is the primary.
	Followers map[string]string
	// Ready tells whether the node says so of itself.
	Ready bool
	// Media tells whether the media store has its bucket.
	Media bool
}

type patroniState struct {
	State       string `json:"state"`
	Role        string `json:"role"`
	Timeline    int    `json:"timeline"`
	Replication []struct {
		Name      string `json:"application_name"`
		State     string `json:"state"`
		SyncState string `json:"sync_state"`
	} `json:"replication"`
}

// database asks Patroni.
func (s *Site) database(ctx context.Context, into *State) {
	var p patroniState
	if _, err := ask(ctx, http.MethodGet, "http://"+s.at(portPatroni)+"/patroni", nil, &p); err != nil || p.State != "running" {
		return
	}
	into.Role, into.Timeline, into.Followers = p.Role, p.Timeline, map[string]string{}
	if p.Role == "master" { // Patroni 4 says primary
		into.Role = "primary"
	}
	for _, r := range p.Replication {
		if r.State == "streaming" {
			into.Followers[r.Name] = r.SyncState
		}
	}
}

// Database is the state of the site's database alone, for those who ask often.
func (s *Site) Database(ctx context.Context) State {
	var st State
	s.database(ctx, &st)
	return st
}

// State asks every part of the site how it is.
func (s *Site) State(ctx context.Context) State {
	var st State
	_, err := s.etcdStatus(ctx)
	st.Etcd = err == nil
	s.database(ctx, &st)
	st.Media = s.takesMedia(ctx)
	code, err := ask(ctx, http.MethodGet, s.URL()+"/health/ready", nil, nil)
	st.Ready = err == nil && code == http.StatusOK
	return st
}

// Primary is the site with the primary, or nil while there is none.
func (c *Cluster) Primary(ctx context.Context) *Site {
	var best *Site
	timeline := -1
	for _, s := range c.Sites {
		if st := s.Database(ctx); st.Role == "primary" && st.Timeline > timeline {
			best, timeline = s, st.Timeline
		}
	}
	return best
}

// missing says in words what the sites still lack to be whole; empty if nothing.
func missing(sites []*Site, states []State) string {
	var lack []string
	var primary *State
	for i := range states {
		if states[i].Role == "primary" {
			primary = &states[i]
		}
	}
	for i, s := range sites {
		st := states[i]
		switch {
		case !st.Etcd:
			lack = append(lack, "etcd in "+s.Name)
		case st.Role == "":
			lack = append(lack, "the database in "+s.Name)
		case primary != nil && st.Role != "primary" && !inStep(primary.Followers[s.Name]):
			lack = append(lack, "replication to "+s.Name)
		case !st.Media:
			lack = append(lack, "the media store in "+s.Name)
		case !st.Ready:
			lack = append(lack, "the node in "+s.Name)
		}
	}
	if primary == nil {
		lack = append(lack, "a primary")
	}
	return strings.Join(lack, ", ")
}

// inStep tells whether a commit waits for a follower of this kind.
func inStep(follower string) bool { return follower == "sync" || follower == "quorum" }

// Await waits until the sites are whole: etcd agrees, one database is the primary and the others follow it in step, and every node is
// ready.
func (c *Cluster) Await(ctx context.Context, sites []*Site, progress func(string)) error {
	last := ""
	for {
		states := make([]State, len(sites))
		_ = eachSite(sites, func(s *Site) error {
			for i := range sites {
				if sites[i] == s {
					states[i] = s.State(ctx)
				}
			}
			return nil
		})
		lack := missing(sites, states)
		if lack == "" {
			return nil
		}
		if lack != last {
			progress("waiting for " + lack)
			last = lack
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("still missing: %s: %w", lack, context.Cause(ctx))
		case <-time.After(200 * time.Millisecond):
		}
	}
}
