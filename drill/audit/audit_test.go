package audit

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"bongsu.org/bongsu/drill/load"
)

const room = "!room:drill.test"

func user(client int) string { return fmt.Sprintf("@%d:drill.test", client) }

// honest is the evidence of a drill in which nothing went wrong: two clients, two sites, sends one after the other.
func honest() *Evidence {
	e := &Evidence{
		Streams: map[int]Stream{}, Histories: map[int]map[string][]load.Event{}, Pictures: map[int]map[string]Picture{},
		Backups: map[int]map[int]map[string]string{}, Users: map[int]string{0: user(0), 1: user(1)},
		Rows: map[string]map[string]string{"a": {"events": "1"}, "b": {"events": "1"}},
	}
	second := func(n int) time.Duration { return time.Duration(n) * time.Second }
	history := []load.Event{{ID: "$create"}}
	for i := range 6 {
		client, seq := i%2, i/2+1
		id := fmt.Sprintf("$%d", i)
		e.Ops = append(e.Ops,
			load.Op{Kind: load.Send, Client: client, Seq: seq, Where: room, Call: second(2 * i), Return: second(2*i + 1), Outcome: load.Acknowledged, Result: id},
			load.Op{Kind: load.ToDevice, Client: client, Seq: seq, Where: user(1 - client), Return: second(i), Outcome: load.Acknowledged, Result: load.Tag(client, seq)},
			load.Op{Kind: load.Claim, Client: client, Seq: seq, Where: user(1 - client), Outcome: load.Acknowledged, Result: "K" + id},
			load.Op{Kind: load.Upload, Client: client, Seq: seq, Outcome: load.Acknowledged, Result: "mxc://" + id, Digest: "p" + id},
			load.Op{Kind: load.Backup, Client: client, Seq: seq, Outcome: load.Acknowledged, Result: "s" + id, Digest: "b" + id})
		history = append(history, load.Event{ID: id, Tag: load.Tag(client, seq)})
	}
	for client := range 2 {
		s := Stream{Rooms: map[string][]load.Seen{}, Whole: true}
		for _, event := range history {
			s.Rooms[room] = append(s.Rooms[room], load.Seen{ID: event.ID})
		}
		for seq := 1; seq <= 3; seq++ {
			s.ToDevice = append(s.ToDevice, load.Seen{ID: load.Tag(1-client, seq), From: user(1 - client)})
		}
		e.Streams[client] = s
	}
	for site := range 2 {
		e.Histories[site] = map[string][]load.Event{room: append([]load.Event(nil), history...)}
		e.Pictures[site], e.Backups[site] = map[string]Picture{}, map[int]map[string]string{0: {}, 1: {}}
		for i := range 6 {
			e.Pictures[site][fmt.Sprintf("mxc://$%d", i)] = Picture{Digest: fmt.Sprintf("p$%d", i)}
			e.Backups[site][i%2][fmt.Sprintf("s$%d", i)] = fmt.Sprintf("b$%d", i)
		}
	}
	return e
}

func TestAnHonestDrillHasNoFindings(t *testing.T) {
	v := Judge(honest())
	for _, f := range v.Findings {
		t.Error(f)
	}
	for _, what := range []string{"events", "orders", "events in streams", "sends put in order", "one-time keys", "messages to devices", "pictures", "backed-up keys", "tables"} {
		if v.Checked[what] == 0 {
			t.Errorf("no %s were looked at", what)
		}
	}
}

// without removes the element at a place.
func without[T any](s []T, i int) []T { return append(append([]T(nil), s[:i]...), s[i+1:]...) }

// swapped changes the places of two elements.
func swapped[T any](s []T, i, j int) []T {
	s = append([]T(nil), s...)
	s[i], s[j] = s[j], s[i]
	return s
}

