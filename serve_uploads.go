package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"skylog/commands"
	cmd "skylog/commands/image"
	view "skylog/projections/image"
)

// endUploads fails the uploads that ended with an earlier process of this node:
// their images can be uploaded to at once, not only when nothing was heard for
// as long as an upload may be silent. It is for the start, before any can begin.
func (n *node) endUploads(ctx context.Context) error {
	w := n.now()
	for _, d := range w.Image.Due(w.Time.Add(uploadsWithin), w.Image.Images.Len()) {
		i, ok := w.Image.Images.Get(d.ID)
		if d.Kind != view.UploadDeadline || !ok || i.Upload == "" {
			continue
		}
		_, err := n.cell.Do(commands.With(ctx, commands.Caller{Origin: "cell"}),
			cmd.FailUpload{ID: i.ID, Upload: i.Upload, Reason: "the program ended while the bytes came in"})
		if _, refused := commands.Refused(err); err != nil && !refused {
			return errors.Join(fmt.Errorf("upload of image %s", i.ID), err)
		}
	}
	return nil
}

// uploadsWithin is more than any upload may be silent.
const uploadsWithin = 10 * 365 * 24 * time.Hour
