package store

import "time"

// Database is what is known of the database's servers.
type Database struct {
	// Kind is sqlite or postgres.
	Kind string
	// Primary is the server that takes writes, as HOST:PORT; empty: none is known.
	Primary string
	// Reads is the server that is read; empty: there is none.
	Reads string
	// Servers are all that the settings name.
	Servers []Server
}

// Server is one database server.
type Server struct {
	Name string
	Role Role
	// Since is when it took that role, as far as this node knows.
	Since time.Time
	// Lag is how many bytes of the log a standby has not replayed yet, as of the last looks at it and at the primary; -1: not known.
	Lag int64
}

func (b *postgresBackend) state() Database {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := Database{Kind: "postgres"}
	for _, h := range b.hosts {
		st := h.state.Load()
		s := Server{Name: h.name, Role: st.role, Since: st.since, Lag: -1}
		switch {
		case st.role == RolePrimary:
			s.Lag = 0
		case st.role == RoleStandby && b.current != nil:
			s.Lag = max(b.current.state.Load().lsn-st.lsn, 0)
		}
		out.Servers = append(out.Servers, s)
	}
	if b.current != nil {
		out.Primary, out.Reads = b.current.name, b.current.name
		return out
	}
	for _, h := range b.near {
		if h.state.Load().role == RoleStandby {
			out.Reads = h.name
			break
		}
	}
	return out
}

func (*sqliteBackend) state() Database {
	return Database{
		Kind: "sqlite", Primary: "sqlite", Reads: "sqlite", Servers: []Server{{Name: "sqlite", Role: RolePrimary}},
	}
}
