// Package commands is what may be asked: the vocabulary of the CMD stream. A
// command is a wish in the imperative, as a struct; its subpackages hold those
// of one service each.
//
// All that a decision needs and can't be had from the world travels inside the
// command: ids, times, resolved facts. What a command holds is stored for ever,
// so secrets are hashed or sealed before they get here.
package commands
