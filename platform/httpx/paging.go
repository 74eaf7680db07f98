package httpx

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"

	"github.com/google/uuid"
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

// listOut is an Out that must not show null where its schema says array.
type listOut interface{ noNull() }

func (l *List[T]) noNull() {
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

// PageOf renders a page of a list. rows holds one row more than limit when
// there is a next page; cursor packs where the page stopped.
func PageOf[R, V any](rows []R, limit int, view func(R) V, cursor func(R) string) List[V] {
	out := List[V]{Items: make([]V, 0, min(len(rows), limit))}
	for i, r := range rows {
		if i == limit {
			next := cursor(rows[limit-1])
			out.NextCursor = &next
			break
		}
		out.Items = append(out.Items, view(r))
	}
	return out
}

// IDCursor unpacks a cursor that holds the id of the last row; the nil UUID is
// the start of the list.
func IDCursor(kind, cursor string) (uuid.UUID, error) {
	parts, err := DecodeCursor(kind, cursor, 1)
	if err != nil || parts == nil {
		return uuid.Nil, err
	}
	id, err := uuid.Parse(parts[0])
	if err != nil {
		return uuid.Nil, Invalid("cursor", "invalid_cursor", "the cursor is not one that this list gave out")
	}
	return id, nil
}

// PageByID reads and renders a page of a list that is sorted by an id, newest
// first. read is asked for one row more than the page holds, all of them below
// the id before, which is uuid.Max at the start of the list.
func PageByID[R, V any](
	kind string, p Page, read func(before uuid.UUID, n int) ([]R, error), view func(R) V, id func(R) uuid.UUID,
) (List[V], error) {
	before, err := IDCursor(kind, p.Cursor)
	if err != nil {
		return List[V]{}, err
	}
	if before == uuid.Nil {
		before = uuid.Max
	}
	rows, err := read(before, p.Limit+1)
	if err != nil {
		return List[V]{}, err
	}
	return PageOf(rows, p.Limit, view, func(r R) string { return EncodeCursor(kind, id(r).String()) }), nil
}
