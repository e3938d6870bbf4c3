package commands

import (
	"errors"
	"fmt"
)

// Kind is the sort of a refusal, in the words of the domain; each API dialect
// gives it a status of its own.
type Kind string

// The kinds of refusals.
const (
	Invalid   Kind = "invalid"    // the wish makes no sense, whoever asks and whenever
	Forbidden Kind = "forbidden"  // this caller may not
	NotFound  Kind = "not found"  // what it speaks of isn't there, or isn't the caller's to see
	Conflict  Kind = "conflict"   // the state of things is against it
	OverLimit Kind = "over limit" // a quota or a limit would be passed
	Exhausted Kind = "exhausted"  // no host, address or segment is left to give
	Stale     Kind = "stale"      // the caller's version of the thing isn't the newest (If-Match)
	Expired   Kind = "expired"    // it came too late to be decided
	Mismatch  Kind = "mismatch"   // an idempotency key was used before with another body
)

// Refusal is a decision against a command. It is an outcome like any other: it
// is in the log, and asking again in the same state gives the same refusal.
type Refusal struct {
	Kind    Kind
	Reason  string // the name a dialect has for this error, such as Neutron's "NetworkInUse"; may be empty
	Message string // a sentence for the user
}

func (r *Refusal) Error() string { return r.Message }

// Refuse makes a refusal.
func Refuse(k Kind, format string, args ...any) error {
	return &Refusal{Kind: k, Message: fmt.Sprintf(format, args...)}
}

// RefuseAs makes a refusal that has a name of its own in its service's dialect.
func RefuseAs(k Kind, reason, format string, args ...any) error {
	return &Refusal{Kind: k, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Refused returns the refusal in err's chain, if there is one.
func Refused(err error) (*Refusal, bool) {
	var r *Refusal
	ok := errors.As(err, &r)
	return r, ok
}

// ErrUndecided says that the outcome isn't known yet: the command is stored and
// will be answered. It is never a failure of the command.
var ErrUndecided = errors.New("not decided yet")

// ErrBusy says that the command was not taken: too many wait already.
var ErrBusy = errors.New("too many commands are waiting")

// ErrFull says that the command was not taken: the disk is nearly full, and only
// deletes, reports and administrators are let in.
var ErrFull = errors.New("the disk is nearly full")

// ErrBroken says that the command could not be decided because of a fault of
// ours. The log has the cause, the caller gets none.
var ErrBroken = errors.New("the command could not be decided")
