package compute

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/goccy/go-json"

	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
	view "skylog/projections/compute"
	netview "skylog/projections/network"
	"skylog/workers"
)

// ServerWant is what a host is told about one server: all that it shall be, with
// its ports and what its guest may learn, so that no other want is needed first.
type ServerWant struct {
	ID   string
	Host string
	// Generation orders the wants of one server: a lower one is older.
	Generation uint64
	// Wish names what is wanted of the server's power and life; reports about it
	// carry it. It changes less often than Generation.
	Wish  uint64
	Cause string // the command that the wish comes from
	Gone  bool   `json:",omitempty"`
	// Leave: what is wanted can't be said now; the machine stays as it is.
	Leave bool `json:",omitempty"`
	// PortIDs are the ports of a server of which nothing else is said here: to be
	// unplugged if it shall be gone.
	PortIDs  []string    `json:",omitempty"`
	Spec     MachineSpec `json:",omitzero"`
	Image    ImageRef    `json:",omitzero"`
	Ports    []PortSpec  `json:",omitempty"`
	Metadata *Metadata   `json:",omitempty"`
	// ConfigDrive: the guest shall have its metadata as a disk, too.
	ConfigDrive bool `json:",omitempty"`
	// AdminPass is told by that disk alone, and kept nowhere else on the host.
	AdminPass string `json:",omitempty"`
	// Rescue is the image that the machine runs from instead of its disk.
	Rescue *ImageRef `json:",omitempty"`
	// Capture is the image that its disk shall become.
	Capture *CaptureRef `json:",omitempty"`
	// Arrival names the migration by which the server comes to this host, running;
	// until it has come, nobody makes it here.
	Arrival string `json:",omitempty"`
	// Departure is the server's way to another host. As long as it isn't settled
	// whether the server is here still, nobody makes it here either.
	Departure *Departure `json:",omitempty"`
}

// CaptureRef names an image that a disk becomes.
type CaptureRef struct{ ImageID string }

// image is the image that is wanted; empty: none is.
func (c *CaptureRef) image() string {
	if c == nil {
		return ""
	}
	return c.ImageID
}

// Departure is a machine's way to another host while it runs.
type Departure struct {
	Migration string // names the move
	Endpoint  string // where the other host waits
	Hurry     bool   `json:",omitempty"` // the machine may stand still meanwhile
	Abort     bool   `json:",omitempty"` // it shall stay if it is here still
}

// Kind is the subject token of servers' wants.
const Kind = "server"

// softStop is how long a guest gets to shut down, in seconds (nova.conf shutdown_timeout).
const softStop = 60

// Wants tells how the wants of servers look.
type Wants struct {
	// ImageURL is where a host gets an image's bytes; it stands for itself, so that
	// the host needs no token.
	ImageURL func(imageID string) string
	// Open reads what was sealed with a project's key.
	Open func(project string, sealed []byte) ([]byte, error)
}

// Sources is how dispatch asks: first what servers' wants refer to, last the
// marker behind all others.
func (m Wants) Sources() []workers.Source {
	return []workers.Source{groupWants(), {Touched: touched, Of: m.of, Forget: forget, All: all}, complete()}
}

// complete is the source of the wants by which hosts learn that all others are
// there to be read.
func complete() workers.Source {
	return workers.Source{
		Touched: func(_ *projections.World, e events.Event, emit func(id string, soon bool)) {
			switch e := e.(type) {
			case evt.HostJoined:
				emit(e.Name, true)
			case evt.HostReturned:
				emit(e.Name, true)
			}
		},
		Of: func(w *projections.World, host string) ([]workers.Want, error) {
			data, err := json.Marshal(map[string]uint64{"Epoch": w.Epoch, "Generation": w.Events})
			return []workers.Want{{Host: host, Kind: workers.CompleteKind, ID: workers.CompleteID, Data: data}}, err
		},
		Forget: func(events.Event) (workers.Want, bool) { return workers.Want{}, false },
		All: func(w *projections.World, emit func(id string) bool) {
			for name := range w.Compute.Hosts.All() {
				if !emit(name) {
					return
				}
			}
		},
	}
}

func forget(e events.Event) (workers.Want, bool) {
	switch e := e.(type) {
	case evt.ServerDeleted:
		return workers.Want{Host: e.Host, Kind: Kind, ID: e.ID}, e.Host != "" && !e.Unconfirmed
	case evt.ServerRemainsRemoved:
		return workers.Want{Host: e.Host, Kind: Kind, ID: e.ID}, true
	}
	return workers.Want{}, false
}

