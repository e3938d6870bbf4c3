package image_test

import (
	"strings"
	"testing"

	"skylog/api/image"
	"skylog/commands"
)

const spaces = "/image/v2/metadefs/namespaces"

func TestANamespaceAndWhatItDefines(t *testing.T) {
	c := serve(t, nil)
	made := c.ask(root, "POST "+spaces, `{"namespace":"N","display_name":"Nice","description":"d","visibility":"public"}`, 201)
	if made.Header.Get("Location") != c.URL+spaces+"/N" || made.field("owner") != "a" || made.field("self") != "/v2/metadefs/namespaces/N" || made.field("protected") != false {
		t.Fatalf("made %s at %s", made.body, made.Header.Get("Location"))
	}
	at := spaces + "/N"
	c.ask(root, "POST "+spaces, `{"namespace":"N"}`, 409)

	object := `{"name":"o","description":"x","properties":{"p":{"title":"P","type":"integer","minimum":1}},"required":["p"]}`
	if got := c.ask(root, "POST "+at+"/objects", object, 201); got.field("self") != "/v2/metadefs/namespaces/N/objects/o" || got.field("created_at") == nil {
		t.Errorf("the object is %s", got.body)
	}
	c.ask(root, "POST "+at+"/objects", object, 409)
	c.ask(root, "PUT "+at+"/objects/o", `{"name":"o2"}`, 200)
	c.ask(ada, "GET "+at+"/objects/o", nil, 404)
	c.ask(ada, "GET "+at+"/objects/o2", nil, 200)
	if got := c.ask(ada, "GET "+at+"/objects", nil, 200); len(got.field("objects").([]any)) != 1 || got.field("schema") != "/v2/schemas/metadefs/objects" {
		t.Errorf("the objects are %s", got.body)
	}

	property := `{"name":"p","title":"P","type":"string","operators":["<or>"],"enum":["a"]}`
	if got := c.ask(root, "POST "+at+"/properties", property, 201); strings.TrimSpace(got.body) != `{"enum":["a"],"name":"p","operators":["<or>"],"title":"P","type":"string"}` {
		t.Errorf("the property is %s", got.body)
	}
	c.ask(root, "POST "+at+"/resource_types", `{"name":"OS::Nova::Flavor","prefix":"hw:"}`, 201)
	c.ask(ada, "GET "+at+"/properties/hw:p?resource_type=OS::Nova::Flavor", nil, 200)
	c.ask(ada, "GET "+at+"/properties/p?resource_type=OS::Nova::Flavor", nil, 404)
	if got := c.ask(ada, "GET "+at+"?resource_type=OS::Nova::Flavor", nil, 200).body; !strings.Contains(got, `"hw:p":`) {
		t.Errorf("for a flavor it is %s", got)
	}
	if got := c.ask(ada, "GET "+at+"/properties", nil, 200).field("properties").(map[string]any); got["p"] == nil {
		t.Errorf("the properties are %v", got)
	}
	c.ask(root, "PUT "+at+"/properties/p", `{"name":"p","title":"Q","type":"boolean"}`, 200)

	tags := func(query string) (names string) {
		for _, tag := range c.ask(ada, "GET "+at+"/tags"+query, nil, 200).field("tags").([]any) {
			names += tag.(map[string]any)["name"].(string)
		}
		return names
	}
	c.ask(root, "POST "+at+"/tags", `{"tags":[{"name":"a"},{"name":"b"}]}`, 201)
	c.ask(root, "POST "+at+"/tags/c", nil, 201)
	c.ask(root, "PUT "+at+"/tags/c", `{"name":"d"}`, 200)
	if tags("") != "dba" || tags("?sort_key=name&sort_dir=asc&limit=1&marker=a") != "b" {
		t.Errorf("the tags are %q and %q", tags(""), tags("?sort_key=name&sort_dir=asc&limit=1&marker=a"))
	}
	c.ask(root, "POST "+at+"/tags", `{"tags":[{"name":"e"}]}`, 201, "X-Openstack-Append", "True")
	c.ask(root, "POST "+at+"/tags", `{"tags":[{"name":"e"}]}`, 409, "X-Openstack-Append", "True")
	if tags("") != "edba" {
		t.Errorf("with one more the tags are %q", tags(""))
	}
	c.ask(root, "POST "+at+"/tags", `{"tags":[{"name":"z"}]}`, 201)
	if tags("") != "z" {
		t.Errorf("in their place the tags are %q", tags(""))
	}

	c.ask(root, "PUT "+at, `{"namespace":"M","protected":true,"visibility":"public"}`, 200)
	c.ask(ada, "GET "+at, nil, 404)
	at = spaces + "/M"
	whole := c.ask(ada, "GET "+at, nil, 200)
	for _, key := range []string{"objects", "properties", "tags", "resource_type_associations", "schema", "created_at", "updated_at"} {
		if whole.field(key) == nil {
			t.Errorf("the namespace has no %s: %s", key, whole.body)
		}
	}
	for _, one := range []string{"", "/objects", "/objects/o2", "/tags", "/tags/z", "/properties", "/properties/p", "/resource_types/OS::Nova::Flavor"} {
		c.ask(root, "DELETE "+at+one, nil, 403)
	}
	c.ask(root, "PUT "+at, `{"namespace":"M"}`, 200)
	for _, one := range []string{"/objects/o2", "/objects", "/tags/z", "/tags", "/properties/p", "/properties", "/resource_types/OS::Nova::Flavor", ""} {
		c.ask(root, "DELETE "+at+one, nil, 204)
	}
	c.ask(root, "DELETE "+at, nil, 404)
	if got := c.ask(ada, "GET /image/v2/metadefs/resource_types", nil, 200).body; !strings.Contains(got, "OS::Nova::Flavor") {
		t.Errorf("the resource types are %s", got)
	}
}

