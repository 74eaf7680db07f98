// stands as modules/turn/service_mutant.go

package turn

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.

// Line.
