// Package api is the engine as its host sees it: one game behind eight HTTP
// operations.
//
// What always holds: one writer at a time; reads are served from the last
// published view and never wait for a turn; nothing is answered with success
// before it is on disk; and what could not be written has not happened.
package api
