package commands

import (
	"context"
	"time"
)

// Command is one wish.
type Command interface {
	// CommandType is the command's name on the wire, such as "compute.keypair.import".
	CommandType() string
}

// Report is a command by which a host tells what it found or did. A host may
// only speak of itself, and only by reports.
type Report interface {
	Command
	// ReportedBy is the host that says so.
	ReportedBy() string
}

// Do stores the commands as one batch, to be decided together: all or nothing,
// each on the state the one before left. It returns the first world that holds
// the outcome, or a *Refusal, or ErrUndecided when the outcome isn't known in
// time, or any other error. The caller is taken from the context.
type Do[W any] func(context.Context, ...Command) (W, error)

// Caller is on whose behalf a request is made, and what keeps a repeated one
// from being done twice.
type Caller struct {
	UserID, ProjectID, RequestID string
	// CommandID names the batch; a batch of an id that was answered before gets
	// that answer. Empty: one is made.
	CommandID string
	// Keyed says that CommandID comes from an idempotency key, so that the
	// outcome is remembered for a day; BodyHash then tells another body apart.
	Keyed    bool
	BodyHash string
	// Cause is the command whose effects led to this one.
	Cause string
	// Origin is set where the commands came from somebody else than the API's
	// callers: "host.<host>", as NATS vouched for it, or "cell" for the cell itself.
	Origin string
	// Admin: an administrator asks; when the disk is nearly full, they still may.
	Admin bool
	// Rights are those of the caller's token, and of the service token beside it, as
	// they were in the world of frame Authorized; none: nobody's rights matter.
	Rights     []Rights
	Authorized uint64
	// NotAfter bounds how late the batch may be decided; zero: DefaultPatience.
	NotAfter time.Time
	// Rehearsal, where there is one, has batches decided without being stored; it
	// takes down what they would cause.
	Rehearsal *Rehearsal
}

// DefaultPatience is how long after it was asked a command may still be decided.
const DefaultPatience = 30 * time.Second

type callerKey struct{}

// With returns a context whose commands are given on behalf of c.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// From returns the caller of a context, zero where there is none.
func From(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
