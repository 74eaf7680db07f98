package validation

import (
	"slices"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// commandKeys returns the required and the optional keys of a command type; known
// is false for a type that the contract does not have.
func commandKeys(kind string) (needs, allows []string, known bool) {
	switch kind {
	case enginev1.CommandRelation:
		return []string{"type", "race", "relation"}, nil, true
	case enginev1.CommandMessage:
		return []string{"type", "to", "text"}, []string{"anonymous"}, true
	case enginev1.CommandQuit:
		return []string{"type", "confirm"}, []string{"cancel"}, true
	case enginev1.CommandVote:
		return []string{"type", "race"}, nil, true
	default:
		return nil, nil, false
	}
}

// Command reports which keys of a command object are missing or unknown.
func Command(kind string, keys []string) []enginev1.FieldError {
	var p Problems
	needs, allows, known := commandKeys(kind)
	p.Check(known, "command.type", "must be a known command")
	if !known {
		return p
	}
	for _, key := range needs {
		p.Check(slices.Contains(keys, key), "command."+key, "is required")
	}
	for _, key := range keys {
		p.Check(slices.Contains(needs, key) || slices.Contains(allows, key), "command."+key, "is unknown to %s", kind)
	}
	return p
}
