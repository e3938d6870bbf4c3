package walk

import (
	"errors"
	"maps"
	"path/filepath"

	"skylog/api/image"
	"skylog/infra/imagecache"
	"skylog/infra/imageformat"
	"skylog/infra/imagestore"
	"skylog/infra/keystore"
)

// glance is the image service with two stores.
func (c *cloud) glance(keys *keystore.Store) *image.Service {
	c.Helper()
	dir := c.TempDir()
	c.kept = append(c.kept, dir)
	open := func(name string) *imagestore.Store {
		s, err := imagestore.Open(filepath.Join(dir, name))
		c.must(err)
		return s
	}
	return &image.Service{Do: c.cell.Do, Sign: c.sign, Seal: keys.Seal, Staging: open("staging"),
		Stores:  []image.NamedStore{{Store: open("local"), Name: "local"}, {Store: open("second"), Name: "second"}},
		Cache:   &imagecache.Cache{Dir: filepath.Join(dir, "cache")},
		Inspect: func(format string) image.Inspection { return imageformat.New(format) },
		CheckURI: func(uri string) error {
			if uri != "http://images/x" {
				return errors.New("no")
			}
			return nil
		}}
}

const web = `{"method":{"name":"web-download","uri":"http://images/x"}}`

const documented = "it says how the service works, to everybody who has logged in"

var (
	bytes  = map[string]string{"Content-Type": "application/octet-stream"}
	patch  = map[string]string{"Content-Type": "application/openstack-images-v2.1-json-patch"}
	stream = map[string]string{"Accept": "*/*"}
	shared = []string{`POST /image/v2/images/$image/members {"member":"$project"}`}
	fetch  = []string{`POST /image/v2/images/$image/import ` + web}
	off    = []string{`POST /image/v2/images/$full/actions/deactivate`}
)

var imageTries = withMetadefs(map[string]try{
	"POST /image/v2/images":                         {body: `{"name":"$n"}`},
	"GET /image/v2/images":                          {},
	"GET /image/v2/images/{id}":                     {at: "$image"},
	"PATCH /image/v2/images/{id}":                   {at: "$image", headers: patch, body: `[{"op":"replace","path":"/name","value":"$n"}]`},
	"DELETE /image/v2/images/{id}":                  {at: "$image"},
	"PUT /image/v2/images/{id}/tags/{tag}":          {at: "$image red"},
	"DELETE /image/v2/images/{id}/tags/{tag}":       {at: "$image blue"},
	"POST /image/v2/images/{id}/actions/deactivate": {at: "$full"},
	"POST /image/v2/images/{id}/actions/reactivate": {at: "$full", given: off},
	"PUT /image/v2/images/{id}/file":                {at: "$image", headers: bytes, body: "bytes of a disk"},
	"GET /image/v2/images/{id}/file":                {at: "$full", headers: stream, rita: 403, why: "Glance gives readers no bytes"},
	"POST /image/v2/images/{id}/members":            {at: "$image", body: `{"member":"$project"}`},
	"GET /image/v2/images/{id}/members":             {at: "$image"},
	"GET /image/v2/images/{id}/members/{member}":    {at: "$image $project", given: shared},
	"PUT /image/v2/images/{id}/members/{member}":    {as: "admin", at: "$image $project", given: shared, body: `{"status":"accepted"}`, eve: 404, why: "the image is ada's"},
	"DELETE /image/v2/images/{id}/members/{member}": {at: "$image $project", given: shared},
	"GET /image/v2/schemas/{name}":                  {at: "image", eve: 200, una: 200, why: documented},
	"GET /image/v2/info/import":                     {una: 200, why: documented},
	"GET /image/v2/info/stores":                     {una: 200, why: documented},
	"GET /image/v2/info/stores/detail":              {as: "admin"},
	"GET /image/v2/info/usage":                      {},
	"DELETE /image/v2/stores/{store}/{id}":          {as: "admin", at: "local $full", status: 403, why: "the only store that has the bytes keeps them"},
	"PUT /image/v2/images/{id}/stage":               {at: "$image", headers: bytes, body: "bytes of a disk"},
	"POST /image/v2/images/{id}/import":             {at: "$image", body: web},
	"GET /image/v2/images/{id}/tasks":               {at: "$image", given: fetch},
	"GET /image/v2/cache":                           {as: "admin"},
	"DELETE /image/v2/cache":                        {as: "admin"},
	"PUT /image/v2/cache/{id}":                      {as: "admin", at: "$full"},
	"DELETE /image/v2/cache/{id}":                   {as: "admin", at: "$full"},
	"GET /image/v2/tasks":                           {as: "admin"},
	"GET /image/v2/tasks/{task}":                    {as: "admin", at: "$task"},
	"GET /image/v2/schemas/metadefs/{name}":         {at: "namespace", eve: 200, una: 200, why: documented},
	"GET /v1/image-bytes/{id}":                      {at: "$full", query: "$signature", headers: stream, denied: 403},
})

// withMetadefs adds the metadata definitions of a namespace of ada's project,
// which only its members see and only administrators write.
func withMetadefs(tries map[string]try) map[string]try {
	const all = "/image/v2/metadefs/namespaces"
	const one = all + "/{namespace}"
	maps.Copy(tries, map[string]try{
		"GET /image/v2/metadefs/resource_types":    {},
		"GET " + all:                               {},
		"POST " + all:                              {as: "admin", body: `{"namespace":"$n"}`},
		"GET " + one:                               {at: "$namespace"},
		"PUT " + one:                               {as: "admin", at: "$namespace", body: `{"namespace":"$n","owner":"$lab"}`},
		"DELETE " + one:                            {as: "admin", at: "$namespace"},
		"POST " + one + "/tags/{name}":             {as: "admin", at: "$namespace t2"},
		"POST " + one + "/tags":                    {as: "admin", at: "$namespace", body: `{"tags":[{"name":"t2"}]}`},
		"POST " + one + "/resource_types":          {as: "admin", at: "$namespace", body: `{"name":"OS::Nova::Flavor"}`},
		"DELETE " + one + "/resource_types/{name}": {as: "admin", at: "$namespace r"},
		"GET " + one + "/resource_types":           {at: "$namespace"},
		"POST " + one + "/objects":                 {as: "admin", at: "$namespace", body: `{"name":"o2"}`},
		"POST " + one + "/properties":              {as: "admin", at: "$namespace", body: `{"name":"p2","title":"P","type":"string"}`},
	})
	for kind, k := range map[string]struct{ name, body string }{"objects": {"o", `{"name":"o"}`}, "properties": {"p", `{"name":"p","title":"P","type":"string"}`}, "tags": {"t", `{"name":"t"}`}} {
		at := "$namespace " + k.name
		tries["GET "+one+"/"+kind] = try{at: "$namespace"}
		tries["DELETE "+one+"/"+kind] = try{as: "admin", at: "$namespace"}
		tries["GET "+one+"/"+kind+"/{name}"] = try{at: at}
		tries["PUT "+one+"/"+kind+"/{name}"] = try{as: "admin", at: at, body: k.body}
		tries["DELETE "+one+"/"+kind+"/{name}"] = try{as: "admin", at: at}
	}
	return tries
}
