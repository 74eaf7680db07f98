// stands as modules/tournament/service.go

// Package tournament has no place in the order.
package tournament
