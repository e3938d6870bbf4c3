package metadata

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"skylog/workers/compute"
)

// openStackVersions are the versions of OpenStack's tree, oldest first. Each is
// named for the day since which its documents have their form.
var openStackVersions = []string{
	folsom, grizzly, havana, liberty, mitaka, newton, "2017-02-22", "2018-08-27", victoria, "2025-04-04",
}

const (
	folsom   = "2012-08-10"
	grizzly  = "2013-04-04" // random_seed
	havana   = "2013-10-17" // vendor_data.json
	liberty  = "2015-10-15" // project_id, network_data.json
	mitaka   = "2016-06-30" // devices
	newton   = "2016-10-06" // vendor_data2.json
	victoria = "2020-10-14" // dedicated_cpus
)

func renderOpenStack(m *compute.Metadata, steps []string) ([]byte, string, bool) {
	if len(steps) == 0 {
		return []byte(strings.Join(openStackVersions, "\n") + "\n" + latest), plain, true
	}
	if steps[0] == "content" {
		return renderContent(m, steps[1:])
	}
	v := steps[0]
	if v != latest && !slices.Contains(openStackVersions, v) {
		return nil, "", false
	}
	names := openStackNames(m, v)
	if len(steps) == 1 {
		return []byte(strings.Join(names, "\n")), plain, true
	}
	if len(steps) > 2 || !slices.Contains(names, steps[1]) {
		return nil, "", false
	}
	kind := jsonDoc
	if steps[1] == "user_data" {
		kind = plain
	}
	return openStackFile(m, v, steps[1], false), kind, true
}

// contentName is the name of an injected file's content, by its place in the list.
func contentName(i int) string { return fmt.Sprintf("%04d", i) }

func renderContent(m *compute.Metadata, steps []string) ([]byte, string, bool) {
	for i, f := range m.Files {
		if len(steps) == 1 && steps[0] == contentName(i) {
			return f.Content, plain, true
		}
	}
	return nil, "", false
}

// openStackNames lists the files of a version.
func openStackNames(m *compute.Metadata, version string) []string {
	names := []string{"meta_data.json"}
	if len(m.UserData) > 0 {
		names = append(names, "user_data")
	}
	if version >= havana { // "latest" is greater than any date
		names = append(names, "vendor_data.json")
	}
	if version >= liberty && len(m.Links) > 0 {
		names = append(names, "network_data.json")
	}
	if version >= newton {
		names = append(names, "vendor_data2.json")
	}
	return names
}

func openStackFile(m *compute.Metadata, version, name string, withPassword bool) []byte {
	switch name {
	case "user_data":
		return m.UserData
	case "vendor_data.json":
		return []byte("{}")
	case "vendor_data2.json":
		return []byte(`{"static": {}}`)
	case "network_data.json":
		return encode(networkData(m.Links))
	}
	return encode(metaData(m, version, withPassword))
}

type (
	metaDocument struct {
		UUID             string            `json:"uuid"`
		Meta             map[string]string `json:"meta,omitempty"`
		AdminPass        string            `json:"admin_pass,omitempty"`
		PublicKeys       map[string]string `json:"public_keys,omitempty"`
		Keys             []key             `json:"keys,omitempty"`
		Hostname         string            `json:"hostname"`
		Name             string            `json:"name"`
		LaunchIndex      int               `json:"launch_index"`
		AvailabilityZone string            `json:"availability_zone"`
		RandomSeed       []byte            `json:"random_seed,omitempty"`
		ProjectID        string            `json:"project_id,omitempty"`
		Devices          *[]string         `json:"devices,omitempty"`        // no device of ours has a tag
		DedicatedCPUs    *[]int            `json:"dedicated_cpus,omitempty"` // nor is any CPU pinned
		Files            []content         `json:"files,omitempty"`
	}
	content struct {
		Path        string `json:"path"`
		ContentPath string `json:"content_path"`
	}
	key struct {
		Name string `json:"name"`
		Type string `json:"type"`
		Data string `json:"data"`
	}
)

