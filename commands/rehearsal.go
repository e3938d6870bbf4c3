package commands

// Fact is what a command would cause: an event, of which nothing is known here
// but its name.
type Fact interface{ EventType() string }

// Rehearsal is a request whose batches are decided without being stored: a dry
// run. Each is decided on what those before it would leave, so that the worlds
// that Do returns are those the request would have seen. It is one request's,
// and not for several goroutines.
type Rehearsal struct {
	// Asked are the batches that would have been granted, in their order.
	Asked []Envelope
	// Facts are the events that they would cause.
	Facts []Fact
}
