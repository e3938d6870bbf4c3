package walk

import (
	"maps"
	"strings"
)

// Keystone says 403 of what it has and of what it hasn't: nobody learns more.
const keystone = "Keystone says 403 to whoever may not ask"

var bearer = map[string]string{"X-Subject-Token": "$token"}

var identityTries = map[string]try{
	"POST /identity/v3/auth/tokens":   {body: login("ada", "s3cret", "lab"), false: login("ada", "guessed", "lab"), denied: 401},
	"GET /identity/v3/auth/tokens":    {headers: bearer, eve: 403, rita: 403, why: keystone},
	"HEAD /identity/v3/auth/tokens":   {headers: bearer, eve: 403, rita: 403, why: keystone},
	"DELETE /identity/v3/auth/tokens": {headers: map[string]string{"X-Subject-Token": "$spare"}, eve: 403, why: keystone},
	"GET /identity/v3/auth/catalog":   {una: 403, why: "without a scope there is no catalog"},
	"GET /identity/v3/auth/projects":  {una: 200, why: everybody},
	"GET /identity/v3/auth/domains":   {una: 200, why: everybody},
	"GET /identity/v3/auth/system":    {una: 200, why: everybody},

	"POST /identity/v3/domains":        {as: "admin", body: `{"domain":{"name":"$n"}}`},
	"GET /identity/v3/domains":         {as: "admin"},
	"GET /identity/v3/domains/{id}":    {as: "admin", at: "$domain"},
	"PATCH /identity/v3/domains/{id}":  {as: "admin", at: "$domain", body: `{"domain":{"description":"x"}}`},
	"DELETE /identity/v3/domains/{id}": {as: "admin", at: "$domain", given: []string{`PATCH /identity/v3/domains/$domain {"domain":{"enabled":false}}`}},

	"GET /identity/v3/domains/{id}/config":                  {as: "admin", at: "$domain", status: 404, why: "no domain has a configuration of its own"},
	"GET /identity/v3/domains/{id}/config/{group}":          {at: "default security_compliance", eve: 200, una: 200, why: everybody},
	"GET /identity/v3/domains/{id}/config/{group}/{option}": {at: "default security_compliance password_regex", eve: 200, una: 200, why: everybody},
	"GET /identity/v3/domains/config/default":               {as: "admin"},

	"POST /identity/v3/projects":                   {as: "admin", body: `{"project":{"name":"$n"}}`},
	"GET /identity/v3/projects":                    {as: "admin"},
	"GET /identity/v3/projects/{id}":               {at: "$lab", eve: 403, why: keystone},
	"PATCH /identity/v3/projects/{id}":             {as: "admin", at: "$project", body: `{"project":{"description":"x"}}`},
	"DELETE /identity/v3/projects/{id}":            {as: "admin", at: "$project"},
	"GET /identity/v3/projects/{id}/tags":          {at: "$lab", eve: 403, why: keystone},
	"PUT /identity/v3/projects/{id}/tags":          {as: "admin", at: "$project", body: `{"tags":["red"]}`},
	"DELETE /identity/v3/projects/{id}/tags":       {as: "admin", at: "$project"},
	"GET /identity/v3/projects/{id}/tags/{tag}":    {as: "admin", at: "$project blue"},
	"PUT /identity/v3/projects/{id}/tags/{tag}":    {as: "admin", at: "$project red"},
	"DELETE /identity/v3/projects/{id}/tags/{tag}": {as: "admin", at: "$project blue"},

	"POST /identity/v3/users":               {as: "admin", body: `{"user":{"name":"$n","password":"x"}}`},
	"GET /identity/v3/users":                {as: "admin"},
	"GET /identity/v3/users/{id}":           {at: "$ada", eve: 403, rita: 403, why: keystone},
	"PATCH /identity/v3/users/{id}":         {as: "admin", at: "$user", body: `{"user":{"description":"x"}}`},
	"DELETE /identity/v3/users/{id}":        {as: "admin", at: "$user"},
	"POST /identity/v3/users/{id}/password": {at: "$user", body: `{"user":{"original_password":"s3cret","password":"x"}}`, false: `{"user":{"original_password":"guessed","password":"x"}}`, denied: 401},
	"GET /identity/v3/users/{id}/groups":    {at: "$ada", eve: 403, rita: 403, why: keystone},
	"GET /identity/v3/users/{id}/projects":  {at: "$ada", eve: 403, rita: 403, why: keystone},

	"POST /identity/v3/groups":                     {as: "admin", body: `{"group":{"name":"$n"}}`},
	"GET /identity/v3/groups":                      {as: "admin"},
	"GET /identity/v3/groups/{id}":                 {as: "admin", at: "$group"},
	"PATCH /identity/v3/groups/{id}":               {as: "admin", at: "$group", body: `{"group":{"description":"x"}}`},
	"DELETE /identity/v3/groups/{id}":              {as: "admin", at: "$group"},
	"GET /identity/v3/groups/{id}/users":           {as: "admin", at: "$group"},
	"HEAD /identity/v3/groups/{id}/users/{user}":   {as: "admin", at: "$group $user", given: joined},
	"PUT /identity/v3/groups/{id}/users/{user}":    {as: "admin", at: "$group $user"},
	"DELETE /identity/v3/groups/{id}/users/{user}": {as: "admin", at: "$group $user", given: joined},

	"POST /identity/v3/roles":                          {as: "admin", body: `{"role":{"name":"$n"}}`},
	"GET /identity/v3/roles":                           {as: "admin"},
	"GET /identity/v3/roles/{id}":                      {as: "admin", at: "$role"},
	"PATCH /identity/v3/roles/{id}":                    {as: "admin", at: "$role", body: `{"role":{"description":"x"}}`},
	"DELETE /identity/v3/roles/{id}":                   {as: "admin", at: "$role"},
	"GET /identity/v3/roles/{id}/implies":              {as: "admin", at: "$role"},
	"GET /identity/v3/roles/{id}/implies/{implied}":    {as: "admin", at: "$role $implied", given: implying},
	"HEAD /identity/v3/roles/{id}/implies/{implied}":   {as: "admin", at: "$role $implied", given: implying},
	"PUT /identity/v3/roles/{id}/implies/{implied}":    {as: "admin", at: "$role $implied"},
	"DELETE /identity/v3/roles/{id}/implies/{implied}": {as: "admin", at: "$role $implied", given: implying},
	"GET /identity/v3/role_inferences":                 {as: "admin"},
	"GET /identity/v3/role_assignments":                {as: "admin"},

	"POST /identity/v3/regions":          {as: "admin", body: `{"region":{"id":"$n"}}`},
	"GET /identity/v3/regions":           {eve: 200, una: 200, why: everybody},
	"GET /identity/v3/regions/{id}":      {at: "$region", eve: 200, una: 200, why: everybody},
	"PUT /identity/v3/regions/{id}":      {as: "admin", at: "$n", body: `{"region":{}}`},
	"PATCH /identity/v3/regions/{id}":    {as: "admin", at: "$region", body: `{"region":{"description":"x"}}`},
	"DELETE /identity/v3/regions/{id}":   {as: "admin", at: "$region"},
	"POST /identity/v3/services":         {as: "admin", body: `{"service":{"type":"$n","name":"x"}}`},
	"GET /identity/v3/services":          {as: "admin"},
	"GET /identity/v3/services/{id}":     {as: "admin", at: "$service"},
	"PATCH /identity/v3/services/{id}":   {as: "admin", at: "$service", body: `{"service":{"description":"x"}}`},
	"DELETE /identity/v3/services/{id}":  {as: "admin", at: "$service"},
	"POST /identity/v3/endpoints":        {as: "admin", body: `{"endpoint":{"service_id":"$service","interface":"public","region_id":"RegionOne","url":"http://x"}}`},
	"GET /identity/v3/endpoints":         {as: "admin"},
	"GET /identity/v3/endpoints/{id}":    {as: "admin", at: "$endpoint"},
	"PATCH /identity/v3/endpoints/{id}":  {as: "admin", at: "$endpoint", body: `{"endpoint":{"url":"http://y"}}`},
	"DELETE /identity/v3/endpoints/{id}": {as: "admin", at: "$endpoint"},

	"POST /identity/v3/users/{id}/application_credentials":                {at: "$ada", body: `{"application_credential":{"name":"$n"}}`, eve: 403, why: keystone},
	"GET /identity/v3/users/{id}/application_credentials":                 {at: "$ada", eve: 403, rita: 403, why: keystone},
	"GET /identity/v3/users/{id}/application_credentials/{credential}":    {at: "$ada $credential", eve: 403, rita: 403, why: keystone},
	"DELETE /identity/v3/users/{id}/application_credentials/{credential}": {at: "$ada $credential", eve: 403, why: keystone},
	"GET /identity/v3/users/{id}/access_rules":                            {at: "$ada", eve: 403, rita: 403, why: keystone},
	"GET /identity/v3/users/{id}/access_rules/{rule}":                     {at: "$ada $bound", eve: 403, rita: 403, why: keystone},
	"DELETE /identity/v3/users/{id}/access_rules/{rule}":                  {at: "$ada $loose", eve: 403, why: keystone},

	"GET /identity/v3/credentials":                               {rita: 200, una: 200, why: ownSecrets},
	"POST /identity/v3/credentials":                              {body: `{"credential":{"type":"note","blob":"$n","user_id":"$ada"}}`, eve: 403, why: keystone},
	"GET /identity/v3/credentials/{id}":                          {at: "$note", eve: 403, rita: 403, why: keystone},
	"PATCH /identity/v3/credentials/{id}":                        {at: "$note", body: `{"credential":{"blob":"x"}}`, eve: 403, why: keystone},
	"DELETE /identity/v3/credentials/{id}":                       {at: "$note", eve: 403, why: keystone},
	"POST /identity/v3/users/{id}/credentials/OS-EC2":            {at: "$ada", body: `{"tenant_id":"$lab"}`, eve: 403, why: keystone},
	"GET /identity/v3/users/{id}/credentials/OS-EC2":             {at: "$ada", eve: 403, rita: 403, why: keystone},
	"GET /identity/v3/users/{id}/credentials/OS-EC2/{access}":    {at: "$ada $access", eve: 403, rita: 403, why: keystone},
	"DELETE /identity/v3/users/{id}/credentials/OS-EC2/{access}": {at: "$ada $access", eve: 403, why: keystone},
	"POST /identity/v3/ec2tokens":                                {as: "admin", body: `{"credentials":{"access":"x"}}`, status: 401, why: "the signature is wrong: a right one is e2e/identity's"},
	"POST /identity/v3/s3tokens":                                 {as: "admin", body: `{"credentials":{"access":"x"}}`, status: 401, why: "the signature is wrong: a right one is e2e/identity's"},

	"POST /identity/v3/OS-TRUST/trusts":                  {body: trusting, eve: 403, why: keystone},
	"GET /identity/v3/OS-TRUST/trusts":                   {query: "?trustor_user_id=$ada", eve: 403, rita: 403, why: keystone},
	"GET /identity/v3/OS-TRUST/trusts/{id}":              {at: "$trust", eve: 403, why: keystone},
	"DELETE /identity/v3/OS-TRUST/trusts/{id}":           {at: "$trust", eve: 403, why: keystone},
	"GET /identity/v3/OS-TRUST/trusts/{id}/roles":        {at: "$trust", eve: 403, why: keystone},
	"GET /identity/v3/OS-TRUST/trusts/{id}/roles/{role}": {at: "$trust $member", eve: 403, why: keystone},
	"GET /identity/v3/OS-REVOKE/events":                  {as: "admin"},

	"POST /identity/v3/registered_limits":        {as: "admin", body: registering},
	"GET /identity/v3/registered_limits":         {una: 200, why: everybody},
	"GET /identity/v3/registered_limits/{id}":    {at: "$registered", eve: 200, una: 200, why: everybody},
	"PATCH /identity/v3/registered_limits/{id}":  {as: "admin", at: "$registered", body: `{"registered_limit":{"default_limit":3}}`},
	"DELETE /identity/v3/registered_limits/{id}": {as: "admin", at: "$registered"},
	"GET /identity/v3/limits/model":              {una: 200, why: everybody},
	"POST /identity/v3/limits":                   {as: "admin", body: limiting, given: []string{"POST /identity/v3/registered_limits " + registering}},
	"GET /identity/v3/limits":                    {una: 200, why: "everybody sees their project's"},
	"GET /identity/v3/limits/{id}":               {at: "$limit", eve: 403, why: keystone},
	"PATCH /identity/v3/limits/{id}":             {as: "admin", at: "$limit", body: `{"limit":{"resource_limit":3}}`},
	"DELETE /identity/v3/limits/{id}":            {as: "admin", at: "$limit"},

	"POST /identity/v3/OS-EP-FILTER/endpoint_groups":                           {as: "admin", body: `{"endpoint_group":{"name":"$n","filters":{"interface":"public"}}}`},
	"GET /identity/v3/OS-EP-FILTER/endpoint_groups":                            {as: "admin"},
	"GET /identity/v3/OS-EP-FILTER/endpoint_groups/{id}":                       {as: "admin", at: "$epgroup"},
	"PATCH /identity/v3/OS-EP-FILTER/endpoint_groups/{id}":                     {as: "admin", at: "$epgroup", body: `{"endpoint_group":{"description":"x"}}`},
	"DELETE /identity/v3/OS-EP-FILTER/endpoint_groups/{id}":                    {as: "admin", at: "$epgroup"},
	"GET /identity/v3/OS-EP-FILTER/endpoint_groups/{id}/endpoints":             {as: "admin", at: "$epgroup"},
	"GET /identity/v3/OS-EP-FILTER/endpoint_groups/{id}/projects":              {as: "admin", at: "$epgroup"},
	"GET /identity/v3/OS-EP-FILTER/endpoint_groups/{id}/projects/{project}":    {as: "admin", at: "$epgroup $project", given: grouped},
	"PUT /identity/v3/OS-EP-FILTER/endpoint_groups/{id}/projects/{project}":    {as: "admin", at: "$epgroup $project"},
	"DELETE /identity/v3/OS-EP-FILTER/endpoint_groups/{id}/projects/{project}": {as: "admin", at: "$epgroup $project", given: grouped},
	"GET /identity/v3/OS-EP-FILTER/endpoints/{id}/projects":                    {as: "admin", at: "$endpoint"},
	"GET /identity/v3/OS-EP-FILTER/projects/{project}/endpoint_groups":         {as: "admin", at: "$project"},
	"GET /identity/v3/OS-EP-FILTER/projects/{project}/endpoints":               {as: "admin", at: "$project"},
	"GET /identity/v3/OS-EP-FILTER/projects/{project}/endpoints/{id}":          {as: "admin", at: "$project $endpoint", given: filtered},
	"PUT /identity/v3/OS-EP-FILTER/projects/{project}/endpoints/{id}":          {as: "admin", at: "$project $endpoint"},
	"DELETE /identity/v3/OS-EP-FILTER/projects/{project}/endpoints/{id}":       {as: "admin", at: "$project $endpoint", given: filtered},

	"POST /identity/v3/policies":                                  {as: "admin", body: `{"policy":{"type":"application/json","blob":"$n"}}`},
	"GET /identity/v3/policies":                                   {as: "admin"},
	"GET /identity/v3/policies/{id}":                              {as: "admin", at: "$policy"},
	"PATCH /identity/v3/policies/{id}":                            {as: "admin", at: "$policy", body: `{"policy":{"blob":"x"}}`},
	"DELETE /identity/v3/policies/{id}":                           {as: "admin", at: "$policy"},
	"GET /identity/v3/policies/{id}/OS-ENDPOINT-POLICY/endpoints": {as: "admin", at: "$policy"},
	"GET /identity/v3/endpoints/{id}/OS-ENDPOINT-POLICY/policy":   {as: "admin", at: "$endpoint", given: []string{"PUT /identity/v3/policies/$policy/OS-ENDPOINT-POLICY/endpoints/$endpoint"}},
}

