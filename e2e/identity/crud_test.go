package identity

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestVersionDocumentsLeadToTheTokens(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	list := c.wantAs(300, "", "GET ", nil)
	entry := list.at("versions", "values").([]any)[0].(object)
	link := entry["links"].([]any)[0].(object)["href"]
	if link != "http://cloud/identity/v3/" || entry["status"] != "stable" {
		t.Errorf("the list of versions shows %s", list.Body)
	}
	for _, path := range []string{"/v3", "/v3/"} {
		if one := c.wantAs(200, "", "GET "+path, nil); one.text("version", "id") != "v3.14" {
			t.Errorf("%s shows %s", path, one.Body)
		}
	}
}

// Each sort of thing is made, shown, found, changed and deleted in the same way.
func TestEveryThingIsMadeShownListedChangedAndDeleted(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	service := c.want(201, "POST /v3/services", object{"service": object{"type": "dns"}}).text("service", "id")
	for _, thing := range []struct {
		one, all    string
		make        object
		change      object
		unique, off bool
	}{
		{"domain", "domains", object{"name": "acme", "description": "x", "color": "blue"}, object{"name": "acme2", "enabled": false}, true, true},
		{"project", "projects", object{"name": "web", "tags": []string{"b", "a"}, "color": "blue"}, object{"description": "new", "size": 7.0}, true, false},
		{"user", "users", object{"name": "ada", "password": "pw", "email": "a@b"}, object{"email": "c@d", "description": "x"}, true, false},
		{"group", "groups", object{"name": "poets", "color": "blue"}, object{"name": "bards"}, true, false},
		{"role", "roles", object{"name": "bard", "color": "blue"}, object{"description": "sings"}, true, false},
		{"service", "services", object{"type": "dns", "name": "designate", "color": "blue"}, object{"enabled": false}, false, false},
		{"endpoint", "endpoints", object{"service_id": service, "interface": "public", "region": "R2", "url": "http://x"}, object{"url": "http://y", "color": "red"}, false, false},
		{"region", "regions", object{"id": "R3", "parent_region_id": "RegionOne", "color": "blue"}, object{"description": "far", "parent_region_id": nil}, true, false},
	} {
		t.Run(thing.one, func(t *testing.T) {
			made := c.want(201, "POST /v3/"+thing.all, object{thing.one: thing.make})
			id := made.text(thing.one, "id")
			path := "/v3/" + thing.all + "/" + id
			if thing.one != "region" && (len(id) != 32 || strings.Contains(id, "-")) {
				t.Errorf("its id is %s, want 32 hexadecimal digits", id)
			}
			if made.text(thing.one, "links", "self") != "http://cloud/identity"+path {
				t.Errorf("its link is %s", made.text(thing.one, "links", "self"))
			}
			for name, v := range thing.make {
				if got := made.at(thing.one, name); name != "password" && name != "tags" && got != v {
					t.Errorf("%s is %v, want %v", name, got, v)
				}
			}
			if again := c.call(c.admin, "POST /v3/"+thing.all, object{thing.one: thing.make}); thing.unique != (again.Code == 409) {
				t.Errorf("made twice: %d %s", again.Code, again.Body)
			}
			if shown := c.want(200, "GET "+path, nil); shown.Body.String() != made.Body.String() {
				t.Errorf("shown\n%s made\n%s", shown.Body, made.Body)
			}
			changed := c.want(200, "PATCH "+path, object{thing.one: thing.change})
			for name, v := range thing.change {
				if got := changed.at(thing.one, name); got != v {
					t.Errorf("%s is %v after the change, want %v", name, got, v)
				}
			}
			list := c.want(200, "GET /v3/"+thing.all, nil)
			found := false
			for _, one := range list.at(thing.all).([]any) {
				found = found || one.(object)["id"] == id
			}
			if links, _ := list.at("links").(object); !found || links["self"] == nil {
				t.Errorf("it isn't in the list, or that has no links: %s", list.Body)
			}
			c.want(204, "DELETE "+path, nil)
			c.want(404, "GET "+path, nil)
			c.want(404, "PATCH "+path, object{thing.one: thing.change})
			c.want(404, "DELETE "+path, nil)
			c.want(400, "POST /v3/"+thing.all, object{thing.one: object{"name": strings.Repeat("x", 3000), "type": "", "id": strings.Repeat("x", 3000), "url": 7}})
		})
	}
}

func TestListsAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	for i := range 5 {
		c.want(201, "POST /v3/projects", object{"project": object{"name": fmt.Sprint("p", i), "enabled": i != 0, "tags": []string{"t", fmt.Sprint("t", i)}}})
	}
	count := func(query string) int {
		t.Helper()
		return len(c.want(200, "GET /v3/projects"+query, nil).at("projects").([]any))
	}
	for query, want := range map[string]int{"": 6, "?name=p1": 1, "?enabled=False": 1, "?enabled=true": 5, "?domain_id=default": 6, "?domain_id=x": 0,
		"?tags=t": 5, "?tags=t,t1": 1, "?tags-any=t1,t2": 2, "?not-tags=t": 1, "?not-tags-any=t1,t2": 4, "?parent_id=default": 6, "?is_domain=true": 1,
		"?limit=0": 0, "?": 6} {
		if got := count(query); got != want {
			t.Errorf("%q finds %d, want %d", query, got, want)
		}
	}
	seen := map[string]bool{}
	for path := "/v3/projects?limit=2"; path != ""; {
		r := c.want(200, "GET "+path, nil)
		for _, p := range r.at("projects").([]any) {
			seen[p.(object)["id"].(string)] = true
		}
		path = strings.TrimPrefix(r.text("links", "next"), "http://cloud/identity")
	}
	if len(seen) != 6 {
		t.Errorf("the pages have %d projects, want 6", len(seen))
	}
}

func TestProjectsStandInTrees(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	parent := ""
	for i := range 5 {
		p := object{"name": fmt.Sprint("level", i)}
		if parent != "" {
			p["parent_id"] = parent
		}
		made := c.want(201, "POST /v3/projects", object{"project": p})
		if want := map[bool]string{true: "default", false: parent}[parent == ""]; made.text("project", "parent_id") != want {
			t.Errorf("its parent is %s, want %s", made.text("project", "parent_id"), want)
		}
		if parent != "" {
			c.want(403, "DELETE /v3/projects/"+parent, nil)
			c.want(403, "PATCH /v3/projects/"+parent, object{"project": object{"enabled": false}})
		}
		parent = made.text("project", "id")
	}
	c.want(403, "POST /v3/projects", object{"project": object{"name": "too deep", "parent_id": parent}})
	c.want(404, "POST /v3/projects", object{"project": object{"name": "orphan", "domain_id": "default", "parent_id": "nobody"}})
}

func TestTags(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	path := "/v3/projects/" + c.boot.ProjectID + "/tags"
	c.want(200, "PUT "+path, object{"tags": []string{"b", "a", "b"}})
	c.want(201, "PUT "+path+"/c", nil)
	c.want(204, "GET "+path+"/c", nil)
	if got := fmt.Sprint(c.want(200, "GET "+path, nil).at("tags")); got != "[a b c]" {
		t.Errorf("the tags are %s", got)
	}
	c.want(204, "DELETE "+path+"/c", nil)
	c.want(404, "GET "+path+"/c", nil)
	c.want(204, "DELETE "+path, nil)
	c.want(400, "PUT "+path, object{"tags": []string{"a,b"}})
}

func TestGrantsOfEverySort(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	user, own, _ := c.person("ada", "member")
	group := c.want(201, "POST /v3/groups", object{"group": object{"name": "poets"}}).text("group", "id")
	reader := c.role("reader")
	for _, base := range []string{"/v3/projects/" + own + "/users/" + user, "/v3/projects/" + own + "/groups/" + group, "/v3/domains/default/users/" + user,
		"/v3/domains/default/groups/" + group, "/v3/system/users/" + user, "/v3/system/groups/" + group} {
		for _, inherited := range []bool{false, true} {
			list, one := base+"/roles", base+"/roles/"+reader
			if inherited && strings.Contains(base, "/system/") {
				continue
			}
			if inherited {
				prefix := "/v3/OS-INHERIT" + strings.TrimPrefix(base, "/v3") + "/roles/"
				list, one = prefix+"inherited_to_projects", prefix+reader+"/inherited_to_projects"
			}
			before := len(c.want(200, "GET "+list, nil).at("roles").([]any))
			c.want(404, "HEAD "+one, nil)
			c.want(204, "PUT "+one, nil)
			c.want(204, "PUT "+one, nil)
			c.want(204, "HEAD "+one, nil)
			if now := len(c.want(200, "GET "+list, nil).at("roles").([]any)); now != before+1 {
				t.Errorf("%s lists %d roles, before %d", list, now, before)
			}
			c.want(204, "DELETE "+one, nil)
			c.want(404, "DELETE "+one, nil)
		}
	}
	c.want(404, "PUT /v3/projects/"+own+"/users/"+user+"/roles/nothing", nil)
	c.want(404, "PUT /v3/projects/"+own+"/users/nobody/roles/"+reader, nil)
}

