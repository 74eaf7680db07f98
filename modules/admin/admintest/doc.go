// Package admintest holds the audit log that the tests of other domains use. It
// is for tests only.
package admintest
