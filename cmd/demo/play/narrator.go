package play

import (
	"fmt"
	"io"
	"time"
)

// Printer tells the story, a line at a time.
type Printer struct {
	Out    io.Writer
	Colour bool
	start  time.Time
}

// The colours of a line's first word.
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

// Section begins a part of the story.
func (n *Printer) Section(title string) {
	_, _ = fmt.Fprintf(n.Out, "\n%s\n", n.paint(bold, title))
}

// step tells one thing that happened, and who did it.
func (n *Printer) step(colour, who, format string, args ...any) {
	if n.start.IsZero() {
		n.start = time.Now()
	}
	_, _ = fmt.Fprintf(n.Out, "%s %s %s\n", n.paint(dim, fmt.Sprintf("%6.2fs", time.Since(n.start).Seconds())),
		n.paint(colour, fmt.Sprintf("%-9s", who)), fmt.Sprintf(format, args...))
}
