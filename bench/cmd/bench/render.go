package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"bongsu.org/bongsu/bench/internal/report"
	"bongsu.org/bongsu/bench/internal/scenario"
	"bongsu.org/bongsu/bench/internal/stats"
)

// render writes the page's blocks and the plots from the results that are kept.
func (s *suite) render() error {
	texts := map[string]string{}
	rows := func(name string) error {
		var r []report.Row
		return s.block(texts, name, &r, func() string { return report.Markdown(r...) })
	}
	var (
		machine report.Machine
		peers   []report.Row
		floors  []floorResult
		idle    []scenario.Idle
		clients []scenario.Clients
		syncs   []scenario.InitialSync
		slides  []scenario.SlidingSync
		keys    []scenario.Encryption
		starts  []scenario.ColdStart
		sizes   []scenario.Sizes
		shares  []profileResult
	)
	err := errors.Join(
		s.block(texts, "machine", &machine, func() string { return machine.String() + ".\n" }),
		s.block(texts, "peer", &peers, func() string { return report.Markdown(peers...) + "\n" + ratios(peers) }),
		s.block(texts, "floor", &floors, func() string { return floorTable(floors) }),
		rows("steady"), rows("bigroom"),
		s.block(texts, "idle", &idle, func() string { return idleTable(idle) }),
		s.block(texts, "clients", &clients, func() string { return clientsTable(clients) }),
		s.block(texts, "initialsync", &syncs, func() string { return syncTable(syncs) }),
		s.block(texts, "slidingsync", &slides, func() string { return slidingTable(slides) }),
		s.block(texts, "encryption", &keys, func() string { return encryptionTable(keys) }),
		s.block(texts, "coldstart", &starts, func() string { return startTable(starts) }),
		s.block(texts, "profile", &shares, func() string { return profileTable(shares) }),
		s.block(texts, "sizes", &sizes, func() string { return sizesTable(sizes) }),
	)
	if err != nil {
		return err
	}
	for _, r := range sizes {
		file := filepath.Join(s.images, "cost-per-send-"+r.Database+".svg")
		if err := drawSizes(file, r); err != nil {
			return err
		}
	}
	for _, r := range shares {
		title := fmt.Sprintf("Where %.3f ms of the server's CPU a send go (%s)", r.PerSend, r.Database)
		if err := report.DrawParts(filepath.Join(s.images, "profile-"+r.Database+".svg"), title, r.Parts); err != nil {
			return err
		}
	}
	return report.FillPage(s.page, texts)
}

// block reads a kept result, if there is one, and makes its text.
func (s *suite) block(texts map[string]string, name string, into any, text func() string) error {
	data, err := os.ReadFile(filepath.Join(s.folder, name+".json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading a kept result: %w", err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("reading the kept result %s: %w", name, err)
	}
	texts[name] = text()
	return nil
}

func drawSizes(file string, r scenario.Sizes) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("making the folder of plots: %w", err)
	}
	return report.Plot(file, "What a send costs as things grow ("+r.Database+")", "how many", "CPU a send, server and database (ms)", r.Lines())
}

// ratios compares each pair of rows, Dendrite's and Bongsu's.
func ratios(rows []report.Row) string {
	var b strings.Builder
	for i := 0; i+1 < len(rows); i += 2 {
		d, o := rows[i], rows[i+1]
		fmt.Fprintf(&b, "On %s: %.0f times the rate, at 1/%.0f of the CPU a send (server and database).\n", d.Database, o.PerSecond/d.PerSecond,
			(d.ServerCPU+d.DatabaseCPU)/(o.ServerCPU+o.DatabaseCPU))
	}
	return b.String()
}

func floorTable(all []floorResult) string {
	var b strings.Builder
	b.WriteString("| database | events in a transaction | floor (events/s) | sends in flight | server (sends/s) | of the floor |\n|---|---:|---:|---:|---:|---:|\n")
	for _, r := range all {
		fmt.Fprintf(&b, "| %s | %d | %.0f | %d | %.0f | %.0f %% |\n", r.Database, r.Floor.Batch, r.Floor.PerSecond, r.Server.Pace.InFlight, r.Server.PerSecond, r.Percent)
	}
	return b.String()
}

func idleTable(all []scenario.Idle) string {
	var b strings.Builder
	b.WriteString("| database | start (ms) | server (MB) | database (MB) |\n|---|---:|---:|---:|\n")
	for _, r := range all {
		fmt.Fprintf(&b, "| %s | %.0f | %.1f | %.1f |\n", r.Database, r.Start, r.RSS, r.DBMemory)
	}
	return b.String()
}

func clientsTable(all []scenario.Clients) string {
	var b strings.Builder
	b.WriteString("| database | clients | before (MB) | during the first syncs (MB) | waiting (MB) | a client (KB) |\n|---|---:|---:|---:|---:|---:|\n")
	for _, r := range all {
		fmt.Fprintf(&b, "| %s | %d | %.1f | %.1f | %.1f | %.1f |\n", r.Database, r.Clients, r.Before, r.Peak, r.Waiting, r.PerClient)
	}
	return b.String()
}

