package identity

import (
	"testing"
	"time"
)

// trust makes a trust with the trustor's token and returns its id.
func (c *rig) trust(token, trustor, trustee, project string, more object) string {
	c.t.Helper()
	t := object{"trustor_user_id": trustor, "trustee_user_id": trustee, "project_id": project, "impersonation": false, "roles": []object{{"name": "reader"}}}
	for k, v := range more {
		t[k] = v
	}
	return c.wantAs(201, token, "POST /v3/OS-TRUST/trusts", object{"trust": t}).text("trust", "id")
}

func trustScope(id string) any { return object{"OS-TRUST:trust": object{"id": id}} }

// Attack 4: a trust leads to no more than it lends, and ends with what it hangs on.
func TestATrustLendsNoMoreThanItSays(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	ada, web, token := c.person("ada", "member")
	bob, _, bobs := c.person("bob", "member")
	c.person("eve", "member")
	id := c.trust(token, ada, bob, web, nil)
	shown := c.wantAs(200, bobs, "GET /v3/OS-TRUST/trusts/"+id, nil)
	if shown.text("trust", "project_id") != web || shown.at("trust", "remaining_uses") != nil || shown.at("trust", "deleted_at") != nil || len(shown.at("trust", "roles").([]any)) != 1 {
		t.Errorf("it is %s", shown.Body)
	}
	login := c.wantAs(201, "", "POST /v3/auth/tokens", byPassword("bob", "pw-bob", trustScope(id)))
	if login.text("token", "OS-TRUST:trust", "trustor_user", "id") != ada || login.text("token", "user", "id") != bob ||
		login.text("token", "project", "id") != web || len(login.at("token", "roles").([]any)) != 1 {
		t.Errorf("the token is %s", login.Body)
	}
	lent := login.Header().Get("X-Subject-Token")
	c.wantAs(200, lent, "GET /v3/projects/"+web, nil)
	c.wantAs(403, "", "POST /v3/auth/tokens", byPassword("eve", "pw-eve", trustScope(id)))
	c.wantAs(401, "", "POST /v3/auth/tokens", byPassword("bob", "pw-bob", trustScope("0")))
	c.wantAs(403, "", "POST /v3/auth/tokens", byToken(lent, project("bob")))
	c.wantAs(403, lent, "POST /v3/users/"+bob+"/application_credentials", object{"application_credential": object{"name": "x"}})
	c.wantAs(403, lent, "POST /v3/credentials", object{"credential": object{"type": "note", "blob": "x", "user_id": bob}})
	c.wantAs(403, lent, "POST /v3/OS-TRUST/trusts", object{"trust": object{"trustor_user_id": bob, "trustee_user_id": ada, "project_id": web,
		"impersonation": false, "roles": []object{{"name": "reader"}}}})
	c.wantAs(404, token, "POST /v3/OS-TRUST/trusts", object{"trust": object{"trustor_user_id": ada, "trustee_user_id": bob, "project_id": web,
		"impersonation": false, "roles": []object{{"name": "admin"}}}})
	c.wantAs(400, token, "POST /v3/OS-TRUST/trusts", object{"trust": object{"trustor_user_id": ada, "trustee_user_id": bob, "impersonation": false, "roles": []object{{"name": "reader"}}}})
	c.want(204, "DELETE /v3/projects/"+web+"/users/"+ada+"/roles/"+c.role("member"), nil)
	if c.works(lent) {
		t.Error("its token outlives the trustor's role")
	}
	c.want(204, "PUT /v3/projects/"+web+"/users/"+ada+"/roles/"+c.role("member"), nil)
	c.wantAs(403, bobs, "DELETE /v3/OS-TRUST/trusts/"+id, nil)
	c.wantAs(204, token, "DELETE /v3/OS-TRUST/trusts/"+id, nil)
	c.wantAs(404, token, "GET /v3/OS-TRUST/trusts/"+id, nil)
	if c.works(lent) {
		t.Error("its token outlives the trust")
	}
}

func TestATrustImpersonatesExpiresAndIsUsedUp(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	ada, web, token := c.person("ada", "member")
	bob, _, _ := c.person("bob", "member")
	end := c.now().UTC().Add(30 * time.Minute).Truncate(time.Second)
	id := c.trust(token, ada, bob, web, object{"impersonation": true, "remaining_uses": 1, "expires_at": end.Format("2006-01-02T15:04:05.000000Z")})
	login := c.wantAs(201, "", "POST /v3/auth/tokens", byPassword("bob", "pw-bob", trustScope(id)))
	if login.text("token", "user", "id") != ada || login.text("token", "expires_at") != end.Format("2006-01-02T15:04:05.000000Z") {
		t.Errorf("the token is %s, want ada's, until %s", login.Body, end)
	}
	c.wantAs(401, "", "POST /v3/auth/tokens", byPassword("bob", "pw-bob", trustScope(id)))
	c.wantAs(404, token, "GET /v3/OS-TRUST/trusts/"+id, nil)
	lent := login.Header().Get("X-Subject-Token")
	if !c.works(lent) {
		t.Error("the token of the last use doesn't work")
	}
	c.want(200, "PATCH /v3/users/"+bob, object{"user": object{"enabled": false}})
	if c.works(lent) {
		t.Error("the token outlives that its trustee was disabled")
	}
	c.want(200, "PATCH /v3/users/"+bob, object{"user": object{"enabled": true}})
	short := c.trust(token, ada, bob, web, object{"expires_at": end.Format("2006-01-02T15:04:05.000000Z")})
	c.wait(31 * time.Minute)
	c.wantAs(401, "", "POST /v3/auth/tokens", byPassword("bob", "pw-bob", trustScope(short)))
	c.wantAs(404, c.login("ada", "pw-ada", project("ada")), "GET /v3/OS-TRUST/trusts/"+short, nil)
}

func TestATrustIsPassedOnWhereItMayBe(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	ada, web, token := c.person("ada", "member")
	bob, _, _ := c.person("bob", "member")
	cy, _, cys := c.person("cy", "member")
	first := c.trust(token, ada, bob, web, object{"allow_redelegation": true, "redelegation_count": 1})
	lent := c.login("bob", "pw-bob", trustScope(first))
	second := c.trust(lent, bob, cy, web, nil)
	if list := c.wantAs(200, cys, "GET /v3/OS-TRUST/trusts?trustee_user_id="+cy, nil).at("trusts").([]any); len(list) != 1 || list[0].(object)["roles"] != nil {
		t.Errorf("cy's trusts are %v", list)
	}
	c.wantAs(403, cys, "GET /v3/OS-TRUST/trusts", nil)
	deep := c.login("cy", "pw-cy", trustScope(second))
	c.wantAs(403, deep, "POST /v3/OS-TRUST/trusts", object{"trust": object{"trustor_user_id": cy, "trustee_user_id": bob, "project_id": web,
		"impersonation": false, "roles": []object{{"name": "reader"}}}})
	c.wantAs(204, token, "DELETE /v3/OS-TRUST/trusts/"+first, nil)
	if c.works(deep) || c.works(lent) {
		t.Error("tokens outlive the trust that was passed on")
	}
	c.wantAs(404, cys, "GET /v3/OS-TRUST/trusts/"+second, nil)
}
