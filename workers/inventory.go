package workers

// AnyHost stands for the host in a want that all hosts must know.
const AnyHost = "_any"

// CompleteKind is the kind of the want by which a host learns that all its wants
// are there to be read. The stream of wants is filled anew from the world when
// dispatch starts; until this one lies behind them, some may be missing, and
// what a host has must not be taken for unwanted.
const CompleteKind = "complete"

// CompleteID is the id of that want; a host has one.
const CompleteID = "cell"

// Inventory is what hosts had before their wants were read anew. What was made
// meanwhile isn't in it, and so can't be found unwanted.
type Inventory interface {
	// Wanted is told of every want that was read.
	Wanted(host, kind, id string)
	// Settle is called once, when all wants that there were have been read. It
	// may take its time, but ends when the subscription does.
	Settle()
}
