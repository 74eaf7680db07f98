package smtpsink

import (
	"strings"
	"sync"
	"time"
)

// Moments of a session that a rule can name.
const (
	Connect  = "CONNECT" // the greeting
	Ehlo     = "EHLO"
	StartTLS = "STARTTLS"
	Auth     = "AUTH"
	Mail     = "MAIL"
	Rcpt     = "RCPT"
	Data     = "DATA" // the reply that invites the text
	End      = "END"  // the reply to the final dot
	Rset     = "RSET"
	Quit     = "QUIT"
)

// Then is what happens to the connection after the reply, if there is one.
type Then uint8

// What a rule does to the connection.
const (
	Continue Then = iota
	Hangup        // closes it in order
	Reset         // closes it with RST
	Hang          // says nothing more and keeps it open
)

// Rule replaces what the server does at one moment.
type Rule struct {
	At       string        // one of the moments
	Contains string        // only when the client's line holds this; empty matches any
	Times    int           // how often; 0 is always
	Delay    time.Duration // before the reply
	Reply    string        // such as "451 4.3.0 try later"; empty keeps the usual one, unless Then ends the session
	Then     Then
	Keep     bool // at End: the message is kept although the client does not hear so
}

// Script is the rules of a server. The first that fits is used.
type Script struct {
	mu    sync.Mutex
	rules []*Rule
	seen  map[string]int
}

// Use replaces the rules. Sessions under way follow the new ones.
func (s *Script) Use(rules ...Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
	for _, r := range rules {
		if r.Times == 0 {
			r.Times = -1
		}
		s.rules = append(s.rules, &r)
	}
}

// Seen counts how often a moment was reached.
func (s *Script) Seen(at string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[at]
}

func (s *Script) match(at, line string) (Rule, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]int{}
	}
	s.seen[at]++
	for _, r := range s.rules {
		if r.At == at && r.Times != 0 && strings.Contains(line, r.Contains) {
			r.Times--
			return *r, true
		}
	}
	return Rule{}, false
}
