package imageformat

import (
	"bytes"
	"encoding/hex"
	"slices"
)

// vhd is known by its footer, which only dynamic disks have at their beginning
// too. Differencing disks name a parent and are refused.
func vhd(n *Inspector) *found {
	footer := n.head
	if !starts(footer, "conectix") {
		footer = n.tail[max(0, len(n.tail)-sector):]
		if !starts(footer, "conectix") || len(footer) < sector {
			return nil
		}
	}
	f := &found{format: "vhd", size: max(sized(be64(footer, 40), 1), sized(be64(footer, 48), 1))}
	if sized(be64(footer, 40), 1) < 0 || sized(be64(footer, 48), 1) < 0 {
		f.size = -1
	}
	if kind := be32(footer, 60); kind != 2 && kind != 3 {
		f.danger = "only fixed and dynamic VHD disks are supported"
	}
	if other := n.tail[max(0, len(n.tail)-sector):]; starts(other, "conectix") && starts(n.head, "conectix") && !bytes.Equal(at(n.head, 0, sector), other) {
		f.danger = "the two footers of the VHD differ"
	}
	return f
}

// vdi is VirtualBox's. What has a parent is refused.
func vdi(n *Inspector) *found {
	h := n.head
	if le32(h, 0x40) != 0xbeda107f {
		return nil
	}
	f := &found{format: "vdi", size: sized(le64(h, 0x170), 1)}
	link := at(h, 0x1a8, 32) // the ids of the disks that this one follows
	switch kind := le32(h, 0x4c); {
	case link == nil:
		f.danger = "the VDI header is incomplete"
	case kind != 1 && kind != 2:
		f.danger = "only normal and fixed VDI disks are supported"
	case len(bytes.Trim(link, "\x00")) > 0:
		f.danger = "the image has a parent"
	}
	return f
}

// parallels are the images of Parallels and of ploop.
func parallels(n *Inspector) *found {
	h := n.head
	if !starts(h, "WithoutFreeSpace") && !starts(h, "WithouFreSpacExt") {
		return nil
	}
	f := &found{format: "ploop", size: sized(le64(h, 36), sector)}
	if len(h) < 64 {
		f.danger = "the ploop header is incomplete"
	}
	return f
}

// luks is recognised to be refused: its bytes are no disk without a key.
func luks(n *Inspector) *found {
	if !starts(n.head, "LUKS\xba\xbe") {
		return nil
	}
	return &found{format: "luks", danger: "the image is encrypted"}
}

// iso is a disc: ISO 9660, UDF, or both.
func iso(n *Inspector) *found {
	const start = 32 << 10
	head := at(n.head, start, 2048)
	if head == nil || !slices.Contains([]string{"CD001", "BEA01", "NSR02", "NSR03"}, string(head[1:6])) {
		return nil
	}
	f := &found{format: "iso", size: n.size}
	if head[0] == 1 && string(head[1:6]) == "CD001" { // the primary volume says how large the disc is
		block := uint64(head[128]) | uint64(head[129])<<8
		f.size = sized(uint64(le32(head, 80)), max(block, 1))
	}
	return f
}

// VHDX: region tables at 192 and 256 KiB say where the metadata is, which says
// how large the disk is and whether it has a parent.
const (
	vhdxTable   = 192 << 10
	vhdxHeaders = 320 << 10
	// vhdxCapture is how much of the metadata is read: its table of 64 KiB and the
	// few items behind it, which stand next to each other there.
	vhdxCapture = 192 << 10
	vhdxEntry   = 32
)

var (
	vhdxRegionMetadata = guid("06a27c8b90479a4bb8fe575f050f886e")
	vhdxItemSize       = guid("2442a52f1bcd7648b2115dbed83bf4b8")
	vhdxItemParameters = guid("3767a1ca36fa434db3b633f0aa44e76b")
	vhdxItemParent     = guid("2d5fd3a80bb34d45abf7d3d84834ab0c")
)

// guid reads the sixteen bytes of an id as they stand in a file.
func guid(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

// vhdxMetadata reads from the head where the metadata is; nil for what isn't VHDX.
func vhdxMetadata(head []byte) *region {
	table := at(head, vhdxTable, 64<<10)
	if !starts(head, "vhdxfile") || !starts(table, "regi") {
		return nil
	}
	for i := range min(int(le32(table, 8)), 2047) {
		entry := at(table, 16+i*vhdxEntry, vhdxEntry)
		if entry == nil {
			break
		}
		if bytes.Equal(entry[:16], vhdxRegionMetadata) {
			offset := sized(le64(entry, 16), 1)
			if offset < vhdxHeaders {
				return nil
			}
			return &region{offset: offset, length: vhdxCapture}
		}
	}
	return nil
}

func vhdx(n *Inspector) *found {
	if !starts(n.head, "vhdxfile") {
		return nil
	}
	f := &found{format: "vhdx"}
	if n.far == nil || !starts(n.far.data, "metadata") {
		f.danger = "the VHDX metadata isn't found"
		return f
	}
	f.size, f.danger = vhdxItems(n.far.data)
	return f
}

// vhdxItems reads the items that tell of the disk's size and parent.
func vhdxItems(meta []byte) (size int64, danger string) {
	size, parameters := int64(-1), false
	count := int(le32(meta, 8) >> 16)
	for i := range min(count, 2047) {
		entry := at(meta, 32+i*vhdxEntry, vhdxEntry)
		if entry == nil {
			return -1, "the VHDX metadata is incomplete"
		}
		value := at(meta, int(min(le32(entry, 16), vhdxCapture)), 8)
		switch id := entry[:16]; {
		case bytes.Equal(id, vhdxItemParent):
			return -1, "the image has a parent"
		case bytes.Equal(id, vhdxItemSize) && value != nil:
			size = sized(le64(value, 0), 1)
		case bytes.Equal(id, vhdxItemParameters) && value != nil:
			parameters = true
			if le32(value, 4)&2 != 0 {
				return -1, "the image has a parent"
			}
		}
	}
	if !parameters || size < 0 {
		return -1, "the VHDX metadata is incomplete"
	}
	return size, ""
}
