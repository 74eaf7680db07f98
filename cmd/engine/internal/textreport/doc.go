// Package textreport renders a report as the games of the nineties mailed it: as
// text in fixed-width tables, one per section, always in the same order.
package textreport
