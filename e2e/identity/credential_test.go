package identity

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Attack 8: others' secrets are neither listed nor shown, and no credential changes its owner.
func TestCredentialsAreTheirOwnersOnly(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	ada, web, token := c.person("ada", "member")
	eve, _, eves := c.person("eve", "member")
	made := c.wantAs(201, token, "POST /v3/credentials", object{"credential": object{"type": "cert", "blob": "hush-hush", "user_id": ada, "project_id": web}})
	id := made.text("credential", "id")
	if made.text("credential", "blob") != "hush-hush" || made.text("credential", "links", "self") != "http://cloud/identity/v3/credentials/"+id {
		t.Errorf("it is %s", made.Body)
	}
	c.wantAs(403, eves, "GET /v3/credentials/"+id, nil)
	c.wantAs(403, eves, "PATCH /v3/credentials/"+id, object{"credential": object{"blob": "x"}})
	c.wantAs(403, eves, "DELETE /v3/credentials/"+id, nil)
	c.wantAs(403, eves, "POST /v3/credentials", object{"credential": object{"type": "cert", "blob": "x", "user_id": ada}})
	for _, query := range []string{"", "?user_id=" + ada, "?type=cert"} {
		if list := c.wantAs(200, eves, "GET /v3/credentials"+query, nil).at("credentials").([]any); len(list) != 0 {
			t.Errorf("eve sees %v by %q", list, query)
		}
	}
	if list := c.wantAs(200, token, "GET /v3/credentials?type=cert", nil).at("credentials").([]any); len(list) != 1 {
		t.Errorf("ada sees %v", list)
	}
	if list := c.want(200, "GET /v3/credentials?user_id="+ada, nil).at("credentials").([]any); len(list) != 1 {
		t.Errorf("the administrator sees %v", list)
	}
	c.wantAs(400, token, "PATCH /v3/credentials/"+id, object{"credential": object{"blob": "x", "user_id": eve}})
	c.wantAs(400, token, "PATCH /v3/credentials/"+id, object{"credential": object{"blob": "x", "project_id": "other"}})
	if changed := c.wantAs(200, token, "PATCH /v3/credentials/"+id, object{"credential": object{"blob": "new", "user_id": ada, "type": "cert"}}); changed.text("credential", "blob") != "new" {
		t.Errorf("it became %s", changed.Body)
	}
	row, _ := c.cell.Now().Identity.Credentials.Get(id)
	if bytes.Contains(row.Sealed, []byte("new")) {
		t.Error("the log has it unsealed")
	}
	c.wantAs(204, token, "DELETE /v3/credentials/"+id, nil)
}

// key makes an EC2 key.
func (c *rig) key(token, user, project string) (access, secret string) {
	c.t.Helper()
	made := c.wantAs(201, token, "POST /v3/users/"+user+"/credentials/OS-EC2", object{"tenant_id": project})
	return made.text("credential", "access"), made.text("credential", "secret")
}

func sum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// signS3 is what an S3 service is sent, as it asks about it.
func signS3(access, secret string, at time.Time) object {
	day := at.UTC().Format("20060102")
	text := "AWS4-HMAC-SHA256\n" + at.UTC().Format("20060102T150405Z") + "\n" + day + "/RegionOne/s3/aws4_request\n" + strings.Repeat("0", 64)
	key := []byte("AWS4" + secret)
	for _, part := range []string{day, "RegionOne", "s3", "aws4_request"} {
		key = sum(key, part)
	}
	return object{"credentials": object{"access": access, "token": base64.StdEncoding.EncodeToString([]byte(text)), "signature": hex.EncodeToString(sum(key, text))}}
}

// signEC2 is what an EC2 service is sent, signed by AWS' second way.
func signEC2(access, secret string, at time.Time) object {
	params := map[string]string{"Action": "Describe", "SignatureMethod": "HmacSHA256", "SignatureVersion": "2", "Timestamp": at.UTC().Format("2006-01-02T15:04:05Z")}
	query := "Action=Describe&SignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=" + strings.ReplaceAll(params["Timestamp"], ":", "%3A")
	signature := base64.StdEncoding.EncodeToString(sum([]byte(secret), "GET\ncloud:8773\n/services\n"+query))
	return object{"credentials": object{"access": access, "signature": signature, "host": "cloud:8773", "verb": "GET", "path": "/services", "params": params}}
}

