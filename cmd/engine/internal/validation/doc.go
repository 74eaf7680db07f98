// Package validation checks what requests look like: whether they have the fields they
// need, none they must not have, and values in the ranges of the contract's
// document. Whether what they ask for is possible is for package game to say.
package validation
