package play

import (
	"fmt"
	"io"
	"time"
)

// Printer prints the steps of a game, one per line.
type Printer struct {
	Out    io.Writer
	Colour bool
	start  time.Time
}

// ANSI sequences of colours.
const (
	plain  = ""
	green  = "\x1b[32m"
	blue   = "\x1b[34m"
	yellow = "\x1b[33m"
	dim    = "\x1b[2m"
	bold   = "\x1b[1m"
	reset  = "\x1b[0m"
)

func (n *Printer) paint(colour, text string) string {
	if !n.Colour || colour == plain {
		return text
	}
	return colour + text + reset
}

// Section prints a heading.
func (n *Printer) Section(title string) {
	_, _ = fmt.Fprintf(n.Out, "\n%s\n", n.paint(bold, title))
}

// step prints what happened, and who did it.
func (n *Printer) step(colour, who, format string, args ...any) {
	if n.start.IsZero() {
		n.start = time.Now()
	}
	_, _ = fmt.Fprintf(n.Out, "%s %s %s\n", n.paint(dim, fmt.Sprintf("%6.2fs", time.Since(n.start).Seconds())),
		n.paint(colour, fmt.Sprintf("%-9s", who)), fmt.Sprintf(format, args...))
}
