package e2e

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netns"
	"golang.org/x/crypto/ssh"
)

const bootTime = 4 * time.Minute // two guests at once under TCG on two busy cores

// story is what the tests of real guests share.
type story struct {
	*cloud
	key    ssh.Signer
	public string // file
}

// TestAPersonBootsGuests is the whole story of the tour, with the unmodified client.
func TestAPersonBootsGuests(t *testing.T) {
	real(t)
	s := &story{cloud: newCloud(t)}
	s.start()
	s.makeKey()
	before := s.traces()

	image := strings.TrimSpace(lastLine(s.run(s.binary, "demo-image")))
	s.openstack("image", "create", "demo", "--disk-format", "qcow2", "--container-format", "bare", "--file", image, "--public")
	s.openstack("keypair", "create", "me", "--public-key", s.public)
	for _, n := range []string{"red", "blue"} { // two networks that have the same addresses
		s.openstack("network", "create", n)
		s.openstack("subnet", "create", n, "--network", n, "--subnet-range", "10.0.0.0/24")
	}
	s.openstack("security", "group", "create", "open")
	s.openstack("security", "group", "rule", "create", "open", "--protocol", "tcp", "--dst-port", "22")
	s.openstack("security", "group", "rule", "create", "open", "--protocol", "icmp")
	userData := filepath.Join(t.TempDir(), "user-data")
	check(t, os.WriteFile(userData, []byte("#!/bin/sh\necho told > /tmp/user-data-ran\n"), 0o600))
	for _, server := range [][2]string{{"red1", "red"}, {"red2", "red"}, {"blue1", "blue"}} {
		s.openstack("server", "create", server[0], "--image", "demo", "--flavor", "m1.nano", "--network", server[1],
			"--key-name", "me", "--security-group", "open", "--user-data", userData)
	}
	for _, server := range []string{"red1", "red2", "blue1"} {
		s.status(server, "ACTIVE")
	}

	red1, red2 := s.address("red1"), s.address("red2")
	s.says("red1", "red", red1, "hostname", "red1")
	s.says("red1", "red", red1, "cat /tmp/user-data-ran", "told")
	s.says("red2", "red", red2, "hostname", "red2")
	s.says("blue1", "blue", s.address("blue1"), "hostname", "blue1")
	s.says("red1", "red", red1, "ping -c 3 -W 5 "+red2+" >/dev/null && echo reached", "reached")
	s.until(bootTime, "the console shows the boot", func() error {
		if log := s.openstack("console", "log", "show", "red1"); !strings.Contains(log, "hostname=red1") {
			return fmt.Errorf("the console log is %q", tail(log))
		}
		return nil
	})

	s.powers("red1", red1)
	s.survivesRestart("red1", red1)

	for _, server := range []string{"red1", "red2", "blue1"} {
		s.openstack("server", "delete", server, "--wait")
	}
	for _, n := range []string{"red", "blue"} {
		s.openstack("network", "delete", n)
	}
	s.openstack("security", "group", "delete", "open")
	s.openstack("keypair", "delete", "me")
	s.openstack("image", "delete", "demo")
	s.until(30*time.Second, "nothing is left behind", func() error {
		if after := s.traces(); after != before {
			return fmt.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
		return nil
	})
	s.stop()
	if out := s.run(s.binary, "verify", "--data", s.data); !strings.Contains(out, "verified:") {
		t.Fatalf("verify says %s", out)
	}
}

// powers goes through the states of a server.
func (s *story) powers(name, address string) {
	s.t.Helper()
	for _, step := range [][2]string{
		{"pause", "PAUSED"}, {"unpause", "ACTIVE"}, {"suspend", "SUSPENDED"}, {"resume", "ACTIVE"}, {"stop", "SHUTOFF"}, {"start", "ACTIVE"},
	} {
		s.openstack("server", step[0], name)
		s.status(name, step[1])
	}
	s.says(name, "red", address, "hostname", name)
	s.openstack("server", "reboot", "--hard", name)
	s.status(name, "ACTIVE")
	s.says(name, "red", address, "hostname", name)
	out := s.openstack("server", "event", "list", name, "-f", "value", "-c", "Action")
	for _, action := range []string{"create", "pause", "unpause", "suspend", "resume", "stop", "start", "reboot"} {
		if !strings.Contains(out, action) {
			s.t.Errorf("the actions of %s lack %s:\n%s", name, action, out)
		}
	}
}

// survivesRestart kills the program under a running guest, which goes on and is
// adopted at the next start.
func (s *story) survivesRestart(name, address string) {
	s.t.Helper()
	running := len(s.guests())
	s.kill()
	if now := len(s.guests()); now != running {
		s.t.Fatalf("%d of %d guests outlived the program", now, running)
	}
	s.start()
	s.status(name, "ACTIVE")
	s.says(name, "red", address, "hostname", name)
	if now := len(s.guests()); now != running {
		s.t.Fatalf("%d guests after the restart, there were %d", now, running)
	}
}

func (s *story) makeKey() {
	s.t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	check(s.t, err)
	s.key, err = ssh.NewSignerFromKey(private)
	check(s.t, err)
	line, err := ssh.NewPublicKey(public)
	check(s.t, err)
	dir := s.t.TempDir()
	s.public = filepath.Join(dir, "id.pub")
	check(s.t, os.WriteFile(s.public, ssh.MarshalAuthorizedKey(line), 0o600))
	block, err := ssh.MarshalPrivateKey(private, "")
	check(s.t, err)
	check(s.t, os.WriteFile(filepath.Join(dir, "id"), pem.EncodeToMemory(block), 0o600))
}

// run runs a program in the cloud's namespace.
func (s *story) run(name string, args ...string) string {
	s.t.Helper()
	var out []byte
	err := inside(s.t, s.space, func() (err error) {
		out, err = exec.Command(name, args...).Output()
		return err
	})
	if err != nil {
		s.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func lastLine(s string) string {
	all := lines(s)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// status waits until a server is in a state.
func (s *story) status(name, want string) {
	s.t.Helper()
	s.until(bootTime, name+" becomes "+want, func() error {
		shown := s.show("server", "show", name)
		if shown["status"] == "ERROR" && want != "ERROR" {
			s.t.Fatalf("%s is in error: %v\n%s", name, shown["fault"], tail(s.output.String()))
		}
		if shown["status"] != want || shown["OS-EXT-STS:task_state"] != nil && shown["OS-EXT-STS:task_state"] != "None" {
			return fmt.Errorf("it is %v, doing %v", shown["status"], shown["OS-EXT-STS:task_state"])
		}
		return nil
	})
}

// address is a server's only address.
func (s *story) address(name string) string {
	s.t.Helper()
	out := s.openstack("port", "list", "--server", name, "-f", "json", "-c", "Fixed IP Addresses")
	for _, word := range strings.FieldsFunc(out, func(r rune) bool { return strings.ContainsRune("\"',: []{}\n", r) }) {
		if a, err := netip.ParseAddr(word); err == nil && a.Is4() {
			return word
		}
	}
	s.t.Fatalf("%s has no address: %s", name, out)
	return ""
}

// says runs a command in a guest by SSH from its network's namespace and wants
// to read this.
func (s *story) says(name, network, address, command, want string) {
	s.t.Helper()
	space := s.service() + s.segment(network)
	s.until(bootTime, name+" answers SSH", func() error {
		out, err := s.ssh(space, address, command)
		if err == nil && strings.TrimSpace(out) != want {
			s.t.Fatalf("%s: %s says %q, want %q", name, command, out, want)
		}
		return err
	})
}

func (s *story) segment(network string) string {
	s.t.Helper()
	shown := s.show("network", "show", network)
	return fmt.Sprintf("%06x", int(shown["provider:segmentation_id"].(float64)))
}

var errExit = errors.New("the command failed")

func (s *story) ssh(space, address, command string) (string, error) {
	handle, err := netns.GetFromName(space)
	if err != nil {
		return "", err
	}
	defer handle.Close()
	return s.sshTo(handle, net.JoinHostPort(address, "22"), command)
}

// sshTo runs a command by SSH at an address within a namespace.
func (s *story) sshTo(space netns.NsHandle, address, command string) (string, error) {
	var conn net.Conn
	err := inside(s.t, space, func() (err error) {
		conn, err = net.DialTimeout("tcp", address, 5*time.Second)
		return err
	})
	if err != nil {
		return "", err
	}
	defer conn.Close()
	check(s.t, conn.SetDeadline(time.Now().Add(60*time.Second)))
	client, channels, requests, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		User: "root", Auth: []ssh.AuthMethod{ssh.PublicKeys(s.key)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), // a new guest's key is nobody's yet
	})
	if err != nil {
		return "", err
	}
	session, err := ssh.NewClient(client, channels, requests).NewSession()
	if err != nil {
		return "", err
	}
	out, err := session.CombinedOutput(command)
	if err != nil {
		return "", fmt.Errorf("%w: %w: %s", errExit, err, out)
	}
	return string(out), nil
}

// traces is all that the cloud has on the host and in its lists, to be compared.
func (s *story) traces() string {
	s.t.Helper()
	var all strings.Builder
	fmt.Fprintf(&all, "guests %d\n", len(s.guests()))
	for _, command := range [][]string{{"ip", "-brief", "link"}, {"nft", "list", "ruleset"}} {
		fmt.Fprintf(&all, "%v:\n%s\n", command, s.run(command[0], command[1:]...))
	}
	fmt.Fprintf(&all, "namespaces %v\n", s.services())
	for _, host := range s.folders() {
		for _, folder := range []string{"machines", "network/ports", "images"} {
			files, _ := filepath.Glob(filepath.Join(host, folder, "*"))
			for _, f := range files {
				if filepath.Base(f) != "lock" {
					fmt.Fprintf(&all, "file %s\n", f)
				}
			}
		}
	}
	for _, list := range []string{"server", "port", "network", "subnet", "image", "keypair"} {
		fmt.Fprintf(&all, "%s: %s\n", list, s.openstack(list, "list", "-f", "value"))
	}
	return all.String()
}