// policyTries are the calls that say what a policy document is for.
func policyTries() map[string]try {
	tries := map[string]try{}
	for path, at := range map[string]string{"endpoints/{endpoint}": "$policy $endpoint", "services/{service}": "$policy $service",
		"services/{service}/regions/{region}": "$policy $service $region"} {
		path = "/identity/v3/policies/{id}/OS-ENDPOINT-POLICY/" + path
		given := []string{"PUT " + fillIn(path, at)}
		tries["GET "+path] = try{as: "admin", at: at, given: given}
		tries["PUT "+path] = try{as: "admin", at: at}
		tries["DELETE "+path] = try{as: "admin", at: at, given: given}
	}
	return tries
}

const (
	ownSecrets  = "everybody sees their own"
	trusting    = `{"trust":{"trustor_user_id":"$ada","trustee_user_id":"$rita","project_id":"$lab","impersonation":false,"roles":[{"id":"$member"}]}}`
	registering = `{"registered_limits":[{"service_id":"$service","resource_name":"open","default_limit":1}]}`
	limiting    = `{"limits":[{"project_id":"$lab","service_id":"$service","resource_name":"open","resource_limit":2}]}`
)

var (
	grouped  = []string{"PUT /identity/v3/OS-EP-FILTER/endpoint_groups/$epgroup/projects/$project"}
	filtered = []string{"PUT /identity/v3/OS-EP-FILTER/projects/$project/endpoints/$endpoint"}
)

