package walk

const documented = "it says how the service works, to everybody who has logged in"

var (
	bytes  = map[string]string{"Content-Type": "application/octet-stream"}
	patch  = map[string]string{"Content-Type": "application/openstack-images-v2.1-json-patch"}
	stream = map[string]string{"Accept": "*/*"}
	shared = []string{`POST /image/v2/images/$image/members {"member":"$project"}`}
	off    = []string{`POST /image/v2/images/$full/actions/deactivate`}
)

var imageTries = map[string]try{
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
	"GET /image/v2/info/stores":                     {status: 404, why: "Glance says so where there is one store only"},
	"GET /v1/image-bytes/{id}":                      {at: "$full", query: "$signature", headers: stream, denied: 403},
}
