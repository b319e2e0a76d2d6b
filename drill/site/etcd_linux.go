package site

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// etcd's gateway speaks JSON; 64-bit ids are texts in it.
type etcdMember struct {
	ID       string   `json:"ID"`
	Name     string   `json:"name"`
	PeerURLs []string `json:"peerURLs"`
}

type etcdStatus struct {
	Header struct {
		MemberID string `json:"member_id"`
	} `json:"header"`
	Leader string `json:"leader"`
}

func (s *Site) askEtcd(ctx context.Context, path string, body, into any) error {
	status, err := ask(ctx, http.MethodPost, "http://"+s.at(portEtcd)+"/v3/"+path, body, into)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("etcd of site %s answered %d to %s", s.Name, status, path)
	}
	return err
}

// etcdStatus tells how the site's member is. One without a leader is an error.
func (s *Site) etcdStatus(ctx context.Context) (etcdStatus, error) {
	var st etcdStatus
	err := s.askEtcd(ctx, "maintenance/status", struct{}{}, &st)
	if err == nil && (st.Leader == "" || st.Leader == "0") {
		err = errors.New("no leader")
	}
	return st, err
}

// EtcdLeader is the site whose etcd member leads.
func (c *Cluster) EtcdLeader(ctx context.Context) (*Site, error) {
	for _, s := range c.Sites {
		if st, err := s.etcdStatus(ctx); err == nil && st.Leader == st.Header.MemberID {
			return s, nil
		}
	}
	return nil, errors.New("etcd has no leader")
}

// MoveEtcdLeader makes the member in the site the leader.
func (c *Cluster) MoveEtcdLeader(ctx context.Context, to *Site) error {
	target, err := to.etcdStatus(ctx)
	if err != nil {
		return err
	}
	from, err := c.EtcdLeader(ctx)
	if err != nil || from == to {
		return err
	}
	body := map[string]string{"targetID": target.Header.MemberID}
	return from.askEtcd(ctx, "maintenance/transfer-leadership", body, nil)
}

// replaceMember makes place in etcd for a member that comes back without its data.
func (c *Cluster) replaceMember(ctx context.Context, s *Site) error {
	var last error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		for _, other := range c.Sites {
			if other == s || !other.Up() {
				continue
			}
			if last = other.admit(ctx, s); last == nil {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return last
}

// admit takes the old member out, if it is there, and adds the new one.
func (s *Site) admit(ctx context.Context, fresh *Site) error {
	var list struct {
		Members []etcdMember `json:"members"`
	}
	if err := s.askEtcd(ctx, "cluster/member/list", struct{}{}, &list); err != nil {
		return err
	}
	for _, m := range list.Members {
		if m.Name == fresh.Name {
			if err := s.askEtcd(ctx, "cluster/member/remove", map[string]string{"ID": m.ID}, nil); err != nil {
				return err
			}
		}
	}
	return s.askEtcd(ctx, "cluster/member/add", map[string]any{"peerURLs": []string{"http://" + fresh.at(portEtcdPeers)}}, nil)
}
