package compute

import "errors"

// ErrPermanent marks an error that trying again won't mend: the server goes to
// ERROR with its text.
var ErrPermanent = errors.New("permanent")

// ErrStale says that a newer generation was applied already; the older want is
// dropped without a report.
var ErrStale = errors.New("stale generation")
