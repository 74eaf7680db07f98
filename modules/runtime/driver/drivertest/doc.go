// Package drivertest holds the behaviour that every driver of engines keeps to,
// as tests that run against any of them. It is for tests only.
package drivertest
