// Package network is what may be asked of the network service.
//
// In an update a nil field stays as it is. Revision, where it isn't 0, is the
// one that the caller last saw: where the thing has another one, the command is
// refused as stale. Trusted says that the asker may use things of any project
// (an administrator, the cell itself).
package network
