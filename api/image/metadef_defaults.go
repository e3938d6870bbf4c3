package image

import (
	_ "embed"
	"encoding/json"
	"fmt"

	cmd "skylog/commands/image"
)

// defaultNamespaces are the namespaces that OpenStack comes with: names, types
// and values, for dashboards and people to choose from.
//
//go:embed metadefs.json
var defaultNamespaces []byte

// edition is that of the default namespaces; a higher one is loaded once more,
// and brings what isn't there.
const edition = 1

// DefaultNamespaces is the command that gives a cloud the namespaces it begins
// with, owned by a project.
func DefaultNamespaces(projectID string) (cmd.LoadNamespaces, error) {
	c := cmd.LoadNamespaces{Edition: edition}
	var all []map[string]any
	if err := json.Unmarshal(defaultNamespaces, &all); err != nil {
		return c, fmt.Errorf("default namespaces: %w", err)
	}
	for _, one := range all {
		n, err := namespaceOf(one, projectID)
		if err != nil {
			return c, fmt.Errorf("default namespaces: %w", err)
		}
		c.Namespaces = append(c.Namespaces, n)
	}
	return c, nil
}
