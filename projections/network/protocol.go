package network

import (
	"slices"
	"strconv"
)

// protocols are the protocol names that security group rules know, by their
// IANA numbers.
var protocols = map[string]int{
	"ah": 51, "dccp": 33, "egp": 8, "esp": 50, "gre": 47, "hopopt": 0, "icmp": 1, "igmp": 2, "ip": 0, "ipip": 4,
	"ipv6-encap": 41, "ipv6-frag": 44, "ipv6-icmp": 58, "icmpv6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "ipv6-route": 43,
	"ospf": 89, "pgm": 113, "rsvp": 46, "sctp": 132, "tcp": 6, "udp": 17, "udplite": 136, "vrrp": 112,
}

// The protocols that rules treat in a way of their own.
const (
	ICMP    = 1
	TCP     = 6
	UDP     = 17
	DCCP    = 33
	ICMPv6  = 58
	SCTP    = 132
	UDPLite = 136
)

// ProtocolNumber is the IANA number of a rule's protocol, -1 for any, -2 for one that isn't known.
func ProtocolNumber(protocol string) int {
	if protocol == "" {
		return -1
	}
	if n, ok := protocols[protocol]; ok {
		return n
	}
	if n, err := strconv.ParseUint(protocol, 10, 8); err == nil {
		return int(n)
	}
	return -2
}

// ProtocolNames are the names that ProtocolNumber knows, in alphabetical order.
func ProtocolNames() []string {
	var names []string
	for name := range protocols {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
