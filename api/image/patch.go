package image

import (
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"encoding/json"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/image"
	view "skylog/projections/image"
)

// The media types of a PATCH, two forms of one language: the older has the
// operation as a key, and its add doesn't replace.
const (
	patchV20 = "application/openstack-images-v2.0-json-patch"
	patchV21 = "application/openstack-images-v2.1-json-patch"
	maxPatch = 1000 // operations in one
)

type operation struct {
	op, name string
	value    any
	strict   bool // add refuses what is there
}

// readPatch reads the operations of a PATCH body.
func readPatch(contentType string, body []byte) ([]operation, error) {
	kind, _, _ := mime.ParseMediaType(contentType)
	if kind != patchV20 && kind != patchV21 {
		f := api.Fail(http.StatusUnsupportedMediaType, "Image PATCH expects Content-Type one of: %s, %s", patchV20, patchV21)
		f.Header = http.Header{"Accept-Patch": {patchV20 + ", " + patchV21}}
		return nil, f
	}
	var raw []any
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, commands.Refuse(commands.Invalid, "Request body must be a JSON array of operation objects.")
	}
	if len(raw) > maxPatch {
		return nil, commands.Refuse(commands.OverLimit, "A PATCH may have %d operations.", maxPatch)
	}
	operations := make([]operation, 0, len(raw))
	for _, one := range raw {
		change, ok := one.(map[string]any)
		if !ok {
			return nil, commands.Refuse(commands.Invalid, "Operations must be JSON objects.")
		}
		o, err := readOperation(kind == patchV20, change)
		if err != nil {
			return nil, err
		}
		operations = append(operations, o)
	}
	return operations, nil
}

var known = []string{"add", "remove", "replace"}

func readOperation(old bool, change map[string]any) (o operation, err error) {
	var pointer any
	if old {
		o.strict = true
		for _, op := range known {
			if p, ok := change[op]; ok {
				if o.op != "" {
					return o, commands.Refuse(commands.Invalid, `Operation objects must contain only one member named "add", "remove", or "replace".`)
				}
				o.op, pointer = op, p
			}
		}
		if o.op == "" {
			return o, commands.Refuse(commands.Invalid, `Operation objects must contain exactly one member named "add", "remove", or "replace".`)
		}
	} else {
		o.op, _ = change["op"].(string)
		switch {
		case change["op"] == nil:
			return o, commands.Refuse(commands.Invalid, "Unable to find `op` in JSON Schema change. It must be one of the following: add, remove, replace.")
		case !slices.Contains(known, o.op):
			return o, commands.Refuse(commands.Invalid, "Invalid operation: `%.40s`. It must be one of the following: add, remove, replace.", o.op)
		}
		var ok bool
		if pointer, ok = change["path"]; !ok {
			return o, commands.Refuse(commands.Invalid, "Unable to find 'path' in JSON Schema change")
		}
	}
	path, _ := pointer.(string)
	if depth, are := locationsAt(path); are {
		return o, locations(o.op, path, depth, change)
	}
	if o.name, err = attributeAt(path); err != nil {
		return o, err
	}
	if o.op == "remove" {
		return o, maySet(o.name)
	}
	value, ok := change["value"]
	if !ok {
		return o, commands.Refuse(commands.Invalid, `Operation "%s" requires a member named "value".`, o.op)
	}
	o.value = value
	return o, maySet(o.name)
}

var (
	adjacent  = regexp.MustCompile(`/\s*?/`)
	badEscape = regexp.MustCompile(`~(?:[^01]|$)`)
)

