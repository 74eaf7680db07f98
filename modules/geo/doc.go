// Package geo knows in which country an address is, and in which countries users
// were seen.
//
// It owns user_country_counters and reads the GeoLite2-Country database named by
// BACKEND_GEOIP_DB_PATH.
//
// What always holds:
//
//   - Nothing here delays or fails a request. A look-up is memory only; an
//     address that is unknown, private or unreadable has no country.
//   - Requests are counted per user and address in memory, bounded; past the
//     bound they are dropped and counted as such. A flush every five seconds, and
//     one at the stop, turns them into at most one write per user and country.
//   - The database file is held in memory, never mapped: a file that is cut short
//     while it is open cannot take the process down. A replaced file is noticed
//     within half a minute; one that cannot be read leaves the old one in place.
//     A file that is missing at start fails the start.
//   - Counters of an erased user are deleted, what is buffered is dropped, and what
//     a flush was about to write is deleted after it.
package geo
