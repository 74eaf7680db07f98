// Package engineversiontest holds the stand-in for the registry of engine
// versions that the tests of domains with games use. It is for tests only.
package engineversiontest