const everybody = "everybody who has logged in may see it"

var (
	joined   = []string{"PUT /identity/v3/groups/$group/users/$user"}
	implying = []string{"PUT /identity/v3/roles/$role/implies/$implied"}
)

// grantTries are the calls that give roles: to users and groups, in projects and
// domains, there or in what lies below, and in the system.
func grantTries() map[string]try {
	tries := map[string]try{}
	add := func(path, at, below string) {
		given := []string{"PUT " + fillIn(path, at) + "/$role" + below}
		tries["GET "+path+below] = try{as: "admin", at: at}
		tries["HEAD "+path+"/{role}"+below] = try{as: "admin", at: at + " $role", given: given}
		tries["PUT "+path+"/{role}"+below] = try{as: "admin", at: at + " $role"}
		tries["DELETE "+path+"/{role}"+below] = try{as: "admin", at: at + " $role", given: given}
	}
	for _, actor := range []string{"user", "group"} {
		for _, target := range []string{"project", "domain"} {
			path, at := target+"s/{target}/"+actor+"s/{actor}/roles", "$"+target+" $"+actor
			add("/identity/v3/"+path, at, "")
			add("/identity/v3/OS-INHERIT/"+path, at, "/inherited_to_projects")
		}
		add("/identity/v3/system/"+actor+"s/{actor}/roles", "$"+actor, "")
	}
	maps.Copy(tries, policyTries())
	return tries
}

// fillIn puts values in the place of a path's parameters.
func fillIn(path, at string) string {
	for value := range strings.FieldsSeq(at) {
		path = strings.Replace(path, parameter.FindString(path), value, 1)
	}
	return path
}
