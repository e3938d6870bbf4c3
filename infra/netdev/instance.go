package netdev

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"skylog/infra/netdev/filter"
)

// Several clouds can have one machine, and even one network namespace: all that
// a cloud makes there bears its Instance, four letters that its folder keeps. So
// a start finds its own again, and what isn't running is never another's to tidy.

// loadInstance reads a folder's instance, or chooses it when the folder is new.
// A folder of before there were instances keeps the names without one.
func loadInstance(dir string) (filter.Instance, error) {
	path := filepath.Join(dir, "instance")
	data, err := os.ReadFile(path)
	if err == nil {
		i := filter.Instance(strings.TrimSpace(string(data)))
		return i, i.Check()
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if old, err := filepath.Glob(filepath.Join(dir, "ports", "*.json")); err != nil || len(old) > 0 {
		return "", err
	}
	i := filter.Instance(strings.ToLower(rand.Text()[:filter.InstanceLen]))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	if err := renameio.WriteFile(path, []byte(i+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("the instance: %w", err)
	}
	return i, nil
}
