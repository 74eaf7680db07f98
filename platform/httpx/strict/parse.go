package strict

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// MaxDepth is how deep arrays and objects may nest: far above every schema
	// of the API, far below what the stack minds.
	MaxDepth = 64
	// maxNumber is the longest number, in bytes. The longest float64 that
	// round-trips has 24.
	maxNumber = 64
)

// Error says why a text was refused and where.
type Error struct {
	Path string // dotted path of the value, empty for the root
	Code string // stable token: syntax, duplicate_field, invalid_encoding, too_deep, out_of_range, wrong_type
	Text string // for people; never quotes a value
}

// Error implements error.
func (e *Error) Error() string {
	if e.Path == "" {
		return e.Text
	}
	return e.Path + ": " + e.Text
}

// Parse reads one JSON value and returns it as map[string]any, []any, string,
// json.Number, bool or nil. Every error is an *Error.
func Parse(data []byte) (any, error) {
	p := parser{data: data}
	p.space()
	if p.at == len(p.data) {
		return nil, p.fail("syntax", "the body is empty")
	}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.at != len(p.data) {
		return nil, p.fail("syntax", "unexpected text after the value")
	}
	return v, nil
}

type parser struct {
	data []byte
	at   int
	path []string
}

func (p *parser) fail(code, text string) error {
	return &Error{Path: strings.Join(p.path, "."), Code: code, Text: text}
}

func (p *parser) space() {
	for p.at < len(p.data) {
		switch p.data[p.at] {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return
		}
	}
}

// peek is the next byte, or 0 at the end. A NUL in the text is no JSON either.
func (p *parser) peek() byte {
	if p.at < len(p.data) {
		return p.data[p.at]
	}
	return 0
}

func (p *parser) value(depth int) (any, error) {
	if depth > MaxDepth {
		return nil, p.fail("too_deep", "values nest too deeply")
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		return p.string()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case c == 't':
		return true, p.word("true")
	case c == 'f':
		return false, p.word("false")
	case c == 'n':
		return nil, p.word("null")
	case c >= utf8.RuneSelf:
		return nil, p.fail("invalid_encoding", "a value starts with a byte order mark or another character that is not JSON")
	}
	return nil, p.fail("syntax", "a value was expected")
}

func (p *parser) word(w string) error {
	if !bytes.HasPrefix(p.data[p.at:], []byte(w)) {
		return p.fail("syntax", "a value was expected")
	}
	p.at += len(w)
	return nil
}

func (p *parser) object(depth int) (any, error) {
	p.at++
	members := map[string]any{}
	for p.space(); p.peek() != '}'; p.space() {
		if len(members) > 0 {
			if err := p.comma(); err != nil {
				return nil, err
			}
		}
		key, err := p.key()
		if err != nil {
			return nil, err
		}
		p.path = append(p.path, key)
		if _, twice := members[key]; twice {
			return nil, p.fail("duplicate_field", "duplicate field")
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		p.path = p.path[:len(p.path)-1]
		members[key] = v
	}
	p.at++
	return members, nil
}

// key reads a name and the colon after it, and stops before the value.
func (p *parser) key() (string, error) {
	if p.peek() != '"' {
		return "", p.fail("syntax", "the name of a field was expected")
	}
	key, err := p.string()
	if err != nil {
		return "", err
	}
	p.space()
	if p.peek() != ':' {
		return "", p.fail("syntax", "a colon was expected")
	}
	p.at++
	p.space()
	return key, nil
}

func (p *parser) comma() error {
	if p.peek() != ',' {
		return p.fail("syntax", "a comma was expected")
	}
	p.at++
	p.space()
	return nil
}

func (p *parser) array(depth int) (any, error) {
	p.at++
	items := []any{}
	for p.space(); p.peek() != ']'; p.space() {
		if len(items) > 0 {
			if err := p.comma(); err != nil {
				return nil, err
			}
		}
		p.path = append(p.path, strconv.Itoa(len(items)))
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		p.path = p.path[:len(p.path)-1]
		items = append(items, v)
	}
	p.at++
	return items, nil
}

func (p *parser) number() (any, error) {
	begin := p.at
	for p.at < len(p.data) && strings.IndexByte("+-.eE0123456789", p.data[p.at]) >= 0 {
		p.at++
	}
	text := p.data[begin:p.at]
	if len(text) > maxNumber {
		return nil, p.fail("out_of_range", "the number is too long")
	}
	if !json.Valid(text) {
		return nil, p.fail("syntax", "the number is malformed")
	}
	if _, err := strconv.ParseFloat(string(text), 64); err != nil {
		return nil, p.fail("out_of_range", "the number is out of range")
	}
	return json.Number(text), nil
}
