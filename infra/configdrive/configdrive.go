// Package configdrive packs a guest's metadata into the ISO 9660 image that
// guests look for under the label config-2, for networks on which nobody
// answers at the metadata address and for images which ask for a drive.
package configdrive

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/kdomanski/iso9660"

	"skylog/infra/metadata"
	"skylog/workers/compute"
)

// Label is the volume label by which guests find the drive.
const Label = "config-2"

// maxBytes is the size that Nova gives a config drive of its other format.
const maxBytes = 64 << 20

// Build returns the image. Two images of the same metadata differ in their
// random seeds. The names within are plain ISO 9660 in small letters, which
// Linux, the BSDs and Windows read without any extension.
func Build(m compute.Metadata) ([]byte, error) {
	files, size := metadata.Files(m), 0
	for _, body := range files {
		size += len(body)
	}
	if size > maxBytes {
		return nil, fmt.Errorf("%w: config drive of %s would have %d bytes, %d is the most", compute.ErrPermanent, m.ServerID, size, maxBytes)
	}
	w, err := iso9660.NewWriter() // stages files in a folder of its own, readable by us only
	if err != nil {
		return nil, fmt.Errorf("config drive of %s: %w", m.ServerID, err)
	}
	defer w.Cleanup()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := w.AddFile(bytes.NewReader(files[name]), name); err != nil {
			return nil, fmt.Errorf("config drive of %s: %s: %w", m.ServerID, name, err)
		}
	}
	var image bytes.Buffer
	if err := w.WriteTo(&image, Label); err != nil {
		return nil, fmt.Errorf("config drive of %s: %w", m.ServerID, err)
	}
	return image.Bytes(), nil
}
