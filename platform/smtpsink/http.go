package smtpsink

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"
)

//go:embed inbox.html
var inboxHTML string

var inboxPage = template.Must(template.New("inbox").Parse(inboxHTML))

// maxListed is how many messages a listing has unless it asks for fewer.
const maxListed = 200

// maxWait bounds the parameter wait.
const maxWait = time.Minute

// Handler shows the messages:
//
//	GET /                       a page that renews itself
//	GET /api/messages           {"messages": [...]}, newest first; ?to=address, ?limit=n
//	GET /api/messages/latest    the newest to ?to=address; ?after=id is that of an older
//	                            one, ?wait=10s waits until one arrives; else 404
//	GET /api/messages/{id}      one message
//	GET /api/messages/{id}/raw  as it came
func (s *Store) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /api/messages", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"messages": s.listing(r)})
	})
	mux.HandleFunc("GET /api/messages/latest", s.latest)
	mux.HandleFunc("GET /api/messages/{id}", func(w http.ResponseWriter, r *http.Request) {
		if m, ok := s.Get(r.PathValue("id")); ok {
			writeJSON(w, http.StatusOK, m)
			return
		}
		writeNotFound(w)
	})
	mux.HandleFunc("GET /api/messages/{id}/raw", s.raw)
	return mux
}

// listing is the messages a request asks for, newest first.
func (s *Store) listing(r *http.Request) []Message {
	var list []Message
	if to := r.FormValue("to"); to != "" {
		list = s.To(to)
	} else {
		list = s.All()
	}
	slices.Reverse(list)
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil || limit < 1 || limit > maxListed {
		limit = maxListed
	}
	return list[:min(limit, len(list))]
}

func (s *Store) latest(w http.ResponseWriter, r *http.Request) {
	to, after := r.FormValue("to"), r.FormValue("after")
	if to == "" {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "the parameter to is missing"})
		return
	}
	var wait time.Duration
	if text := r.FormValue("wait"); text != "" {
		var err error
		if wait, err = time.ParseDuration(text); err != nil || wait < 0 {
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": "the parameter wait is a duration such as 10s"})
			return
		}
	}
	if newest := s.To(to); len(newest) > 0 && newest[len(newest)-1].ID > after {
		writeJSON(w, http.StatusOK, newest[len(newest)-1])
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), min(wait, maxWait))
	defer cancel()
	m, err := s.Wait(ctx, SentTo(to, after))
	if errors.Is(err, errNoMessage) {
		writeNotFound(w)
		return
	}
	writeJSON(w, http.StatusOK, m)
}

func (s *Store) raw(w http.ResponseWriter, r *http.Request) {
	m, ok := s.Get(r.PathValue("id"))
	if !ok {
		writeNotFound(w)
		return
	}
	// As plain text: anybody may have written a mail: it must not run in this page's name.
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(m.Raw) // the client may be gone
}

func (s *Store) page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = inboxPage.Execute(w, map[string]any{"To": r.FormValue("to"), "Messages": s.listing(r)}) // the client may be gone
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

func writeNotFound(w http.ResponseWriter) {
	writeJSON(w, http.StatusNotFound, map[string]string{"error": errNoMessage.Error()})
}
