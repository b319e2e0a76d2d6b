package capacity

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"bongsu.org/bongsu/internal/store"
)

const (
	// Lookback is how long the busiest hour is looked for.
	Lookback = 24 * time.Hour
	// fullShare is how much of the processors may be in use before answers get slow.
	fullShare = 0.8
	// goneAfter is how long ago a node that is there has reported at most.
	goneAfter = 2 * time.Minute
)

// Node is a node as it last reported.
type Node struct {
	store.NodeLoad
	Here bool // it has reported lately
	// PeakCPU and PeakSends are those of its busiest minute of the last day.
	PeakCPU, PeakSends int64
}

// Loss is what would be if a site were lost now.
type Loss struct {
	Site string
	// Need is the processors that the busiest hour took, Left those of the other sites that may be in use. Both in thousandths.
	Need, Left int64
	// NeedSends and LeftSends are the same of events a second; LeftSends is 0 where it is not known of every node.
	NeedSends, LeftSends int64
}

// Fits tells whether the sites that are left could carry the load.
func (l Loss) Fits() bool {
	return l.Left > 0 && l.Need <= l.Left && (l.LeftSends == 0 || l.NeedSends <= l.LeftSends)
}

// Outlook is what all nodes report, and what a loss would mean.
type Outlook struct {
	Nodes  []Node // by site and name
	Losses []Loss // by site; none where there is but one
}

// Judge adds up what nodes reported since Lookback ago.
func Judge(loads []store.NodeLoad, now time.Time) Outlook {
	newest := map[string]Node{}
	hours := map[int64]struct{ cpu, sends int64 }{}
	for _, l := range loads {
		h := hours[l.HourTS]
		h.cpu, h.sends = h.cpu+l.CPUPeak, h.sends+l.SendsPeak
		hours[l.HourTS] = h
		n := newest[l.Node]
		n.PeakCPU, n.PeakSends = max(n.PeakCPU, l.CPUPeak), max(n.PeakSends, l.SendsPeak)
		if l.SeenTS >= n.SeenTS {
			n.NodeLoad = l
		}
		n.Here = now.Sub(time.UnixMilli(n.SeenTS)) <= goneAfter
		newest[l.Node] = n
	}
	out := Outlook{Nodes: slices.Collect(maps.Values(newest))}
	slices.SortFunc(out.Nodes, func(a, b Node) int { return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Node, b.Node)) })
	var need, sends int64
	for _, h := range hours {
		need, sends = max(need, h.cpu), max(sends, h.sends)
	}
	sites := map[string]bool{}
	for _, n := range out.Nodes {
		sites[n.Site] = sites[n.Site] || n.Here
	}
	if len(sites) < 2 {
		return out
	}
	for _, site := range slices.Sorted(maps.Keys(sites)) {
		if sites[site] {
			out.Losses = append(out.Losses, loss(site, out.Nodes, need, sends))
		}
	}
	return out
}

// loss adds up the nodes that are not in a site.
func loss(site string, nodes []Node, need, sends int64) Loss {
	l := Loss{Site: site, Need: need, NeedSends: sends}
	known := true
	for _, n := range nodes {
		if n.Site == site || !n.Here {
			continue
		}
		l.Left += int64(float64(n.Cores*1000) * fullShare)
		l.LeftSends += int64(float64(n.SendsMost) * fullShare)
		known = known && n.SendsMost > 0
	}
	if !known {
		l.LeftSends = 0
	}
	return l
}