func metaData(m *compute.Metadata, version string, withPassword bool) metaDocument {
	d := metaDocument{
		UUID: m.ServerID, Meta: m.Meta, Hostname: m.Hostname, Name: m.Name,
		LaunchIndex: m.LaunchIndex, AvailabilityZone: m.AvailabilityZone,
	}
	if withPassword {
		d.AdminPass = m.AdminPass
	}
	for _, k := range m.Keys {
		if d.PublicKeys == nil {
			d.PublicKeys = map[string]string{}
		}
		d.PublicKeys[k.Name] = k.Data
		d.Keys = append(d.Keys, key(k))
	}
	for i, f := range m.Files {
		d.Files = append(d.Files, content{Path: f.Path, ContentPath: "/content/" + contentName(i)})
	}
	if version >= grizzly {
		d.RandomSeed = make([]byte, 512)
		rand.Read(d.RandomSeed) // never fails: it ends the program rather
	}
	if version >= liberty {
		d.ProjectID = m.ProjectID
	}
	if version >= mitaka {
		d.Devices = &[]string{}
	}
	if version >= victoria {
		d.DedicatedCPUs = &[]int{}
	}
	return d
}

type (
	networkDocument struct {
		Links    []networkLink `json:"links"`
		Networks []guestNet    `json:"networks"`
		Services []service     `json:"services"`
	}
	networkLink struct {
		ID    string `json:"id"`
		VifID string `json:"vif_id"`
		Type  string `json:"type"`
		MTU   *int   `json:"mtu"`
		MAC   string `json:"ethernet_mac_address"`
	}
	guestNet struct {
		ID        string     `json:"id"`
		Type      string     `json:"type"`
		Link      string     `json:"link"`
		IPAddress string     `json:"ip_address,omitempty"`
		Netmask   string     `json:"netmask,omitempty"`
		Routes    *[]route   `json:"routes,omitempty"`
		NetworkID string     `json:"network_id"`
		Services  *[]service `json:"services,omitempty"`
	}
	route struct {
		Network string `json:"network"`
		Netmask string `json:"netmask"`
		Gateway string `json:"gateway"`
	}
	service struct {
		Type    string `json:"type"`
		Address string `json:"address"`
	}
)

// networkData has an entry for each address; of those that DHCP gives it says
// no more than that. The MTU is null where DHCP tells it, as Nova has it.
func networkData(links []compute.Link) networkDocument {
	d := networkDocument{Links: []networkLink{}, Networks: []guestNet{}, Services: []service{}}
	for i, l := range links {
		link := networkLink{ID: fmt.Sprintf("interface%d", i), VifID: l.PortID, Type: "phy", MAC: l.MAC}
		if mtu := l.MTU; mtu > 0 && !slices.ContainsFunc(l.FixedIPs, func(f compute.FixedIP) bool { return f.DHCP }) {
			link.MTU = &mtu
		}
		d.Links = append(d.Links, link)
		for _, f := range l.FixedIPs {
			n := addressOf(f)
			n.ID, n.Link, n.NetworkID = fmt.Sprintf("network%d", len(d.Networks)), link.ID, l.NetworkID
			d.Networks = append(d.Networks, n)
			for _, a := range f.DNS {
				if s := (service{"dns", a.String()}); !slices.Contains(d.Services, s) {
					d.Services = append(d.Services, s)
				}
			}
		}
	}
	return d
}

func addressOf(f compute.FixedIP) guestNet {
	kind := "ipv4"
	if f.Address.Is6() {
		kind = "ipv6"
	}
	if f.DHCP {
		return guestNet{Type: kind + "_dhcp"}
	}
	routes, services := []route{}, []service{}
	if f.Gateway.IsValid() {
		everywhere := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		if f.Gateway.Is6() {
			everywhere = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
		routes = append(routes, route{everywhere.Addr().String(), netmask(everywhere), f.Gateway.String()})
	}
	for _, r := range f.HostRoutes {
		routes = append(routes, route{r.Destination.Masked().Addr().String(), netmask(r.Destination), r.NextHop.String()})
	}
	for _, a := range f.DNS {
		services = append(services, service{"dns", a.String()})
	}
	return guestNet{
		Type: kind, IPAddress: f.Address.String(), Netmask: netmask(f.Subnet),
		Routes: &routes, Services: &services,
	}
}

func netmask(p netip.Prefix) string {
	return net.IP(net.CIDRMask(p.Bits(), p.Addr().BitLen())).String()
}

// encode has no error to return: the documents hold nothing but strings and numbers.
func encode(document any) []byte {
	b, err := json.Marshal(document)
	if err != nil {
		panic(err)
	}
	return b
}
