// Package textreport renders a report as plain text in the classic layout:
// fixed-width tables, one per section, always in the same order.
package textreport