// doctorings are what must be found, each in a drill that was honest before.
var doctorings = []struct {
	name   string
	fault  Fault
	kind   load.Kind
	doctor func(*Evidence)
}{
	{"an event is lost at one site", Lost, load.Send, func(e *Evidence) { e.Histories[1][room] = without(e.Histories[1][room], 3) }},
	{"an event is lost at all sites", Lost, load.Send, func(e *Evidence) {
		for s := range 2 {
			e.Histories[s][room] = without(e.Histories[s][room], 6)
		}
	}},
	{"an event comes twice", Twice, load.Send, func(e *Evidence) {
		e.Histories[0][room] = append(e.Histories[0][room], e.Histories[0][room][2])
	}},
	{"a retry made a second event", Twice, load.Send, func(e *Evidence) {
		e.Histories[0][room] = append(e.Histories[0][room], load.Event{ID: "$again", Tag: load.Tag(0, 1)})
	}},
	{"an event has another's content", Damaged, load.Send, func(e *Evidence) { e.Histories[0][room][2].Tag = load.Tag(1, 9) }},
	{"two sites have two orders", OutOfOrder, load.Send, func(e *Evidence) { e.Histories[1][room] = swapped(e.Histories[1][room], 2, 3) }},
	{"both sites have the same wrong order", OutOfOrder, load.Send, func(e *Evidence) {
		for s := range 2 {
			e.Histories[s][room] = swapped(e.Histories[s][room], 2, 4)
		}
	}},
	{"a stream leaves one out", Gap, load.Send, func(e *Evidence) { e.Streams[0].Rooms[room] = without(e.Streams[0].Rooms[room], 3) }},
	{"a stream repeats one", Twice, load.Send, func(e *Evidence) {
		e.Streams[0].Rooms[room] = append(e.Streams[0].Rooms[room], e.Streams[0].Rooms[room][2])
	}},
	{"a stream goes back", OutOfOrder, load.Send, func(e *Evidence) { e.Streams[1].Rooms[room] = swapped(e.Streams[1].Rooms[room], 3, 4) }},
	{"a stream shows what was unmade", Unmade, load.Send, func(e *Evidence) {
		e.Streams[1].Rooms[room] = append(e.Streams[1].Rooms[room], load.Seen{ID: "$ghost"})
	}},
	{"a stream stops early", Gap, load.Send, func(e *Evidence) { e.Streams[1].Rooms[room] = e.Streams[1].Rooms[room][:4] }},
	{"a key is given twice", Twice, load.Claim, func(e *Evidence) { e.Ops[7].Result = e.Ops[2+10].Result; e.Ops[7].Where = e.Ops[2+10].Where }},
	{"a message to a device is lost", Lost, load.ToDevice, func(e *Evidence) {
		s := e.Streams[0]
		s.ToDevice = without(s.ToDevice, 1)
		e.Streams[0] = s
	}},
	{"a message to a device comes twice", Twice, load.ToDevice, func(e *Evidence) {
		s := e.Streams[0]
		s.ToDevice = append(s.ToDevice, s.ToDevice[2])
		e.Streams[0] = s
	}},
	{"messages to a device change places", OutOfOrder, load.ToDevice, func(e *Evidence) {
		s := e.Streams[0]
		s.ToDevice = swapped(s.ToDevice, 0, 1)
		e.Streams[0] = s
	}},
	{"a picture is gone", Lost, load.Upload, func(e *Evidence) { delete(e.Pictures[1], "mxc://$2") }},
	{"a picture is refused", Lost, load.Upload, func(e *Evidence) { e.Pictures[1]["mxc://$2"] = Picture{Err: "404"} }},
	{"a picture is another", Damaged, load.Upload, func(e *Evidence) { e.Pictures[0]["mxc://$2"] = Picture{Digest: "other"} }},
	{"a backed-up key is gone", Lost, load.Backup, func(e *Evidence) { delete(e.Backups[1][0], "s$2") }},
	{"a backed-up key is another", Damaged, load.Backup, func(e *Evidence) { e.Backups[1][0]["s$2"] = "other" }},
	{"rows differ", Divergent, "", func(e *Evidence) { e.Rows["b"]["events"] = "2" }},
	{"an operation is refused", Denied, load.Send, func(e *Evidence) { e.Ops[0].Outcome = load.Refused }},
	{"a stream is refused", Denied, "", func(e *Evidence) { e.Refused = append(e.Refused, errors.New("M_UNKNOWN_TOKEN")) }},
}

func TestTheAuditorFindsWhatIsWrong(t *testing.T) {
	for _, c := range doctorings {
		t.Run(c.name, func(t *testing.T) {
			e := honest()
			c.doctor(e)
			v := Judge(e)
			for _, f := range v.Findings {
				if f.Fault == c.fault && f.Kind == c.kind {
					return
				}
			}
			t.Errorf("not found; found were %v", v.Findings)
		})
	}
}

func TestWhatWasNeverAcknowledgedMayBeThereOrNot(t *testing.T) {
	e := honest()
	e.Ops[5*5].Outcome = load.Unknown // the last send, at site 0 and 1 or at none
	if v := Judge(e); len(v.Findings) > 0 {
		t.Errorf("it is there: %v", v.Findings)
	}
	for s := range 2 {
		e.Histories[s][room] = without(e.Histories[s][room], 6)
		e.Streams[s].Rooms[room] = without(e.Streams[s].Rooms[room], 6)
	}
	if v := Judge(e); len(v.Findings) > 0 {
		t.Errorf("it is not there: %v", v.Findings)
	}
}

func TestASendInTheWrongPlaceIsFoundByItsTimesAlone(t *testing.T) {
	e := honest()
	for s := range 2 { // all sites and all streams agree on an order that cannot have been
		e.Histories[s][room] = swapped(e.Histories[s][room], 3, 4)
		e.Streams[s].Rooms[room] = swapped(e.Streams[s].Rooms[room], 3, 4)
	}
	v := Judge(e)
	if v.Count(OutOfOrder) != 1 {
		t.Errorf("findings: %v", v.Findings)
	}
}

func TestSendsAtTheSameTimeMayStandInAnyOrder(t *testing.T) {
	e := honest()
	e.Ops[2*5].Return = e.Ops[3*5].Return + 1 // its answer came after the next one's call
	for s := range 2 {
		e.Histories[s][room] = swapped(e.Histories[s][room], 3, 4)
		e.Streams[s].Rooms[room] = swapped(e.Streams[s].Rooms[room], 3, 4)
	}
	if v := Judge(e); len(v.Findings) > 0 {
		t.Errorf("findings: %v", v.Findings)
	}
}
