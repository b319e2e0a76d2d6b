package store

import "context"

// NodeLoad is what a node did in an hour. Shares of processors and rates are in thousandths.
type NodeLoad struct {
	Node    string
	HourTS  int64
	Site    string
	Version string
	SeenTS  int64
	Cores   int64
	CPU     int64 // in use in the last minute, of one processor
	CPUPeak int64 // in the busiest minute
	Sends   int64 // events a second in the last minute
	// SendsPeak is that of the busiest minute, SendsMost what the node could send by what it has done; 0: not known.
	SendsPeak, SendsMost int64
}

const nodeLoadColumns = `node, hour_ts, site, version, seen_ts, cores, cpu, cpu_peak, sends, sends_peak, sends_most`

// PutNodeLoad writes what a node does in an hour. A node that was started anew within the hour lowers no peak.
func (t *Tx) PutNodeLoad(ctx context.Context, l NodeLoad) error {
	_, err := t.exec(ctx, `INSERT INTO node_load (`+nodeLoadColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (node, hour_ts) DO UPDATE SET site = excluded.site, version = excluded.version, seen_ts = excluded.seen_ts,
			cores = excluded.cores, cpu = excluded.cpu, sends = excluded.sends, sends_most = excluded.sends_most,
			cpu_peak = CASE WHEN node_load.cpu_peak > excluded.cpu_peak THEN node_load.cpu_peak ELSE excluded.cpu_peak END,
			sends_peak = CASE WHEN node_load.sends_peak > excluded.sends_peak THEN node_load.sends_peak ELSE excluded.sends_peak END`,
		l.Node, l.HourTS, l.Site, l.Version, l.SeenTS, l.Cores, l.CPU, l.CPUPeak, l.Sends, l.SendsPeak, l.SendsMost)
	return err
}

// NodeLoads is what all nodes did in the hours since a time, by node and hour.
func (t *Tx) NodeLoads(ctx context.Context, since int64) ([]NodeLoad, error) {
	return list(ctx, t, func(rows Rows) (l NodeLoad, err error) {
		err = rows.Scan(&l.Node, &l.HourTS, &l.Site, &l.Version, &l.SeenTS, &l.Cores, &l.CPU, &l.CPUPeak, &l.Sends, &l.SendsPeak, &l.SendsMost)
		return l, err
	}, `SELECT `+nodeLoadColumns+` FROM node_load WHERE hour_ts >= $1 ORDER BY node, hour_ts`, since)
}

// SweepNodeLoad removes what was before a time.
func (t *Tx) SweepNodeLoad(ctx context.Context, before int64) error {
	_, err := t.exec(ctx, `DELETE FROM node_load WHERE hour_ts < $1`, before)
	return err
}