func all(w *projections.World, emit func(id string) bool) {
	for id, s := range w.Compute.Servers.All() {
		if s.Host != "" && !emit(id) {
			return
		}
	}
	for id := range w.Compute.Remains.All() {
		if !emit(id.ID) {
			return
		}
	}
}

// of makes the wants of a server: of the host where it is, of the one where it
// may yet return to, and of those which have something left of it.
func (m Wants) of(w *projections.World, id string) ([]workers.Want, error) {
	var all []workers.Want
	add := func(want ServerWant) error {
		made, err := wrap(want)
		all = append(all, made...)
		return err
	}
	for r := range w.Compute.Remains.OfServer(id) {
		if err := add(ServerWant{ID: id, Host: r.Host, Generation: w.Events, Wish: r.Generation, Gone: true, PortIDs: r.PortIDs}); err != nil {
			return all, err
		}
	}
	s, ok := w.Compute.Servers.Get(id)
	if !ok || s.Host == "" {
		return all, nil
	}
	if s.Old != nil && s.Old.Host != s.Host { // there it waits, stopped, in case it comes back
		left := m.plain(w, &s, s.Old.Host, &s.Old.Flavor, &s.Old.Base)
		left.Spec.Disk.Number, left.Spec.Power = s.Old.Disk, Stopped
		if err := add(left); err != nil {
			return all, err
		}
	}
	want, broken := m.at(w, &s, s.Host)
	if l := s.Live; l != nil {
		next, broken := m.at(w, &s, l.To)
		if !next.Gone {
			next.Arrival = l.Migration
		}
		if err := add(next); err != nil {
			return all, errors.Join(broken, err)
		}
		if l.Endpoint != "" && !want.Gone {
			want.Departure = &Departure{Migration: l.Migration, Endpoint: l.Endpoint, Hurry: l.Hurry, Abort: l.Abort}
		}
	}
	return all, errors.Join(broken, add(want))
}

// plain is the want of a server on a host, as far as it follows from the server alone.
func (m Wants) plain(w *projections.World, s *view.Server, host string, flavor *evt.FlavorUse, base *view.ImageUse) ServerWant {
	return ServerWant{ID: s.ID, Host: host, Generation: w.Events, Wish: s.Generation, Cause: s.Cause, Image: m.image(base),
		Metadata: &Metadata{ServerID: s.ID},
		Spec: MachineSpec{
			ID: s.ID, Generation: w.Events, Name: fmt.Sprintf("instance-%08x", s.Number), Power: Power(s.Want),
			Reboots: s.Reboots, HardReboot: s.HardReboot, SoftStopSeconds: softStop,
			VCPUs: flavor.VCPUs, RAMMiB: flavor.RAMMiB, Agent: s.Image.Agent, Quiesce: s.Image.Quiesce,
			Disk: Disk{Number: s.Disk, BaseFormat: base.Format, SizeGiB: flavor.DiskGiB},
		}}
}

func (m Wants) image(i *view.ImageUse) ImageRef {
	return ImageRef{ID: i.ID, URL: m.ImageURL(i.ID), Format: i.Format, SHA512: i.SHA512, SizeBytes: i.SizeBytes, VirtualGiB: i.VirtualGiB}
}

// at is the want of the host where a server is, or of the one that it goes to
// while it runs.
func (m Wants) at(w *projections.World, s *view.Server, host string) (ServerWant, error) {
	want := m.plain(w, s, host, &s.Flavor, &s.Base)
	if s.Gone() {
		return ServerWant{ID: s.ID, Host: host, Generation: w.Events, Wish: s.Generation, Cause: s.Cause, Gone: true, PortIDs: s.PortIDs}, nil
	}
	switch {
	case s.Old == nil, s.Old.Host != s.Host:
	case s.Old.To == s.Host && s.TaskState != view.Reverting:
		want.Spec.Disk.Copy, want.Spec.Disk.From, want.Spec.Disk.Keep = true, s.Old.Disk, []uint64{s.Old.Disk}
	case s.TaskState == view.Migrating: // it is still what it was
		want = m.plain(w, s, host, &s.Old.Flavor, &s.Old.Base)
		want.Spec.Disk.Number = s.Old.Disk
	}
	if s.Rescue != nil {
		image := m.image(s.Rescue)
		want.Rescue = &image
	}
	if s.Capture != nil {
		want.Capture = &CaptureRef{s.Capture.ImageID}
	}
	want.ConfigDrive = s.ConfigDrive
	meta, err := m.metadata(s)
	if err == nil {
		want.AdminPass, err = m.password(s)
	}
	if err != nil { // the host must know that the machine is wanted all the same
		return ServerWant{ID: s.ID, Host: host, Generation: w.Events, Wish: s.Generation, Leave: true, PortIDs: portsOf(w, s)}, err
	}
	if h, ok := w.Compute.Hosts.Get(host); ok {
		meta.AvailabilityZone = h.InZone()
	}
	for _, portID := range portsOf(w, s) {
		p, ok := w.Network.HostView(portID)
		if !ok {
			continue
		}
		spec := portSpec(&p)
		want.Ports = append(want.Ports, spec)
		meta.Links = append(meta.Links, Link{PortID: spec.ID, NetworkID: spec.NetworkID, MAC: spec.MAC, MTU: spec.MTU, FixedIPs: spec.FixedIPs})
		if !meta.LocalIPv4.IsValid() {
			meta.LocalIPv4 = firstIPv4(&p)
		}
		meta.SecurityGroups = p.GroupNames
	}
	want.Metadata = meta
	return want, nil
}

