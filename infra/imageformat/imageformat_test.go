package imageformat

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// verdict inspects bytes in pieces of all sizes, as they come over a network.
func verdict(declared string, data []byte) (string, int64, error) {
	n := New(declared)
	random := rand.New(rand.NewPCG(1, 2))
	for len(data) > 0 {
		piece := min(len(data), 1+random.IntN(70_000))
		n.Write(data[:piece])
		data = data[piece:]
	}
	return n.Verdict()
}

// qcow2Header is a sound header of version 3, to be spoilt.
func qcow2Header() []byte {
	b := make([]byte, 64<<10)
	copy(b, "QFI\xfb")
	binary.BigEndian.PutUint32(b[4:], 3)
	binary.BigEndian.PutUint32(b[20:], 16)
	binary.BigEndian.PutUint64(b[24:], 1<<30)
	binary.BigEndian.PutUint32(b[100:], 104)
	return b
}

const descriptor = "# Disk DescriptorFile\nversion=1\nCID=1234abcd\nparentCID=ffffffff\ncreateType=\"monolithicSparse\"\n\n" +
	"# Extent description\nRW 2048 SPARSE \"disk.vmdk\"\n\n#DDB\nddb.adapterType = \"ide\"\n"

func vmdkOf(text string) []byte {
	b := make([]byte, 64<<10)
	copy(b, "KDMV")
	binary.LittleEndian.PutUint32(b[4:], 1)
	binary.LittleEndian.PutUint64(b[12:], 2048)
	binary.LittleEndian.PutUint64(b[28:], 1)
	binary.LittleEndian.PutUint64(b[36:], 20)
	copy(b[512:], text)
	return b
}

func spoilt(b []byte, how func([]byte)) []byte {
	how(b)
	return b
}

func put32(offset int, v uint32) func([]byte) {
	return func(b []byte) { binary.BigEndian.PutUint32(b[offset:], v) }
}

func put64(offset int, v uint64) func([]byte) {
	return func(b []byte) { binary.BigEndian.PutUint64(b[offset:], v) }
}

func vhdFooter(kind uint32) []byte {
	b := make([]byte, 512)
	copy(b, "conectix")
	binary.BigEndian.PutUint64(b[40:], 4096)
	binary.BigEndian.PutUint64(b[48:], 8192)
	binary.BigEndian.PutUint32(b[60:], kind)
	return b
}

func vdiHeader() []byte {
	b := make([]byte, 1024)
	binary.LittleEndian.PutUint32(b[0x40:], 0xbeda107f)
	binary.LittleEndian.PutUint32(b[0x4c:], 1)
	binary.LittleEndian.PutUint64(b[0x170:], 4096)
	return b
}

func disc() []byte {
	b := make([]byte, 40<<10)
	copy(b[32<<10:], "\x01CD001")
	binary.LittleEndian.PutUint32(b[32<<10+80:], 20)
	binary.LittleEndian.PutUint16(b[32<<10+128:], 2048)
	return b
}

func TestSoundImagesPass(t *testing.T) {
	mbr := spoilt(make([]byte, 4096), func(b []byte) { b[510], b[511], b[446+4] = 0x55, 0xaa, 0xee })
	for _, c := range []struct {
		name, declared, format string
		data                   []byte
		size                   int64
	}{
		{"nothing", "raw", "raw", nil, 0},
		{"noise", "raw", "raw", []byte("just some bytes"), 15},
		{"a partitioned disk", "raw", "raw", mbr, 4096},
		{"a kernel", "aki", "raw", []byte("kernel"), 6},
		{"a qcow2", "qcow2", "qcow2", qcow2Header(), 1 << 30},
		{"a qcow2 of zstd clusters", "qcow2", "qcow2", spoilt(qcow2Header(), put64(72, 1<<3)), 1 << 30},
		{"a monolithic VMDK", "vmdk", "vmdk", vmdkOf(descriptor), 2048 * 512},
		{"a fixed VHD", "vhd", "vhd", append(make([]byte, 8192), vhdFooter(2)...), 8192},
		{"a VDI", "vdi", "vdi", vdiHeader(), 4096},
		{"a disc", "iso", "iso", disc(), 20 * 2048},
		{"a disc as a plain disk", "raw", "raw", disc(), 40 << 10},
		{"a ploop", "ploop", "ploop", spoilt(make([]byte, 4096), func(b []byte) { copy(b, "WithouFreSpacExt"); b[36] = 8 }), 4096},
	} {
		format, size, err := verdict(c.declared, c.data)
		if err != nil || format != c.format || size != c.size {
			t.Errorf("%s as %s: %s of %d bytes, %v; want %s of %d", c.name, c.declared, format, size, err, c.format, c.size)
		}
	}
}

