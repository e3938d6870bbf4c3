package metadata

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"skylog/workers/compute"
)

func guest() compute.Metadata {
	subnet := netip.MustParsePrefix("10.0.0.0/24")
	return compute.Metadata{
		ServerID: "5f1c", ProjectID: "p1", Name: "web", Hostname: "web.example.org", AvailabilityZone: "nova",
		FlavorName: "m1.tiny", ImageID: "ami-00000001", LaunchIndex: 2,
		Keys: []compute.PublicKey{
			{Name: "laptop", Type: "ssh", Data: "ssh-ed25519 AAAA"},
			{Name: "desk", Type: "ssh", Data: "ssh-ed25519 BBBB"},
		},
		Files: []compute.InjectedFile{{Path: "/etc/motd", Content: []byte("hello")}},
		Meta:  map[string]string{"role": "<front>"}, UserData: []byte("#!/bin/sh\n"),
		LocalIPv4: netip.MustParseAddr("10.0.0.5"), SecurityGroups: []string{"default", "web"},
		AdminPass: "s3cret", ReservationID: "r-1", InstID: "i-00000007",
		Links: []compute.Link{{PortID: "port1", NetworkID: "net1", MAC: "fa:16:3e:00:00:01", MTU: 1450, FixedIPs: []compute.FixedIP{
			{Address: netip.MustParseAddr("10.0.0.5"), Subnet: subnet, DHCP: true},
			{
				Address: netip.MustParseAddr("10.1.0.5"), Subnet: netip.MustParsePrefix("10.1.0.0/20"),
				Gateway: netip.MustParseAddr("10.1.0.1"), DNS: []netip.Addr{netip.MustParseAddr("9.9.9.9")},
				HostRoutes: []compute.Route{{Destination: netip.MustParsePrefix("172.16.0.0/12"), NextHop: netip.MustParseAddr("10.1.0.2")}},
			},
		}}},
	}
}

func TestPathsLeadToWhatNovaServes(t *testing.T) {
	m := guest()
	for path, want := range map[string]string{
		"":                                              strings.Join(ec2Versions, "\n") + "\nlatest",
		"/ec2":                                          strings.Join(ec2Versions, "\n") + "\nlatest",
		"/openstack/":                                   strings.Join(openStackVersions, "\n") + "\nlatest",
		"/openstack/latest":                             "meta_data.json\nuser_data\nvendor_data.json\nnetwork_data.json\nvendor_data2.json",
		"/openstack/2012-08-10/":                        "meta_data.json\nuser_data",
		"/openstack/latest/user_data":                   "#!/bin/sh\n",
		"/openstack/content/0000":                       "hello",
		"/openstack/latest/vendor_data.json":            "{}",
		"/latest":                                       "meta-data/\nuser-data",
		"/latest/user-data":                             "#!/bin/sh\n",
		"/2009-04-04/meta-data/instance-id":             "i-00000007",
		"/ec2/latest/meta-data/hostname":                "web.example.org",
		"//latest//meta-data/local-ipv4/":               "10.0.0.5",
		"/latest/meta-data/public-keys/":                "0=laptop\n1=desk",
		"/latest/meta-data/public-keys/1":               "openssh-key",
		"/1.0/meta-data/public-keys/0/openssh-key":      "ssh-ed25519 AAAA",
		"/latest/meta-data/security-groups":             "default\nweb",
		"/latest/meta-data/placement/availability-zone": "nova",
		"/latest/meta-data/ami-launch-index":            "2",
		"/1.0/meta-data": "ami-id\nami-launch-index\nami-manifest-path\nhostname\ninstance-id\nlocal-ipv4\n" +
			"public-keys/\nreservation-id\nsecurity-groups",
	} {
		body, _, ok := Render(m, path)
		if !ok || string(body) != want {
			t.Errorf("%q: got %q, %v, want %q", path, body, ok, want)
		}
	}
}

func TestPathsThatLeadNowhereAreNotFound(t *testing.T) {
	for _, path := range []string{
		"/nope", "/openstack/2011-01-01", "/openstack/latest/password", "/openstack/latest/user_data/x", "/openstack/../../etc/passwd",
		"/latest/meta-data/nope", "/latest/meta-data/hostname/x", "/latest/meta-data/public-keys/7", "/1.0/meta-data/placement",
		"/openstack/2012-08-10/vendor_data.json", "/latest/" + strings.Repeat("x", 300),
	} {
		if body, _, ok := Render(guest(), path); ok {
			t.Errorf("%q: got %q", path, body)
		}
	}
	if _, _, ok := Render(compute.Metadata{}, "/latest/user-data"); ok {
		t.Error("user data is found where there is none")
	}
	if _, _, ok := Render(compute.Metadata{}, "/openstack/latest/network_data.json"); ok {
		t.Error("network data is found where nothing is known of the network")
	}
}

