package httpx

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
)

// Page is embedded in the In of a list. The document bounds Limit and gives
// its default.
type Page struct {
	Limit  int    `query:"limit"`
	Cursor string `query:"cursor"`
}

// List is the Out of a list. NextCursor is nil on the last page.
type List[T any] struct {
	Items      []T     `json:"items"`
	NextCursor *string `json:"next_cursor"`
}

// filler is an Out that must not show null where its schema says array.
type filler interface{ fill() }

func (l *List[T]) fill() {
	if l.Items == nil {
		l.Items = []T{}
	}
}

// maxCursor is the longest cursor that is looked at, in bytes.
const maxCursor = 1024

// EncodeCursor packs where a list stopped, usually the sort key of the last
// row. Kind names the list, so that the cursor of another is refused. A cursor
// is opaque and no secret: it only chooses a place in a list that the caller
// may read anyway.
func EncodeCursor(kind string, parts ...string) string {
	text, _ := json.Marshal(append([]string{kind}, parts...)) // strings always encode
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(text))
	return base64.RawURLEncoding.EncodeToString(append(sum, text...))
}

// DecodeCursor unpacks a cursor of this kind into its n parts. The empty cursor
// is the start of the list: nil parts, no error.
func DecodeCursor(kind, cursor string, n int) ([]string, error) {
	if cursor == "" {
		return nil, nil
	}
	refused := Invalid("cursor", "invalid_cursor", "the cursor is not one that this list gave out")
	if len(cursor) > maxCursor {
		return nil, refused
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(data) < 4 || binary.BigEndian.Uint32(data) != crc32.ChecksumIEEE(data[4:]) {
		return nil, refused
	}
	var parts []string
	if err := json.Unmarshal(data[4:], &parts); err != nil || len(parts) != n+1 || parts[0] != kind {
		return nil, refused
	}
	return parts[1:], nil
}
