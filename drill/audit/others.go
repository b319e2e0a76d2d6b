package audit

import (
	"fmt"

	"bongsu.org/bongsu/drill/load"
)

// claims finds one-time keys that were given twice.
func (v *Verdict) claims(e *Evidence) {
	given := map[string]*load.Op{}
	for i := range e.Ops {
		op := &e.Ops[i]
		if op.Kind != load.Claim || op.Outcome != load.Acknowledged || op.Result == "" {
			continue
		}
		v.Checked["one-time keys"]++
		key := op.Where + " " + op.Result
		if first := given[key]; first != nil {
			v.find(Twice, load.Claim, "key %s of %s was given to client %d at %s and to client %d at %s",
				op.Result, op.Where, first.Client, when(first.Return), op.Client, when(op.Return))
			continue
		}
		given[key] = op
	}
}

// toDevice finds messages to devices that did not come, came twice, or came before an earlier one of the same sender.
func (v *Verdict) toDevice(e *Evidence) {
	owner := map[string]int{}
	for client, user := range e.Users {
		owner[user] = client
	}
	had := map[string]bool{} // by receiver and tag
	for _, client := range sortedKeys(e.Streams) {
		v.received(client, e.Streams[client].ToDevice, had)
	}
	for i := range e.Ops {
		op := &e.Ops[i]
		if op.Kind != load.ToDevice || op.Outcome != load.Acknowledged {
			continue
		}
		v.Checked["messages to devices"]++
		to, known := owner[op.Where]
		if known && e.Streams[to].Whole && !had[receipt(to, op.Result)] {
			v.find(Lost, load.ToDevice, "client %d's number %d, acknowledged at %s, did not come to client %d", op.Client, op.Seq, when(op.Return), to)
		}
	}
}

func receipt(to int, tag string) string { return fmt.Sprintf("%d %s", to, tag) }

func (v *Verdict) received(client int, messages []load.Seen, had map[string]bool) {
	newest := map[int]int{} // by sender
	for _, m := range messages {
		var from, seq int
		if _, err := fmt.Sscanf(m.ID, "%d/%d", &from, &seq); err != nil {
			continue // not the drill's
		}
		switch {
		case had[receipt(client, m.ID)]:
			v.find(Twice, load.ToDevice, "client %d got %s again at %s from site %s", client, m.ID, when(m.At), letter(m.Site))
		case seq < newest[from]:
			v.find(OutOfOrder, load.ToDevice, "client %d got client %d's number %d after %d, at %s", client, from, seq, newest[from], when(m.At))
		}
		had[receipt(client, m.ID)] = true
		newest[from] = max(newest[from], seq)
	}
}

// pictures finds pictures that cannot be fetched or are not what was uploaded.
func (v *Verdict) pictures(e *Evidence) {
	for _, site := range sortedKeys(e.Pictures) {
		for i := range e.Ops {
			op := &e.Ops[i]
			if op.Kind != load.Upload || op.Outcome != load.Acknowledged {
				continue
			}
			got, asked := e.Pictures[site][op.Result]
			v.Checked["pictures"]++
			switch {
			case !asked || got.Err != "":
				v.find(Lost, load.Upload, "%s, acknowledged by site %s at %s, is not at site %s: %s", op.Result, letter(op.Site), when(op.Return), letter(site), got.Err)
			case got.Digest != op.Digest:
				v.find(Damaged, load.Upload, "%s at site %s is not what was uploaded", op.Result, letter(site))
			}
		}
	}
}

// backups finds backed-up keys that are gone or changed.
func (v *Verdict) backups(e *Evidence) {
	for _, site := range sortedKeys(e.Backups) {
		for i := range e.Ops {
			op := &e.Ops[i]
			if op.Kind != load.Backup || op.Outcome != load.Acknowledged {
				continue
			}
			got, there := e.Backups[site][op.Client][op.Result]
			v.Checked["backed-up keys"]++
			switch {
			case !there:
				v.find(Lost, load.Backup, "client %d's %s, acknowledged at %s, is not at site %s", op.Client, op.Result, when(op.Return), letter(site))
			case got != op.Digest:
				v.find(Damaged, load.Backup, "client %d's %s at site %s is not what was put in", op.Client, op.Result, letter(site))
			}
		}
	}
}

// rows finds tables that differ between the sites' databases.
func (v *Verdict) rows(e *Evidence) {
	sites := sortedKeys(e.Rows)
	if len(sites) < 2 {
		return
	}
	first := e.Rows[sites[0]]
	for _, site := range sites[1:] {
		for _, table := range sortedKeys(first) {
			v.Checked["tables"]++
			if e.Rows[site][table] != first[table] {
				v.find(Divergent, "", "table %s is %s at site %s and %s at site %s", table, first[table], sites[0], e.Rows[site][table], site)
			}
		}
	}
}