func TestMetaDataSaysWhatItsVersionHad(t *testing.T) {
	read := func(path string) (d map[string]any) {
		body, kind, ok := Render(guest(), path)
		if !ok || kind != "application/json" {
			t.Fatalf("%s: %v, %q", path, ok, kind)
		}
		if err := json.Unmarshal(body, &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := read("/openstack/latest/meta_data.json")
	if d["uuid"] != "5f1c" || d["hostname"] != "web.example.org" || d["project_id"] != "p1" || d["launch_index"] != 2.0 {
		t.Errorf("got %v", d)
	}
	if d["meta"].(map[string]any)["role"] != "<front>" || d["public_keys"].(map[string]any)["desk"] != "ssh-ed25519 BBBB" {
		t.Errorf("got %v", d)
	}
	if len(d["devices"].([]any)) != 0 || len(d["random_seed"].(string)) < 680 {
		t.Errorf("got %v", d)
	}
	old := read("/openstack/2012-08-10/meta_data.json")
	for _, later := range []string{"random_seed", "project_id", "devices", "dedicated_cpus"} {
		if _, there := old[later]; there {
			t.Errorf("%s stands in a version that has no such key", later)
		}
	}
}

func TestThePasswordIsForTheConfigDriveOnly(t *testing.T) {
	for _, path := range []string{"/openstack/latest/meta_data.json", "/openstack/2025-04-04/meta_data.json", "/latest/meta-data"} {
		if body, _, _ := Render(guest(), path); strings.Contains(string(body), "s3cret") {
			t.Errorf("%s tells the password", path)
		}
	}
	if got := string(Files(guest())["openstack/latest/meta_data.json"]); !strings.Contains(got, `"admin_pass":"s3cret"`) {
		t.Errorf("got %s", got)
	}
}

func TestNetworkDataTellsAddressesThatDHCPDoesNot(t *testing.T) {
	body, _, ok := Render(guest(), "/openstack/latest/network_data.json")
	want := `{"links":[{"id":"interface0","vif_id":"port1","type":"phy","mtu":null,"ethernet_mac_address":"fa:16:3e:00:00:01"}],` +
		`"networks":[{"id":"network0","type":"ipv4_dhcp","link":"interface0","network_id":"net1"},` +
		`{"id":"network1","type":"ipv4","link":"interface0","ip_address":"10.1.0.5","netmask":"255.255.240.0","routes":[` +
		`{"network":"0.0.0.0","netmask":"0.0.0.0","gateway":"10.1.0.1"},{"network":"172.16.0.0","netmask":"255.240.0.0","gateway":"10.1.0.2"}],` +
		`"network_id":"net1","services":[{"type":"dns","address":"9.9.9.9"}]}],"services":[{"type":"dns","address":"9.9.9.9"}]}`
	if !ok || string(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
}

func TestAConfigDriveHasEachVersionOfEachTree(t *testing.T) {
	files := Files(guest())
	for _, name := range []string{
		"openstack/latest/meta_data.json", "openstack/latest/user_data", "openstack/latest/network_data.json",
		"openstack/2012-08-10/meta_data.json", "ec2/latest/meta-data.json", "ec2/2009-04-04/user-data",
	} {
		if len(files[name]) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	var ec2 struct {
		Groups []string                     `json:"security-groups"`
		Keys   map[string]map[string]string `json:"public-keys"`
	}
	if err := json.Unmarshal(files["ec2/latest/meta-data.json"], &ec2); err != nil {
		t.Fatal(err)
	}
	if len(ec2.Groups) != 2 || ec2.Keys["0"]["openssh-key"] != "ssh-ed25519 AAAA" {
		t.Errorf("got %+v", ec2)
	}
}

func FuzzNoPathPanics(f *testing.F) {
	f.Add("/latest/meta-data/public-keys/0/openssh-key")
	f.Fuzz(func(t *testing.T, path string) { Render(guest(), path) })
}