// portsOf is a server's ports in guest order: those it was made with, and then
// those that came later. Anybody may say of a port of theirs that this server is
// its device: what counts is that it is bound to the server's host.
func portsOf(w *projections.World, s *view.Server) []string {
	there := map[string]bool{}
	for id, p := range w.Network.Ports.OfDevice(s.ID, "") {
		there[id] = p.Host == s.Host
	}
	var ports []string
	for _, id := range s.PortIDs {
		if there[id] {
			ports = append(ports, id)
			delete(there, id)
		}
	}
	for id := range w.Network.Ports.OfDevice(s.ID, "") {
		if there[id] {
			ports = append(ports, id)
		}
	}
	return ports
}

func wrap(want ServerWant) ([]workers.Want, error) {
	data, err := json.Marshal(&want)
	if err != nil {
		return nil, err
	}
	return []workers.Want{{Host: want.Host, Kind: Kind, ID: want.ID, Data: data}}, nil
}

func (m Wants) metadata(s *view.Server) (*Metadata, error) {
	meta := &Metadata{
		ServerID: s.ID, ProjectID: s.ProjectID, Name: s.Name, Hostname: s.Hostname,
		FlavorName: s.Flavor.Name, ImageID: s.Image.ID, LaunchIndex: s.LaunchIndex, Meta: s.Metadata,
		ReservationID: s.ReservationID, InstID: fmt.Sprintf("i-%08x", s.Number),
	}
	if s.KeyName != "" {
		meta.Keys = []PublicKey{{Name: s.KeyName, Type: s.KeyType, Data: s.PublicKey}}
	}
	if len(s.UserData) > 0 {
		opened, err := m.Open(s.ProjectID, s.UserData)
		if err != nil {
			return nil, fmt.Errorf("user data of server %s: %w", s.ID, err)
		}
		meta.UserData = opened
	}
	if len(s.Files) > 0 {
		opened, err := m.Open(s.ProjectID, s.Files)
		if err == nil {
			err = json.Unmarshal(opened, &meta.Files)
		}
		if err != nil {
			return nil, fmt.Errorf("injected files of server %s: %w", s.ID, err)
		}
	}
	return meta, nil
}

// password is the one of a server's administrator that its config drive tells, if it does.
func (m Wants) password(s *view.Server) (string, error) {
	sealed := s.Password
	if s.Rescue != nil {
		sealed = s.RescuePassword
	}
	if len(sealed) == 0 {
		return "", nil
	}
	opened, err := m.Open(s.ProjectID, sealed)
	if err != nil {
		return "", fmt.Errorf("password of server %s: %w", s.ID, err)
	}
	return string(opened), nil
}

func firstIPv4(p *netview.HostPort) netip.Addr {
	for _, ip := range p.FixedIPs {
		if ip.Address.Is4() {
			return ip.Address
		}
	}
	return netip.Addr{}
}

func portSpec(p *netview.HostPort) PortSpec {
	spec := PortSpec{ID: p.ID, MAC: p.MAC, NetworkID: p.NetworkID, VNI: p.VNI, MTU: p.MTU, AdminUp: p.AdminUp, PortSecurity: p.PortSecurity}
	for _, ip := range p.FixedIPs {
		f := FixedIP{Address: ip.Address, Subnet: ip.Subnet, SubnetID: ip.SubnetID, Gateway: ip.Gateway,
			ServiceAddr: ip.ServiceAddr, DHCP: ip.DHCP, DNS: ip.DNS}
		for _, r := range ip.HostRoutes {
			f.HostRoutes = append(f.HostRoutes, Route(r))
		}
		spec.FixedIPs = append(spec.FixedIPs, f)
	}
	for _, a := range p.AllowedPairs {
		spec.AllowedPairs = append(spec.AllowedPairs, AddressPair(a))
	}
	for _, r := range p.Rules {
		spec.Rules = append(spec.Rules, Rule(r))
	}
	return spec
}
