package smtpsink

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"time"
)

// session is one connection.
type session struct {
	srv    *Server
	socket net.Conn // below TLS
	conn   net.Conn
	text   *textproto.Conn
	tls    bool
	user   string
	from   string
	to     []string
	inMail bool
}

func (s *Server) serve(conn net.Conn) {
	c := &session{srv: s, socket: conn, conn: conn}
	if s.cfg.Implicit {
		c.conn, c.tls = tls.Server(conn, s.cfg.TLS), true
	}
	c.text = textproto.NewConn(c.conn)
	if !c.reply(Connect, "", "220 sink ESMTP") {
		return
	}
	for {
		_ = conn.SetDeadline(time.Now().Add(idleTimeout)) // fails only with the connection
		line, err := c.text.ReadLine()
		if err != nil || !c.command(line) {
			return
		}
	}
}

// reply answers with what the script says, or usual, and reports whether the
// session goes on.
func (c *session) reply(at, line, usual string) (open bool) {
	_, open = c.answer(at, line, usual)
	return open
}

// answer is reply for commands that change the session's state, which they do
// only when the client was told that they succeeded.
func (c *session) answer(at, line, usual string) (positive, open bool) {
	rule, scripted := c.srv.match(at, line)
	if !scripted {
		return usual[0] < '4', c.writeLine(usual)
	}
	if rule.Reply != "" {
		usual = rule.Reply
	}
	return usual[0] < '4', c.apply(rule, usual)
}

func (c *session) apply(rule Rule, usual string) bool {
	if rule.Delay > 0 {
		timer := time.NewTimer(rule.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.srv.done:
			return false
		}
	}
	switch {
	case rule.Reply != "":
		usual = rule.Reply
	case rule.Then != Continue:
		usual = ""
	}
	if usual != "" && !c.writeLine(usual) {
		return false
	}
	switch rule.Then {
	case Hang:
		_, _ = io.Copy(io.Discard, c.socket) // until the client, or Close, ends it
		return false
	case Reset:
		if tcp, ok := c.socket.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		return false
	case Hangup:
		return false
	}
	return !strings.HasPrefix(usual, "421")
}

func (c *session) writeLine(text string) bool { return c.text.PrintfLine("%s", text) == nil }

// command answers one line of the client and reports whether the session goes
// on.
func (c *session) command(line string) bool {
	name, rest, _ := strings.Cut(line, " ")
	switch name = strings.ToUpper(name); name {
	case "EHLO", "HELO":
		c.reset()
		return c.reply(Ehlo, line, c.ehloReply(name))
	case StartTLS:
		return c.startTLS(line)
	case Auth:
		return c.auth(rest)
	case Mail:
		return c.mail(line)
	case Rcpt:
		return c.rcpt(line)
	case Data:
		return c.data(line)
	case Rset:
		c.reset()
		return c.reply(Rset, line, "250 2.0.0 reset")
	case "NOOP":
		return c.writeLine("250 2.0.0 ok")
	case Quit:
		c.reply(Quit, line, "221 2.0.0 bye")
		return false
	default:
		return c.writeLine("500 5.5.1 unknown command")
	}
}

func (c *session) reset() { c.from, c.to, c.inMail = "", nil, false }

func (c *session) ehloReply(name string) string {
	if name == "HELO" {
		return "250 sink"
	}
	lines := []string{"250-sink", "250-PIPELINING", "250-8BITMIME", "250-ENHANCEDSTATUSCODES"}
	if c.srv.cfg.TLS != nil && !c.tls {
		lines = append(lines, "250-STARTTLS")
	}
	if c.srv.cfg.Users != nil {
		lines = append(lines, "250-AUTH PLAIN LOGIN")
	}
	return strings.Join(append(lines, fmt.Sprintf("250 SIZE %d", c.srv.cfg.MaxBytes)), "\r\n")
}

func (c *session) mail(line string) bool {
	switch {
	case c.srv.cfg.Users != nil && c.user == "":
		return c.reply(Mail, line, "530 5.7.0 authenticate first")
	case c.inMail:
		return c.reply(Mail, line, "503 5.5.1 one mail at a time")
	}
	address, ok := parsePath(line, "FROM:")
	if !ok {
		return c.reply(Mail, line, "501 5.5.4 MAIL FROM:<address>")
	}
	positive, open := c.answer(Mail, line, "250 2.1.0 ok")
	if positive {
		c.from, c.inMail = address, true
	}
	return open
}

func (c *session) rcpt(line string) bool {
	address, ok := parsePath(line, "TO:")
	switch {
	case !c.inMail:
		return c.reply(Rcpt, line, "503 5.5.1 MAIL first")
	case !ok || address == "":
		return c.reply(Rcpt, line, "501 5.5.4 RCPT TO:<address>")
	}
	positive, open := c.answer(Rcpt, line, "250 2.1.5 ok")
	if positive {
		c.to = append(c.to, address)
	}
	return open
}

// parsePath reads the address between angle brackets behind FROM: or TO:.
func parsePath(line, keyword string) (string, bool) {
	_, rest, _ := strings.Cut(line, " ")
	if len(rest) < len(keyword) || !strings.EqualFold(rest[:len(keyword)], keyword) {
		return "", false
	}
	rest = strings.TrimSpace(rest[len(keyword):])
	address, _, closed := strings.Cut(strings.TrimPrefix(rest, "<"), ">")
	return address, closed && strings.HasPrefix(rest, "<")
}

func (c *session) data(line string) bool {
	if len(c.to) == 0 {
		return c.reply(Data, line, "503 5.5.1 RCPT first")
	}
	if positive, open := c.answer(Data, line, "354 end with a dot"); !open || !positive {
		return open
	}
	raw, err := c.readBody()
	if err != nil {
		return false
	}
	defer c.reset()
	if int64(len(raw)) > c.srv.cfg.MaxBytes {
		return c.reply(End, "", "552 5.3.4 too large")
	}
	return c.store(raw)
}

// readBody reads up to the final dot; what is beyond the limit is thrown away.
func (c *session) readBody() ([]byte, error) {
	dots := c.text.DotReader()
	raw, err := io.ReadAll(io.LimitReader(dots, c.srv.cfg.MaxBytes+1))
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, dots)
	return raw, err
}

// store keeps the message, unless the script refuses it, and answers.
func (c *session) store(raw []byte) bool {
	rule, scripted := c.srv.match(End, "")
	refused := scripted && !rule.Keep && (rule.Then != Continue || rule.Reply != "" && rule.Reply[0] != '2')
	usual := "250 2.0.0 kept"
	if !refused {
		m, err := c.srv.Add(Message{
			Received: time.Now().UTC(), From: c.from, To: c.to, TLS: c.tls, User: c.user, Raw: raw,
		})
		if err != nil {
			return c.writeLine("451 4.3.0 cannot keep it")
		}
		usual = "250 2.0.0 kept as " + m.ID
	}
	if scripted {
		return c.apply(rule, usual)
	}
	return c.writeLine(usual)
}
