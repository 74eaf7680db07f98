// Package mailtest holds the stand-in for mail that the tests of other domains
// use. It is for tests only.
//
// What always holds:
//
//   - Outbox behaves as *mail.Service does towards those who enqueue: the tests of
//     this package run the same rules against both.
//   - Nothing is rendered and nothing is sent. A template that does not exist, or
//     lacks a value, is found by the tests of mail, not here.
package mailtest
