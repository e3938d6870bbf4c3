// Package image is the work that images need beside their bytes: imports, and noticing
// uploads of which nothing is heard any more.
package image

import (
	"time"

	cmd "skylog/commands/image"
	"skylog/projections"
	"skylog/workers"
)

// Overdue lists the images whose deadlines have passed.
func Overdue(w *projections.World, now time.Time, limit int) (late []workers.Overdue) {
	for _, d := range w.Image.Due(now, limit) {
		late = append(late, workers.Overdue{Command: cmd.PassDeadline(d), Name: d.Kind + " " + d.ID + " " + d.Due.Format(time.RFC3339Nano)})
	}
	return late
}
