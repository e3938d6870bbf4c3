package walk

const (
	own   = "everybody has keypairs of their own, whatever their role"
	shown = "a flavor is everybody's to see"
)

var (
	until5  = map[string]string{"OpenStack-API-Version": "compute 2.5"}
	until52 = map[string]string{"OpenStack-API-Version": "compute 2.52"}
	until87 = map[string]string{"OpenStack-API-Version": "compute 2.87"}
)

// after is a server that an action was done to.
func after(action string) []string {
	return []string{`POST /compute/v2.1/servers/$server/action {"` + action + `":null}`}
}

// resized are requests by which a server waits for its resize to be confirmed.
var resized = []string{`POST /compute/v2.1/servers/$server/action {"resize":{"flavorRef":"$bigger"}}`}

var computeTries = map[string]try{
	"POST /compute/v2.1/os-keypairs":          {body: `{"keypair":{"name":"$n","type":"ssh","public_key":"$key"}}`, rita: 201, una: 201, why: own},
	"GET /compute/v2.1/os-keypairs":           {una: 200, why: own},
	"GET /compute/v2.1/os-keypairs/{name}":    {at: "$keypair", rita: 404, why: own},
	"DELETE /compute/v2.1/os-keypairs/{name}": {at: "$keypair", rita: 404, why: own},

	"GET /compute/v2.1/flavors":                              {eve: 200, una: 200, why: shown},
	"GET /compute/v2.1/flavors/detail":                       {eve: 200, una: 200, why: shown},
	"POST /compute/v2.1/flavors":                             {as: "admin", body: `{"flavor":{"name":"$n","ram":64,"vcpus":1,"disk":1}}`},
	"GET /compute/v2.1/flavors/{id}":                         {at: "$flavor", eve: 200, una: 200, why: shown},
	"PUT /compute/v2.1/flavors/{id}":                         {as: "admin", at: "$flavor", body: `{"flavor":{"description":"x"}}`},
	"DELETE /compute/v2.1/flavors/{id}":                      {as: "admin", at: "$flavor"},
	"GET /compute/v2.1/flavors/{id}/os-extra_specs":          {at: "$flavor", eve: 200, why: shown},
	"POST /compute/v2.1/flavors/{id}/os-extra_specs":         {as: "admin", at: "$flavor", body: specs},
	"GET /compute/v2.1/flavors/{id}/os-extra_specs/{key}":    {at: "$flavor hw:x", given: spec, eve: 200, why: shown},
	"PUT /compute/v2.1/flavors/{id}/os-extra_specs/{key}":    {as: "admin", at: "$flavor hw:x", body: `{"hw:x":"z"}`},
	"DELETE /compute/v2.1/flavors/{id}/os-extra_specs/{key}": {as: "admin", at: "$flavor hw:x", given: spec},
	"GET /compute/v2.1/flavors/{id}/os-flavor-access":        {as: "admin", at: "$hidden"},
	"POST /compute/v2.1/flavors/{id}/action addTenantAccess": {as: "admin", at: "$hidden", body: `{"addTenantAccess":{"tenant":"$lab"}}`, status: 200},
	"POST /compute/v2.1/flavors/{id}/action removeTenantAccess": {as: "admin", at: "$hidden", body: `{"removeTenantAccess":{"tenant":"$lab"}}`, status: 200,
		given: []string{`POST /compute/v2.1/flavors/$hidden/action {"addTenantAccess":{"tenant":"$lab"}}`}},

	"GET /compute/v2.1/servers":         {},
	"GET /compute/v2.1/servers/detail":  {},
	"POST /compute/v2.1/servers":        {body: `{"server":{"name":"$n","flavorRef":"$flavor","imageRef":"$full","networks":"none"}}`, eve: 400, why: "the image is ada's: Nova says that it can't be found"},
	"GET /compute/v2.1/servers/{id}":    {at: "$server"},
	"PUT /compute/v2.1/servers/{id}":    {at: "$server", body: `{"server":{"name":"$n"}}`},
	"DELETE /compute/v2.1/servers/{id}": {at: "$server"},

	"POST /compute/v2.1/servers/{id}/action os-start":            {at: "$server", body: `{"os-start":null}`, given: after("os-stop")},
	"POST /compute/v2.1/servers/{id}/action os-stop":             {at: "$server", body: `{"os-stop":null}`},
	"POST /compute/v2.1/servers/{id}/action pause":               {at: "$server", body: `{"pause":null}`},
	"POST /compute/v2.1/servers/{id}/action unpause":             {at: "$server", body: `{"unpause":null}`, given: after("pause")},
	"POST /compute/v2.1/servers/{id}/action suspend":             {at: "$server", body: `{"suspend":null}`},
	"POST /compute/v2.1/servers/{id}/action resume":              {at: "$server", body: `{"resume":null}`, given: after("suspend")},
	"POST /compute/v2.1/servers/{id}/action forceDelete":         {at: "$server", body: `{"forceDelete":null}`},
	"POST /compute/v2.1/servers/{id}/action lock":                {at: "$server", body: `{"lock":null}`},
	"POST /compute/v2.1/servers/{id}/action unlock":              {at: "$server", body: `{"unlock":null}`, given: after("lock")},
	"POST /compute/v2.1/servers/{id}/action reboot":              {at: "$server", body: `{"reboot":{"type":"HARD"}}`},
	"POST /compute/v2.1/servers/{id}/action os-resetState":       {as: "admin", at: "$server", body: `{"os-resetState":{"state":"error"}}`},
	"POST /compute/v2.1/servers/{id}/action os-getConsoleOutput": {at: "$server", body: `{"os-getConsoleOutput":{"length":10}}`, status: 200},

	"POST /compute/v2.1/servers/{id}/action rebuild":             {at: "$server", body: `{"rebuild":{"imageRef":"$full"}}`},
	"POST /compute/v2.1/servers/{id}/action rescue":              {at: "$server", body: `{"rescue":null}`, status: 200},
	"POST /compute/v2.1/servers/{id}/action unrescue":            {at: "$server", body: `{"unrescue":null}`, given: after("rescue")},
	"POST /compute/v2.1/servers/{id}/action resize":              {at: "$server", body: `{"resize":{"flavorRef":"$bigger"}}`},
	"POST /compute/v2.1/servers/{id}/action confirmResize":       {at: "$server", body: `{"confirmResize":null}`, given: resized, status: 204},
	"POST /compute/v2.1/servers/{id}/action revertResize":        {at: "$server", body: `{"revertResize":null}`, given: resized},
	"POST /compute/v2.1/servers/{id}/action migrate":             {as: "admin", at: "$server", body: `{"migrate":{"host":"` + second + `"}}`},
	"POST /compute/v2.1/servers/{id}/action os-migrateLive":      {as: "admin", at: "$server", body: `{"os-migrateLive":{"host":null,"block_migration":"auto"}}`},
	"POST /compute/v2.1/servers/{id}/action createImage":         {at: "$server", body: `{"createImage":{"name":"$n"}}`},
	"POST /compute/v2.1/servers/{id}/action createBackup":        {at: "$server", body: `{"createBackup":{"name":"$n","backup_type":"daily","rotation":1}}`},
	"POST /compute/v2.1/servers/{id}/action addSecurityGroup":    {at: "$server", body: `{"addSecurityGroup":{"name":"$sg"}}`},
	"POST /compute/v2.1/servers/{id}/action removeSecurityGroup": {at: "$server", body: `{"removeSecurityGroup":{"name":"$sg"}}`, given: []string{`POST /compute/v2.1/servers/$server/action {"addSecurityGroup":{"name":"$sg"}}`}},
	"POST /compute/v2.1/servers/{id}/action os-getVNCConsole":    {at: "$server", body: `{"os-getVNCConsole":{"type":"novnc"}}`, status: 200, headers: until5},
	"POST /compute/v2.1/servers/{id}/action os-getSerialConsole": {at: "$server", body: `{"os-getSerialConsole":{"type":"serial"}}`, status: 200, headers: until5},
	"POST /compute/v2.1/servers/{id}/remote-consoles":            {at: "$server", body: `{"remote_console":{"protocol":"vnc","type":"novnc"}}`},
	"POST /v1/hosts/{host}/drain":                                {as: "admin", at: second, body: `{}`},
	"GET /v1/hosts/{host}/drain":                                 {as: "admin", at: host},
	"GET /compute/v2.1/os-migrations":                            {as: "admin"},
	"POST /compute/v2.1/servers/{id}/action evacuate":            {as: "admin", at: "$server", body: `{"evacuate":{}}`, status: 400, why: "its host is there"},
	"POST /compute/v2.1/servers/{id}/action restore":             {at: "$server", body: `{"restore":null}`, status: 409, why: "it was not deleted: here servers go at once"},
	"POST /compute/v2.1/servers/{id}/action shelve":              {at: "$server", body: `{"shelve":null}`},
	"POST /compute/v2.1/servers/{id}/action shelveOffload":       {as: "admin", at: "$server", body: `{"shelveOffload":null}`, status: 409, why: "shelved servers leave their hosts at once", given: after("shelve")},
	"POST /compute/v2.1/servers/{id}/action unshelve":            {at: "$server", body: `{"unshelve":null}`, given: after("shelve")},

	"GET /compute/v2.1/servers/{id}/metadata":          {at: "$server"},
	"POST /compute/v2.1/servers/{id}/metadata":         {at: "$server", body: `{"metadata":{"a":"b"}}`},
	"PUT /compute/v2.1/servers/{id}/metadata":          {at: "$server", body: `{"metadata":{"a":"b"}}`},
	"GET /compute/v2.1/servers/{id}/metadata/{key}":    {at: "$server color"},
	"PUT /compute/v2.1/servers/{id}/metadata/{key}":    {at: "$server color", body: `{"meta":{"color":"red"}}`},
	"DELETE /compute/v2.1/servers/{id}/metadata/{key}": {at: "$server color"},
	"GET /compute/v2.1/servers/{id}/tags":              {at: "$server"},
	"PUT /compute/v2.1/servers/{id}/tags":              {at: "$server", body: `{"tags":["red"]}`},
	"DELETE /compute/v2.1/servers/{id}/tags":           {at: "$server"},
	"GET /compute/v2.1/servers/{id}/tags/{tag}":        {at: "$server blue"},
	"PUT /compute/v2.1/servers/{id}/tags/{tag}":        {at: "$server red"},
	"DELETE /compute/v2.1/servers/{id}/tags/{tag}":     {at: "$server blue"},

	"GET /compute/v2.1/servers/{id}/ips":                           {at: "$server"},
	"GET /compute/v2.1/servers/{id}/ips/{network}":                 {at: "$server $netname"},
	"GET /compute/v2.1/servers/{id}/os-interface":                  {at: "$server"},
	"GET /compute/v2.1/servers/{id}/os-interface/{port}":           {at: "$server $nic"},
	"POST /compute/v2.1/servers/{id}/os-interface":                 {at: "$server", body: `{"interfaceAttachment":{"port_id":"$another"}}`},
	"DELETE /compute/v2.1/servers/{id}/os-interface/{port}":        {at: "$server $nic"},
	"GET /compute/v2.1/servers/{id}/os-security-groups":            {at: "$server"},
	"GET /compute/v2.1/servers/{id}/os-instance-actions":           {at: "$server"},
	"GET /compute/v2.1/servers/{id}/os-instance-actions/{request}": {at: "$server $action"},

	"GET /compute/v2.1/os-quota-sets/{id}":          {at: "$lab", eve: 403, why: "Nova says 403 of other projects' quotas"},
	"GET /compute/v2.1/os-quota-sets/{id}/defaults": {at: "$lab", eve: 200, una: 200, why: "the defaults are everybody's to see"},
	"GET /compute/v2.1/os-quota-sets/{id}/detail":   {at: "$lab", eve: 403, why: "Nova says 403 of other projects' quotas"},
	"PUT /compute/v2.1/os-quota-sets/{id}":          {as: "admin", at: "$project", body: `{"quota_set":{"cores":7}}`},
	"DELETE /compute/v2.1/os-quota-sets/{id}":       {as: "admin", at: "$project"},
	"GET /compute/v2.1/limits":                      {},

	"GET /compute/v2.1/os-availability-zone":        {},
	"GET /compute/v2.1/os-availability-zone/detail": {as: "admin"},
	"GET /compute/v2.1/os-hypervisors":              {as: "admin"},
	"GET /compute/v2.1/os-hypervisors/detail":       {as: "admin"},
	"GET /compute/v2.1/os-hypervisors/statistics":   {as: "admin", headers: until87},
	"GET /compute/v2.1/os-hypervisors/{id}":         {as: "admin", at: "$hypervisor"},
	"GET /compute/v2.1/os-hypervisors/{id}/uptime":  {as: "admin", at: "$hypervisor", headers: until87, status: 501, why: "Nova says so where a host doesn't tell"},
	"GET /compute/v2.1/os-hypervisors/{id}/search":  {as: "admin", at: host, headers: until52},
	"GET /compute/v2.1/os-hypervisors/{id}/servers": {as: "admin", at: host, headers: until52},
	"GET /compute/v2.1/os-services":                 {as: "admin"},
	"PUT /compute/v2.1/os-services/{id}":            {as: "admin", at: "$nova", body: `{"status":"enabled"}`},
}

const specs = `{"extra_specs":{"hw:x":"y"}}`

var spec = []string{"admin POST /compute/v2.1/flavors/$flavor/os-extra_specs " + specs}
