package play

import (
	"fmt"
	"io"
	"time"
)

// Narrator tells the story, a line at a time.
type Narrator struct {
	Out    io.Writer
	Colour bool
	begin  time.Time
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

func (n *Narrator) paint(colour, text string) string {
	if !n.Colour || colour == plain {
		return text
	}
	return colour + text + reset
}

// Chapter begins a part of the story.
func (n *Narrator) Chapter(title string) {
	_, _ = fmt.Fprintf(n.Out, "\n%s\n", n.paint(bold, title))
}

// did tells one thing that happened, and who did it.
func (n *Narrator) did(colour, who, format string, args ...any) {
	if n.begin.IsZero() {
		n.begin = time.Now()
	}
	_, _ = fmt.Fprintf(n.Out, "%s %s %s\n", n.paint(dim, fmt.Sprintf("%6.2fs", time.Since(n.begin).Seconds())),
		n.paint(colour, fmt.Sprintf("%-9s", who)), fmt.Sprintf(format, args...))
}
