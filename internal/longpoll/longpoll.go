// Package longpoll lets a request that waits for news give up everything while nothing happens.
//
// A handler that waits holds a goroutine, with a stack as deep as the way to it, and all that was made for the request: some 20 KB where the
// text of the request has a few hundred bytes. Most of a messenger's requests do nothing but wait. So whoever serves a request may give its handler a
// Turn, and a handler that has found nothing within the turn's patience leaves: it answers nothing, and says by a Wait when to ask again. Then the
// request is made anew from its text, with a turn that goes on where the last one ended, until a handler answers.
//
// Only requests that change nothing may be given a turn, since they run several times. A handler that knows nothing of turns waits and answers as ever.
package longpoll

import (
	"context"
	"errors"
	"time"
)

// ErrLeft is the error of a call that has left a Wait with its turn instead of a result.
var ErrLeft = errors.New("the request waits without a handler")

// Wait tells when a request that was left is worth making again.
type Wait interface {
	// Await has wake called, at least once, when there may be news since the turn ended: at once if there is by now. It is called once. Wake
	// may be called while locks are held: it must only take note.
	Await(wake func())
	// End says that nobody waits any more. A call of wake may still be under way.
	End()
}

// Turn is one run of a handler. It belongs to the handler's goroutine.
type Turn struct {
	// Patience is how long the handler should wait in place before it leaves.
	Patience time.Duration
	// Until is when the waiting ends and the request has to be answered, news or not. It is zero in a request's first turn, in which the handler
	// sets it.
	Until time.Time

	left Wait
}

// Resumed tells that the request has been left before.
func (t *Turn) Resumed() bool { return t != nil && !t.Until.IsZero() }

// Leave ends the turn without an answer. The handler must not have written anything.
func (t *Turn) Leave(w Wait) { t.left = w }

// Left is what the handler waits for; nil if it has answered.
func (t *Turn) Left() Wait { return t.left }

type key struct{}

// With offers a turn to the handlers of a request.
func With(ctx context.Context, t *Turn) context.Context { return context.WithValue(ctx, key{}, t) }

// TurnOf is the turn that is offered; nil if the handler has to wait in place.
func TurnOf(ctx context.Context) *Turn {
	t, _ := ctx.Value(key{}).(*Turn)
	return t
}
