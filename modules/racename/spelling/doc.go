// Package spelling decides what a race may be called and which names count as
// the same. It is pure: no storage, no clock.
//
// A name has 2 to 20 characters: letters of one script, ASCII digits, and
// single separators (space, hyphen, underscore, dot) between them. It is shown
// in its NFKC form.
//
// Two names are the same when they share a key. A name has two, because neither
// order of case folding and confusable mapping (UTS 39) catches everything:
// folding first misses "Кira" with a Cyrillic К, whose small form looks like
// another letter; mapping first misses pairs whose capitals differ more than
// their small letters. Separators do not count.
package spelling