func TestADefinitionThatIsNoneIsRefused(t *testing.T) {
	c := serve(t, nil)
	for body, want := range map[string]int{
		`[]`: 400, `{}`: 400, `{"namespace":""}`: 400, `{"namespace":"a/b"}`: 400, `{"namespace":1}`: 400, `{"namespace":"` + strings.Repeat("n", 81) + `"}`: 400,
		`{"namespace":"x","visibility":"shared"}`: 400, `{"namespace":"x","self":"y"}`: 403, `{"namespace":"x","odd":1}`: 400, `{"namespace":"x","tags":["t"]}`: 400,
		`{"namespace":"x","properties":{"p":{"title":"P"}}}`: 400, `{"namespace":"x","properties":{"p":{"title":"P","type":"date"}}}`: 400,
		`{"namespace":"x","objects":[{"name":"o","properties":{"p":{"type":"string"}}}]}`: 400,
	} {
		c.ask(root, "POST "+spaces, body, want)
	}
	c.ask(root, "POST "+spaces, `{"namespace":"N"}`, 201)
	for _, body := range []string{`{"name":"p"}`, `{"title":"P","type":"string"}`, `{"name":"p","title":"P","type":"string","minItems":-1}`, `{"name":"p","title":"P","type":"array","items":{"type":"x"}}`} {
		c.ask(root, "POST "+spaces+"/N/properties", body, 400)
	}
	c.ask(root, "POST "+spaces+"/N/objects", `{"name":"o","created_at":"x"}`, 403)
	c.ask(root, "POST "+spaces+"/nowhere/objects", `{"name":"o"}`, 404)
}

func TestNamespacesAreSeenByWhomTheyAreFor(t *testing.T) {
	c := serve(t, nil)
	load, err := image.DefaultNamespaces("admin")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(commands.With(t.Context(), commands.Caller{Origin: "cell"}), load); err != nil {
		t.Fatal(err)
	}
	c.ask(root, "POST "+spaces, `{"namespace":"Private","owner":"p","resource_type_associations":[{"name":"Mine"}]}`, 201)
	count := func(token, query string) (n int) {
		t.Helper()
		for next := "/v2/metadefs/namespaces" + query; next != ""; {
			r := c.ask(token, "GET /image"+next, nil, 200)
			n += len(r.field("namespaces").([]any))
			next, _ = r.field("next").(string)
		}
		return n
	}
	public := count(bob, "")
	if public < 30 || count(ada, "") != public+1 || count(ada, "?visibility=private") != 1 || count(ada, "?limit=7&sort_key=namespace&sort_dir=asc") != public+1 ||
		count(ada, "?resource_types=Mine,x") != 1 || count(bob, "?resource_types=Mine") != 0 || count(bob, "?resource_types=OS::Nova::Flavor") < 10 {
		t.Errorf("bob sees %d, ada %d", public, count(ada, ""))
	}
	c.ask(ada, "GET "+spaces+"/Private", nil, 200)
	for _, path := range []string{"", "/objects", "/tags", "/properties", "/resource_types"} {
		c.ask(bob, "GET "+spaces+"/Private"+path, nil, 404)
	}
	c.ask(ada, "DELETE "+spaces+"/Private", nil, 403)
	c.ask(ada, "POST "+spaces, `{"namespace":"x"}`, 403)
	c.ask(root, "DELETE "+spaces+"/OS::Compute::Libvirt", nil, 403) // protected, as it comes
	for _, bad := range []string{"sort_dir=x", "sort_key=x", "limit=x", "visibility=shared"} {
		c.ask(ada, "GET "+spaces+"?"+bad, nil, 400)
	}
	c.ask(ada, "GET "+spaces+"?marker=nowhere", nil, 404)
	for _, schema := range []string{"namespace", "namespaces", "object", "objects", "property", "properties", "tag", "tags", "resource_type", "resource_types"} {
		if got := c.ask(ada, "GET /image/v2/schemas/metadefs/"+schema, nil, 200); got.field("name") == nil || got.field("properties") == nil {
			t.Errorf("the schema of %s is %s", schema, got.body)
		}
	}
	c.ask(ada, "GET /image/v2/schemas/metadefs/x", nil, 404)
}
