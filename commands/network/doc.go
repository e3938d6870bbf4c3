// Package network is what may be asked of the network service.
package network
