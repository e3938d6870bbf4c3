package qemu

import "path/filepath"

// LiesUpon says whether any disk of the machines in a driver's folder was made
// upon the file, or a machine is rescued from it: without it that machine is lost,
// set aside or not. One whose record can't be read may lie upon anything.
func LiesUpon(dir, path string) bool {
	base := filepath.Base(path)
	for _, pattern := range []string{"*", "*/*"} {
		records, err := filepath.Glob(filepath.Join(dir, pattern, "machine.json"))
		if err != nil {
			return true
		}
		for _, record := range records {
			r, err := (&machine{dir: filepath.Dir(record)}).load()
			if err != nil || r.Base == base || rescueName(&r.Spec) == base || r.Launch != nil && r.Launch.Rescue == base {
				return true
			}
		}
	}
	return false
}
