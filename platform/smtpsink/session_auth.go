package smtpsink

import (
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"net/textproto"
	"strings"
)

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
		parts := strings.Split(decodeBase64(initial), "\x00")
		if len(parts) == 3 {
			name, password = parts[1], parts[2]
		}
	case "LOGIN":
		if initial == "" {
			initial = c.challenge("Username:")
		}
		name, password = decodeBase64(initial), decodeBase64(c.challenge("Password:"))
	default:
		return c.writeLine("504 5.5.4 unknown mechanism")
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
	if !c.writeLine("334 " + base64.StdEncoding.EncodeToString([]byte(prompt))) {
		return ""
	}
	line, _ := c.text.ReadLine() // the next read sees the error too
	return line
}

func decodeBase64(text string) string {
	plain, _ := base64.StdEncoding.DecodeString(text) // what cannot be decoded is a wrong password
	return string(plain)
}