func TestWhatLeadsOutOfTheImageIsRefused(t *testing.T) {
	footer := func(change func([]byte)) []byte { // a streamed VMDK whose footer is changed
		b := vmdkOf(strings.Replace(descriptor, "monolithicSparse", "streamOptimized", 1))
		binary.LittleEndian.PutUint64(b[56:], 1<<64-1)
		end := make([]byte, 1536)
		end[12] = 3
		copy(end[512:1024], b[:512])
		binary.LittleEndian.PutUint64(end[512+56:], 9)
		change(end)
		return append(b, end...)
	}
	if _, _, err := verdict("vmdk", footer(func([]byte) {})); err != nil {
		t.Fatalf("a sound streamed VMDK: %v", err)
	}
	vmdkWith := func(old, now string) []byte { return vmdkOf(strings.Replace(descriptor, old, now, 1)) }
	for _, c := range []struct {
		name, declared string
		data           []byte
	}{
		{"a qcow2 with a backing file", "qcow2", spoilt(qcow2Header(), put64(8, 200))},
		{"a qcow2 with the length of a backing file only", "qcow2", spoilt(qcow2Header(), put32(16, 11))},
		{"a qcow2 with a data file", "qcow2", spoilt(qcow2Header(), put64(72, 1<<2))},
		{"a qcow2 with the name of a data file, but not the bit", "qcow2", spoilt(qcow2Header(), put32(104, qcow2ExtensionData))},
		{"a qcow2 with the name of a data file behind another extension", "qcow2", spoilt(qcow2Header(), func(b []byte) {
			put32(104, 0x6803f857)(b)
			put32(108, 5)(b)
			put32(120, qcow2ExtensionData)(b)
		})},
		{"a qcow2 with a feature that nobody knows", "qcow2", spoilt(qcow2Header(), put64(72, 1<<40))},
		{"a qcow2 that is corrupt", "qcow2", spoilt(qcow2Header(), put64(72, 1<<1))},
		{"an encrypted qcow2", "qcow2", spoilt(qcow2Header(), put32(32, 2))},
		{"a qcow2 with an encryption header", "qcow2", spoilt(qcow2Header(), put32(104, qcow2ExtensionCrypto))},
		{"a qcow2 of version 1", "qcow2", spoilt(qcow2Header(), put32(4, 1))},
		{"a qcow2 of version 4", "qcow2", spoilt(qcow2Header(), put32(4, 4))},
		{"a qcow2 whose extensions have no end", "qcow2", spoilt(qcow2Header(), func(b []byte) { put32(104, 1)(b); put32(108, 1<<31)(b) })},
		{"a qcow2 cut short", "qcow2", qcow2Header()[:90]},
		{"a qcow2 of a size beyond all", "qcow2", spoilt(qcow2Header(), put64(24, 1<<63))},
		{"a QED", "raw", []byte("QED\x00 and so on")},
		{"an encrypted disk", "raw", []byte("LUKS\xba\xbe and so on")},
		{"a flat VMDK", "vmdk", vmdkWith("monolithicSparse", "monolithicFlat")},
		{"a flat extent", "vmdk", vmdkWith(`SPARSE "disk.vmdk"`, `FLAT "/etc/passwd" 0`)},
		{"an extent elsewhere", "vmdk", vmdkWith("disk.vmdk", "/etc/passwd")},
		{"an extent above", "vmdk", vmdkWith("disk.vmdk", `..\\x`)},
		{"a second extent", "vmdk", vmdkWith("#DDB", `RW 1 SPARSE "b"`)},
		{"a VMDK with a parent", "vmdk", vmdkWith("parentCID=ffffffff", "parentCID=12345678")},
		{"a VMDK that hints at a parent", "vmdk", vmdkWith("#DDB", `parentFileNameHint="/etc/passwd"`)},
		{"a VMDK of two kinds", "vmdk", vmdkWith("#DDB", `createType="streamOptimized"`)},
		{"a VMDK without a capacity", "vmdk", spoilt(vmdkOf(descriptor), func(b []byte) { clear(b[12:20]) })},
		{"a VMDK without a descriptor", "vmdk", spoilt(vmdkOf(""), func(b []byte) { clear(b[28:44]) })},
		{"a bare descriptor", "vmdk", []byte(descriptor)},
		{"a bare descriptor as raw", "raw", []byte("\n# x\nversion=1\ncreateType=\"monolithicFlat\"")},
		{"a footer that leads elsewhere", "vmdk", footer(func(b []byte) { b[512+28] = 7 })},
		{"a footer that leads to another", "vmdk", footer(func(b []byte) { binary.LittleEndian.PutUint64(b[512+56:], 1<<64-1) })},
		{"a differencing VHD", "vhd", append(vhdFooter(4), make([]byte, 512)...)},
		{"a VDI with a parent", "vdi", spoilt(vdiHeader(), func(b []byte) { b[0x1b8] = 1 })},
		{"a differencing VDI", "vdi", spoilt(vdiHeader(), func(b []byte) { b[0x4c] = 4 })},
		{"a VHDX without metadata", "vhdx", append([]byte("vhdxfile"), make([]byte, 1<<20)...)},
	} {
		if format, _, err := verdict(c.declared, c.data); err == nil {
			t.Errorf("%s passes as %s", c.name, format)
		}
	}
}

