package imageformat

import (
	"bytes"
	"regexp"
	"strings"
)

const (
	sector          = 512
	vmdkMaxDescribe = headSize - 2*sector
	vmdkFooter      = 0xffffffffffffffff // where the grain directory should stand: it is at the end
)

// vmdk knows the two kinds of one file each: monolithicSparse and
// streamOptimized. A bare descriptor, which names other files, and ESX's own
// sparse extents are recognised to be refused.
func vmdk(n *Inspector) *found {
	h := n.head
	switch {
	case starts(h, "COWD"):
		return &found{format: "vmdk", danger: "this kind of VMDK is not supported"}
	case isDescriptor(h):
		return &found{format: "vmdk", danger: "a VMDK descriptor names files outside the image"}
	case !starts(h, "KDMV"):
		return nil
	}
	f := &found{format: "vmdk", size: sized(le64(h, 12), sector)}
	f.danger = vmdkDanger(n)
	return f
}

func vmdkDanger(n *Inspector) string {
	h := n.head
	version, capacity := le32(h, 4), le64(h, 12)
	offset, length := le64(h, 28), le64(h, 36)
	switch {
	case len(h) < sector:
		return "the VMDK header is incomplete"
	case version < 1 || version > 3:
		return "this version of VMDK is not supported"
	case capacity == 0: // QEMU takes such a file for a mere descriptor
		return "the VMDK header has no capacity"
	case offset != 1:
		return "the VMDK descriptor is not where it belongs"
	case length == 0 || length > vmdkMaxDescribe/sector:
		return "the length of the VMDK descriptor is out of range"
	}
	text := at(h, sector, int(length)*sector)
	if text == nil {
		return "the VMDK descriptor is incomplete"
	}
	if le64(h, 56) == vmdkFooter {
		if danger := footerDanger(h, n.tail); danger != "" {
			return danger
		}
	}
	return descriptorDanger(text)
}

// footerDanger compares the header at the end of a streamed VMDK, which counts,
// with the one at its beginning, which was checked.
func footerDanger(h, tail []byte) string {
	if len(tail) < tailSize {
		return "the VMDK footer is incomplete"
	}
	marker, footer, end := tail[:sector], tail[sector:2*sector], tail[2*sector:]
	same := func(from, to int) bool { return bytes.Equal(h[from:to], footer[from:to]) }
	switch {
	case le32(marker, 8) != 0 || le32(marker, 12) != 3:
		return "the VMDK footer's marker is malformed"
	case !same(0, 56) || !same(64, 72): // all but where the grain directory is
		return "the VMDK footer differs from the header"
	case le64(footer, 56) == vmdkFooter:
		return "the VMDK footer leads to another footer"
	case len(bytes.Trim(end, "\x00")) > 0:
		return "the VMDK's end is malformed"
	}
	return ""
}

var (
	// extentLine is the one extent that may be: the file itself, by a plain name.
	extentLine = regexp.MustCompile(`^(?:rw|rdonly|noaccess) +[0-9]+ +sparse +"[^"/\\:]*"$`)
	fieldLine  = regexp.MustCompile(`^([a-z0-9_.]+) *= *"?([^"]*)"?$`)
)

// descriptorFields are what a descriptor may say; no other has a meaning that
// keeps within the file.
var descriptorFields = map[string]func(value string) bool{
	"version":            any1,
	"cid":                any1,
	"encoding":           any1,
	"parentcid":          func(v string) bool { return v == "ffffffff" || v == "0" },
	"isnativesnapshot":   func(v string) bool { return v == "no" },
	"createtype":         func(v string) bool { return v == "monolithicsparse" || v == "streamoptimized" },
	"changetrackpath":    none,
	"parentfilenamehint": none,
}

func any1(string) bool { return true }
func none(string) bool { return false }

// descriptorDanger reads a descriptor line by line, and refuses it for any line
// that it doesn't understand.
func descriptorDanger(text []byte) string {
	if end := bytes.IndexByte(text, 0); end >= 0 {
		if len(bytes.Trim(text[end:], "\x00")) > 0 {
			return "the VMDK descriptor has more behind its end"
		}
		text = text[:end]
	}
	extents, kinds := 0, 0
	for line := range strings.Lines(strings.ToLower(string(text))) {
		line = strings.TrimSpace(line)
		switch field := fieldLine.FindStringSubmatch(line); {
		case line == "" || line[0] == '#' || strings.HasPrefix(line, "ddb."):
		case extentLine.MatchString(line):
			extents++
		case field == nil:
			return "the VMDK descriptor has a line that is not supported"
		default:
			allowed, known := descriptorFields[field[1]]
			if !known || !allowed(field[2]) {
				return "the VMDK descriptor has a " + field[1] + " that is not supported"
			}
			if field[1] == "createtype" {
				kinds++
			}
		}
	}
	switch {
	case kinds != 1:
		return "the VMDK descriptor doesn't say its kind once"
	case extents != 1:
		return "the VMDK must have one extent, itself"
	}
	return ""
}

// isDescriptor says whether QEMU would take the bytes for a descriptor: comments
// and blank lines, and then the version.
func isDescriptor(h []byte) bool {
	const enough = 20 << 10
	h = h[:min(len(h), enough)]
	if bytes.HasPrefix(bytes.ToLower(h), []byte("# disk descriptorfile")) {
		return true
	}
	for line := range bytes.Lines(h) {
		switch line = bytes.ToLower(bytes.TrimSpace(line)); {
		case len(line) == 0, line[0] == '#':
		default:
			return bytes.HasPrefix(line, []byte("version=")) && len(line) <= len("version=")+1
		}
	}
	return false
}
