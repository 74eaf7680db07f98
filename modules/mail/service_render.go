package mail

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"path"
	"strings"
	"text/template"
	"time"
	"unicode"
)

//go:embed templates/*.txt
var templateFiles embed.FS

// rendered is a mail's content. The subject is one line.
type rendered struct{ subject, text, html string }

// renderer holds the compiled templates. A template is one text file: the
// subject on the first line, an empty line, the body. The HTML body is made of
// the text, so that the two cannot differ; an indented line is emphasised in
// both.
type renderer struct{ templates map[string]*template.Template }

func newRenderer() (*renderer, error) {
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, fmt.Errorf("read mail templates: %w", err)
	}
	r := &renderer{templates: make(map[string]*template.Template, len(files))}
	for _, f := range files {
		text, err := templateFiles.ReadFile(path.Join("templates", f.Name()))
		if err != nil {
			return nil, fmt.Errorf("read mail templates: %w", err)
		}
		id := strings.TrimSuffix(f.Name(), ".txt")
		t, err := template.New(id).Funcs(template.FuncMap{"date": date}).Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("parse mail template %s: %w", id, err)
		}
		r.templates[id] = t
	}
	return r, nil
}

// noValue is what text/template prints for a key that is not there.
const noValue = "<no value>"

// render fills a template. Text that users wrote (names of games and races)
// loses its control characters, so that it stays on one line.
func (r *renderer) render(id string, data map[string]any) (rendered, error) {
	t, ok := r.templates[id]
	if !ok {
		return rendered{}, fmt.Errorf("no mail template %q", id)
	}
	clean := make(map[string]any, len(data))
	for k, v := range data {
		clean[k] = singleLine(v)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, clean); err != nil {
		return rendered{}, fmt.Errorf("render mail template %s: %w", id, err)
	}
	subject, body, ok := strings.Cut(out.String(), "\n\n")
	switch {
	case !ok || strings.ContainsAny(subject, "\r\n") || strings.TrimSpace(subject) == "":
		return rendered{}, fmt.Errorf("mail template %s has no subject line", id)
	case strings.Contains(out.String(), noValue):
		return rendered{}, fmt.Errorf("mail template %s lacks a value", id)
	}
	html, err := renderHTML(body)
	return rendered{subject: strings.TrimSpace(subject), text: body, html: html}, err
}

// singleLine replaces control characters, what text/template prints for a missing
// value, and what changes the direction of the text around it.
func singleLine(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(strings.Map(printableRune, v), noValue, "(no value)")
	case []string:
		out := make([]any, len(v))
		for i := range v {
			out[i] = singleLine(v[i])
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = singleLine(v[i])
		}
		return out
	}
	return v
}

func printableRune(r rune) rune {
	switch {
	case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
		return ' '
	case unicode.Is(unicode.Bidi_Control, r):
		return -1
	}
	return r
}

var errNoTime = errors.New("not a time")

// date renders a time, or one in RFC 3339, for people.
func date(v any) (string, error) {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format("Mon 2 January 2006, 15:04 UTC"), nil
	case *time.Time:
		if v != nil {
			return date(*v)
		}
	case string:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return date(t)
		}
	}
	return "", errNoTime
}

var htmlPage = htmltemplate.Must(htmltemplate.New("page").Parse(`<!doctype html>
<html><body style="font-family:sans-serif;max-width:36em;margin:2em auto;line-height:1.5">
{{range .}}{{if .Strong}}<p style="font-size:1.4em;font-family:monospace"><strong>{{.Text}}</strong></p>
{{else}}<p>{{.Text}}</p>
{{end}}{{end}}</body></html>
`))

type paragraph struct {
	Text   string
	Strong bool
}

func renderHTML(text string) (string, error) {
	var paragraphs []paragraph
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		p := paragraph{Text: strings.TrimSpace(block), Strong: strings.HasPrefix(block, "    ")}
		paragraphs = append(paragraphs, p)
	}
	var out bytes.Buffer
	if err := htmlPage.Execute(&out, paragraphs); err != nil {
		return "", fmt.Errorf("render HTML: %w", err)
	}
	return out.String(), nil
}
