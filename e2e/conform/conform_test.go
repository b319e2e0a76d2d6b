package conform

import (
	"testing"
)

func TestEverySchemaCompiles(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Operations) < 160 {
		t.Fatalf("only %d operations", len(s.Operations))
	}
	for _, o := range s.Operations {
		if o.ID == "" {
			t.Errorf("%s has no operationId", o)
		}
		for status := range o.responses {
			types, _ := o.contentTypes(status)
			for _, contentType := range types {
				if _, err := s.schema(o, status, contentType); err != nil {
					t.Errorf("%s %s: %v", o, status, err)
				}
			}
		}
	}
}
