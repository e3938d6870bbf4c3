package configdrive

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/kdomanski/iso9660"

	"skylog/workers/compute"
)

func TestAGuestFindsItsDocumentsOnTheDrive(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	image, err := Build(compute.Metadata{
		ServerID: "5f1c", Hostname: "web", UserData: []byte("#!/bin/sh\n"), AdminPass: "s3cret",
		Keys: []compute.PublicKey{{Name: "laptop", Type: "ssh", Data: "ssh-ed25519 AAAA"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if label := strings.TrimRight(string(image[16*2048+40:16*2048+72]), " "); label != Label {
		t.Errorf("label is %q", label)
	}
	var doc struct {
		UUID      string            `json:"uuid"`
		AdminPass string            `json:"admin_pass"`
		Keys      map[string]string `json:"public_keys"`
	}
	if err := json.Unmarshal(read(t, image, "openstack", "latest", "meta_data.json"), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.UUID != "5f1c" || doc.AdminPass != "s3cret" || doc.Keys["laptop"] != "ssh-ed25519 AAAA" {
		t.Errorf("got %+v", doc)
	}
	if got := read(t, image, "openstack", "latest", "user_data"); string(got) != "#!/bin/sh\n" {
		t.Errorf("user data is %q", got)
	}
	if got := read(t, image, "ec2", "latest", "meta-data.json"); !bytes.Contains(got, []byte(`"hostname":"web"`)) {
		t.Errorf("EC2's document is %s", got)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) != 0 {
		t.Errorf("the staging folder with its secrets is left behind: %v, %v", left, err)
	}
}

func TestADriveIsNotLargerThanGuestsExpect(t *testing.T) {
	_, err := Build(compute.Metadata{UserData: make([]byte, 4<<20)}) // once in each version's folder
	if !errors.Is(err, compute.ErrPermanent) {
		t.Errorf("got %v", err)
	}
}

// read returns the file at a path whose every step is compared as the guest
// sees it: small letters, no version number.
func read(t *testing.T, image []byte, steps ...string) []byte {
	t.Helper()
	disk, err := iso9660.OpenImage(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	at, err := disk.RootDir()
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		children, err := at.GetChildren()
		if err != nil {
			t.Fatal(err)
		}
		var next *iso9660.File
		for _, c := range children {
			if c.Name() == step {
				next = c
			}
		}
		if next == nil {
			t.Fatalf("there is no %s", strings.Join(steps, "/"))
		}
		at = next
	}
	body, err := io.ReadAll(at.Reader())
	if err != nil {
		t.Fatal(err)
	}
	return body
}
