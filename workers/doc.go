// Package workers is what makes the machines match the world. Dispatch writes,
// after each frame, what every thing that it touched should look like to the
// WANT stream; workers read their wants, make them so and report back by
// commands. The root says how (dispatch, the runner, the timekeeper); the
// subpackages say what is driven.
//
// A worker is a level, not an edge: a want is the whole desired state, and doing
// it twice changes nothing. It decides nothing, and what it learns it reports.
package workers
