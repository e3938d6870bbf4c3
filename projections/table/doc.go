// Package table is how a table of the world works: rows in the order of their
// keys, secondary indexes and kept sums, all copy-on-write, so that a world can
// be published in constant time and read without a lock for as long as anyone
// likes.
//
// All tables of a world share a Journal. Publishing a world starts a new
// generation in the journal; the first write to a table in a generation copies
// that table's handles (its trees are shared until written). Only the folder
// may write, and only while it folds: a write at any other time panics, which
// is how handlers and readers see a read-only world.
//
// It won't do: joins, transactions, or anything that takes time in proportion
// to a table, but All.
package table
