package qemu

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// short is a path of a machine's socket that the kernel takes: where it is too
// long, it goes by a short link to the folder of all machines.
func short(path string) (string, error) {
	const longest = 107
	if len(path) <= longest {
		return path, nil
	}
	dir := filepath.Dir(path)
	link, err := shortLink(filepath.Dir(dir))
	if err != nil {
		return "", fmt.Errorf("a short name for %s: %w", dir, err)
	}
	return filepath.Join(link, filepath.Base(dir), filepath.Base(path)), nil
}

// shortLink returns a short path that leads to a folder with a long one. It
// stands in a folder that only we can write, so nobody can lead it elsewhere.
func shortLink(dir string) (string, error) {
	ours := filepath.Join(os.TempDir(), fmt.Sprintf("skylog-%d", os.Getuid()))
	if run := os.Getenv("XDG_RUNTIME_DIR"); run != "" && len(run) < 40 {
		ours = filepath.Join(run, "skylog")
	}
	if err := os.Mkdir(ours, 0o700); err != nil && !os.IsExist(err) {
		return "", err
	}
	info, err := os.Lstat(ours)
	if err != nil {
		return "", err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || info.Mode().Perm()&0o022 != 0 || int(owner.Uid) != os.Getuid() {
		return "", fmt.Errorf("%s isn't a folder of ours alone", ours)
	}
	sum := sha256.Sum256([]byte(dir))
	link := filepath.Join(ours, hex.EncodeToString(sum[:6]))
	if to, err := os.Readlink(link); err == nil && to == dir {
		return link, nil
	}
	if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
		return "", err
	}
	if err := os.Symlink(dir, link); err != nil && !os.IsExist(err) {
		return "", err
	}
	return link, nil
}
