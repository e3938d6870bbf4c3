package identity

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestATokenShowsWhoWhereAndWhatFor(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	r := c.wantAs(201, "", "POST /v3/auth/tokens", byPassword("admin", "s3cret", project("admin")))
	token := r.Header().Get("X-Subject-Token")
	if !strings.HasPrefix(token, "gAAA") || len(token) > 255 {
		t.Errorf("the token is %q, %d characters", token, len(token))
	}
	if r.text("token", "user", "name") != "admin" || r.text("token", "project", "domain", "id") != "default" {
		t.Errorf("it shows %s", r.Body)
	}
	names := map[string]bool{}
	for _, role := range r.at("token", "roles").([]any) {
		names[role.(object)["name"].(string)] = true
	}
	if len(names) != 4 || !names["admin"] || !names["reader"] {
		t.Errorf("its roles are %v, want admin and what it implies", names)
	}
	urls := map[string]int{}
	for _, entry := range r.at("token", "catalog").([]any) {
		for _, e := range entry.(object)["endpoints"].([]any) {
			urls[e.(object)["url"].(string)]++
		}
	}
	if urls["http://cloud/identity"] != 3 || urls["http://cloud/volume/v3/"+c.boot.ProjectID] != 3 {
		t.Errorf("the catalog's addresses are %v", urls)
	}
	again := c.wantAs(200, token, "GET /v3/auth/tokens", nil, "X-Subject-Token", token)
	if again.text("token", "expires_at") != r.text("token", "expires_at") || again.Header().Get("X-Subject-Token") != token {
		t.Errorf("shown again it is %s", again.Body)
	}
	c.wantAs(200, token, "HEAD /v3/auth/tokens", nil, "X-Subject-Token", token)
	if short := c.wantAs(200, token, "GET /v3/auth/tokens?nocatalog", nil, "X-Subject-Token", token); short.at("token", "catalog") != nil {
		t.Error("?nocatalog shows a catalog")
	}
	c.want(404, "GET /v3/auth/tokens", nil, "X-Subject-Token", "gAAAAforged")
	c.want(400, "GET /v3/auth/tokens", nil)
}

func TestScopes(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	c.want(204, "PUT /v3/domains/default/users/"+c.boot.UserID+"/roles/"+c.role("admin"), nil)
	for name, want := range map[string]struct {
		scope any
		key   string
	}{
		"project by id":    {object{"project": object{"id": c.boot.ProjectID}}, "project"},
		"domain by id":     {object{"domain": object{"id": "default"}}, "domain"},
		"domain by name":   {object{"domain": object{"name": "Default"}}, "domain"},
		"the system":       {object{"system": object{"all": true}}, "system"},
		"none":             {nil, ""},
		"unscoped":         {"unscoped", ""},
		"unscoped, object": {object{"unscoped": object{}}, ""},
	} {
		r := c.wantAs(201, "", "POST /v3/auth/tokens", byPassword("admin", "s3cret", want.scope))
		for _, key := range []string{"project", "domain", "system"} {
			if there := r.at("token", key) != nil; there != (key == want.key) {
				t.Errorf("%s: %s is there: %v, in %s", name, key, there, r.Body)
			}
		}
		if there := r.at("token", "catalog") != nil; there != (want.key != "") {
			t.Errorf("%s: the catalog is there: %v", name, there)
		}
	}
	for name, scope := range map[string]any{"an unknown project": project("nowhere"), "an unknown domain": object{"domain": object{"id": "x"}}} {
		if r := c.call("", "POST /v3/auth/tokens", byPassword("admin", "s3cret", scope)); r.Code != 401 {
			t.Errorf("%s: %d %s", name, r.Code, r.Body)
		}
	}
	for name, scope := range map[string]any{"two": object{"domain": object{"id": "default"}, "system": object{"all": true}}, "nothing": object{}, "a number": 7} {
		if r := c.call("", "POST /v3/auth/tokens", byPassword("admin", "s3cret", scope)); r.Code != 400 {
			t.Errorf("%s as scope: %d %s", name, r.Code, r.Body)
		}
	}
}

func TestALoginWithoutScopeGoesToTheDefaultProject(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	user, own, _ := c.person("ada", "member")
	c.want(200, "PATCH /v3/users/"+user, object{"user": object{"default_project_id": own}})
	if got := c.wantAs(201, "", "POST /v3/auth/tokens", byPassword("ada", "pw-ada", nil)).text("token", "project", "id"); got != own {
		t.Errorf("the token is for %q, want %s", got, own)
	}
	c.want(204, "DELETE /v3/projects/"+own, nil)
	if got := c.wantAs(201, "", "POST /v3/auth/tokens", byPassword("ada", "pw-ada", nil)); got.at("token", "project") != nil {
		t.Errorf("the project is gone, but the token is for it: %s", got.Body)
	}
}

