// Package runtimetest holds the stand-in for runtime that the tests of domains
// with games use. It is for tests only.
package runtimetest
