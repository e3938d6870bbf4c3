package imageformat

// The qcow2 features that an image may need: what they change stays in the file.
// Bit 1 says that it is corrupt, bit 2 that the data is in another file.
const (
	qcow2Dirty       = 1 << 0
	qcow2Compression = 1 << 3
	qcow2ExtendedL2  = 1 << 4
	qcow2DataFile    = 1 << 2
	qcow2Harmless    = qcow2Dirty | qcow2Compression | qcow2ExtendedL2
)

// Header extensions of qcow2 that lead elsewhere.
const (
	qcow2ExtensionEnd    = 0
	qcow2ExtensionData   = 0x44415441 // the name of an external data file
	qcow2ExtensionCrypto = 0x0537be77
)

func qcow2(n *Inspector) *found {
	h := n.head
	if !starts(h, "QFI\xfb") {
		return nil
	}
	f := &found{format: "qcow2", size: sized(be64(h, 24), 1)}
	f.danger = qcow2Danger(h)
	return f
}

func qcow2Danger(h []byte) string {
	version, clusterBits := be32(h, 4), be32(h, 20)
	switch {
	case len(h) < 72, version >= 3 && len(h) < 104:
		return "the qcow2 header is incomplete"
	case version != 2 && version != 3:
		return "this version of qcow2 is not supported"
	case clusterBits < 9 || clusterBits > 21:
		return "the qcow2 cluster size is out of range"
	case be64(h, 8) != 0 || be32(h, 16) != 0:
		return "the image has a backing file"
	case be32(h, 32) != 0:
		return "the image is encrypted"
	}
	end := min(1<<clusterBits, headSize)
	if version == 2 {
		return qcow2Extensions(h, 72, end)
	}
	features, header := be64(h, 72), be32(h, 100)
	switch {
	case features&qcow2DataFile != 0:
		return "the image has an external data file"
	case features&^uint64(qcow2Harmless) != 0:
		return "the image needs qcow2 features that are not supported"
	case header < 104 || header%8 != 0 || int64(header) > int64(end):
		return "the length of the qcow2 header is out of range"
	}
	return qcow2Extensions(h, int(header), end)
}

// qcow2Extensions walks the extensions of the header up to their end. That of a
// data file is refused even where the feature bit isn't set.
func qcow2Extensions(h []byte, offset, end int) string {
	for offset+8 <= end {
		head := at(h, offset, 8)
		if head == nil {
			return "" // the file ends before its first cluster does; there is nothing to read
		}
		kind, length := be32(head, 0), be32(head, 4)
		switch {
		case kind == qcow2ExtensionEnd:
			return ""
		case kind == qcow2ExtensionData:
			return "the image has an external data file"
		case kind == qcow2ExtensionCrypto:
			return "the image is encrypted"
		case int64(length) > int64(end-offset-8):
			return "the qcow2 header extensions are malformed"
		}
		offset += 8 + (int(length)+7)/8*8
	}
	return ""
}

// qed is QEMU's format that nobody needs any more.
func qed(n *Inspector) *found {
	if !starts(n.head, "QED\x00") {
		return nil
	}
	return &found{format: "qed", danger: "this format is not supported"}
}
