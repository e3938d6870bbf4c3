package compute

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	netcmd "skylog/commands/network"
)

// Booter makes the machines of one host what their wants say. Calls for one
// machine must not overlap; calls for several may.
type Booter struct {
	Name       string // of the host
	Hypervisor Hypervisor
	Network    Network
	Images     Images
	Archive    Archive
	// Groups are the security groups' members, for all hosts of a process.
	Groups *Groups
	// ConfigDrive makes the disk on which a guest finds its metadata.
	ConfigDrive func(Metadata) ([]byte, error)
	Report      func(context.Context, commands.Command) error
	Clock       func() time.Time
	Logger      *slog.Logger

	mu       sync.Mutex
	done     map[string]did    // every server that a want came for
	owners   map[string]string // the server of each port that a want named
	suspects map[string]bool   // machines found without a want at the last inventory
	aside    map[string]bool   // machines that are being set aside
	gone     []string          // servers gone since the last inventory
	longGone []string          // and those before

	grouped map[string]PortSpec // the plugged ports that refer to security groups, as their wants say

	settling   sync.Mutex      // one inventory is settled at a time
	loosePorts map[string]bool // ports found without a server at the last inventory
	// plugging is held to take a port away, and shared to plug one, so that a port
	// which moves from one server to another isn't lost between them.
	plugging sync.RWMutex
	captures errands
	// departures are the machines that are being sent to other hosts.
	departures errands
	life       context.Context // of what goes on beside wants; nil: not yet
}

// did is what is known of a machine: the wish that was last carried out, so that
// a guest which changes by itself is reported under it, and what was reported.
type did struct {
	carried          bool // a want was carried out; before, only that one came is known
	gone             bool // nothing is left; older wants must not bring it back
	generation, wish uint64
	power            Power
	reported         bool
	ports            []string
	endpoint         string // where it was told that a machine is awaited
	sent             *sent  // how the sending of the machine ended
}

// Reconcile brings one machine to what is wanted of it, and reports. A new want
// calls it, and so does a slow ticker for every machine of the host.
func (b *Booter) Reconcile(ctx context.Context, want ServerWant) error {
	ctx = commands.With(ctx, commands.Caller{Cause: want.Cause})
	before, left, err := b.meet(want)
	switch {
	case errors.Is(err, ErrStale) || err == nil && want.Leave:
		return nil
	case err != nil:
		return err
	case want.Gone:
		return b.remove(ctx, want)
	}
	switch {
	case want.Arrival != "":
		return b.await(ctx, want)
	case want.Departure != nil:
		return b.depart(ctx, want)
	}
	b.captures.drop(want.ID, want.Capture.image())
	b.departures.drop(want.ID, "")
	known := before.carried
	steps := &story{clock: b.Clock}
	m, err := b.make(ctx, want, steps)
	switch {
	case errors.Is(err, ErrStale):
		return nil
	case err != nil:
		return err
	}
	for _, port := range left { // taken out of the machine by now
		if err := b.unplug(ctx, port, want.ID); err != nil {
			return err
		}
	}
	b.note(want.ID, did{carried: true, generation: want.Generation, wish: want.Wish, power: m.Power, ports: portsIn(&want),
		reported: known && before.reported && before.wish == want.Wish && before.power == m.Power})
	if err := b.tellPorts(ctx, before, want); err != nil {
		return err
	}
	if err := b.tell(ctx, want.ID, m, steps.steps); err != nil || want.Capture == nil {
		return err
	}
	b.capture(ctx, want)
	return nil
}

// Failed reports that a want can't be carried out.
func (b *Booter) Failed(ctx context.Context, want ServerWant, why error) error {
	return b.Report(ctx, cmd.ReportServerFailed{Host: b.Name, ID: want.ID, Generation: want.Wish, Reason: reason(why)})
}

// reason is what a user may read of an error: at most so much of it.
func reason(err error) string {
	const most = 500
	text := err.Error()
	if len(text) > most {
		text = text[:most]
	}
	return text
}

// make prepares what a machine needs and makes it.
func (b *Booter) make(ctx context.Context, want ServerWant, steps *story) (m Machine, err error) {
	spec, err := b.prepare(ctx, &want, steps)
	if err != nil {
		return m, err
	}
	err = steps.do("hypervisor", func() (err error) {
		m, err = b.Hypervisor.Apply(ctx, spec)
		return err
	})
	return m, err
}

// plugAll plugs the ports of a want.
func (b *Booter) plugAll(ctx context.Context, want *ServerWant) (nics []NIC, err error) {
	for i := range want.Ports {
		p := &want.Ports[i]
		p.Metadata = want.Metadata
		attached, err := b.plug(ctx, *p)
		if err != nil {
			return nil, fmt.Errorf("plug port %s: %w", p.ID, err)
		}
		if attached.User != nil {
			b.Logger.Info("SSH leads to the guest", "server", want.ID, "name", want.Metadata.Name, "address", fmt.Sprintf("127.0.0.1:%d", attached.User.SSHPort))
		}
		nics = append(nics, NIC{PortID: p.ID, MAC: p.MAC, MTU: p.MTU, Attachment: attached})
	}
	return nics, nil
}

