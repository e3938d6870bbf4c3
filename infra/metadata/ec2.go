package metadata

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"skylog/workers/compute"
)

// ec2Versions are the versions of EC2's tree that Nova has, oldest first.
var ec2Versions = []string{
	"1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01", "2009-04-04",
}

// tree is a folder of EC2's metadata. Its entries are folders, strings or keys.
type tree map[string]any

// namedKey is the folder of a public key, which its parent lists as "0=name"
// while it is found under "0".
type namedKey struct{ name, data string }

func renderEC2(m *compute.Metadata, steps []string) ([]byte, string, bool) {
	if len(steps) == 0 {
		return []byte(strings.Join(ec2Versions, "\n") + "\n" + latest), plain, true
	}
	v := steps[0]
	if v != latest && !slices.Contains(ec2Versions, v) {
		return nil, "", false
	}
	root := tree{"meta-data": ec2Tree(m, v)}
	if len(m.UserData) > 0 {
		root["user-data"] = string(m.UserData)
	}
	var at any = root
	for _, step := range steps[1:] {
		switch here := at.(type) {
		case tree:
			at = here[step]
		case namedKey:
			at = tree{"openssh-key": here.data}[step]
		default:
			return nil, "", false
		}
	}
	switch found := at.(type) {
	case tree:
		return []byte(found.list()), plain, true
	case namedKey:
		return []byte("openssh-key"), plain, true
	case string:
		return []byte(found), plain, true
	}
	return nil, "", false
}

// list prints a folder: folders with a slash behind their name, no last newline.
func (t tree) list() string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(t)) {
		switch v := t[name].(type) {
		case tree:
			name += "/"
		case namedKey:
			name += "=" + v.name
		}
		lines = append(lines, name)
	}
	return strings.Join(lines, "\n")
}

func ec2Tree(m *compute.Metadata, version string) tree {
	ip := ""
	if m.LocalIPv4.IsValid() {
		ip = m.LocalIPv4.String()
	}
	t := tree{
		"ami-id":            m.ImageID,
		"ami-launch-index":  strconv.Itoa(m.LaunchIndex),
		"ami-manifest-path": "", // there is no such file; Nova has a placeholder here
		"instance-id":       m.InstID,
		"hostname":          m.Hostname,
		"local-ipv4":        ip,
		"reservation-id":    m.ReservationID,
		"security-groups":   strings.Join(m.SecurityGroups, "\n"),
	}
	if len(m.Keys) > 0 {
		keys := tree{}
		for i, k := range m.Keys {
			keys[strconv.Itoa(i)] = namedKey{k.Name, k.Data}
		}
		t["public-keys"] = keys
	}
	if version == "1.0" { // in the order of text, as all others are
		return t
	}
	t["local-hostname"], t["public-hostname"] = m.Hostname, m.Hostname
	t["public-ipv4"] = "" // a floating IP comes and goes without the guest
	if version >= "2007-08-29" {
		t["instance-type"] = m.FlavorName
	}
	if version >= "2007-12-15" {
		t["block-device-mapping"] = tree{"ami": "vda", "root": "/dev/vda"}
	}
	if version >= "2008-02-01" {
		t["placement"] = tree{"availability-zone": m.AvailabilityZone}
	}
	if version >= "2008-09-01" {
		t["instance-action"] = "none"
	}
	return t
}

// ec2JSON is the tree as the one document a config drive has of it.
func ec2JSON(m *compute.Metadata, version string) []byte {
	t := ec2Tree(m, version)
	groups := m.SecurityGroups
	if groups == nil {
		groups = []string{}
	}
	t["security-groups"] = groups
	t["ami-launch-index"] = m.LaunchIndex
	return encode(t)
}

// MarshalJSON gives a key in the form it has within a config drive.
func (k namedKey) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"openssh-key": k.data})
}
