// Package strict reads JSON without mercy.
//
// encoding/json lets through what an attacker likes: the last of two equal
// keys wins, a second value after the first is ignored, invalid UTF-8 and lone
// surrogates silently become U+FFFD, and a NUL reaches a database that cannot
// store it. Parse refuses all of these, and bounds depth and the length of
// numbers, before anything else looks at the bytes. What it has accepted,
// encoding/json may decode.
package strict
