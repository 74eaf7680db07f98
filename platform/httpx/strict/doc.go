// Package strict reads JSON strictly.
//
// encoding/json lets through what an attacker likes: the last of two equal
// keys wins, a second value after the first is ignored, invalid UTF-8 and lone
// surrogates silently become U+FFFD, a field is reached by any spelling of its
// name, and a NUL reaches a database that cannot store it. Parse refuses all of
// these, and bounds depth and the length of numbers, before anything else looks
// at the bytes.
//
// A text is parsed once: a schema is held against the value that Parse returns,
// and a Decoder puts that same value into a Go struct.
package strict
