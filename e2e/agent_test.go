package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAGuestsAgentIsSpokenTo gives a real guest its first password by its config
// drive and another by its agent, makes an image of its disk that begins while the
// agent holds it still, and looks for both passwords in all that the cloud keeps.
func TestAGuestsAgentIsSpokenTo(t *testing.T) {
	real(t)
	s := &story{cloud: newCloud(t)}
	s.start()
	s.makeKey()
	s.openstack("keypair", "create", "me", "--public-key", s.public)
	s.openstack("security", "group", "create", "open")
	s.openstack("security", "group", "rule", "create", "open", "--protocol", "tcp", "--dst-port", "22")
	s.bootOne("wise", "--key-name", "me", "--security-group", "open", "--config-drive", "true", "--password", "first-sesame")
	address := s.address("wise")
	s.says("wise", "red", address, sameAs("first-sesame"), "same")

	s.until(bootTime, "the agent takes a password", func() error {
		if out, err := s.try("server", "set", "wise", "--password", "second-sesame"); err != nil {
			return errors.New(out)
		}
		return nil
	})
	s.says("wise", "red", address, sameAs("second-sesame"), "same")
	events := s.openstack("server", "event", "list", "wise", "-f", "value", "-c", "Action")
	if !strings.Contains(events, "changePassword") {
		t.Errorf("the actions of the server are %s", events)
	}

	s.says("wise", "red", address, "echo written > /mnt/before && echo done", "done")
	s.openstack("server", "image", "create", "wise", "--name", "copy", "--wait")
	var copied struct{ Status string }
	check(t, json.Unmarshal([]byte(s.openstack("image", "show", "copy", "-f", "json")), &copied))
	if copied.Status != "active" {
		t.Errorf("the image is %s", copied.Status)
	}
	s.says("wise", "red", address, "echo more > /mnt/after && cat /mnt/before", "written") // it isn't held any more

	s.stop()
	s.nowhere("first-sesame", "second-sesame")
}

// sameAs is a command that says "same" if that is the password of the guest's root.
func sameAs(password string) string {
	return `hash=$(sed -n 's/^root:\([^:]*\):.*/\1/p' /etc/passwd); salt=${hash#??*\$}; salt=${salt%%\$*}; ` +
		fmt.Sprintf(`[ "$(mkpasswd -m sha512 -S "$salt" %s)" = "$hash" ] && echo same || echo "other $hash $salt"`, password)
}

// nowhere looks for texts in all files of the cloud but those that are the guest's own.
func (s *story) nowhere(texts ...string) {
	s.t.Helper()
	read := 0
	check(s.t, filepath.WalkDir(s.data, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, "/config.iso") {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		read++
		for _, text := range texts {
			if strings.Contains(string(body), text) {
				s.t.Errorf("%s has the password %s", path, text)
			}
		}
		return nil
	}))
	if read == 0 {
		s.t.Fatal("no file was read")
	}
	if log := s.output.String(); strings.Contains(log, "sesame") {
		s.t.Error("the program's log has a password")
	}
}
