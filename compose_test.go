package main

import (
	"context"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
)

// serves checks that a command line is one of skylog serve that it understands.
func serves(t *testing.T, line []string) {
	t.Helper()
	if len(line) == 0 || line[0] != "serve" {
		t.Fatalf("%q is to start skylog serve", line)
	}
	c := serveCommand()
	if err := c.ParseFlags(line[1:]); err != nil {
		t.Errorf("%q: %v", line, err)
	}
	if rest := c.Flags().Args(); len(rest) > 0 {
		t.Errorf("%q has %q left over", line, rest)
	}
}

func TestComposeStartsSkylogForThisMachineOnly(t *testing.T) {
	t.Parallel()
	options, err := cli.NewProjectOptions([]string{"docker-compose.yml"}, cli.WithName("skylog"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	service, err := project.GetService("skylog")
	if err != nil {
		t.Fatal(err)
	}
	serves(t, service.Command)
	if len(service.Ports) != 1 || service.Ports[0].HostIP != "127.0.0.1" || service.Ports[0].Target != 5000 {
		t.Errorf("ports are %+v, want 5000 on the loopback address alone", service.Ports)
	}
	if service.Privileged || len(service.CapAdd) > 0 || !slices.Contains(service.CapDrop, "ALL") {
		t.Errorf("privileged %v, capabilities added %v, dropped %v: want none", service.Privileged, service.CapAdd, service.CapDrop)
	}
	if service.HealthCheck == nil || service.StopGracePeriod == nil || service.Restart == "" {
		t.Error("a service is to be asked whether it lives, to have time to end, and to be started again")
	}
	if len(service.Volumes) != 1 || project.Volumes[service.Volumes[0].Source].Name == "" {
		t.Errorf("volumes are %+v, want one that is declared", service.Volumes)
	}
}

func TestContainerRunsWithoutRootAndWithFlagsThatExist(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	stages := strings.Split(string(data), "\nFROM ")
	last := stages[len(stages)-1]
	if !strings.Contains(last, "\nUSER skylog\n") {
		t.Error("the container is to run as a user who isn't root")
	}
	line := regexp.MustCompile(`(?m)^CMD (\[.*\])$`).FindStringSubmatch(last)
	if line == nil {
		t.Fatal("the Dockerfile has no CMD")
	}
	var words []string
	if err := json.Unmarshal([]byte(line[1]), &words); err != nil {
		t.Fatal(err)
	}
	serves(t, words)
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)
	if !strings.HasPrefix(string(data), "FROM golang:"+string(version[1])) {
		t.Errorf("the Dockerfile doesn't build with Go %s, as go.mod wants", version[1])
	}
}

func TestSystemdUnitLeavesGuestsRunning(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("docs/skylog.service")
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for _, line := range strings.Split(string(data), "\n") {
		if name, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			settings[name] = value
		}
	}
	if settings["KillMode"] != "process" || settings["OOMPolicy"] != "continue" {
		t.Errorf("KillMode is %q and OOMPolicy %q: guests would end with the program", settings["KillMode"], settings["OOMPolicy"])
	}
	line := strings.Fields(settings["ExecStart"])
	if len(line) < 2 || line[0] != "/usr/local/bin/skylog" {
		t.Fatalf("ExecStart is %q", settings["ExecStart"])
	}
	serves(t, line[1:])
}
