package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// boots waits until the console has told of so many boots, and wants the newest
// to say how often its disk was booted and how large it is.
func (s *story) boots(name string, times int, want string) {
	s.t.Helper()
	const says = "skylog-demo ready"
	log := ""
	s.until(bootTime, name+" has booted", func() error {
		if log = s.openstack("console", "log", "show", name); strings.Count(log, says) != times {
			return fmt.Errorf("the console log is %q", tail(log))
		}
		return nil
	})
	if line, _, _ := strings.Cut(log[strings.LastIndex(log, says):], "\n"); !strings.Contains(line, want) {
		s.t.Fatalf("%s says %q, want %q", name, line, want)
	}
}

// TestAPersonChangesAGuest is what is asked of a server that is there: an image
// of it and a server from that, another size and back, a rescue, another disk, one
// more interface, and to be put away for a while.
func TestAPersonChangesAGuest(t *testing.T) {
	real(t)
	s := &story{cloud: newCloud(t)}
	s.start()
	s.makeKey()
	image := strings.TrimSpace(lastLine(s.run(s.binary, "demo-image")))
	s.openstack("image", "create", "demo", "--disk-format", "qcow2", "--container-format", "bare", "--file", image)
	s.openstack("keypair", "create", "me", "--public-key", s.public)
	s.openstack("network", "create", "red")
	s.openstack("subnet", "create", "red", "--network", "red", "--subnet-range", "10.0.0.0/24")
	s.openstack("security", "group", "create", "open")
	s.openstack("security", "group", "rule", "create", "open", "--protocol", "tcp", "--dst-port", "22")
	s.openstack("flavor", "create", "two", "--ram", "160", "--disk", "2", "--vcpus", "1")
	s.openstack("server", "create", "web", "--image", "demo", "--flavor", "m1.nano", "--network", "red", "--key-name", "me", "--security-group", "open")
	s.status("web", "ACTIVE")
	s.boots("web", 1, "boots=1 disk=1073741824")

	s.openstack("server", "image", "create", "web", "--name", "shot")
	s.until(bootTime, "the image is active", func() error {
		if shown := s.show("image", "show", "shot"); shown["status"] != "active" {
			return fmt.Errorf("it is %v", shown["status"])
		}
		return nil
	})
	s.openstack("server", "create", "twin", "--image", "shot", "--flavor", "m1.nano", "--network", "red", "--key-name", "me", "--security-group", "open")
	s.status("twin", "ACTIVE")
	s.boots("twin", 1, "boots=2")
	s.openstack("server", "delete", "twin", "--wait")

	s.openstack("server", "resize", "web", "--flavor", "two")
	s.status("web", "VERIFY_RESIZE")
	s.boots("web", 2, "boots=2 disk=2147483648")
	s.openstack("server", "resize", "revert", "web")
	s.status("web", "ACTIVE")
	s.boots("web", 3, "boots=2 disk=1073741824")

	s.openstack("server", "rescue", "web")
	s.status("web", "RESCUE")
	s.boots("web", 4, "boots=1")
	s.openstack("server", "unrescue", "web")
	s.status("web", "ACTIVE")
	s.boots("web", 5, "boots=3")

	address := s.address("web")
	s.says("web", "red", address, "ls -d /sys/class/net/eth* | wc -l", "1")
	s.openstack("port", "create", "second", "--network", "red")
	s.openstack("server", "add", "port", "web", "second")
	s.says("web", "red", address, "for i in 1 2 3 4 5 6 7 8 9; do [ -d /sys/class/net/eth1 ] && break; sleep 1; done; ls -d /sys/class/net/eth* | wc -l", "2")
	s.openstack("server", "remove", "port", "web", "second")
	s.until(time.Minute, "the port is free", func() error {
		if shown := s.show("port", "show", "second"); shown["status"] != "DOWN" || shown["device_id"] != "" {
			return fmt.Errorf("it is %v at %v", shown["status"], shown["device_id"])
		}
		return nil
	})

	s.openstack("server", "rebuild", "web", "--image", "demo")
	s.status("web", "ACTIVE")
	s.boots("web", 6, "boots=1")
	s.openstack("server", "shelve", "web")
	s.status("web", "SHELVED_OFFLOADED")
	s.until(time.Minute, "nothing of it is left on the host", func() error {
		if found, _ := filepath.Glob(filepath.Join(s.data, "machines", "*-*-*-*-*")); len(found) > 0 || len(s.guests()) > 0 {
			return fmt.Errorf("there is %v, and %d guests", found, len(s.guests()))
		}
		return nil
	})
	s.openstack("server", "unshelve", "web")
	s.status("web", "ACTIVE")
	s.boots("web", 1, "boots=2")
	s.says("web", "red", address, "hostname", "web")
	s.openstack("server", "delete", "web", "--wait")
}