// Attacks 5 and 6: only services learn whose a signature is, and one is good for a while only.
func TestSignaturesAreForServicesAndForAWhile(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	ada, web, token := c.person("ada", "member")
	_, _, eves := c.person("eve", "member")
	access, secret := c.key(token, ada, web)
	for path, sign := range map[string]func(string, string, time.Time) object{"/v3/s3tokens": signS3, "/v3/ec2tokens": signEC2} {
		good := sign(access, secret, c.now())
		c.wantAs(401, "", "POST "+path, good)
		c.wantAs(403, eves, "POST "+path, good)
		c.wantAs(403, token, "POST "+path, good)
		r := c.want(200, "POST "+path, good)
		if r.text("token", "user", "id") != ada || r.text("token", "project", "id") != web {
			t.Errorf("%s tells %s", path, r.Body)
		}
		if given := r.Header().Get("X-Subject-Token"); (given != "") != (path == "/v3/ec2tokens") {
			t.Errorf("%s gives the token %q", path, given)
		}
		c.want(401, "POST "+path, sign(access, secret+"x", c.now()))
		c.want(401, "POST "+path, sign("nobody", secret, c.now()))
		c.want(401, "POST "+path, sign(access, secret, c.now().Add(-time.Hour)))
		c.want(401, "POST "+path, sign(access, secret, c.now().Add(time.Hour)))
		c.want(401, "POST "+path, object{"credentials": object{}})
	}
	undated := base64.StdEncoding.EncodeToString(sum([]byte(secret), "GET\ncloud\n/\nSignatureMethod=HmacSHA256&SignatureVersion=2"))
	c.want(401, "POST /v3/ec2tokens", object{"credentials": object{"access": access, "signature": undated, "host": "cloud", "verb": "GET", "path": "/",
		"params": object{"SignatureMethod": "HmacSHA256", "SignatureVersion": "2"}}})
	c.wantAs(204, token, "DELETE /v3/users/"+ada+"/credentials/OS-EC2/"+access, nil)
	c.want(401, "POST /v3/s3tokens", signS3(access, secret, c.now()))
}

// The token of a signature leads to nothing more, nor does one made by a credential that is lent.
func TestAKeyLeadsToNoMoreThanItsMaker(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	ada, web, token := c.person("ada", "member")
	other := c.want(201, "POST /v3/projects", object{"project": object{"name": "other"}}).text("project", "id")
	c.want(204, "PUT /v3/projects/"+other+"/users/"+ada+"/roles/"+c.role("member"), nil)
	access, secret := c.key(token, ada, web)
	signed := c.want(200, "POST /v3/ec2tokens", signEC2(access, secret, c.now())).Header().Get("X-Subject-Token")
	c.wantAs(403, "", "POST /v3/auth/tokens", byToken(signed, project("other")))
	c.wantAs(403, signed, "POST /v3/users/"+ada+"/credentials/OS-EC2", object{"tenant_id": other})
	restricted := c.wantAs(201, token, "POST /v3/users/"+ada+"/application_credentials", object{"application_credential": object{"name": "r", "roles": []object{{"name": "reader"}}}})
	free := c.wantAs(201, token, "POST /v3/users/"+ada+"/application_credentials", object{"application_credential": object{"name": "f", "unrestricted": true, "roles": []object{{"name": "member"}}}})
	login := func(r reply) string {
		return c.wantAs(201, "", "POST /v3/auth/tokens", byCredential(r.text("application_credential", "id"), r.text("application_credential", "secret"), nil)).Header().Get("X-Subject-Token")
	}
	c.wantAs(403, login(restricted), "POST /v3/users/"+ada+"/credentials/OS-EC2", object{"tenant_id": web})
	lent := login(free)
	c.wantAs(403, lent, "POST /v3/users/"+ada+"/credentials/OS-EC2", object{"tenant_id": other})
	c.wantAs(403, lent, "POST /v3/OS-TRUST/trusts", object{"trust": object{"trustor_user_id": ada, "trustee_user_id": ada, "project_id": web, "impersonation": false, "roles": []object{{"name": "member"}}}})
	access, secret = c.key(lent, ada, web)
	r := c.want(200, "POST /v3/ec2tokens", signEC2(access, secret, c.now()))
	if r.text("token", "application_credential", "name") != "f" {
		t.Errorf("the token is %s", r.Body)
	}
	c.wantAs(204, token, "DELETE /v3/users/"+ada+"/application_credentials/"+free.text("application_credential", "id"), nil)
	if c.works(r.Header().Get("X-Subject-Token")) {
		t.Error("it outlives the application credential")
	}
	c.want(401, "POST /v3/ec2tokens", signEC2(access, secret, c.now()))
}

