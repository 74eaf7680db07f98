package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// answer is what an engine sent, read to its end but not yet validated.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// badResponse is ErrBadResponse with a cause that is only logged.
func badResponse(format string, args ...any) error {
	return ErrBadResponse.Because(fmt.Errorf(format, args...))
}

// readBody reads the body up to the limit. A broken connection is not an answer.
func readBody(res *http.Response, limit int64) ([]byte, error) {
	if res.ContentLength > limit {
		return nil, badResponse("a body of %d bytes was announced", res.ContentLength)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return nil, ErrUnreachable.Because(fmt.Errorf("read the answer: %w", err))
	}
	if int64(len(body)) > limit {
		return nil, badResponse("a body of more than %d bytes", limit)
	}
	return body, nil
}

// checkOrigin checks that the answer is an engine's, and this game's. Before init
// an engine may not know its game.
func (a answer) checkOrigin(game uuid.UUID) error {
	if v := a.header.Get(enginev1.HeaderContract); v != fmt.Sprint(enginev1.ContractVersion) {
		return badResponse("the answer names contract %q", sanitize(v))
	}
	if id := a.header.Get(enginev1.HeaderGameID); id != "" && id != game.String() {
		return badResponse("the answer is of game %q", sanitize(id))
	}
	if enc := a.header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return badResponse("the answer is encoded")
	}
	return nil
}

// hasMediaType reports whether the body is of the media type, whatever its
// parameters.
func (a answer) hasMediaType(mediaType string) bool {
	got, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	return err == nil && got == mediaType
}

// decode reads the body as exactly one JSON value with no unknown field.
func (a answer) decode(into any) error {
	if !a.hasMediaType("application/json") {
		return badResponse("status %d with content type %q", a.status, sanitize(a.header.Get("Content-Type")))
	}
	if !utf8.Valid(a.body) {
		return badResponse("the answer is not UTF-8")
	}
	if bytes.Count(a.body, []byte{','}) > maxValues {
		return badResponse("the answer has more than %d values", maxValues)
	}
	dec := json.NewDecoder(bytes.NewReader(a.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return badResponse("decode the answer: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return badResponse("the answer is followed by more data")
	}
	return nil
}

// maxText is the longest text of an engine that is passed on, in bytes.
const maxText = 300

// sanitize makes text of an engine fit to be shown: printable and short.
func sanitize(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	for len(s) > maxText {
		_, size := utf8.DecodeLastRuneInString(s[:maxText+1])
		s = s[:maxText+1-size]
	}
	return s
}

func sanitizeResults(results []enginev1.OrderResult) []enginev1.OrderResult {
	for i := range results {
		results[i].Message = sanitize(results[i].Message)
		results[i].Code = enginev1.OrderCode(sanitize(string(results[i].Code)))
	}
	return results
}
