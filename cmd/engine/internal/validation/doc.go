// Package validation checks the form of requests: required and unknown fields,
// and the ranges that the contract's document gives. Whether a valid request can
// be executed is decided by package game.
package validation
