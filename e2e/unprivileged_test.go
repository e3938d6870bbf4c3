package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nobody is the user that Debian has for those without rights.
const nobody = 65534

// TestWithoutRootAGuestIsReachedByAPort runs the program as nobody: it says in
// one line what it does without, and SSH leads to the guest all the same.
func TestWithoutRootAGuestIsReachedByAPort(t *testing.T) {
	real(t)
	s := &story{cloud: newCloud(t)}
	s.as = &syscall.Credential{Uid: nobody, Gid: nobody}
	for dir := s.data; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		check(t, os.Chmod(dir, 0o755))
	}
	check(t, os.Chmod(filepath.Dir(s.binary), 0o755))
	check(t, os.Chown(s.data, nobody, nobody))
	s.start()
	s.makeKey()
	if said := strings.Count(s.output.String(), "user-mode networking"); said != 1 {
		t.Fatalf("that guests get user-mode networks is said %d times:\n%s", said, s.output)
	}
	image := strings.TrimSpace(lastLine(s.run(s.binary, "demo-image")))
	s.openstack("image", "create", "demo", "--disk-format", "qcow2", "--container-format", "bare", "--file", image)
	s.openstack("keypair", "create", "me", "--public-key", s.public)
	s.openstack("network", "create", "red")
	s.openstack("subnet", "create", "red", "--network", "red", "--subnet-range", "10.0.0.0/24")
	s.openstack("server", "create", "web", "--image", "demo", "--flavor", "m1.nano", "--network", "red", "--key-name", "me")
	s.status("web", "ACTIVE")
	port := regexp.MustCompile(`"address":"(127\.0\.0\.1:\d+)"`).FindStringSubmatch(s.output.String())
	if port == nil {
		t.Fatalf("the log doesn't say where the guest's SSH is:\n%s", tail(s.output.String()))
	}
	s.until(bootTime, "the guest answers SSH", func() error {
		out, err := s.sshTo(s.space, port[1], "hostname")
		if err == nil && strings.TrimSpace(out) != "web" {
			t.Fatalf("the guest calls itself %q", out)
		}
		return err
	})
	s.openstack("server", "delete", "web", "--wait")
	s.until(30*time.Second, "the guest is gone", func() error {
		if n := len(s.guests()); n > 0 {
			return errExit
		}
		return nil
	})
}
