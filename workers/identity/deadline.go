// Package identity is the work that tokens and people's keys need: forgetting the
// revocation of tokens that have expired, and throwing away the keys of those who
// are gone.
package identity

import (
	"time"

	cmd "skylog/commands/identity"
	"skylog/projections"
	"skylog/workers"
)

// Overdue lists the revocations whose tokens have expired.
func Overdue(w *projections.World, now time.Time, limit int) (late []workers.Overdue) {
	for _, d := range w.Identity.Due(now, limit) {
		late = append(late, workers.Overdue{Command: cmd.PassDeadline(d), Name: d.Kind + " " + d.ID + " " + d.Due.Format(time.RFC3339Nano)})
	}
	return late
}
