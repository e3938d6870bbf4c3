// Package projections is what is known now: the world, a fold of all frames of
// the log. The root has the world as a whole (how a frame is folded, published,
// written down and read back); the subpackages have the tables of one service
// each, and package table how a table works.
//
// Folding is deterministic for ever: the same frames give the same world on any
// node with any build. So nothing here may know a clock, draw a random number,
// depend on the order of a map or do I/O of its own.
package projections
