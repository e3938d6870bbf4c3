package conform

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// suite is the module whose acceptance tests run. They are internal to it, so
// they run in a copy.
const suite = "github.com/gophercloud/gophercloud/v2@v2.15.0"

// folders are the tests' packages, below the suite's folder of acceptance tests.
var folders = []string{"identity/v3", "image/v2", "placement/v1", "compute/v2"}

// TestGophercloudsAcceptanceSuite runs what gophercloud tests OpenStack with.
func TestGophercloudsAcceptanceSuite(t *testing.T) {
	program := binary(t)
	known := differences(t, t.Name())
	// Statuses are polled once a second: REBOOT must last longer.
	c := newCloud(t, program, 1200*time.Millisecond, "--web-download-hosts", "download.cirros-cloud.net")
	env := c.furnish()
	dir := copied(t)
	all := results{}
	for _, folder := range folders {
		found := acceptance(t, dir, folder, env, "")
		if again := found.skipped(); again != "" { // some want to be no administrator
			for name, o := range acceptance(t, dir, folder, append(env, "OS_USERNAME=conform", "OS_PASSWORD=conform"), again) {
				found[name] = o
			}
		}
		for name, o := range found {
			all[folder+" "+name] = o
		}
	}
	all.judge(t, known)
}

// furnish makes what the suite expects to be there, and tells it where.
func (c *cloud) furnish() []string {
	c.t.Helper()
	c.must("flavor", "create", "acceptance", "--id", "99", "--ram", "512", "--disk", "10", "--vcpus", "1")
	c.must("flavor", "create", "resize", "--id", "98", "--ram", "512", "--disk", "11", "--vcpus", "1")
	network := c.made("network", "create", "private")
	subnet := c.made("subnet", "create", "--network", "private", "--subnet-range", "10.9.0.0/16", "private-subnet")
	external := c.made("network", "create", "public", "--external")
	image := c.made("image", "create", "cirros", "--public", "--file", c.disk(2), "--disk-format", "raw", "--container-format", "bare")
	c.must("user", "create", "conform", "--password", "conform", "--project", "admin")
	c.must("role", "add", "--user", "conform", "--project", "admin", "member")
	// The one file that the suite fetches from the Web comes from here: 127.0.0.1
	// itself is never asked for by a proxy.
	disk := c.disk(1)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, disk) }))
	c.t.Cleanup(web.Close)
	return append(os.Environ(), "OS_AUTH_URL="+c.url+"/identity/v3", "OS_USERNAME=admin", "OS_PASSWORD="+c.password(), "OS_PROJECT_NAME=admin",
		"OS_DOMAIN_ID=default", "OS_REGION_NAME=RegionOne", "OS_BRANCH=master", "OS_LIVE_MIGRATE=1", "OS_CLOUD=", "HTTP_PROXY="+web.URL, "http_proxy="+web.URL,
		"OS_IMAGE_ID="+image, "OS_FLAVOR_ID=99", "OS_FLAVOR_ID_RESIZE=98", "OS_NETWORK_NAME=private", "OS_NETWORK_ID="+network, "OS_SUBNET_ID="+subnet,
		"OS_EXTGW_ID="+external, "OS_POOL_NAME=public")
}

// copied is the suite in a folder of its own.
func copied(t *testing.T) string {
	t.Helper()
	command := exec.Command("go", "mod", "download", "-json", suite)
	command.Dir = t.TempDir() // in no module
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go mod download %s: %v\n%s", suite, err, out)
	}
	var module struct{ Dir string }
	check(t, json.Unmarshal(out, &module))
	dir := filepath.Join(t.TempDir(), "suite")
	check(t, os.CopyFS(dir, os.DirFS(module.Dir)))
	return dir
}

// acceptance runs a package's tests, or those that only names.
func acceptance(t *testing.T, dir, folder string, env []string, only string) results {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "test", "-json", "-count=1", "-timeout=12m", "-tags=acceptance", "-run="+only, "./internal/acceptance/openstack/"+folder)
	command.Dir, command.Env = dir, env
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, _ := command.Output() // tests that fail are judged one by one
	found, output := results{}, map[string]*strings.Builder{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var e struct{ Action, Test, Output string }
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Test == "" || strings.Contains(e.Test, "/") {
			continue
		}
		if output[e.Test] == nil {
			output[e.Test] = &strings.Builder{}
		}
		switch e.Action {
		case "output":
			output[e.Test].WriteString(e.Output)
		case "pass", "fail", "skip":
			found[e.Test] = outcome{verdict: verdict(e.Action), why: failure(output[e.Test].String())}
		}
	}
	if len(found) == 0 {
		t.Fatalf("no test of %s ran\n%s%s", folder, complaint.String(), out[max(0, len(out)-2000):])
	}
	for name := range output {
		if _, ended := found[name]; !ended {
			found[name] = outcome{verdict: failed, why: "it didn't end"}
		}
	}
	return found
}

// failure is the lines of a test's output that tell why it didn't pass.
func failure(output string) string {
	var kept []string
	for line := range strings.Lines(output) {
		if strings.Contains(line, "_test.go") || strings.Contains(line, "Failure") || strings.Contains(line, "conditions.go") {
			kept = append(kept, strings.TrimSpace(line))
		}
	}
	why := strings.Join(kept[max(0, len(kept)-3):], "\n")
	return why[:min(len(why), 1000)]
}

// skipped is a pattern of the tests that were left out.
func (r results) skipped() string {
	var names []string
	for name, o := range r {
		if o.verdict == skipped {
			names = append(names, name)
		}
	}
	if names == nil {
		return ""
	}
	return fmt.Sprintf("^(%s)$", strings.Join(names, "|"))
}
