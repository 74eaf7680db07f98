package engine

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// The two renderings of a report.
const (
	JSONReport = "application/json"
	TextReport = "text/plain"
)

// ReportQuery asks for one race's report. A nil Turn is the current one; Accept
// is JSONReport (also when empty) or TextReport.
type ReportQuery struct {
	Race        string
	Turn        *int
	Accept      string
	IfNoneMatch string
}

// Report is a report as the engine rendered it, validated but not decoded. Status
// is 200, or 304 with no body.
type Report struct {
	Status                          int
	ContentType, ETag, CacheControl string
	Body                            []byte
}

// Report reads a report. Those of past turns never change and say so in
// CacheControl.
func (c *Client) Report(ctx context.Context, game uuid.UUID, q ReportQuery) (Report, error) {
	if q.Accept == "" {
		q.Accept = JSONReport
	}
	query := url.Values{"race": {q.Race}}
	if q.Turn != nil {
		query.Set("turn", strconv.Itoa(*q.Turn))
	}
	a, err := c.do(ctx, game, call{
		op: "report", method: http.MethodGet, path: enginev1.PathReport, query: query,
		accept: q.Accept, match: q.IfNoneMatch, timeout: c.cfg.ProbeTimeout, limit: maxReport,
	})
	var r Report
	if err == nil {
		r, err = a.report(game, q)
	}
	if err != nil {
		return Report{}, fmt.Errorf("report of game %s: %w", game, err)
	}
	return r, nil
}

func (a answer) report(game uuid.UUID, q ReportQuery) (Report, error) {
	r := Report{Status: a.status, ETag: etag(a.header), CacheControl: cacheControl(a.header)}
	switch {
	case a.status == http.StatusNotModified && q.IfNoneMatch != "":
		return r, nil
	case a.status != http.StatusOK:
		return Report{}, refusal(a)
	case q.Accept == TextReport:
		r.ContentType, r.Body = TextReport+"; charset=utf-8", a.body
		return r, a.plainText()
	}
	r.ContentType, r.Body = JSONReport+"; charset=utf-8", a.body
	var doc enginev1.Report
	if err := a.decode(&doc); err != nil {
		return Report{}, err
	}
	if doc.GameID != game.String() || doc.Race != q.Race || q.Turn != nil && doc.Turn != *q.Turn {
		return Report{}, badResponse("the report is of another game, race or turn")
	}
	return r, nil
}

// plainText refuses text that a terminal would interpret.
func (a answer) plainText() error {
	if !a.hasMediaType(TextReport) {
		return badResponse("a text report of another content type")
	}
	if !utf8.Valid(a.body) {
		return badResponse("a text report that is not UTF-8")
	}
	for _, r := range string(a.body) {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return badResponse("a text report with control characters")
		}
	}
	return nil
}

var strongETag = regexp.MustCompile(`^"[\x21\x23-\x7e]{1,128}"$`)

func etag(h http.Header) string {
	if tag := h.Get("ETag"); strongETag.MatchString(tag) {
		return tag
	}
	return ""
}

var privateMaxAge = regexp.MustCompile(`^private, max-age=[0-9]{1,6}$`)

// cacheControl passes on what the contract says of past turns, and nothing that
// would let a shared cache keep a private report.
func cacheControl(h http.Header) string {
	if v := h.Get("Cache-Control"); privateMaxAge.MatchString(v) {
		return v
	}
	return "private, no-cache"
}
