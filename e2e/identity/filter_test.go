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
