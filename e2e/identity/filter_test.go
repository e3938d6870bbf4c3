package identity

import "testing"

func TestAProjectsCatalogHasWhatItIsAssociatedWith(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	_, web, token := c.person("ada", "member")
	services := func() int { return endpoints(c.wantAs(200, token, "GET /v3/auth/catalog", nil)) }
	all := services()
	service := c.want(201, "POST /v3/services", object{"service": object{"type": "dns"}}).text("service", "id")
	endpoint := c.want(201, "POST /v3/endpoints", object{"endpoint": object{"service_id": service, "interface": "public", "url": "http://x"}}).text("endpoint", "id")
	if services() != all+1 {
		t.Fatalf("there are %d endpoints, want %d", services(), all+1)
	}
	path := "/v3/OS-EP-FILTER/projects/" + web + "/endpoints/" + endpoint
	c.want(404, "HEAD "+path, nil)
	c.want(204, "PUT "+path, nil)
	c.want(204, "HEAD "+path, nil)
	if services() != 1 {
		t.Errorf("associated with one endpoint it sees %d", services())
	}
	group := c.want(201, "POST /v3/OS-EP-FILTER/endpoint_groups", object{"endpoint_group": object{"name": "publics", "filters": object{"interface": "internal"}}})
	c.want(400, "POST /v3/OS-EP-FILTER/endpoint_groups", object{"endpoint_group": object{"name": "x", "filters": object{}}})
	c.want(400, "POST /v3/OS-EP-FILTER/endpoint_groups", object{"endpoint_group": object{"name": "x", "filters": object{"color": "blue"}}})
	id := group.text("endpoint_group", "id")
	in := c.want(200, "GET /v3/OS-EP-FILTER/endpoint_groups/"+id+"/endpoints", nil).at("endpoints").([]any)
	c.want(204, "PUT /v3/OS-EP-FILTER/endpoint_groups/"+id+"/projects/"+web, nil)
	if services() != 1+len(in) || len(in) == 0 {
		t.Errorf("with a group of %d it sees %d", len(in), services())
	}
	if list := c.want(200, "GET /v3/OS-EP-FILTER/projects/"+web+"/endpoint_groups", nil).at("endpoint_groups").([]any); len(list) != 1 {
		t.Errorf("its groups are %v", list)
	}
	if list := c.want(200, "GET /v3/OS-EP-FILTER/endpoint_groups/"+id+"/projects", nil).at("projects").([]any); len(list) != 1 {
		t.Errorf("the group's projects are %v", list)
	}
	c.want(204, "DELETE /v3/OS-EP-FILTER/endpoint_groups/"+id, nil)
	c.want(204, "DELETE /v3/services/"+service, nil)
	if services() != all {
		t.Errorf("with no association left it sees %d, want all %d", services(), all)
	}
}

func endpoints(r reply) (n int) {
	for _, entry := range r.at("catalog").([]any) {
		n += len(entry.(object)["endpoints"].([]any))
	}
	return n
}

func TestListsAreFilteredInexactly(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	for _, name := range []string{"Blue", "blur", "red"} {
		c.want(201, "POST /v3/policies", object{"policy": object{"type": name, "blob": "{}"}})
	}
	for query, want := range map[string]int{"type__contains=lu": 2, "type__startswith=bl": 1, "type__istartswith=bl": 2, "type__endswith=ed": 1, "type__iequals=blue": 1, "type=red": 1, "type=r": 0} {
		if list := c.want(200, "GET /v3/policies?"+query, nil).at("policies").([]any); len(list) != want {
			t.Errorf("%s finds %d, want %d", query, len(list), want)
		}
	}
}

func TestProjectsTellOfTheirFamily(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	make := func(name, parent string) string {
		return c.want(201, "POST /v3/projects", object{"project": object{"name": name, "parent_id": parent}}).text("project", "id")
	}
	top := make("top", "default")
	mid := make("mid", top)
	low := make("low", mid)
	c.want(204, "PUT /v3/projects/"+top+"/users/"+c.boot.UserID+"/roles/"+c.role("reader"), nil)
	r := c.want(200, "GET /v3/projects/"+mid+"?parents_as_ids&subtree_as_ids", nil)
	if r.at("project", "parents", top) == nil || r.at("project", "subtree", low) != nil {
		t.Errorf("mid's family by ids is %s", r.Body)
	}
	if ids, ok := r.at("project", "subtree").(object); !ok || len(ids) != 1 {
		t.Errorf("below mid are %v", r.at("project", "subtree"))
	}
	r = c.want(200, "GET /v3/projects/"+low+"?parents_as_list&subtree_as_list", nil)
	if list, _ := r.at("project", "parents").([]any); len(list) != 1 || list[0].(object)["project"].(object)["id"] != top {
		t.Errorf("of low's parents the administrator, who has a role in one, sees %s", r.Body)
	}
	c.want(400, "GET /v3/projects/"+low+"?parents_as_list&parents_as_ids", nil)
}

func TestADomainIsAProjectToWhoAsksForOne(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	_, _, token := c.person("ada", "member")
	c.wantAs(403, token, "POST /v3/projects", object{"project": object{"name": "acme", "is_domain": true}})
	id := c.want(201, "POST /v3/projects", object{"project": object{"name": "acme", "is_domain": true}}).text("project", "id")
	c.want(200, "GET /v3/domains/"+id, nil)
	c.wantAs(403, token, "GET /v3/projects/"+id, nil)
	if shown := c.want(200, "GET /v3/projects/"+id, nil); shown.at("project", "is_domain") != true || shown.at("project", "domain_id") != nil {
		t.Errorf("it is %s", shown.Body)
	}
	c.want(403, "DELETE /v3/projects/"+id, nil)
	c.want(200, "PATCH /v3/projects/"+id, object{"project": object{"enabled": false}})
	c.want(204, "DELETE /v3/projects/"+id, nil)
	c.want(404, "GET /v3/domains/"+id, nil)
}

func TestUsersAreFilteredByNameAndByTheEndOfTheirPasswords(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	c.person("ada", "member")
	for query, want := range map[string]int{"name__contains=d": 2, "name__istartswith=AD": 2, "password_expires_at=lt:2030-01-01T00:00:00Z": 0, "idp_id=x": 0, "name__endswith=a": 1} {
		if list := c.want(200, "GET /v3/users?"+query, nil).at("users").([]any); len(list) != want {
			t.Errorf("%s finds %d, want %d", query, len(list), want)
		}
	}
	c.want(400, "GET /v3/users?password_expires_at=soon", nil)
}

func TestWhatIsLeftOutIsNotThere(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	for _, request := range []string{"GET /v3/OS-FEDERATION/mappings", "GET /v3/OS-FEDERATION/identity_providers", "POST /v3/OS-OAUTH1/consumers", "GET /v3/users/x/OS-OAUTH1/access_tokens"} {
		c.want(404, request, nil)
	}
}

func TestADomainsConfigurationIsReadOnly(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	c.want(404, "GET /v3/domains/default/config", nil)
	c.want(405, "PUT /v3/domains/default/config", object{"config": object{"ldap": object{"url": "ldap://x"}}})
	c.want(404, "GET /v3/domains/default/config/ldap", nil)
	c.want(404, "GET /v3/domains/x/config/security_compliance", nil)
	if all := c.want(200, "GET /v3/domains/config/default", nil); all.text("config", "identity", "driver") != "sql" {
		t.Errorf("the defaults are %s", all.Body)
	}
}
