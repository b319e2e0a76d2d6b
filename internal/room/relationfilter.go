package room

import (
	"context"
	"slices"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/store"
)

// relatedKinds is who relates to events and how, by event id, for filters with related_by_senders or related_by_rel_types.
type relatedKinds map[string][]store.Relation

func relationKinds(ctx context.Context, tx *store.Tx, seen []Seen, f *filter.RoomEvents) (relatedKinds, error) {
	if !f.LooksAtRelations() || len(seen) == 0 {
		return nil, nil
	}
	ids := make([]string, len(seen))
	for i, s := range seen {
		ids[i] = s.ID
	}
	found, err := tx.RelationKinds(ctx, ids, relationsOf)
	if err != nil {
		return nil, err
	}
	out := relatedKinds{}
	for _, rel := range found {
		out[rel.Target] = append(out[rel.Target], rel)
	}
	return out, nil
}

// any tells whether one event relates to the given one by one of the senders and in one of the ways; an empty list stands for any.
func (k relatedKinds) any(id string, senders, relTypes []string) bool {
	return slices.ContainsFunc(k[id], func(rel store.Relation) bool {
		return (len(senders) == 0 || slices.Contains(senders, rel.Sender)) && (len(relTypes) == 0 || slices.Contains(relTypes, rel.RelType))
	})
}
