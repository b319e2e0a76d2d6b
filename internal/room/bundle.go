package room

import (
	"context"
	"encoding/json"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
)

// The relations that are gathered beside the event they are about (Client-Server API, "Aggregations of child events").
const (
	relThread    = "m.thread"
	relReplace   = "m.replace"
	relReference = "m.reference"
)

// referencesMost bounds the references that are gathered for all events of one answer.
const referencesMost = 1000

// relations is what is gathered for one event.
type relations struct {
	Thread    *threadSummary  `json:"m.thread,omitempty"`
	Replace   json.RawMessage `json:"m.replace,omitempty"`
	Reference *references     `json:"m.reference,omitempty"`
}

type threadSummary struct {
	LatestEvent  json.RawMessage `json:"latest_event"`
	Count        int64           `json:"count"`
	Participated bool            `json:"current_user_participated"`
}

type references struct {
	Chunk []reference `json:"chunk"`
}

type reference struct {
	EventID string `json:"event_id"`
}

// bundle gathers what relates to each of the events, as JSON by event id. The number of queries does not depend on how many there are.
func (v *View) bundle(ctx context.Context, tx *store.Tx, seen []Seen) (map[string]json.RawMessage, error) {
	b := &bundler{view: v, targets: map[string]Seen{}, out: map[string]*relations{}}
	for _, s := range seen {
		b.targets[s.ID] = s
	}
	return b.run(ctx, tx, true)
}

type bundler struct {
	view    *View
	targets map[string]Seen
	out     map[string]*relations
}

func (b *bundler) run(ctx context.Context, tx *store.Tx, threads bool) (map[string]json.RawMessage, error) {
	ids := make([]string, 0, len(b.targets))
	for id := range b.targets {
		ids = append(ids, id)
	}
	counts, err := tx.RelationCounts(ctx, ids, b.view.bound(), b.view.Ignored)
	if err != nil || len(counts) == 0 {
		return nil, err
	}
	byType := map[string][]store.RelationCount{}
	for _, c := range counts {
		byType[c.RelType] = append(byType[c.RelType], c)
	}
	if err := b.edits(ctx, tx, byType[relReplace]); err != nil {
		return nil, err
	}
	if err := b.references(ctx, tx, byType[relReference]); err != nil {
		return nil, err
	}
	if threads {
		if err := b.threads(ctx, tx, byType[relThread]); err != nil {
			return nil, err
		}
	}
	return b.encode()
}

func (b *bundler) encode() (map[string]json.RawMessage, error) {
	out := make(map[string]json.RawMessage, len(b.out))
	for id, rel := range b.out {
		text, err := marshal(rel)
		if err != nil {
			return nil, err
		}
		out[id] = text
	}
	return out, nil
}

func (b *bundler) of(id string) *relations {
	if b.out[id] == nil {
		b.out[id] = &relations{}
	}
	return b.out[id]
}

func targetsOf(counts []store.RelationCount) []string {
	out := make([]string, len(counts))
	for i, c := range counts {
		out[i] = c.Target
	}
	return out
}

// edits: Client-Server API, "Server-side aggregation of m.replace relationships": the most recent valid one, and none for what is redacted.
func (b *bundler) edits(ctx context.Context, tx *store.Tx, counts []store.RelationCount) error {
	edits, err := tx.Edits(ctx, targetsOf(counts), b.view.bound())
	if err != nil {
		return err
	}
	seen, err := b.view.see(ctx, tx, edits)
	if err != nil {
		return err
	}
	var newest []Seen
	chosen := map[string]bool{}
	for _, s := range seen {
		if !chosen[s.RelatesTo] && b.targets[s.RelatesTo].RedactedBy == "" && hasNewContent(s.Event) && b.view.wants(s.Event) {
			chosen[s.RelatesTo] = true
			newest = append(newest, s)
		}
	}
	texts, err := b.view.clientWith(ctx, tx, newest, nil)
	if err != nil {
		return err
	}
	for i, s := range newest {
		b.of(s.RelatesTo).Replace = texts[i]
	}
	return nil
}

// hasNewContent: of an encrypted edit only its readers can tell.
func hasNewContent(ev *store.Event) bool {
	return ev.Type == "m.room.encrypted" || gjson.GetBytes(ev.JSON, `content.m\.new_content`).IsObject()
}

func (b *bundler) references(ctx context.Context, tx *store.Tx, counts []store.RelationCount) error {
	events, err := tx.RelatedByType(ctx, targetsOf(counts), relReference, b.view.bound(), referencesMost)
	if err != nil {
		return err
	}
	seen, err := b.view.see(ctx, tx, events)
	if err != nil {
		return err
	}
	for _, s := range seen {
		if !b.view.wants(s.Event) {
			continue
		}
		rel := b.of(s.RelatesTo)
		if rel.Reference == nil {
			rel.Reference = &references{}
		}
		rel.Reference.Chunk = append(rel.Reference.Chunk, reference{s.ID})
	}
	return nil
}

// threads: Client-Server API, "Server-side aggregation of m.thread relationships".
func (b *bundler) threads(ctx context.Context, tx *store.Tx, counts []store.RelationCount) error {
	if len(counts) == 0 {
		return nil
	}
	latest := make([]store.Pos, len(counts))
	count := map[string]int64{}
	for i, c := range counts {
		latest[i], count[c.Target] = c.Latest, c.Count
	}
	events, err := tx.EventsByPos(ctx, latest)
	if err != nil {
		return err
	}
	seen, err := b.view.see(ctx, tx, events)
	if err != nil {
		return err
	}
	took, err := b.participated(ctx, tx, targetsOf(counts))
	if err != nil {
		return err
	}
	texts, err := b.latest(ctx, tx, seen)
	if err != nil {
		return err
	}
	for i, s := range seen {
		b.of(s.RelatesTo).Thread = &threadSummary{LatestEvent: texts[i], Count: count[s.RelatesTo], Participated: took[s.RelatesTo]}
	}
	return nil
}

func (b *bundler) participated(ctx context.Context, tx *store.Tx, roots []string) (map[string]bool, error) {
	sent, err := tx.ThreadsOf(ctx, roots, b.view.User, b.view.bound())
	if err != nil {
		return nil, err
	}
	took := map[string]bool{}
	for _, root := range sent {
		took[root] = true
	}
	for _, root := range roots {
		if b.targets[root].Sender == b.view.User {
			took[root] = true
		}
	}
	return took, nil
}

// latest is the newest events of threads, with what relates to them; they begin no threads of their own.
func (b *bundler) latest(ctx context.Context, tx *store.Tx, seen []Seen) ([]json.RawMessage, error) {
	inner := &bundler{view: b.view, targets: map[string]Seen{}, out: map[string]*relations{}}
	for _, s := range seen {
		inner.targets[s.ID] = s
	}
	bundles, err := inner.run(ctx, tx, false)
	if err != nil {
		return nil, err
	}
	return b.view.clientWith(ctx, tx, seen, bundles)
}
