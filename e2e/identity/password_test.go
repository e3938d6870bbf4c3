package identity

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"skylog/api"
	"skylog/api/identity"
)

// ruled is a cloud with these password rules.
func ruled(t *testing.T, rules identity.PasswordRules) *rig {
	t.Helper()
	c := cloud(t)
	c.service.Rules = rules
	s, err := c.service.API()
	if err != nil {
		t.Fatal(err)
	}
	if c.gateway, err = api.New(api.Options{Now: c.cell.Now, Authenticate: c.service.Authenticate, Log: quiet, PublicURL: "http://cloud"}, s); err != nil {
		t.Fatal(err)
	}
	return c
}

// Attack 9: whoever is locked out, wrong, or not there is answered alike.
func TestTooManyWrongPasswordsLockOutForAWhile(t *testing.T) {
	t.Parallel()
	c := ruled(t, identity.PasswordRules{LockoutAttempts: 3, LockoutDuration: time.Hour})
	ada, _, _ := c.person("ada", "member")
	texts := map[string]bool{}
	guess := func(user, password string) int {
		r := c.call("", "POST /v3/auth/tokens", byPassword(user, password, nil))
		if r.Code == 401 {
			texts[r.Body.String()] = true
		}
		return r.Code
	}
	guess("ada", "wrong")
	guess("ada", "wrong")
	if guess("ada", "pw-ada") != 201 {
		t.Fatal("two wrong passwords lock out")
	}
	for range 3 {
		guess("ada", "wrong")
		guess("nobody", "wrong")
	}
	before := c.cell.Now().Events
	for range 5 {
		if guess("ada", "pw-ada") != 401 || guess("ada", "wrong") != 401 {
			t.Error("who is locked out gets in")
		}
	}
	if now := c.cell.Now().Events; now != before {
		t.Errorf("guessing on made %d events", now-before)
	}
	if len(texts) != 1 {
		t.Errorf("the answers differ: %v", texts)
	}
	c.wantAs(401, "", "POST /v3/users/"+ada+"/password", object{"user": object{"password": "new", "original_password": "pw-ada"}})
	c.wait(61 * time.Minute)
	if guess("ada", "pw-ada") != 201 {
		t.Error("the lock-out never ends")
	}
	for range 3 {
		guess("ada", "wrong")
	}
	admin := c.login("admin", "s3cret", project("admin"))
	c.wantAs(200, admin, "PATCH /v3/users/"+ada, object{"user": object{"enabled": true}})
	if guess("ada", "pw-ada") != 201 {
		t.Error("an administrator can't let in")
	}
}

func TestPasswordsHaveRules(t *testing.T) {
	t.Parallel()
	c := ruled(t, identity.PasswordRules{Regex: `^(?=.*\d).{6,}$`, Description: "six characters, a digit", UniqueLast: 3, MinimumAge: time.Hour, Life: 48 * time.Hour, ChangeUponFirstUse: true})
	r := c.want(400, "POST /v3/users", object{"user": object{"name": "ada", "password": "short"}})
	if !strings.Contains(r.Body.String(), "six characters, a digit") {
		t.Errorf("it says %s", r.Body)
	}
	ada := c.want(201, "POST /v3/users", object{"user": object{"name": "ada", "password": "secret0"}}).text("user", "id")
	if rules := c.want(200, "GET /v3/domains/default/config/security_compliance", nil); rules.text("config", "security_compliance", "password_regex_description") != "six characters, a digit" {
		t.Errorf("the domain's rules are %s", rules.Body)
	}
	if r := c.wantAs(401, "", "POST /v3/auth/tokens", byPassword("ada", "secret0", nil)); !strings.Contains(r.Body.String(), "needs to be changed for user: "+ada) {
		t.Errorf("the first use is answered with %s", r.Body)
	}
	change := func(status int, from, to string) {
		t.Helper()
		c.wantAs(status, "", "POST /v3/users/"+ada+"/password", object{"user": object{"password": to, "original_password": from}})
	}
	change(400, "secret0", "nodigits")
	change(204, "secret0", "secret1")
	c.login("ada", "secret1", nil)
	change(400, "secret1", "secret2") // too young
	c.wait(61 * time.Minute)
	change(400, "secret1", "secret0") // used before
	change(204, "secret1", "secret2")
	c.wait(61 * time.Minute)
	change(204, "secret2", "secret0")
	c.wait(49 * time.Hour)
	c.wantAs(401, "", "POST /v3/auth/tokens", byPassword("ada", "secret0", nil))
	change(204, "secret0", "secret4")
	if r := c.wantAs(201, "", "POST /v3/auth/tokens", byPassword("ada", "secret4", nil)); r.text("token", "user", "password_expires_at") == "" {
		t.Errorf("the token doesn't tell when the password ends: %s", r.Body)
	}
}

// code is what an authenticator with the secret "12345678901234567890" shows.
func code(at time.Time) string {
	h := hmac.New(sha1.New, []byte("12345678901234567890"))
	if err := binary.Write(h, binary.BigEndian, at.Unix()/30); err != nil {
		panic(err)
	}
	sum := h.Sum(nil)
	at4 := sum[sum[19]&15:][:4]
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(at4)&0x7fffffff%1_000_000)
}

func TestALoginMayNeedSeveralFactors(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	ada, _, _ := c.person("ada", "member")
	c.want(201, "POST /v3/credentials", object{"credential": object{"type": "totp", "blob": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "user_id": ada}})
	c.want(200, "PATCH /v3/users/"+ada, object{"user": object{"options": object{"multi_factor_auth_enabled": true, "multi_factor_auth_rules": []any{[]string{"password", "totp"}}}}})
	half := c.wantAs(401, "", "POST /v3/auth/tokens", byPassword("ada", "pw-ada", nil))
	receipt := half.Header().Get("Openstack-Auth-Receipt")
	if receipt == "" || half.Header().Get("X-Subject-Token") != "" || fmt.Sprint(half.at("required_auth_methods")) != "[[password totp]]" || half.text("receipt", "user", "id") != ada {
		t.Fatalf("half a login is answered with %v %s", half.Header(), half.Body)
	}
	if c.works(receipt) {
		t.Error("a receipt is good as a token")
	}
	totp := func(passcode string) object {
		return object{"auth": object{"identity": object{"methods": []string{"totp"}, "totp": object{"user": object{"id": ada, "passcode": passcode}}}}}
	}
	c.wantAs(401, "", "POST /v3/auth/tokens", totp("000000"), "Openstack-Auth-Receipt", receipt)
	c.wantAs(401, "", "POST /v3/auth/tokens", totp(code(c.now())), "Openstack-Auth-Receipt", c.admin)
	done := c.wantAs(201, "", "POST /v3/auth/tokens", totp(code(c.now())), "Openstack-Auth-Receipt", receipt)
	if methods := fmt.Sprint(done.at("token", "methods")); methods != "[totp password]" {
		t.Errorf("the methods are %s", methods)
	}
	both := byPassword("ada", "pw-ada", project("ada"))
	identity := both["auth"].(object)["identity"].(object)
	identity["methods"], identity["totp"] = []string{"password", "totp"}, totp(code(c.now()))["auth"].(object)["identity"].(object)["totp"]
	token := c.wantAs(201, "", "POST /v3/auth/tokens", both).Header().Get("X-Subject-Token")
	c.wantAs(201, "", "POST /v3/auth/tokens", byToken(token, project("ada")))
	c.wait(6 * time.Minute)
	c.wantAs(401, "", "POST /v3/auth/tokens", totp(code(c.now())), "Openstack-Auth-Receipt", receipt)
}
