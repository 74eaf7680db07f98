package strict

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// string reads a quoted string. A string without escapes costs one copy.
func (p *parser) string() (string, error) {
	p.at++
	begin := p.at
	for p.at < len(p.data) {
		switch c := p.data[p.at]; {
		case c == '"':
			text := p.data[begin:p.at]
			p.at++
			return string(text), p.encoded(text)
		case c == '\\':
			return p.escaped(begin)
		case c < ' ':
			return "", p.fail("syntax", "a string contains a control character")
		}
		p.at++
	}
	return "", p.fail("syntax", "unterminated string")
}

func (p *parser) encoded(text []byte) error {
	if !utf8.Valid(text) {
		return p.fail("invalid_encoding", "a string is not valid UTF-8")
	}
	return nil
}

// escaped goes on where string met the first backslash.
func (p *parser) escaped(begin int) (string, error) {
	text := append([]byte(nil), p.data[begin:p.at]...)
	for p.at < len(p.data) {
		switch c := p.data[p.at]; {
		case c == '"':
			p.at++
			return string(text), p.encoded(text)
		case c < ' ':
			return "", p.fail("syntax", "a string contains a control character")
		case c != '\\':
			text = append(text, c)
			p.at++
		default:
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			text = utf8.AppendRune(text, r)
		}
	}
	return "", p.fail("syntax", "unterminated string")
}

var plainEscapes = map[byte]rune{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

func (p *parser) escape() (rune, error) {
	p.at++
	c := p.peek()
	p.at++
	if r, ok := plainEscapes[c]; ok {
		return r, nil
	}
	if c != 'u' {
		return 0, p.fail("syntax", "unknown escape")
	}
	r, err := p.hex()
	if err != nil {
		return 0, err
	}
	if r == 0 {
		return 0, p.fail("invalid_encoding", "a string holds U+0000")
	}
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if p.peek() == '\\' && p.at+1 < len(p.data) && p.data[p.at+1] == 'u' {
		p.at += 2
		low, err := p.hex()
		if err != nil {
			return 0, err
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, nil
		}
	}
	return 0, p.fail("invalid_encoding", "a string holds half of a surrogate pair")
}

func (p *parser) hex() (rune, error) {
	if p.at+4 > len(p.data) {
		return 0, p.fail("syntax", "incomplete escape")
	}
	v, err := strconv.ParseUint(string(p.data[p.at:p.at+4]), 16, 16)
	if err != nil {
		return 0, p.fail("syntax", "malformed escape")
	}
	p.at += 4
	return rune(v), nil
}
