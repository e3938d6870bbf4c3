// Package metadata renders what a guest may learn about itself as the
// documents that guests ask for: EC2's tree and OpenStack's tree of files, in
// each of their versions. Whoever has a way to the guest (the metadata address,
// a config drive) gets the documents here; this package serves nothing itself.
//
// Two things of Nova's are left out. The "password" file, by which a guest hands
// in an encrypted password, has no taker here, so it isn't listed. And the
// administrator's password, which Nova too writes on config drives only, is
// never rendered for a path: [Files] alone has it.
package metadata

import (
	"path"
	"strings"

	"skylog/workers/compute"
)

const (
	plain   = "text/plain; charset=UTF-8"
	jsonDoc = "application/json"
	latest  = "latest"

	maxPath = 256 // longer than any path that leads anywhere
)

// Render returns the document at a path of the metadata address, such as
// /openstack/latest/meta_data.json or /latest/meta-data/public-keys/0/. Not ok
// means that there is none. The path comes without a query; a trailing slash
// and the order of slashes don't matter.
func Render(m compute.Metadata, at string) (body []byte, contentType string, ok bool) {
	if len(at) > maxPath {
		return nil, "", false
	}
	steps := strings.Split(strings.Trim(path.Clean("/"+at), "/"), "/")
	switch steps[0] {
	case "openstack":
		return renderOpenStack(&m, steps[1:])
	case "ec2":
		return renderEC2(&m, steps[1:])
	case "":
		return renderEC2(&m, nil)
	default: // EC2's tree has no prefix of its own
		return renderEC2(&m, steps)
	}
}

// Files returns all documents by the path they have on a config drive,
// including the administrator's password in the newest form of meta_data.json.
func Files(m compute.Metadata) map[string][]byte {
	files := map[string][]byte{}
	for _, v := range append(openStackVersions[:len(openStackVersions):len(openStackVersions)], latest) {
		for _, name := range openStackNames(&m, v) {
			files["openstack/"+v+"/"+name] = openStackFile(&m, v, name, true)
		}
	}
	for i, f := range m.Files {
		files["openstack/content/"+contentName(i)] = f.Content
	}
	for _, v := range append(ec2Versions[:len(ec2Versions):len(ec2Versions)], latest) {
		files["ec2/"+v+"/meta-data.json"] = ec2JSON(&m, v)
		if len(m.UserData) > 0 {
			files["ec2/"+v+"/user-data"] = m.UserData
		}
	}
	return files
}
