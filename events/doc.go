// Package events is what has happened: the vocabulary of the EVT stream, in
// which every change of state is one event, and the frames that carry events
// there. Its subpackages hold the events of one service each.
//
// An event is a struct in the past tense. Its wire name never changes and its
// fields are only ever added to; a changed meaning is a new event. Nothing
// here does I/O, knows a clock or draws a random number, and nothing here may
// hold a secret that isn't sealed: the log is for ever.
package events