func TestGroupsAndInheritanceGiveRoles(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	user := c.want(201, "POST /v3/users", object{"user": object{"name": "ada", "password": "pw"}}).text("user", "id")
	group := c.want(201, "POST /v3/groups", object{"group": object{"name": "poets"}}).text("group", "id")
	top := c.want(201, "POST /v3/projects", object{"project": object{"name": "top"}}).text("project", "id")
	low := c.want(201, "POST /v3/projects", object{"project": object{"name": "low", "parent_id": top}}).text("project", "id")
	c.want(204, "PUT /v3/OS-INHERIT/projects/"+top+"/groups/"+group+"/roles/"+c.role("member")+"/inherited_to_projects", nil)
	login := byPassword("ada", "pw", project("low"))
	c.wantAs(401, "", "POST /v3/auth/tokens", login)
	c.want(204, "PUT /v3/groups/"+group+"/users/"+user, nil)
	c.want(204, "HEAD /v3/groups/"+group+"/users/"+user, nil)
	token := c.wantAs(201, "", "POST /v3/auth/tokens", login).Header().Get("X-Subject-Token")
	c.wantAs(401, "", "POST /v3/auth/tokens", byPassword("ada", "pw", project("top")))
	if mine := c.wantAs(200, token, "GET /v3/auth/projects", nil).at("projects").([]any); len(mine) != 1 || mine[0].(object)["id"] != low {
		t.Errorf("the projects are %v", mine)
	}
	effective := c.want(200, "GET /v3/role_assignments?effective&include_names=1&user.id="+user, nil)
	shown := effective.at("role_assignments").([]any)
	if len(shown) != 2 { // member, and reader by it
		t.Fatalf("the effective assignments are %s", effective.Body)
	}
	first := shown[0].(object)
	if first["scope"].(object)["project"].(object)["name"] != "low" || first["links"].(object)["membership"] == nil || first["user"].(object)["name"] != "ada" {
		t.Errorf("an effective assignment is %v", first)
	}
	if direct := c.want(200, "GET /v3/role_assignments?group.id="+group, nil).at("role_assignments").([]any); len(direct) != 1 {
		t.Errorf("the assignments are %v", direct)
	}
	c.want(400, "GET /v3/role_assignments?effective&group.id="+group, nil)
	c.want(400, "GET /v3/role_assignments?user.id=a&group.id=b", nil)
	c.want(204, "DELETE /v3/groups/"+group+"/users/"+user, nil)
	if c.works(token) {
		t.Error("who left the group may still use its role")
	}
}

// Attack 12: what is another's can't be told from what isn't there.
func TestAnothersThingsCannotBeToldFromWhatIsNot(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	user, own, _ := c.person("ada", "member")
	_, _, eve := c.person("eve", "manager")
	group := c.want(201, "POST /v3/groups", object{"group": object{"name": "poets"}}).text("group", "id")
	role := c.role("reader")
	bodies := map[string]any{"PATCH /v3/projects/PROJECT": object{"project": object{}}, "PATCH /v3/users/USER": object{"user": object{"password": "x"}},
		"PATCH /v3/groups/GROUP": object{"group": object{}}, "PUT /v3/projects/PROJECT/tags": object{"tags": []string{}},
		"POST /v3/users/USER/application_credentials": object{"application_credential": object{"name": "x"}}}
	for _, call := range []string{"GET /v3/projects/PROJECT", "PATCH /v3/projects/PROJECT", "DELETE /v3/projects/PROJECT", "GET /v3/projects/PROJECT/tags",
		"PUT /v3/projects/PROJECT/tags", "PUT /v3/projects/PROJECT/tags/x", "DELETE /v3/projects/PROJECT/tags", "GET /v3/users/USER", "PATCH /v3/users/USER",
		"DELETE /v3/users/USER", "GET /v3/users/USER/projects", "GET /v3/users/USER/groups", "GET /v3/users/USER/application_credentials",
		"POST /v3/users/USER/application_credentials", "DELETE /v3/users/USER/application_credentials/x", "GET /v3/groups/GROUP", "PATCH /v3/groups/GROUP",
		"DELETE /v3/groups/GROUP", "GET /v3/groups/GROUP/users", "PUT /v3/groups/GROUP/users/USER", "HEAD /v3/groups/GROUP/users/USER",
		"PUT /v3/projects/PROJECT/users/USER/roles/ROLE", "HEAD /v3/projects/PROJECT/users/USER/roles/ROLE", "GET /v3/projects/PROJECT/users/USER/roles",
		"DELETE /v3/projects/PROJECT/users/USER/roles/ROLE", "PUT /v3/system/users/USER/roles/ROLE"} {
		there := strings.NewReplacer("PROJECT", own, "USER", user, "GROUP", group, "ROLE", role).Replace(call)
		none := strings.NewReplacer("PROJECT", strings.Repeat("0", 32), "USER", strings.Repeat("1", 32), "GROUP", strings.Repeat("2", 32), "ROLE", role).Replace(call)
		a, b := c.call(eve, there, bodies[call]), c.call(eve, none, bodies[call])
		if a.Code != b.Code || a.Body.String() != b.Body.String() || a.Code != http.StatusForbidden && a.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s, of nothing %d %s", call, a.Code, a.Body, b.Code, b.Body)
		}
	}
}