// What is declared to be one thing and is another is refused, above all what a
// guest wrote into its raw disk.
func TestBytesMustBeWhatTheyAreDeclaredToBe(t *testing.T) {
	samples := map[string][]byte{"qcow2": qcow2Header(), "vmdk": vmdkOf(descriptor), "vhd": append(make([]byte, 512), vhdFooter(2)...), "vdi": vdiHeader(),
		"raw": []byte("noise"), "iso": disc()}
	for is, data := range samples {
		for _, declared := range Formats() {
			_, _, err := verdict(declared, data)
			fits := is == declared || is == "raw" && strings.HasPrefix(declared, "a") || is == "iso" && declared == "raw"
			if (err == nil) != fits {
				t.Errorf("%s declared as %s: %v", is, declared, err)
			}
		}
	}
	both := qcow2Header()
	copy(both[32<<10:], disc()[32<<10:])
	if _, _, err := verdict("iso", both); err == nil {
		t.Error("what is a qcow2 and a disc at once passes as a disc")
	}
}

func TestImagesThatQEMUMadeAreJudgedRight(t *testing.T) {
	tool, err := exec.LookPath("qemu-img")
	if err != nil {
		t.Skip("qemu-img isn't installed")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "base.raw"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	// LUKS isn't among them: to make a key, QEMU measures the machine for seconds.
	for _, c := range []struct {
		name, declared string
		args           []string
		sound          bool
	}{
		{"qcow2", "qcow2", []string{"create", "-f", "qcow2", "out", "3M"}, true},
		{"old qcow2", "qcow2", []string{"create", "-f", "qcow2", "-o", "compat=0.10", "out", "3M"}, true},
		{"qcow2 with lazy refcounts, zstd and extended L2", "qcow2", []string{"create", "-f", "qcow2", "-o", "lazy_refcounts=on,compression_type=zstd,extended_l2=on", "out", "3M"}, true},
		{"converted qcow2", "qcow2", []string{"convert", "-c", "-O", "qcow2", "base.raw", "out"}, true},
		{"VMDK", "vmdk", []string{"create", "-f", "vmdk", "out", "3M"}, true},
		{"streamed VMDK", "vmdk", []string{"convert", "-O", "vmdk", "-o", "subformat=streamOptimized", "base.raw", "out"}, true},
		{"VDI", "vdi", []string{"create", "-f", "vdi", "out", "3M"}, true},
		{"dynamic VHD", "vhd", []string{"create", "-f", "vpc", "out", "3M"}, true},
		{"fixed VHD", "vhd", []string{"create", "-f", "vpc", "-o", "subformat=fixed", "out", "3M"}, true},
		{"VHDX", "vhdx", []string{"create", "-f", "vhdx", "out", "3M"}, true},
		{"Parallels", "ploop", []string{"create", "-f", "parallels", "out", "3M"}, true},
		{"raw", "raw", []string{"create", "-f", "raw", "out", "3M"}, true},
		{"overlay", "qcow2", []string{"create", "-f", "qcow2", "-b", "base.raw", "-F", "raw", "out"}, false},
		{"external data", "qcow2", []string{"create", "-f", "qcow2", "-o", "data_file=data.raw,data_file_raw=on", "out", "3M"}, false},
		{"encrypted", "qcow2", []string{"create", "-f", "qcow2", "--object", "secret,id=s,data=x", "-o", "encrypt.format=aes,encrypt.key-secret=s", "out", "3M"}, false},
		{"flat VMDK", "vmdk", []string{"create", "-f", "vmdk", "-o", "subformat=monolithicFlat", "out", "3M"}, false},
	} {
		run := exec.CommandContext(t.Context(), tool, c.args...)
		run.Dir = dir
		if out, err := run.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", c.name, err, out)
			continue
		}
		path := filepath.Join(dir, "out")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		format, size, err := verdict(c.declared, data)
		if (err == nil) != c.sound {
			t.Errorf("%s: %v, want it sound: %v", c.name, err, c.sound)
		}
		if c.sound && (size < 1<<20 || size > 4<<20) {
			t.Errorf("%s: %s of %d bytes, want some megabytes", c.name, format, size)
		}
		os.Remove(path)
	}
}