// attributeAt reads a JSON pointer, which must name an attribute of the image.
func attributeAt(pointer string) (string, error) {
	shown := pointer[:min(len(pointer), 100)]
	switch {
	case !strings.HasPrefix(pointer, "/"):
		return "", commands.Refuse(commands.Invalid, "Pointer `%s` does not start with \"/\".", shown)
	case adjacent.MatchString(pointer[1:]):
		return "", commands.Refuse(commands.Invalid, "Pointer `%s` contains adjacent \"/\".", shown)
	case len(pointer) > 1 && strings.HasSuffix(pointer, "/"):
		return "", commands.Refuse(commands.Invalid, "Pointer `%s` end with \"/\".", shown)
	case badEscape.MatchString(pointer):
		return "", commands.Refuse(commands.Invalid, "Pointer `%s` contains \"~\" not part of a recognized escape sequence.", shown)
	}
	if root, _, deep := strings.Cut(pointer[1:], "/"); deep {
		if err := maySet(root); err != nil {
			return "", err
		}
		return "", commands.Refuse(commands.Invalid, "Invalid JSON pointer for this resource: '%s'", shown)
	}
	return strings.TrimSpace(strings.NewReplacer("~1", "/", "~0", "~").Replace(pointer[1:])), nil
}

// locationsAt says whether a pointer leads to the places of an image's bytes, or to one of them.
func locationsAt(pointer string) (depth int, are bool) {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	return len(parts), parts[0] == "locations" && strings.HasPrefix(pointer, "/")
}

// locations refuses what changes them, as Glance does wherever
// show_multiple_locations is off. It is so for good: whoever says where an image's
// bytes are can put others in their place that nobody has inspected.
func locations(op, pointer string, depth int, change map[string]any) error {
	want := map[string]int{"add": 2, "remove": 2, "replace": 1}[op]
	value, sent := change["value"]
	list, _ := value.([]any)
	switch {
	case depth != want:
		return commands.Refuse(commands.Invalid, "Invalid JSON pointer for this resource: '%.100s'", pointer)
	case op == "remove":
		return commands.Refuse(commands.Forbidden, "It's not allowed to remove locations if locations are invisible.")
	case !sent:
		return commands.Refuse(commands.Invalid, `Operation "%s" requires a member named "value".`, op)
	case op == "add":
		return commands.Refuse(commands.Forbidden, "It's not allowed to add locations if locations are invisible.")
	case len(list) == 0:
		return commands.Refuse(commands.Forbidden, "Cannot set locations to empty list.")
	}
	return commands.Refuse(commands.Forbidden, "It's not allowed to update locations if locations are invisible.")
}

// changeOf makes one change of the operations, done one after the other on the
// image as it is now. What they rely on goes along, to be checked when decided.
func changeOf(i view.Image, operations []operation) (cmd.ChangeImage, error) {
	c := cmd.ChangeImage{ID: i.ID}
	for _, o := range operations {
		base := slices.Contains(writable, o.name)
		has := base || hasProperty(&c, i, o.name)
		switch {
		case o.op == "remove" && base:
			return c, commands.Refuse(commands.Forbidden, "Property %s may not be removed.", o.name)
		case o.op != "add" && !has:
			return c, commands.Refuse(commands.Conflict, "Property %.100s does not exist.", o.name)
		case o.op == "add" && o.strict && has:
			return c, commands.Refuse(commands.Conflict, "Property %.100s already present.", o.name)
		}
		if !base && !touched(&c, o.name) {
			if o.op != "add" {
				c.Present = append(c.Present, o.name)
			} else if o.strict {
				c.Absent = append(c.Absent, o.name)
			}
		}
		if o.op == "remove" {
			delete(c.Set, o.name)
			c.Remove = append(c.Remove, o.name)
			continue
		}
		if err := set(&c, o.name, o.value); err != nil {
			return c, err
		}
	}
	return c, nil
}

func touched(c *cmd.ChangeImage, name string) bool {
	_, ok := c.Set[name]
	return ok || slices.Contains(c.Remove, name)
}

func hasProperty(c *cmd.ChangeImage, i view.Image, name string) bool {
	if _, ok := c.Set[name]; ok {
		return true
	}
	_, ok := i.Properties[name]
	return ok && !slices.Contains(c.Remove, name)
}