// Attack 14: what the service makes can't be sent.
func TestWhatTheServiceMakesCannotBeSent(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	user, own, token := c.person("ada", "member")
	made := c.want(201, "POST /v3/users", object{"user": object{"name": "bob", "id": user, "links": "x", "PasswordHash": "$2a$", "password_expires_at": "1970"}})
	if id := made.text("user", "id"); id == user || made.at("user", "password_expires_at") != nil {
		t.Errorf("it is %s", made.Body)
	}
	bob := made.text("user", "id")
	if shown := c.want(200, "PATCH /v3/users/"+bob, object{"user": object{"id": user, "name": "bobby"}}); shown.text("user", "id") != bob {
		t.Errorf("its id became %s", shown.text("user", "id"))
	}
	c.want(400, "PATCH /v3/users/"+bob, object{"user": object{"domain_id": "other"}})
	c.want(400, "PATCH /v3/projects/"+own, object{"project": object{"domain_id": "other"}})
	c.want(400, "POST /v3/projects", object{"project": object{"name": "x", "is_domain": true, "domain_id": "default"}})
	c.wantAs(403, token, "PATCH /v3/users/"+user, object{"user": object{"enabled": true}})
	c.want(400, "POST /v3/users", object{"user": object{"name": "big", "blob": strings.Repeat("x", 20<<10)}})
	c.want(400, "POST /v3/users", object{"user": object{"name": "mfa", "options": object{"multi_factor_auth_rules": []any{[]any{}}}}})
}

func TestTheRolesOfTheBeginningStay(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	for _, name := range []string{"admin", "manager", "member", "reader", "service"} {
		c.want(403, "DELETE /v3/roles/"+c.role(name), nil)
		c.want(403, "PATCH /v3/roles/"+c.role(name), object{"role": object{"name": "x"}})
	}
	c.want(403, "PUT /v3/roles/"+c.role("reader")+"/implies/"+c.role("admin"), nil)
	r := c.want(200, "GET /v3/roles/"+c.role("admin")+"/implies", nil)
	if implied := r.at("role_inference", "implies").([]any); len(implied) != 1 {
		t.Errorf("admin implies %v", implied)
	}
	c.want(204, "HEAD /v3/roles/"+c.role("admin")+"/implies/"+c.role("manager"), nil)
	if all := c.want(200, "GET /v3/role_inferences", nil).at("role_inferences").([]any); len(all) != 3 {
		t.Errorf("the inferences are %v", all)
	}
}

func TestOwnPasswords(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	user, _, _ := c.person("ada", "member")
	path := "POST /v3/users/" + user + "/password"
	c.wantAs(401, "", path, object{"user": object{"password": "new", "original_password": "wrong"}})
	c.wantAs(400, "", path, object{"user": object{"original_password": "pw-ada"}})
	c.wantAs(204, "", path, object{"user": object{"password": "new", "original_password": "pw-ada"}})
	c.wantAs(401, "", "POST /v3/auth/tokens", byPassword("ada", "pw-ada", nil))
	c.login("ada", "new", nil)
	c.want(200, "PATCH /v3/users/"+user, object{"user": object{"options": object{"lock_password": true}}})
	c.wantAs(400, "", path, object{"user": object{"password": "newer", "original_password": "new"}})
}
