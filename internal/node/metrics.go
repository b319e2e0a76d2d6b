package node

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bongsu.org/bongsu/internal/inflight"
)

var (
	descRunning     = prometheus.NewDesc("bongsu_requests_running", "Requests at work, by class; those of class sync wait for news.", []string{"class"}, nil)
	descWaiting     = prometheus.NewDesc("bongsu_requests_waiting", "Requests that wait for their turn, by class.", []string{"class"}, nil)
	descRefused     = prometheus.NewDesc("bongsu_requests_refused_total", "Requests refused because of load, by class.", []string{"class"}, nil)
	descConns       = prometheus.NewDesc("bongsu_connections", "Open connections of clients.", nil, nil)
	descConnRefused = prometheus.NewDesc("bongsu_connections_refused_total", "Connections refused because there were too many.", nil, nil)
	descPeers       = prometheus.NewDesc("bongsu_bus_peers", "Other nodes that this one is connected to.", nil, nil)
	descPublished   = prometheus.NewDesc("bongsu_bus_published_total", "Messages sent to other nodes.", nil, nil)
	descReceived    = prometheus.NewDesc("bongsu_bus_received_total", "Messages received from other nodes.", nil, nil)
	descBusy        = prometheus.NewDesc("bongsu_database_connections_busy", "Database connections in use.", nil, nil)
	descMost        = prometheus.NewDesc("bongsu_database_connections_max", "How many database connections there can be.", nil, nil)
	descServer      = prometheus.NewDesc("bongsu_database_server", "Always 1; the labels tell each database server and its role.", []string{"server", "role"}, nil)
	descLag         = prometheus.NewDesc("bongsu_database_lag_bytes", "How much of the log a standby has not replayed.", []string{"server"}, nil)
	descWritable    = prometheus.NewDesc("bongsu_database_writable", "Whether a primary is known.", nil, nil)
	descLastCommit  = prometheus.NewDesc("bongsu_database_last_commit_seconds", "When this node's last commit was durable, as Unix time.", nil, nil)
	descOldestWait  = prometheus.NewDesc("bongsu_lane_oldest_wait_seconds", "For how long the oldest write of the batches at work has waited.", nil, nil)
	descQueued      = prometheus.NewDesc("bongsu_lane_queue", "Writes that wait for a lane's committer.", nil, nil)
	descDropped     = prometheus.NewDesc("bongsu_bus_dropped_total", "Messages from other nodes that a full queue lost.", nil, nil)
)

// collector reads the parts' own counters whenever metrics are asked for.
type collector struct {
	parts *parts
	gates *inflight.Gates
	conns *limitedListener
}

// laneMetrics sees the work of the lanes' committers.
type laneMetrics struct {
	jobs   prometheus.Histogram
	took   prometheus.Histogram
	failed prometheus.Counter
}

func newLaneMetrics(r prometheus.Registerer) *laneMetrics {
	m := &laneMetrics{
		jobs: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "bongsu_lane_batch_jobs", Help: "How many writes one transaction of a lane took.", Buckets: prometheus.ExponentialBuckets(1, 2, 9),
		}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "bongsu_lane_batch_seconds",
			Help:    "Time from the begin of a lane's transaction until it was durable, or failed.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bongsu_lane_batches_failed_total", Help: "Transactions of lanes that the database did not take.",
		}),
	}
	r.MustRegister(m.jobs, m.took, m.failed)
	return m
}

// Batch implements store.Observer.
func (m *laneMetrics) Batch(_, jobs int, took time.Duration, failed bool) {
	m.jobs.Observe(float64(jobs))
	m.took.Observe(took.Seconds())
	if failed {
		m.failed.Inc()
	}
}

func registerMetrics(r prometheus.Registerer, p *parts, g *inflight.Gates, conns *limitedListener) {
	r.MustRegister(&collector{parts: p, gates: g, conns: conns})
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	for class, s := range c.gates.Stats() {
		gauge(descRunning, float64(s.Running), class)
		gauge(descWaiting, float64(s.Waiting), class)
		count(descRefused, s.Refused, class)
	}
	gauge(descConns, float64(c.conns.open.Load()))
	count(descConnRefused, c.conns.refused.Load())
	load := c.parts.store.Load()
	gauge(descBusy, float64(load.Busy))
	gauge(descMost, float64(load.Most))
	gauge(descQueued, float64(load.Queued))
	c.collectDatabase(gauge)
	bus := c.parts.bus.Stats()
	gauge(descPeers, float64(bus.Peers))
	count(descPublished, bus.Published)
	count(descReceived, bus.Received)
	count(descDropped, bus.Dropped)
	if c.parts.stores != nil {
		mediaMetrics(c.parts.stores, gauge, count)
	}
	if c.parts.relay != nil {
		relayMetrics(c.parts.relay.Stats(), gauge, count)
	}
}

func (c *collector) collectDatabase(gauge func(d *prometheus.Desc, v float64, labels ...string)) {
	db := c.parts.store.Database()
	for _, s := range db.Servers {
		gauge(descServer, 1, s.Name, string(s.Role))
		if s.Lag >= 0 {
			gauge(descLag, float64(s.Lag), s.Name)
		}
	}
	writable := 0.0
	if db.Primary != "" {
		writable = 1
	}
	gauge(descWritable, writable)
	if last := c.parts.store.LastCommit(); !last.IsZero() {
		gauge(descLastCommit, seconds(time.Duration(last.UnixNano())))
	}
	gauge(descOldestWait, seconds(c.parts.store.OldestWait(time.Now())))
}
