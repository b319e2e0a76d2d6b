package drill

import (
	"errors"
	"io"
	"testing"
)

func TestAClusterIsDrilledOnlyWithItsOperatorsWord(t *testing.T) {
	for _, o := range []TargetOptions{{}, {Staging: true}, {Accounts: true}} {
		o.Entrances, o.Progress = []string{"http://127.0.0.1:1"}, io.Discard
		if _, err := Target(t.Context(), o); !errors.Is(err, ErrConsent) {
			t.Errorf("with staging %t and accounts %t: %v", o.Staging, o.Accounts, err)
		}
	}
}
