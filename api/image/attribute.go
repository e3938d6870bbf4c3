package image

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"skylog/commands"
	cmd "skylog/commands/image"
	view "skylog/projections/image"
)

const (
	maxName  = 255
	maxValue = 65535 // of a property, Glance's
	maxInt   = 1<<31 - 1
)

var (
	diskFormats      = []string{"ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"}
	containerFormats = []string{"ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"}
	visibilities     = []string{view.Community, view.Public, view.Private, view.Shared}

	// readOnly are the attributes that Skylog sets, reserved those that nobody may.
	readOnly = []string{"created_at", "updated_at", "status", "checksum", "size", "virtual_size", "direct_url", "self", "file", "schema", "id",
		"os_hash_algo", "os_hash_value", "stores"}
	reserved = []string{"location", "deleted", "deleted_at"}
	// writable are the attributes that aren't properties of the owner's own.
	writable = []string{"name", "visibility", "protected", "os_hidden", "owner", "disk_format", "container_format", "min_disk", "min_ram", "tags"}

	uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
)

// maySet refuses attributes that no caller sets.
func maySet(name string) error {
	switch {
	case slices.Contains(readOnly, name):
		return commands.Refuse(commands.Forbidden, "Attribute '%s' is read-only.", name)
	case slices.Contains(reserved, name), strings.HasPrefix(name, "os_glance"):
		return commands.Refuse(commands.Forbidden, "Attribute '%.100s' is reserved.", name)
	case name == "locations":
		return commands.Refuse(commands.Forbidden, "It's not allowed to add locations if locations are invisible.")
	}
	return nil
}

// mismatch is Glance's refusal of a value that its schema doesn't have.
func mismatch(v any, reason string, args ...any) error {
	shown, err := json.Marshal(v)
	if err != nil || len(shown) > 100 {
		shown = []byte("the value")
	}
	return commands.Refuse(commands.Invalid, "Provided object does not match schema 'image': %s %s", shown, fmt.Sprintf(reason, args...))
}

// set puts one attribute into a change, if its value is one it may have.
func set(c *cmd.ChangeImage, name string, v any) (err error) {
	switch name {
	case "name":
		c.Name, err = text(v, maxName)
	case "owner":
		c.OwnerID, err = text(v, maxName)
	case "visibility":
		if c.Visibility, err = oneOf(v, visibilities); err == nil && *c.Visibility == "" {
			err = mismatch(v, "is not of type 'string'")
		}
	case "disk_format":
		c.DiskFormat, err = oneOf(v, diskFormats)
	case "container_format":
		c.ContainerFormat, err = oneOf(v, containerFormats)
	case "protected":
		c.Protected, err = boolean(v)
	case "os_hidden":
		c.Hidden, err = boolean(v)
	case "min_disk":
		c.MinDiskGiB, err = count(v)
	case "min_ram":
		c.MinRAMMiB, err = count(v)
	case "tags":
		c.Tags, err = tagList(v)
	default:
		return setProperty(c, name, v)
	}
	return err
}

func setProperty(c *cmd.ChangeImage, name string, v any) error {
	value, ok := v.(string)
	switch {
	case !ok:
		return mismatch(v, "is not of type 'string'")
	case name == "" || len(name) > maxName:
		return commands.Refuse(commands.Invalid, "Custom property should not be greater than 255 characters.")
	case len(value) > maxValue:
		return mismatch(v, "is too long")
	}
	if c.Set == nil {
		c.Set = map[string]string{}
	}
	c.Set[name] = value
	c.Remove = slices.DeleteFunc(c.Remove, func(n string) bool { return n == name })
	return nil
}

func text(v any, most int) (*string, error) {
	s, ok := v.(string)
	switch {
	case !ok && v != nil:
		return nil, mismatch(v, "is not of type 'null', 'string'")
	case len([]rune(s)) > most:
		return nil, mismatch(v, "is too long")
	}
	return &s, nil
}

func oneOf(v any, of []string) (*string, error) {
	s, ok := v.(string)
	if v != nil && (!ok || !slices.Contains(of, s)) {
		return nil, mismatch(v, "is not one of %s", strings.Join(of, ", "))
	}
	return &s, nil
}

func boolean(v any) (*bool, error) {
	b, ok := v.(bool)
	if !ok {
		return nil, mismatch(v, "is not of type 'boolean'")
	}
	return &b, nil
}

func count(v any) (*int, error) {
	f, ok := v.(float64)
	if !ok || f != float64(int64(f)) || f > maxInt {
		return nil, mismatch(v, "is not of type 'integer'")
	}
	if f < 0 {
		return nil, commands.Refuse(commands.Invalid, "Invalid value '%d' for parameter: Cannot be a negative value", int64(f))
	}
	n := int(f)
	return &n, nil
}

func tagList(v any) (*[]string, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, mismatch(v, "is not of type 'array'")
	}
	tags := make([]string, 0, len(list))
	for _, one := range list {
		tag, ok := one.(string)
		if !ok {
			return nil, mismatch(one, "is not of type 'string'")
		}
		if len([]rune(tag)) > maxName {
			return nil, mismatch(one, "is too long")
		}
		tags = append(tags, tag)
	}
	return &tags, nil
}
