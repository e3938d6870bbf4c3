//go:build conform

package identity

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"skylog/api"
)

// TestTheOpenstackClientManagesACloud runs the real client. It takes a minute or
// two, so it is part of make conform.
func TestTheOpenstackClientManagesACloud(t *testing.T) {
	client, err := exec.LookPath("openstack")
	if err != nil {
		t.Skip("the openstack client isn't installed")
	}
	c := cloud(t)
	s, err := c.service.API()
	if err != nil {
		t.Fatal(err)
	}
	g, err := api.New(api.Options{Now: c.cell.Now, Authenticate: c.service.Authenticate, Log: quiet}, s)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	run := func(env []string, command string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), client, strings.Fields(command)...)
		cmd.Env = append(os.Environ(), append([]string{"OS_AUTH_URL=" + server.URL + "/identity/v3", "OS_IDENTITY_API_VERSION=3", "OS_USERNAME=admin",
			"OS_PASSWORD=s3cret", "OS_PROJECT_NAME=admin", "OS_USER_DOMAIN_ID=default", "OS_PROJECT_DOMAIN_ID=default"}, env...)...)
		out, err := cmd.CombinedOutput()
		t.Logf("$ openstack %s\n%s", command, out)
		if err != nil {
			t.Errorf("openstack %s: %v", command, err)
		}
		return strings.TrimSpace(string(out))
	}
	for _, command := range []string{
		"token issue",
		"domain create acme --description rockets",
		"project create demo --description first --tag blue --property color=blue",
		"project create child --parent demo",
		"project list --long",
		"project list --tags blue",
		"project set demo --description second",
		"project show demo",
		"user create ada --password pw --project demo --email ada@example.org --description countess",
		"user show ada",
		"user list --long",
		"group create poets --description rhymes",
		"group add user poets ada",
		"group contains user poets ada",
		"user list --group poets",
		"role create bard",
		"role list",
		"role add --user ada --project demo member",
		"role add --group poets --project demo bard",
		"role add --group poets --domain default --inherited reader",
		"role assignment list --names",
		"role assignment list --names --effective --user ada",
		"role assignment list --names --project demo --effective",
		"implied role list",
		"implied role create bard --implied-role reader",
		"implied role delete bard --implied-role reader",
		"catalog list",
		"catalog show identity",
		"endpoint list",
		"service list --long",
		"service create --name heat --description stacks orchestration",
		"endpoint create --region RegionOne orchestration public http://127.0.0.1/v1/%(tenant_id)s",
		"region list",
		"region create RegionTwo --parent-region RegionOne",
		"region delete RegionTwo",
		"user set --password other ada",
		"user set --disable ada",
		"user set --enable ada",
		"role remove --user ada --project demo member",
		"role add --user ada --project demo member",
		"role add --user ada --system all reader",
		"versions show --service identity",
	} {
		run(nil, command)
	}
	ada := []string{"OS_USERNAME=ada", "OS_PASSWORD=other", "OS_PROJECT_NAME=demo"}
	run(ada, "token issue")
	run(ada, "project list --my-projects")
	run(ada, "application credential create backup --secret hush --role member")
	run(ada, "application credential list")
	run(ada, "application credential show backup")
	key := strings.Fields(run(ada, "application credential show backup -f value -c id"))
	run([]string{"OS_AUTH_TYPE=v3applicationcredential", "OS_APPLICATION_CREDENTIAL_ID=" + key[len(key)-1], "OS_APPLICATION_CREDENTIAL_SECRET=hush",
		"OS_USERNAME=", "OS_PASSWORD=", "OS_PROJECT_NAME=", "OS_USER_DOMAIN_ID=", "OS_PROJECT_DOMAIN_ID="}, "token issue")
	run(ada, "application credential delete backup")
	run(ada, "ec2 credentials create")
	run(ada, "ec2 credentials list")
	for _, command := range []string{
		"trust create --project admin --role member --impersonate admin ada", "trust list",
		"credential create --type note admin blob", "credential list",
		"registered limit create --service keystone --default-limit 10 --region RegionOne widgets", "registered limit list",
		"limit create --project demo --service keystone --resource-limit 20 --region RegionOne widgets", "limit list",
		"endpoint group list", "policy list", "project set demo --tag red --property color=red", "project show demo --parents --children",
		"user set ada --multi-factor-auth-rule password", "user set ada --ignore-lockout-failure-attempts", "access rule list",
		"role create --domain default own", "role list --domain default",
	} {
		run(nil, command)
	}
	run(ada, "user password set --original-password other --password third")
	run([]string{"OS_USERNAME=ada", "OS_PASSWORD=third", "OS_PROJECT_NAME="}, "token issue")
	run([]string{"OS_PROJECT_NAME=", "OS_SYSTEM_SCOPE=all", "OS_PROJECT_DOMAIN_ID="}, "domain list")
	for _, command := range []string{"user delete ada", "group delete poets", "role delete bard", "project delete child", "project delete demo",
		"service delete heat", "domain set --disable acme", "domain delete acme", "project list"} {
		run(nil, command)
	}
}
