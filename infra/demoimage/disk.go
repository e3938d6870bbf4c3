package demoimage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The disk has one active FAT partition behind a boot record of the old kind,
// which every BIOS boots.
const (
	sector      = 512
	diskSectors = 64 << 20 / sector
	partStart   = 1 << 20 / sector
	partType    = 0x0e // FAT16, addressed by sector
)

// disk writes disk.raw into the work folder.
func (b *builder) disk(work string, p parts, initrd []byte) error {
	config, err := ours.ReadFile("syslinux.cfg")
	if err != nil {
		return err
	}
	tools, err := writeTools(work, p)
	if err != nil {
		return err
	}
	record, err := bootRecord(p)
	if err != nil {
		return err
	}
	for name, body := range map[string][]byte{"vmlinuz": p.kernel, "initrd": initrd, "syslinux.cfg": config, "disk.raw": record} {
		if err := os.WriteFile(filepath.Join(work, name), body, 0o644); err != nil {
			return err
		}
	}
	if err := os.Truncate(filepath.Join(work, "disk.raw"), diskSectors*sector); err != nil {
		return err
	}
	at := fmt.Sprintf("disk.raw@@%d", partStart*sector)
	env := []string{"PATH=" + tools + ":" + os.Getenv("PATH"), "MTOOLS_SKIP_CHECK=1"}
	for _, step := range [][]string{
		{"mformat", "-i", at, "-v", "SKYLOG", "-T", fmt.Sprint(diskSectors - partStart), "-h", "16", "-s", "63", "-H", fmt.Sprint(partStart), "::"},
		{"mcopy", "-i", at, "vmlinuz", "initrd", "syslinux.cfg", "::"},
		{"syslinux", "--install", "--offset", fmt.Sprint(partStart * sector), "disk.raw"},
	} {
		if _, err := b.run(work, env, filepath.Join(tools, step[0]), step[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// writeTools unpacks what writes the disk, so that nothing need be installed.
func writeTools(work string, p parts) (string, error) {
	tools := filepath.Join(work, "tools")
	if err := os.Mkdir(tools, 0o755); err != nil {
		return "", err
	}
	for _, name := range []string{"syslinux", "mtools"} {
		body, ok := p.files["/bin/"+name]
		if !ok {
			return "", fmt.Errorf("there is no %s in the packages", name)
		}
		if err := os.WriteFile(filepath.Join(tools, name), body, 0o755); err != nil {
			return "", err
		}
	}
	for _, name := range []string{"mformat", "mcopy", "mattrib", "mmove", "mdel"} {
		if err := os.Symlink("mtools", filepath.Join(tools, name)); err != nil {
			return "", err
		}
	}
	return tools, nil
}

// bootRecord is the disk's first sector: syslinux' boot code and the partition.
func bootRecord(p parts) ([]byte, error) {
	record := make([]byte, sector)
	for name, code := range p.files {
		if strings.HasSuffix(name, "/SYSLINUX/mbr.bin") || strings.HasSuffix(name, "/mbr/mbr.bin") {
			copy(record[:440], code)
		}
	}
	if record[0] == 0 {
		return nil, errors.New("there is no boot record in syslinux' package")
	}
	entry := record[446:462]
	entry[0], entry[4] = 0x80, partType
	copy(entry[1:4], []byte{0xfe, 0xff, 0xff}) // beyond what cylinders can say
	copy(entry[5:8], []byte{0xfe, 0xff, 0xff})
	binary.LittleEndian.PutUint32(entry[8:], partStart)
	binary.LittleEndian.PutUint32(entry[12:], diskSectors-partStart)
	record[510], record[511] = 0x55, 0xaa
	return record, nil
}
