// Package notificationtest holds the stand-in for notification that the tests
// of producers use. It is for tests only.
package notificationtest
