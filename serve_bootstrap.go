package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/google/renameio/v2"
	"github.com/google/uuid"

	"skylog/api/identity"
	"skylog/commands"
	computecmd "skylog/commands/compute"
	identitycmd "skylog/commands/identity"
)

// offers are the services of the first catalog, in the form in which clients
// expect each one's address.
var offers = []identity.Offer{
	{Type: "identity", Name: "keystone", URL: "{public}/identity"},
	{Type: "compute", Name: "nova", URL: "{public}/compute/v2.1"},
	{Type: "image", Name: "glance", URL: "{public}/image"},
	{Type: "network", Name: "neutron", URL: "{public}/network"},
	{Type: "placement", Name: "placement", URL: "{public}/placement"},
}

// flavors are there from the beginning, so that a server can be had at once: the
// sizes that users of OpenStack know, and two for small guests.
var flavors = []computecmd.CreateFlavor{
	{ID: "42", Name: "m1.nano", VCPUs: 1, RAMMiB: 128, DiskGiB: 1},
	{ID: "84", Name: "m1.micro", VCPUs: 1, RAMMiB: 256, DiskGiB: 1},
	{ID: "1", Name: "m1.tiny", VCPUs: 1, RAMMiB: 512, DiskGiB: 1},
	{ID: "2", Name: "m1.small", VCPUs: 1, RAMMiB: 2048, DiskGiB: 20},
	{ID: "3", Name: "m1.medium", VCPUs: 2, RAMMiB: 4096, DiskGiB: 40},
	{ID: "4", Name: "m1.large", VCPUs: 4, RAMMiB: 8192, DiskGiB: 80},
	{ID: "5", Name: "m1.xlarge", VCPUs: 8, RAMMiB: 16384, DiskGiB: 160},
}

// bootstrap makes a new cloud one that its owner can log in to. The password is
// written down first, so that there is never a cloud that nobody can enter.
func (n *node) bootstrap(ctx context.Context) error {
	password, err := n.writeClouds(n.url(n.address))
	if err != nil {
		return err
	}
	if n.now().Identity.Domains.Len() > 0 {
		return n.offerMore(ctx)
	}
	first, err := identity.BootstrapCommand(password, offers...)
	if err != nil {
		return err
	}
	batch := []commands.Command{first}
	for _, f := range flavors {
		f.Public, f.RxTxFactor = true, 1
		batch = append(batch, f)
	}
	_, err = n.cell.Do(commands.With(ctx, commands.Caller{Origin: "cell", CommandID: uuid.NewString()}), batch...)
	return err
}

// offerMore puts into the catalog of a cloud what this program serves and the
// one that made the cloud didn't know of.
func (n *node) offerMore(ctx context.Context) error {
	w := n.now()
	if !w.Identity.Regions.Has(firstRegion) {
		return nil // its owners made another catalog
	}
	var batch []commands.Command
	for _, o := range offers {
		known := false
		for range w.Identity.Services.OfType(o.Type) {
			known = true
		}
		if known {
			continue
		}
		id := func() string { return strings.ReplaceAll(uuid.NewString(), "-", "") }
		service := identitycmd.CreateService{ID: id(), Type: o.Type, Name: o.Name, Enabled: true}
		batch = append(batch, service)
		for _, side := range []string{"public", "internal", "admin"} {
			batch = append(batch, identitycmd.CreateEndpoint{ID: id(), ServiceID: service.ID, Interface: side, RegionID: firstRegion, URL: o.URL, Enabled: true})
		}
	}
	if len(batch) == 0 {
		return nil
	}
	_, err := n.cell.Do(commands.With(ctx, commands.Caller{Origin: "cell", CommandID: uuid.NewString()}), batch...)
	return err
}

// firstRegion is the region that the first catalog has.
const firstRegion = "RegionOne"

type cloudsFile struct {
	Clouds map[string]cloud `yaml:"clouds"`
}

type cloud struct {
	Auth       cloudAuth `yaml:"auth"`
	RegionName string    `yaml:"region_name"`
	Interface  string    `yaml:"interface"`
	APIVersion string    `yaml:"identity_api_version"`
}

type cloudAuth struct {
	AuthURL           string `yaml:"auth_url"`
	Username          string `yaml:"username"`
	Password          string `yaml:"password"`
	ProjectName       string `yaml:"project_name"`
	UserDomainName    string `yaml:"user_domain_name"`
	ProjectDomainName string `yaml:"project_domain_name"`
}

// writeClouds writes clouds.yaml, with the password it has or a new one. A file
// that somebody changed otherwise keeps its other clouds out of our hands: it is
// only rewritten where our cloud's address has changed.
func (n *node) writeClouds(authURL string) (password string, err error) {
	path := filepath.Join(n.data, "clouds.yaml")
	var file cloudsFile
	old, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return "", err
	default:
		if err := yaml.Unmarshal(old, &file); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
	}
	ours := file.Clouds["skylog"]
	if ours.Auth.Password == "" {
		ours.Auth.Password = rand.Text()
	}
	ours.Auth.AuthURL = authURL + "/identity/v3"
	ours.Auth.Username, ours.Auth.ProjectName = "admin", "admin"
	ours.Auth.UserDomainName, ours.Auth.ProjectDomainName = "Default", "Default"
	ours.RegionName, ours.Interface, ours.APIVersion = firstRegion, "public", "3"
	if file.Clouds == nil {
		file.Clouds = map[string]cloud{}
	}
	file.Clouds["skylog"] = ours
	data, err := yaml.Marshal(file)
	if err != nil || bytes.Equal(data, old) {
		return ours.Auth.Password, err
	}
	return ours.Auth.Password, renameio.WriteFile(path, data, 0o600, renameio.IgnoreUmask())
}