func syncTable(all []scenario.InitialSync) string {
	var b strings.Builder
	b.WriteString("| database | rooms | answer (KB) | right after the start (ms) | p50 (ms) | slowest (ms) |\n|---|---:|---:|---:|---:|---:|\n")
	for _, r := range all {
		fmt.Fprintf(&b, "| %s | %d | %d | %.0f | %.0f | %.0f |\n", r.Database, r.Rooms, r.Bytes>>10, r.Cold, r.Warm.P50, r.Warm.Max)
	}
	return b.String()
}

func slidingTable(all []scenario.SlidingSync) string {
	var b strings.Builder
	b.WriteString("| database | rooms | answer (KB) | right after the start (ms) | p50 (ms) | slowest (ms) | a message, p50 / slowest (ms) |\n")
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|\n")
	for _, r := range all {
		fmt.Fprintf(&b, "| %s | %d | %d | %.0f | %.1f | %.1f | %.1f / %.1f |\n",
			r.Database, r.Rooms, r.Bytes>>10, r.Cold, r.Warm.P50, r.Warm.Max, r.Next.P50, r.Next.Max)
	}
	return b.String()
}

// encryptionTable has a line for each figure and a column for each database.
func encryptionTable(all []scenario.Encryption) string {
	var b strings.Builder
	line := func(name string, cell func(scenario.Encryption) string) {
		b.WriteString("| " + name + " |")
		for _, r := range all {
			b.WriteString(" " + cell(r) + " |")
		}
		b.WriteByte('\n')
	}
	took := func(of func(scenario.Encryption) stats.Summary) func(scenario.Encryption) string {
		return func(r scenario.Encryption) string { return fmt.Sprintf("%.1f / %.1f", of(r).P50, of(r).Max) }
	}
	line("", func(r scenario.Encryption) string { return r.Database })
	line("---", func(scenario.Encryption) string { return "---:" })
	if len(all) == 0 {
		return b.String()
	}
	first := all[0]
	line(fmt.Sprintf("keys of %d users with %d devices, p50 / slowest (ms)", first.Query.Users, first.Query.Devices),
		took(func(r scenario.Encryption) stats.Summary { return r.Query.Took }))
	line("the answer (KB)", func(r scenario.Encryption) string { return fmt.Sprint(r.Query.Bytes >> 10) })
	line(fmt.Sprintf("one-time keys claimed a second, one a request, %d in flight", first.Claims.InFlight),
		func(r scenario.Encryption) string { return fmt.Sprintf("%.0f", r.Claims.PerSecond) })
	for i, d := range first.ToDevice {
		line(fmt.Sprintf("messages to devices a second, %d a request, %d in flight", d.Messages, d.InFlight),
			func(r scenario.Encryption) string { return fmt.Sprintf("%.0f", r.ToDevice[i].Durable) })
	}
	line(fmt.Sprintf("first message in a group of %d members with %d devices, p50 / slowest (ms)", first.Group.Members, first.Group.Devices),
		took(func(r scenario.Encryption) stats.Summary { return r.Group.First }))
	line("- of it: asking for keys", took(func(r scenario.Encryption) stats.Summary { return r.Group.Query }))
	line("- of it: claiming one-time keys", took(func(r scenario.Encryption) stats.Summary { return r.Group.Claim }))
	line("- of it: sending the key to all devices", took(func(r scenario.Encryption) stats.Summary { return r.Group.Keys }))
	line("- until another device has the key and the message", took(func(r scenario.Encryption) stats.Summary { return r.Group.There }))
	line("each next message", took(func(r scenario.Encryption) stats.Summary { return r.Group.Next }))
	return b.String()
}

func startTable(all []scenario.ColdStart) string {
	var b strings.Builder
	b.WriteString("| database | events stored | ready, p50 (ms) | ready, slowest (ms) | a first sync done, p50 (ms) |\n|---|---:|---:|---:|---:|\n")
	for _, r := range all {
		fmt.Fprintf(&b, "| %s | %d | %.0f | %.0f | %.0f |\n", r.Database, r.Events, r.Ready.P50, r.Ready.Max, r.FirstSync.P50)
	}
	return b.String()
}

func sizesTable(all []scenario.Sizes) string {
	var b strings.Builder
	for _, r := range all {
		fmt.Fprintf(&b, "![CPU a send over sizes, on %s](img/cost-per-send-%s.svg)\n\n", r.Database, r.Database)
	}
	b.WriteString("| database | what grows | how many | CPU a send (ms) | send p50 / p99 (ms) | delivery p99 (ms) |\n|---|---|---:|---:|---:|---:|\n")
	for _, r := range all {
		for _, p := range r.Points {
			fmt.Fprintf(&b, "| %s | %s | %d | %.3f | %.2f / %.2f | %.2f |\n", r.Database, p.Series, p.Size, p.CPU, p.SendP50, p.SendP99, p.Delivery)
		}
	}
	return b.String()
}

func profileTable(all []profileResult) string {
	var b strings.Builder
	b.WriteString("| database | part | of the server's CPU | CPU a send (ms) |\n|---|---|---:|---:|\n")
	for _, r := range all {
		for _, p := range r.Parts {
			fmt.Fprintf(&b, "| %s | %s | %.1f %% | %.3f |\n", r.Database, p.Name, p.Percent, r.PerSend*p.Percent/100)
		}
	}
	return b.String()
}