// Attack 1: tokens end at once with what they stand on.
func TestATokenEndsWithWhatItStandsOn(t *testing.T) {
	t.Parallel()
	off := object{"enabled": false}
	for name, end := range map[string]func(c *rig, user, project, token string){
		"logout":           func(c *rig, _, _, k string) { c.wantAs(204, k, "DELETE /v3/auth/tokens", nil, "X-Subject-Token", k) },
		"user disabled":    func(c *rig, u, _, _ string) { c.want(200, "PATCH /v3/users/"+u, object{"user": off}) },
		"user deleted":     func(c *rig, u, _, _ string) { c.want(204, "DELETE /v3/users/"+u, nil) },
		"project disabled": func(c *rig, _, p, _ string) { c.want(200, "PATCH /v3/projects/"+p, object{"project": off}) },
		"project deleted":  func(c *rig, _, p, _ string) { c.want(204, "DELETE /v3/projects/"+p, nil) },
		"role taken": func(c *rig, u, p, _ string) {
			c.want(204, "DELETE /v3/projects/"+p+"/users/"+u+"/roles/"+c.role("member"), nil)
		},
		"password reset": func(c *rig, u, _, _ string) {
			c.want(200, "PATCH /v3/users/"+u, object{"user": object{"password": "new"}})
		},
		"disabled, enabled": func(c *rig, u, _, _ string) {
			c.want(200, "PATCH /v3/users/"+u, object{"user": off})
			c.want(200, "PATCH /v3/users/"+u, object{"user": object{"enabled": true}})
		},
		"password changed": func(c *rig, u, _, _ string) {
			c.wantAs(204, "", "POST /v3/users/"+u+"/password", object{"user": object{"password": "new", "original_password": "pw-ada"}})
		},
		"expiry": func(c *rig, _, _, _ string) {
			c.wait(time.Hour + time.Second)
			c.admin = c.login("admin", "s3cret", project("admin"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cloud(t)
			user, own, token := c.person("ada", "member")
			if !c.works(token) {
				t.Fatal("the token never worked")
			}
			end(c, user, own, token)
			if c.works(token) {
				t.Error("the token still works")
			}
			if r := c.call(c.admin, "GET /v3/auth/tokens", nil, "X-Subject-Token", token); r.Code != 404 {
				t.Errorf("it can still be validated: %d", r.Code)
			}
			if r := c.call("", "POST /v3/auth/tokens", byToken(token, object{"project": object{"id": own}})); r.Code != 401 {
				t.Errorf("it can still be exchanged: %d", r.Code)
			}
		})
	}
}

func TestATokenEndsWithItsDomain(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	d := c.want(201, "POST /v3/domains", object{"domain": object{"name": "acme"}}).text("domain", "id")
	p := c.want(201, "POST /v3/projects", object{"project": object{"name": "p", "domain_id": d}}).text("project", "id")
	c.want(204, "PUT /v3/projects/"+p+"/users/"+c.boot.UserID+"/roles/"+c.role("member"), nil)
	in := c.login("admin", "s3cret", object{"project": object{"id": p}})
	c.want(403, "DELETE /v3/domains/"+d, nil)
	c.want(200, "PATCH /v3/domains/"+d, object{"domain": object{"enabled": false}})
	if c.works(in) {
		t.Error("a token for a project of a disabled domain works")
	}
	c.want(204, "DELETE /v3/domains/"+d, nil)
	c.want(404, "GET /v3/projects/"+p, nil)
}

// Attack 2: a chain of tokens never lives longer than its first.
func TestAnExchangedTokenNeverLivesLonger(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	first := c.wantAs(201, "", "POST /v3/auth/tokens", byPassword("admin", "s3cret", "unscoped"))
	token := first.Header().Get("X-Subject-Token")
	for range 3 {
		c.wait(15 * time.Minute)
		next := c.wantAs(201, "", "POST /v3/auth/tokens", byToken(token, project("admin")))
		if next.text("token", "expires_at") != first.text("token", "expires_at") {
			t.Fatalf("it expires at %s, the first at %s", next.text("token", "expires_at"), first.text("token", "expires_at"))
		}
		ids := next.at("token", "audit_ids").([]any)
		if len(ids) != 2 || ids[1] != first.at("token", "audit_ids").([]any)[0] {
			t.Fatalf("its audit ids are %v", ids)
		}
		if methods := next.at("token", "methods").([]any); len(methods) != 2 {
			t.Fatalf("its methods are %v, want token and password", methods)
		}
		token = next.Header().Get("X-Subject-Token")
	}
	c.wait(16 * time.Minute)
	if c.works(token) {
		t.Error("the chain outlived its first token")
	}
}

func TestGrantsCountAtOnce(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	user, own, token := c.person("ada", "reader")
	c.wantAs(403, token, "POST /v3/projects", object{"project": object{"name": "x"}})
	c.want(204, "PUT /v3/projects/"+own+"/users/"+user+"/roles/"+c.role("admin"), nil)
	c.wantAs(201, token, "POST /v3/projects", object{"project": object{"name": "x"}})
	c.want(204, "DELETE /v3/projects/"+own+"/users/"+user+"/roles/"+c.role("admin"), nil)
	c.wantAs(403, token, "POST /v3/projects", object{"project": object{"name": "y"}})
}

// Attack 7: only tokens say who one is.
func TestForgedHeadersAreNothing(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	_, _, token := c.person("ada", "reader")
	forged := []string{"X-Roles", "admin", "X-User-Id", c.boot.UserID, "X-Is-Admin-Project", "True", "X-Project-Id", c.boot.ProjectID,
		"X-Identity-Status", "Confirmed", "Openstack-System-Scope", "all"}
	c.wantAs(401, "", "GET /v3/users", nil, forged...)
	c.wantAs(403, token, "GET /v3/users", nil, forged...)
}

// Attack 9: nobody learns who there is.
func TestAWrongPasswordAndAnUnknownUserLookTheSame(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	off := c.want(201, "POST /v3/users", object{"user": object{"name": "off", "password": "pw", "enabled": false}})
	c.want(201, "POST /v3/users", object{"user": object{"name": "keyless"}})
	var texts []string
	for _, login := range [][2]string{{"admin", "wrong"}, {"nobody", "wrong"}, {"off", "pw"}, {"keyless", ""}, {"keyless", "nobody's"}, {"admin", strings.Repeat("x", 5000)}} {
		r := c.call("", "POST /v3/auth/tokens", byPassword(login[0], login[1], nil))
		if r.Code != 401 || r.Header().Get("X-Subject-Token") != "" {
			t.Errorf("%v: %d %s", login[0], r.Code, r.Body)
		}
		texts = append(texts, r.Body.String())
	}
	for _, text := range texts {
		if text != texts[0] {
			t.Errorf("two answers differ: %s and %s", texts[0], text)
		}
	}
	if off.at("user", "password") != nil || strings.Contains(off.Body.String(), "$2a$") {
		t.Errorf("a password is shown: %s", off.Body)
	}
}

// Attack 10: what is sent to log in is bounded.
func TestLoginsAreBounded(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	c.wantAs(400, "", "POST /v3/auth/tokens", object{"auth": object{"identity": object{"methods": make([]string, 1000)}}})
	c.wantAs(413, "", "POST /v3/auth/tokens", byPassword("admin", strings.Repeat("x", 2<<20), nil))
	c.wantAs(400, "", "POST /v3/auth/tokens", object{"auth": object{}})
	c.wantAs(400, "", "POST /v3/auth/tokens", object{"auth": object{"identity": object{"methods": []string{"password"}}}})
	c.wantAs(401, "", "POST /v3/auth/tokens", object{"auth": object{"identity": object{"methods": []string{"saml2"}}}})
	c.wantAs(401, strings.Repeat("g", 8000), "GET /v3/users", nil)
	r := c.wantAs(http.StatusUnauthorized, "x", "GET /v3/users", nil)
	if !strings.HasPrefix(r.Header().Get("WWW-Authenticate"), "Keystone uri=") {
		t.Errorf("401 without %v", r.Header())
	}
}

func TestLongPasswordsCountToTheirEnd(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	long := strings.Repeat("x", 100)
	c.want(201, "POST /v3/users", object{"user": object{"name": "ada", "password": long + "a"}})
	c.login("ada", long+"a", nil)
	c.wantAs(401, "", "POST /v3/auth/tokens", byPassword("ada", long+"b", nil))
	c.want(400, "POST /v3/users", object{"user": object{"name": "bob", "password": strings.Repeat("x", 5000)}})
}

func TestARotatedKeyLeavesTokensGood(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	if err := c.keys.Tokens().Rotate(); err != nil {
		t.Fatal(err)
	}
	if !c.works(c.admin) || !c.works(c.login("admin", "s3cret", nil)) {
		t.Error("a token doesn't work after the rotation")
	}
}

// Attack 3: what is revoked of a chain of tokens leads on to nothing.
func TestARevokedTokenOfAChainIsExchangedForNothing(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	chain := []string{c.login("admin", "s3cret", "unscoped")}
	for range 2 {
		next := c.wantAs(201, "", "POST /v3/auth/tokens", byToken(chain[len(chain)-1], project("admin")))
		chain = append(chain, next.Header().Get("X-Subject-Token"))
	}
	for _, token := range chain {
		c.want(204, "DELETE /v3/auth/tokens", nil, "X-Subject-Token", token)
		if r := c.call("", "POST /v3/auth/tokens", byToken(token, project("admin"))); r.Code != 401 || r.Header().Get("X-Subject-Token") != "" {
			t.Errorf("a revoked token is exchanged: %d %s", r.Code, r.Body)
		}
		if c.works(token) {
			t.Error("a revoked token works")
		}
		c.want(404, "GET /v3/auth/tokens", nil, "X-Subject-Token", token)
	}
}
