package smtpsink

import (
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
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
		_ = conn.SetDeadline(time.Now().Add(idle)) // fails only with the connection
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
	rule, scripted := c.srv.next(at, line)
	if !scripted {
		return usual[0] < '4', c.say(usual)
	}
	if rule.Reply != "" {
		usual = rule.Reply
	}
	return usual[0] < '4', c.follow(rule, usual)
}

func (c *session) follow(rule Rule, usual string) bool {
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
	case rule.Then != GoOn:
		usual = ""
	}
	if usual != "" && !c.say(usual) {
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

func (c *session) say(text string) bool { return c.text.PrintfLine("%s", text) == nil }

// command answers one line of the client and reports whether the session goes
// on.
func (c *session) command(line string) bool {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb = strings.ToUpper(verb); verb {
	case "EHLO", "HELO":
		c.reset()
		return c.reply(Ehlo, line, c.greeting(verb))
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
		return c.say("250 2.0.0 ok")
	case Quit:
		c.reply(Quit, line, "221 2.0.0 bye")
		return false
	default:
		return c.say("500 5.5.1 unknown command")
	}
}

func (c *session) reset() { c.from, c.to, c.inMail = "", nil, false }

func (c *session) greeting(verb string) string {
	if verb == "HELO" {
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

func (c *session) startTLS(line string) bool {
	if c.srv.cfg.TLS == nil || c.tls {
		return c.reply(StartTLS, line, "502 5.5.1 not offered")
	}
	if positive, open := c.answer(StartTLS, line, "220 2.0.0 go ahead"); !open || !positive {
		return open
	}
	upgraded := tls.Server(c.conn, c.srv.cfg.TLS)
	if upgraded.Handshake() != nil {
		return false
	}
	c.conn, c.text, c.tls = upgraded, textproto.NewConn(upgraded), true
	c.reset()
	return true
}

func (c *session) auth(rest string) bool {
	if c.srv.cfg.Users == nil {
		return c.reply(Auth, rest, "502 5.5.1 not offered")
	}
	mechanism, initial, _ := strings.Cut(rest, " ")
	var name, password string
	switch strings.ToUpper(mechanism) {
	case "PLAIN":
		if initial == "" {
			initial = c.challenge("")
		}
		parts := strings.Split(decode(initial), "\x00")
		if len(parts) == 3 {
			name, password = parts[1], parts[2]
		}
	case "LOGIN":
		if initial == "" {
			initial = c.challenge("Username:")
		}
		name, password = decode(initial), decode(c.challenge("Password:"))
	default:
		return c.say("504 5.5.4 unknown mechanism")
	}
	want, known := c.srv.cfg.Users[name]
	if !known || subtle.ConstantTimeCompare([]byte(want), []byte(password)) != 1 {
		return c.reply(Auth, mechanism, "535 5.7.8 wrong name or password")
	}
	positive, open := c.answer(Auth, mechanism, "235 2.7.0 welcome")
	if positive {
		c.user = name
	}
	return open
}

// challenge asks and returns the client's line; empty when it is gone.
func (c *session) challenge(prompt string) string {
	if !c.say("334 " + base64.StdEncoding.EncodeToString([]byte(prompt))) {
		return ""
	}
	line, _ := c.text.ReadLine() // the next read sees the error too
	return line
}

func decode(text string) string {
	plain, _ := base64.StdEncoding.DecodeString(text) // rubbish is a wrong password
	return string(plain)
}

func (c *session) mail(line string) bool {
	switch {
	case c.srv.cfg.Users != nil && c.user == "":
		return c.reply(Mail, line, "530 5.7.0 authenticate first")
	case c.inMail:
		return c.reply(Mail, line, "503 5.5.1 one mail at a time")
	}
	address, ok := path(line, "FROM:")
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
	address, ok := path(line, "TO:")
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

// path reads the address between angle brackets behind FROM: or TO:.
func path(line, keyword string) (string, bool) {
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
	raw, err := c.body()
	if err != nil {
		return false
	}
	defer c.reset()
	if int64(len(raw)) > c.srv.cfg.MaxBytes {
		return c.reply(End, "", "552 5.3.4 too large")
	}
	return c.finish(raw)
}

// body reads up to the final dot; what is beyond the limit is thrown away.
func (c *session) body() ([]byte, error) {
	dots := c.text.DotReader()
	raw, err := io.ReadAll(io.LimitReader(dots, c.srv.cfg.MaxBytes+1))
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, dots)
	return raw, err
}

// finish keeps the message, unless the script refuses it, and answers.
func (c *session) finish(raw []byte) bool {
	rule, scripted := c.srv.next(End, "")
	refused := scripted && !rule.Keep && (rule.Then != GoOn || rule.Reply != "" && rule.Reply[0] != '2')
	usual := "250 2.0.0 kept"
	if !refused {
		m, err := c.srv.Add(Message{
			Received: time.Now().UTC(), From: c.from, To: c.to, TLS: c.tls, User: c.user, Raw: raw,
		})
		if err != nil {
			return c.say("451 4.3.0 cannot keep it")
		}
		usual = "250 2.0.0 kept as " + m.ID
	}
	if scripted {
		return c.follow(rule, usual)
	}
	return c.say(usual)
}
