// Package sanitize makes text of other programs, such as the errors of a daemon,
// fit for a column, a log line and a mail.
package sanitize
