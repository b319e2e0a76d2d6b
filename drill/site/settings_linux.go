package site

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed settings
var settings embed.FS

// values are what the templates of the settings are filled with.
type values struct {
	*Site
	Sites    []*Site
	Disk     string
	BinDir   string
	Secret   string
	Others   []string // HOST:PORT of the other nodes
	Stores   []string // of media, the site's own first
	Database string
}

func (s *Site) values() values {
	v := values{Site: s, Sites: s.cluster.Sites, Disk: s.disk(), BinDir: s.cluster.binDir, Secret: s.cluster.secret}
	hosts, stores := []string{s.at(portPostgres)}, []string{s.at(portStore)}
	for _, other := range s.cluster.Sites {
		if other != s {
			v.Others = append(v.Others, other.at(portNodes))
			hosts, stores = append(hosts, other.at(portPostgres)), append(stores, other.at(portStore))
		}
	}
	for _, store := range stores {
		v.Stores = append(v.Stores, fmt.Sprintf("s3://%s/%s?tls=off&region=us-east-1&credentials=%s", store, storeBucket, filepath.Join(s.Folder, "s3.ini")))
	}
	v.Database = fmt.Sprintf("postgres://bongsu:%s@%s/bongsu?sslmode=disable", s.cluster.secret, strings.Join(hosts, ","))
	return v
}

// write fills a template and gives the file to the site's user.
func (s *Site) write(name string, mode os.FileMode) (string, error) {
	t, err := template.ParseFS(settings, "settings/"+name)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, s.values()); err != nil {
		return "", err
	}
	path := filepath.Join(s.Folder, name)
	if err := os.WriteFile(path, out.Bytes(), mode); err != nil {
		return "", err
	}
	return path, os.Chown(path, int(s.user.Uid), int(s.user.Gid))
}

// program is the named process with its settings, as they are now.
func (s *Site) program(name string) (program, error) {
	switch name {
	case Etcd:
		return s.etcd(), nil
	case Patroni:
		return s.patroni()
	case Store:
		return s.weed()
	case Node:
		return s.node()
	}
	return program{}, fmt.Errorf("no process is called %q", name)
}

func (s *Site) environment(more ...string) []string {
	return append([]string{"PATH=" + safePath, "LANG=C.UTF-8", "HOME=" + s.Folder}, more...)
}

func (s *Site) etcd() program {
	var members []string
	for _, m := range s.cluster.Sites {
		members = append(members, m.Name+"=http://"+m.at(portEtcdPeers))
	}
	state := "new"
	if s.fresh {
		state = "existing"
	}
	return program{name: Etcd, dir: s.Folder, env: s.environment(), argv: []string{
		s.cluster.etcd, "--name", s.Name, "--data-dir", filepath.Join(s.disk(), "etcd"),
		"--listen-peer-urls", "http://" + s.at(portEtcdPeers), "--initial-advertise-peer-urls", "http://" + s.at(portEtcdPeers),
		"--listen-client-urls", fmt.Sprintf("http://127.0.0.1:%d,http://%s", portEtcd, s.at(portEtcd)), "--advertise-client-urls", "http://" + s.at(portEtcd),
		"--initial-cluster", strings.Join(members, ","), "--initial-cluster-state", state, "--initial-cluster-token", "bongsu-drill",
		"--pre-vote", "--heartbeat-interval", "50", "--election-timeout", "500", "--logger", "zap", "--log-level", "warn",
	}}
}

func (s *Site) patroni() (program, error) {
	path, err := s.write("patroni.yaml", 0o600)
	if err != nil {
		return program{}, err
	}
	if _, err := s.write("first.sh", 0o700); err != nil {
		return program{}, err
	}
	run, err := s.write("run-patroni", 0o700)
	if err != nil {
		return program{}, err
	}
	return program{
		name: Patroni, dir: s.Folder, argv: []string{s.cluster.python, run, path},
		env: s.environment(append(s.cluster.shims(s), "PATRONI_LOG_LEVEL=INFO")...),
	}, nil
}

func (s *Site) node() (program, error) {
	path, err := s.write("bongsu.yaml", 0o600)
	if err != nil {
		return program{}, err
	}
	return program{name: Node, dir: s.Folder, env: s.environment(), argv: []string{s.cluster.options.Program, "serve", "--config", path}}, nil
}
