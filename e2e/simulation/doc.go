// Package simulation runs a whole cell in one process, with hosts that fail,
// messages that are lost, repeated and late, and restarts, all by a seed and on
// a clock that stands still while something is going on; then it lets everything
// come to rest and counts. SKYLOG_SEEDS says how many seeds are tried.
package simulation
