package identity

import (
	"testing"
	"time"
)

func byCredential(id, secret string, scope any) object {
	auth := object{"identity": object{"methods": []string{"application_credential"}, "application_credential": object{"id": id, "secret": secret}}}
	if scope != nil {
		auth["scope"] = scope
	}
	return object{"auth": auth}
}

// Attack 4: a credential never leads to more than it is.
func TestAnApplicationCredentialLeadsToNothingMore(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	user, own, token := c.person("ada", "member")
	c.want(204, "PUT /v3/projects/"+c.boot.ProjectID+"/users/"+user+"/roles/"+c.role("member"), nil)
	path := "/v3/users/" + user + "/application_credentials"
	c.wantAs(400, token, "POST "+path, object{"application_credential": object{"name": "x", "roles": []object{{"name": "admin"}}}})
	c.wantAs(400, token, "POST "+path, object{"application_credential": object{"name": "x", "access_rules": []object{{"path": "/"}}}})
	c.wantAs(400, token, "POST "+path, object{"application_credential": object{"name": "x", "expires_at": "2001-01-01T00:00:00"}})
	c.want(403, "POST "+path, object{"application_credential": object{"name": "x"}}) // not for another, not even by the administrator
	made := c.wantAs(201, token, "POST "+path, object{"application_credential": object{"name": "backup", "roles": []object{{"name": "reader"}},
		"expires_at": c.now().UTC().Add(30 * time.Minute).Format("2006-01-02T15:04:05.000000")}})
	id, secret := made.text("application_credential", "id"), made.text("application_credential", "secret")
	if secret == "" || made.text("application_credential", "project_id") != own {
		t.Fatalf("it is %s", made.Body)
	}
	shown := c.wantAs(200, token, "GET "+path+"/"+id, nil)
	if shown.at("application_credential", "secret") != nil {
		t.Error("its secret is shown again")
	}
	c.wantAs(401, "", "POST /v3/auth/tokens", byCredential(id, "wrong", nil))
	login := c.wantAs(201, "", "POST /v3/auth/tokens", byCredential(id, secret, nil))
	lent := login.Header().Get("X-Subject-Token")
	if roles := login.at("token", "roles").([]any); len(roles) != 1 || roles[0].(object)["name"] != "reader" {
		t.Errorf("its roles are %v", roles)
	}
	if login.at("token", "application_credential", "restricted") != true || login.text("token", "expires_at") > shown.text("application_credential", "expires_at")+"Z" {
		t.Errorf("it is %s", login.Body)
	}
	c.wantAs(403, "", "POST /v3/auth/tokens", byCredential(id, secret, project("admin")))
	c.wantAs(403, lent, "POST /v3/auth/tokens", byToken(lent, project("admin")))
	again := c.wantAs(201, "", "POST /v3/auth/tokens", byToken(lent, "unscoped"))
	if again.text("token", "project", "id") != own || len(again.at("token", "roles").([]any)) != 1 {
		t.Errorf("exchanged it is %s", again.Body)
	}
	c.wantAs(403, lent, "POST "+path, object{"application_credential": object{"name": "y"}})
	c.wantAs(403, lent, "DELETE "+path+"/"+id, nil)
	if mine := c.wantAs(200, lent, "GET /v3/auth/projects", nil).at("projects").([]any); len(mine) != 1 {
		t.Errorf("it leads to %v", mine)
	}
	c.wantAs(204, token, "DELETE "+path+"/"+id, nil)
	if c.works(lent) || c.works(again.Header().Get("X-Subject-Token")) {
		t.Error("its tokens outlive it")
	}
	c.wantAs(401, "", "POST /v3/auth/tokens", byCredential(id, secret, nil))
}

func TestAnApplicationCredentialEndsWithItsMakersRole(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	user, own, token := c.person("ada", "member")
	made := c.wantAs(201, token, "POST /v3/users/"+user+"/application_credentials", object{"application_credential": object{"name": "backup", "secret": "hush"}})
	login := byCredential(made.text("application_credential", "id"), "hush", nil)
	lent := c.wantAs(201, "", "POST /v3/auth/tokens", login).Header().Get("X-Subject-Token")
	c.want(204, "DELETE /v3/projects/"+own+"/users/"+user+"/roles/"+c.role("member"), nil)
	if c.works(lent) {
		t.Error("its token outlives the role")
	}
	c.wantAs(401, "", "POST /v3/auth/tokens", login)
}
