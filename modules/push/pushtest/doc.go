// Package pushtest holds the stand-in for push that the tests of other domains
// use. It is for tests only.
package pushtest
