package pgwrite

import (
	"regexp"
	"slices"
	"strings"
)

// noise is what may hold any word without meaning it: string literals, quoted
// identifiers, dollar quotes and comments.
var noise = regexp.MustCompile(`(?s)'(?:[^']|'')*'|"[^"]*"|\$\$.*?\$\$|--[^\n]*|/\*.*?\*/`)

var word = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_.]*|;|\(`)

// leading verbs change something whatever follows.
var leading = []string{
	"ALTER", "CALL", "CLUSTER", "COMMENT", "COPY", "CREATE", "DO", "DROP", "EXECUTE", "GRANT", "IMPORT", "LOCK",
	"NOTIFY", "PREPARE", "REASSIGN", "REFRESH", "REINDEX", "REVOKE", "SECURITY", "TRUNCATE", "VACUUM",
}

// functions change something when called; a session lock taken through a pool
// is held by whoever gets that connection next.
var functions = []string{
	"NEXTVAL", "SETVAL", "SET_CONFIG", "PG_NOTIFY", "PG_ADVISORY_LOCK", "PG_ADVISORY_LOCK_SHARED",
	"PG_TRY_ADVISORY_LOCK", "PG_TRY_ADVISORY_LOCK_SHARED", "LO_CREATE", "LO_UNLINK",
}

// writes returns the word that makes a statement a writing one, or "".
func writes(statement string) string {
	words := word.FindAllString(strings.ToUpper(noise.ReplaceAllString(statement, " ")), -1)
	at := func(i int) string {
		if i < 0 || i >= len(words) {
			return ""
		}
		return words[i]
	}
	for i, w := range words {
		first := i == 0 || at(i-1) == ";"
		if first && slices.Contains(leading, w) || changesRows(w, at(i-1), at(i+1)) ||
			at(i+1) == "(" && slices.Contains(functions, strings.TrimPrefix(w, "PG_CATALOG.")) {
			return w
		}
	}
	return ""
}

// changesRows recognises the verbs that may also follow WITH … AS (, and tells
// them from row locks: FOR UPDATE, FOR NO KEY UPDATE.
func changesRows(w, before, after string) bool {
	switch w {
	case "INSERT", "MERGE":
		return after == "INTO"
	case "DELETE":
		return after == "FROM"
	case "UPDATE":
		return before != "FOR" && before != "KEY"
	case "INTO":
		return before != "INSERT" && before != "MERGE" // SELECT … INTO makes a table
	}
	return false
}
