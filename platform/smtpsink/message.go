package smtpsink

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
)

// Message is one mail as it was accepted.
type Message struct {
	ID        string    `json:"id"` // a UUIDv7: sorts by time of arrival
	Received  time.Time `json:"received_at"`
	From      string    `json:"from"` // of the envelope, as To
	To        []string  `json:"to"`
	Subject   string    `json:"subject"`
	MessageID string    `json:"message_id"`
	Text      string    `json:"text"` // the first text/plain part, decoded
	TLS       bool      `json:"tls"`
	User      string    `json:"user,omitempty"` // who authenticated
	Raw       []byte    `json:"-"`
}

// parse fills what is read from Raw. A mail that cannot be read keeps its
// envelope and shows as it came.
func (m *Message) parse() {
	msg, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		m.Text = string(m.Raw)
		return
	}
	m.Subject = msg.Header.Get("Subject")
	if decoded, err := new(mime.WordDecoder).DecodeHeader(m.Subject); err == nil {
		m.Subject = decoded
	}
	m.MessageID = msg.Header.Get("Message-ID")
	m.Text, _ = plainText(msg.Header.Get, msg.Body)
}

// plainText finds the first text/plain part of an entity.
func plainText(header func(string) string, body io.Reader) (string, bool) {
	kind, params, err := mime.ParseMediaType(header("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err != nil {
				return "", false
			}
			if text, found := plainText(part.Header.Get, part); found {
				return text, true
			}
		}
	}
	if kind != "text/plain" {
		return "", false
	}
	switch strings.ToLower(header("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, _ := io.ReadAll(body) // what could be decoded is shown
	return strings.ReplaceAll(string(text), "\r\n", "\n"), true
}

// sentTo reports whether the envelope names the address, whose case does not
// count.
func (m *Message) sentTo(address string) bool {
	for _, to := range m.To {
		if strings.EqualFold(to, address) {
			return true
		}
	}
	return false
}
