// Package handlers is where wishes become facts: for every command one pure
// function of the world and the command, and the one loop that asks them. The
// root has the loop (how any command is decided and appended); the subpackages
// have the rules of one service each.
//
// A decision knows no clock, draws nothing, does no I/O and depends on no map's
// order. It isn't replayed: the log holds its outcome, so it may change from
// build to build.
package handlers
