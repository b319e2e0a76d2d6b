package account

import (
	"context"
	"slices"

	"bongsu.org/bongsu/internal/mxerr"
)

// Waiting is a session of user-interactive authentication that waits for its user.
type Waiting struct {
	// Operation is what the call wants to do, in words that go on after "wants to".
	Operation string
	// UserID is whose call it is; empty: nobody was logged in.
	UserID string

	completed []string
}

// Done tells whether a stage was completed.
func (w Waiting) Done(stage string) bool { return slices.Contains(w.completed, stage) }

// WaitingStage is what a session waits for; store.ErrNotFound without such a session.
func (s *Service) WaitingStage(ctx context.Context, name string) (Waiting, error) {
	session, err := s.loadUIA(ctx, name)
	return Waiting{Operation: session.Operation, UserID: session.UserID, completed: session.Completed}, err
}

// CompleteOutside completes a stage that no request of the client can: the user has done it in a browser (Client-Server API, "Fallback").
// store.ErrNotFound without such a session, M_FORBIDDEN if it is another user's, or does not wait for the stage.
func (s *Service) CompleteOutside(ctx context.Context, name, stage, userID string) error {
	session, err := s.loadUIA(ctx, name)
	if err != nil {
		return err
	}
	switch {
	case session.UserID != userID:
		return mxerr.Forbiddenf("What is to be confirmed is another user's")
	case slices.Contains(session.Completed, stage):
	case !isNext(session.Flows, session.Completed, stage):
		return mxerr.Forbiddenf("This stage does not come next in any flow")
	default:
		session.Completed = append(session.Completed, stage)
	}
	return s.saveUIA(ctx, name, session)
}
