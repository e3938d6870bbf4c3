package compute

import "errors"

// ErrPermanent marks an error that trying again won't mend: the server goes to
// ERROR with its text.
var ErrPermanent = errors.New("permanent")

// ErrUndecided says that a machine which was sent stands still, and that its next
// host doesn't say whether it has it: only asking again will tell.
var ErrUndecided = errors.New("it isn't known yet on which host the machine is")

// ErrStale says that a newer generation was applied already; the older want is
// dropped without a report.
var ErrStale = errors.New("stale generation")
