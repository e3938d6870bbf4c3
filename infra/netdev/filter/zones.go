package filter

import (
	"fmt"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
)

// ForeignZones are the conntrack zones that other instances use in the network
// namespace of the calling thread, whether they run or not.
func (i Instance) ForeignZones() (map[uint16]bool, error) {
	conn, err := nftables.New()
	if err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	all, err := conn.ListTablesOfFamily(nftables.TableFamilyINet)
	if err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	zones := map[uint16]bool{}
	for _, t := range all {
		if other, ours := strings.CutPrefix(t.Name, tables); !ours || Instance(other) == i || Instance(other).Check() != nil {
			continue
		}
		set, err := conn.GetSetByName(t, "zones")
		if err != nil {
			continue // it is being taken away just now
		}
		elements, err := conn.GetSetElements(set)
		if err != nil {
			continue
		}
		for _, e := range elements {
			if len(e.Val) >= 2 {
				zones[binaryutil.NativeEndian.Uint16(e.Val)] = true
			}
		}
	}
	return zones, nil
}