func TestAccessRulesBindWhatACredentialMayCall(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	ada, web, token := c.person("ada", "member")
	path := "/v3/users/" + ada
	c.wantAs(400, token, "POST "+path+"/application_credentials", object{"application_credential": object{"name": "x", "access_rules": []object{{"service": "identity"}}}})
	made := c.wantAs(201, token, "POST "+path+"/application_credentials", object{"application_credential": object{"name": "narrow", "access_rules": []object{
		{"service": "identity", "method": "GET", "path": "/v3/projects/*"}, {"service": "compute", "method": "GET", "path": "/v2.1/**"}}}})
	rules := made.at("application_credential", "access_rules").([]any)
	if len(rules) != 2 || rules[0].(object)["path"] != "/v3/projects/*" {
		t.Fatalf("its rules are %v", rules)
	}
	login := c.wantAs(201, "", "POST /v3/auth/tokens", byCredential(made.text("application_credential", "id"), made.text("application_credential", "secret"), nil))
	narrow := login.Header().Get("X-Subject-Token")
	c.wantAs(200, narrow, "GET /v3/projects/"+web, nil)
	for _, request := range []string{"GET /v3/projects", "GET /v3/projects/" + web + "/tags", "GET /v3/auth/projects", "PATCH /v3/projects/" + web, "GET /v3/users/" + ada} {
		c.wantAs(401, narrow, request, nil)
	}
	c.want(404, "GET /v3/auth/tokens", nil, "X-Subject-Token", narrow)
	if seen := c.want(200, "GET /v3/auth/tokens", nil, "X-Subject-Token", narrow, "OpenStack-Identity-Access-Rules", "1.0"); len(seen.at("token", "application_credential", "access_rules").([]any)) != 2 {
		t.Errorf("a service sees %s", seen.Body)
	}
	id := rules[0].(object)["id"].(string)
	if list := c.wantAs(200, token, "GET "+path+"/access_rules?service=identity", nil).at("access_rules").([]any); len(list) != 1 {
		t.Errorf("the rules are %v", list)
	}
	c.wantAs(403, token, "DELETE "+path+"/access_rules/"+id, nil)
	c.wantAs(204, token, "DELETE "+path+"/application_credentials/"+made.text("application_credential", "id"), nil)
	c.wantAs(204, token, "DELETE "+path+"/access_rules/"+id, nil)
	c.wantAs(404, token, "GET "+path+"/access_rules/"+id, nil)
}

func TestAKeyMayHaveSeveralRequestForms(t *testing.T) {
	t.Parallel()
	c := cloud(t)
	access, secret := "181920", "secretKey"
	c.want(201, "POST /v3/credentials", object{"credential": object{"type": "ec2", "user_id": c.boot.UserID, "project_id": c.boot.ProjectID,
		"blob": fmt.Sprintf(`{"access":%q,"secret":%q}`, access, secret)}})
	at := c.now().UTC()
	day, stamp := at.Format("20060102"), at.Format("20060102T150405Z")
	hash := sha256.Sum256([]byte("GET\n/x y\nA=b%20c~\nhost:cloud\nx-amz-date:" + stamp + "\n\nhost;x-amz-date\nBODY"))
	key := []byte("AWS4" + secret)
	for _, part := range []string{day, "R", "ec2", "aws4_request"} {
		key = sum(key, part)
	}
	signature := hex.EncodeToString(sum(key, "AWS4-HMAC-SHA256\n"+stamp+"\n"+day+"/R/ec2/aws4_request\n"+hex.EncodeToString(hash[:])))
	c.want(http.StatusOK, "POST /v3/ec2tokens", object{"ec2Credentials": object{"access": access, "signature": signature, "host": "cloud", "verb": "GET", "path": "/x y",
		"params": object{"A": "b c~"}, "body_hash": "BODY", "headers": object{"Host": "cloud", "X-Amz-Date": stamp,
			"Authorization": "AWS4-HMAC-SHA256 Credential=" + access + "/" + day + "/R/ec2/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + signature}}})
	c.want(400, "POST /v3/credentials", object{"credential": object{"type": "ec2", "user_id": c.boot.UserID, "project_id": c.boot.ProjectID, "blob": "{}"}})
}
