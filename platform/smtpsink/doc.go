// Package smtpsink is an SMTP server that keeps what it is sent and delivers
// nothing. Tests read mails from it and have it misbehave; cmd/devstack shows
// it to a developer as an inbox.
//
// It speaks enough of RFC 5321 for any client: EHLO, STARTTLS, AUTH PLAIN and
// LOGIN, MAIL, RCPT, DATA, RSET, NOOP, QUIT, one message after another. A
// script can replace the reply to any command, the greeting and the reply to the
// final dot among them, or cut the connection there. That is why it is written
// by hand: no server library lets its greeting, RSET or QUIT fail.
//
// What always holds: a message that was acknowledged is in the store before
// the client reads the acknowledgement, and on disk when there is a directory.
package smtpsink