// prepare plugs the ports and fetches the images, and says what the machine shall be.
func (b *Booter) prepare(ctx context.Context, want *ServerWant, steps *story) (spec MachineSpec, err error) {
	spec = want.Spec
	spec.Generation = want.Generation
	err = steps.do("network", func() (err error) {
		spec.NICs, err = b.plugAll(ctx, want)
		return err
	})
	if err != nil {
		return spec, err
	}
	err = steps.do("image", func() (err error) {
		spec.Disk.BasePath, err = b.Images.Fetch(ctx, want.Image)
		return err
	})
	if err != nil {
		return spec, fmt.Errorf("fetch image %s: %w", want.Image.ID, err)
	}
	if want.Rescue != nil {
		spec.Rescue = &Base{Format: want.Rescue.Format}
		err = steps.do("rescue", func() (err error) {
			spec.Rescue.Path, err = b.Images.Fetch(ctx, *want.Rescue)
			return err
		})
		if err != nil {
			return spec, fmt.Errorf("fetch image %s: %w", want.Rescue.ID, err)
		}
	}
	user := slices.ContainsFunc(spec.NICs, func(n NIC) bool { return n.User != nil })
	if want.ConfigDrive || user { // a user-mode network has no metadata service
		told := *want.Metadata
		told.AdminPass = want.AdminPass
		if spec.ConfigDrive, err = b.ConfigDrive(told); err != nil {
			return spec, fmt.Errorf("config drive: %w", err)
		}
	}
	return spec, nil
}

// remove takes away all that a server had on this host. It is the undo of make.
func (b *Booter) remove(ctx context.Context, want ServerWant) error {
	b.captures.drop(want.ID, "")
	b.departures.drop(want.ID, "")
	if err := b.Hypervisor.Destroy(ctx, want.ID); err != nil {
		return fmt.Errorf("destroy machine %s: %w", want.ID, err)
	}
	last, _ := b.last(want.ID)
	for _, id := range last.ports {
		if err := b.unplug(ctx, id, want.ID); err != nil {
			return err
		}
	}
	b.noteGone(want)
	return b.Report(ctx, cmd.ReportServerGone{Host: b.Name, ID: want.ID})
}

// noteGone is done ahead of the report: the cell may take it and then ask for
// nothing more, though its answer is lost here.
func (b *Booter) noteGone(want ServerWant) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done[want.ID] = did{gone: true, generation: want.Generation}
	b.gone = append(b.gone, want.ID)
}

// Changed reports a machine that changed by itself.
func (b *Booter) Changed(ctx context.Context, m Machine) error {
	last, known := b.last(m.ID)
	if !known || !last.carried || last.power == m.Power { // before its first want nothing can be said about it
		return nil
	}
	last.power, last.reported = m.Power, false
	b.note(m.ID, last)
	return b.tell(ctx, m.ID, m, nil)
}

// tell reports a machine's state unless that was done.
func (b *Booter) tell(ctx context.Context, id string, m Machine, steps []cmd.Step) error {
	last, _ := b.last(id)
	if last.reported {
		return nil
	}
	err := b.Report(ctx, cmd.ReportServer{Host: b.Name, ID: id, Generation: last.wish, Power: cmd.Power(m.Power), Reboots: m.Reboots, Steps: steps})
	if err != nil {
		return err
	}
	last.reported = true
	b.note(id, last)
	return nil
}

// vifType is how ports are plugged on our hosts, as Neutron names it.
const vifType = "bridge"

// tellPorts reports the ports that a machine got while it was there; those that
// it had from its beginning are up when it is.
func (b *Booter) tellPorts(ctx context.Context, before did, want ServerWant) error {
	if !before.carried {
		return nil
	}
	for _, p := range want.Ports {
		if slices.Contains(before.ports, p.ID) {
			continue
		}
		if err := b.Report(ctx, netcmd.ReportPortUp{ID: p.ID, Host: b.Name, VIFType: vifType}); err != nil {
			return err
		}
	}
	return nil
}

func (b *Booter) last(id string) (did, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d, ok := b.done[id]
	return d, ok
}

func (b *Booter) note(id string, d did) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done == nil {
		b.done = map[string]did{}
	}
	b.done[id] = d
}

// update changes what is known of a machine.
func (b *Booter) update(id string, how func(*did)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d, ok := b.done[id]; ok {
		how(&d)
		b.done[id] = d
	}
}

// story is what a worker did, step by step.
type story struct {
	clock func() time.Time
	steps []cmd.Step
}

func (s *story) do(name string, step func() error) error {
	began := s.clock()
	err := step()
	s.steps = append(s.steps, cmd.Step{Name: name, Began: began.UTC(), Took: s.clock().Sub(began)})
	return err
}