func FuzzVerdict(f *testing.F) {
	for _, seed := range [][]byte{qcow2Header()[:2048], vmdkOf(descriptor)[:2048], vhdFooter(3), vdiHeader(), disc(), []byte(descriptor), []byte("vhdxfile")} {
		f.Add(seed, uint16(100))
	}
	f.Fuzz(func(t *testing.T, data []byte, piece uint16) {
		whole, pieces := New("raw"), New("raw")
		whole.Write(data)
		for rest := bytes.NewReader(data); rest.Len() > 0; {
			io.CopyN(pieces, rest, int64(piece)+1)
		}
		f1, s1, err1 := whole.Verdict()
		f2, s2, err2 := pieces.Verdict()
		if f1 != f2 || s1 != s2 || (err1 == nil) != (err2 == nil) {
			t.Fatalf("at once: %s, %d, %v; in pieces of %d: %s, %d, %v", f1, s1, err1, piece, f2, s2, err2)
		}
	})
}

// FuzzVHDX lays the input over the parts of a VHDX that are parsed.
func FuzzVHDX(f *testing.F) {
	entry := append(bytes.Clone(vhdxRegionMetadata), 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0)
	f.Add(append([]byte("regi\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"), entry...), append([]byte("metadata\x00\x00\x01\x00"), make([]byte, 64)...))
	f.Fuzz(func(t *testing.T, table, meta []byte) {
		image := make([]byte, 2<<20)
		copy(image, "vhdxfile")
		copy(image[vhdxTable:], table)
		copy(image[1<<20:], meta)
		n := New("vhdx")
		n.Write(image)
		if _, size, err := n.Verdict(); err == nil && size < 0 {
			t.Fatalf("a size of %d passes", size)
		}
	})
}
