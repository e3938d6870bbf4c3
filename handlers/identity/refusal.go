package identity

import (
	"encoding/json"

	"skylog/commands"
)

func notFound(what, id string) error {
	return commands.Refuse(commands.NotFound, "Could not find %s: %s.", what, id)
}

func taken(what, name, domainID string) error {
	return commands.Refuse(commands.Conflict,
		"Conflict occurred attempting to store %s - Duplicate entry found with name %s at domain ID %s.", what, name, domainID)
}

func idTaken(what, id string) error {
	return commands.Refuse(commands.Conflict, "Conflict occurred attempting to store %s - Duplicate ID, %s.", what, id)
}

func immutable(what, id string) error {
	return commands.Refuse(commands.Forbidden, "The %s %s is immutable: unset its option immutable first.", what, id)
}

// Bounds of the attributes that aren't understood, per thing: enough for what
// tools file there, too little to keep documents in.
const (
	maxExtraBytes = 16 << 10
	maxExtras     = 64
)

// merged is what extra attributes are after a change: new ones win, null takes one away.
func merged(extra, change string) (string, error) {
	if change == "" {
		return extra, nil
	}
	all := map[string]json.RawMessage{}
	for _, text := range []string{extra, change} {
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			return "", commands.Refuse(commands.Invalid, "The extra attributes are not a JSON object.")
		}
	}
	for name, value := range all {
		if value == nil || string(value) == "null" {
			delete(all, name)
		}
	}
	if len(all) == 0 {
		return "", nil
	}
	text, err := json.Marshal(all) // sorted by names
	if err != nil {
		return "", commands.Refuse(commands.Invalid, "The extra attributes are not a JSON object.")
	}
	if len(text) > maxExtraBytes || len(all) > maxExtras {
		return "", commands.Refuse(commands.Invalid, "There may be %d extra attributes of together %d bytes.", maxExtras, maxExtraBytes)
	}
	return string(text), nil
}

// or is what a field is after a change: what it was, where the change doesn't say.
func or[T any](change *T, was T) T {
	if change == nil {
		return was
	}
	return *change
}
