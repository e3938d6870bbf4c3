// Package imageformat tells from an image's bytes, as they pass by, what disk
// format they are in, how large the disk is, and whether opening them could make
// a hypervisor read something else than them: a backing file, an external data
// file, an extent elsewhere. It reads nothing but those bytes, keeps about a
// mebibyte of them, and runs no other program: qemu-img is never shown what
// wasn't checked here first.
//
// What it accepts is a list of what is known to be harmless; all else is refused.
package imageformat

import (
	"bytes"
	"crypto/md5"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
)

const (
	// headSize is how much of the beginning is kept. All that is parsed but
	// VHDX's metadata and the footers lies within; VMDK's descriptor must.
	headSize = 1 << 20
	// tailSize is how much of the end is kept: VMDK's footer with its two markers.
	tailSize = 1536
)

// Inspector is written an image's bytes and then asked for its verdict.
type Inspector struct {
	declared string
	size     int64
	head     []byte
	tail     []byte
	far      *region // where the head says that more is to be read
	md5, sha hash.Hash
}

// region is a part of the image behind its head.
type region struct {
	offset int64
	length int
	data   []byte
}

// New makes an inspector for an image that is declared to be of a disk format.
// Without one the bytes are no disk: they are measured, and nothing is said of them.
func New(declared string) *Inspector {
	return &Inspector{declared: declared, md5: md5.New(), sha: sha512.New()} // MD5 is Glance's checksum, SHA-512 the safeguard
}

// Write takes the next bytes. It never fails.
func (n *Inspector) Write(p []byte) (int, error) {
	n.md5.Write(p)
	n.sha.Write(p)
	if room := headSize - len(n.head); room > 0 {
		n.head = append(n.head, p[:min(room, len(p))]...)
		if n.far == nil && len(n.head) >= vhdxHeaders {
			n.far = vhdxMetadata(n.head)
		}
	}
	if n.far != nil {
		n.far.capture(p, n.size)
	}
	if len(p) >= tailSize {
		n.tail = append(n.tail[:0], p[len(p)-tailSize:]...)
	} else {
		n.tail = append(n.tail, p...)
		n.tail = append(n.tail[:0], n.tail[max(0, len(n.tail)-tailSize):]...)
	}
	n.size += int64(len(p))
	return len(p), nil
}

// capture takes what of p, which begins at offset at, lies in the region.
func (r *region) capture(p []byte, at int64) {
	next := r.offset + int64(len(r.data))
	if at > next || at+int64(len(p)) <= next || len(r.data) == r.length {
		return
	}
	p = p[next-at:]
	r.data = append(r.data, p[:min(len(p), r.length-len(r.data))]...)
}

// found is what one format's parser says of bytes that are in its format.
type found struct {
	format string
	size   int64  // virtual
	danger string // why it mustn't be opened; empty: nothing is known against it
}

// parsers are asked in this order; each answers nil for bytes that aren't its.
var parsers = []func(*Inspector) *found{qcow2, qed, vmdk, vhd, vhdx, vdi, parallels, luks, iso}

// named are the disk formats that say what an image is for, not how it looks:
// the bytes are raw.
var named = []string{"aki", "ari", "ami"}

// Formats are the disk formats an image can be declared to be of.
func Formats() []string {
	return []string{"ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"}
}

// Sums are how many bytes there were, and their hashes in hex.
func (n *Inspector) Sums() (size int64, md5, sha512 string) {
	return n.size, hex.EncodeToString(n.md5.Sum(nil)), hex.EncodeToString(n.sha.Sum(nil))
}

// Verdict says in which format the bytes are and how large the disk is, or why
// they are refused: for who sent them, in words that go on after "Image".
func (n *Inspector) Verdict() (format string, virtualSize int64, err error) {
	if n.declared == "" {
		return "", 0, nil
	}
	var all []*found
	for _, parse := range parsers {
		if f := parse(n); f != nil {
			all = append(all, f)
		}
	}
	is := found{format: "raw", size: n.size}
	if len(all) > 1 {
		return "", 0, fmt.Errorf("has several formats at once: %s", names(all))
	}
	if len(all) == 1 {
		is = *all[0]
	}
	if is.format == "iso" && n.declared == "raw" { // a disc is its sectors; nothing in them is followed
		is = found{format: "raw", size: n.size}
	}
	switch {
	case is.format != n.declared && (is.format != "raw" || !slices.Contains(named, n.declared)):
		return "", 0, fmt.Errorf("disk_format %s does not match stream data %s", n.declared, is.format)
	case is.danger != "":
		return "", 0, fmt.Errorf("failed safety checks: %s", is.danger)
	case is.size < 0:
		return "", 0, fmt.Errorf("failed safety checks: the virtual size is out of range")
	}
	return is.format, is.size, nil
}

func names(all []*found) string {
	var s []string
	for _, f := range all {
		s = append(s, f.format)
	}
	return strings.Join(s, ",")
}

// at returns n bytes at an offset of b, nil where b doesn't have them.
func at(b []byte, offset, n int) []byte {
	if offset < 0 || n < 0 || offset > len(b) || len(b)-offset < n {
		return nil
	}
	return b[offset : offset+n]
}

func be32(b []byte, offset int) uint32 { return number(b, offset, 4, binary.BigEndian.Uint32) }
func be64(b []byte, offset int) uint64 { return number(b, offset, 8, binary.BigEndian.Uint64) }
func le32(b []byte, offset int) uint32 { return number(b, offset, 4, binary.LittleEndian.Uint32) }
func le64(b []byte, offset int) uint64 { return number(b, offset, 8, binary.LittleEndian.Uint64) }

// number reads a number, zero where there is none.
func number[N uint32 | uint64](b []byte, offset, size int, read func([]byte) N) N {
	if field := at(b, offset, size); field != nil {
		return read(field)
	}
	return 0
}

// sized makes a size of a number of units; negative where it is out of range.
func sized(n, unit uint64) int64 {
	if n > (1<<62)/unit {
		return -1
	}
	return int64(n * unit)
}

func starts(b []byte, magic string) bool { return bytes.HasPrefix(b, []byte(magic)) }
