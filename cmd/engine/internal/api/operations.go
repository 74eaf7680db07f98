package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	enginev1 "galaxy/backend/proto/engine/v1"
)

func (e *Engine) getHealth(http.ResponseWriter, *http.Request) (int, any, error) {
	health := e.health()
	if health.Status != enginev1.HealthOK {
		return http.StatusServiceUnavailable, health, nil
	}
	return http.StatusOK, health, nil
}

func (e *Engine) postInit(w http.ResponseWriter, r *http.Request) (int, any, error) {
	request, object, err := decodeBody[enginev1.InitRequest](w, r, enginev1.MaxInitBody,
		"contract_version", "game_id", "races")
	if err != nil {
		return 0, nil, err
	}
	if err := validationError(checkNotEmpty(object)); err != nil {
		return 0, nil, err
	}
	status, created, err := e.initGame(r.Context(), request)
	if created {
		e.setHeaders(w.Header())
		return http.StatusCreated, status, err
	}
	return http.StatusOK, status, err
}

func (e *Engine) getStatus(http.ResponseWriter, *http.Request) (int, any, error) {
	return http.StatusOK, e.status(), nil
}

func (e *Engine) putTurn(w http.ResponseWriter, r *http.Request) (int, any, error) {
	request, _, err := decodeBody[enginev1.TurnRequest](w, r, enginev1.MaxBody, "turn")
	if err != nil {
		return 0, nil, err
	}
	answer, err := e.advance(r.Context(), request)
	e.setHeaders(w.Header())
	return http.StatusOK, answer, err
}

func (e *Engine) postBanish(w http.ResponseWriter, r *http.Request) (int, any, error) {
	request, _, err := decodeBody[enginev1.BanishRequest](w, r, enginev1.MaxBody, "race_name")
	if err != nil {
		return 0, nil, err
	}
	answer, err := e.banish(r.Context(), request)
	return http.StatusOK, answer, err
}

func (e *Engine) putCommand(w http.ResponseWriter, r *http.Request) (int, any, error) {
	request, object, err := decodeBody[enginev1.CommandRequest](w, r, enginev1.MaxBody, "race_name", "turn", "command_id",
		"command")
	if err != nil {
		return 0, nil, err
	}
	cmd, err := readCommand(request, object)
	if err != nil {
		return 0, nil, err
	}
	answer, err := e.command(r.Context(), request, cmd)
	return http.StatusOK, answer, err
}

func (e *Engine) putOrder(w http.ResponseWriter, r *http.Request) (int, any, error) {
	request, object, err := decodeBody[enginev1.OrderRequest](w, r, enginev1.MaxOrderBody, "race_name", "turn", "orders")
	if err != nil {
		return 0, nil, err
	}
	if err := validationError(checkOrder(request, object)); err != nil {
		return 0, nil, err
	}
	answer, err := e.order(r.Context(), request)
	return http.StatusOK, answer, err
}

func (e *Engine) getReport(w http.ResponseWriter, r *http.Request) (int, any, error) {
	text := prefersText(r)
	if !text && !accepts(r, "application/json") {
		return 0, nil, newFailure(enginev1.CodeNotAcceptable, "reports are application/json or text/plain")
	}
	race, turn, err := reportQuery(r)
	if err != nil {
		return 0, nil, err
	}
	report, err := e.report(race, turn, text)
	if err != nil {
		return 0, nil, err
	}
	h := w.Header()
	h.Set("ETag", report.etag)
	h.Set("Vary", "Accept")
	h.Set("Cache-Control", "private, no-cache")
	if report.superseded {
		h.Set("Cache-Control", "private, max-age=86400")
	}
	if matchesETag(r.Header.Values("If-None-Match"), report.etag) {
		return http.StatusNotModified, nil, nil
	}
	h.Set("Content-Type", "application/json")
	if text {
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	return http.StatusOK, report.body, nil
}

// reportQuery reads ?race=&turn=; turn is -1 when it is not given.
func reportQuery(r *http.Request) (race string, turn int, err error) {
	query := r.URL.Query()
	for key, values := range query {
		if key != "race" && key != "turn" || len(values) != 1 {
			return "", 0, newFailure(enginev1.CodeInvalidRequest, "the query has race and, once, turn")
		}
	}
	race, turn = query.Get("race"), -1
	if err := validationError(checkLength("race", race, 1, enginev1.MaxRaceName)); err != nil {
		return "", 0, err
	}
	if !query.Has("turn") {
		return race, turn, nil
	}
	turn, err = strconv.Atoi(query.Get("turn"))
	if err != nil {
		return "", 0, newFailure(enginev1.CodeInvalidRequest, "turn must be a number")
	}
	return race, turn, validationError(checkTurn(turn))
}

// matchesETag compares entity tags as If-None-Match does.
func matchesETag(headers []string, etag string) bool {
	for tag := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == etag || tag == "*" {
			return true
		}
	}
	return false
}

// quality is the q value of a media type in Accept, by the most specific range; 1
// without the header.
func quality(r *http.Request, media string) float64 {
	header := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(header) == "" {
		return 1
	}
	major, _, _ := strings.Cut(media, "/")
	ranges := []string{media, major + "/*", "*/*"}
	found := map[string]float64{}
	for part := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(strings.ToLower(strings.TrimSpace(part)), ";")
		name = strings.TrimSpace(name)
		if !slices.Contains(ranges, name) {
			continue
		}
		found[name] = 1
		for parameter := range strings.SplitSeq(parameters, ";") {
			if q, is := strings.CutPrefix(strings.TrimSpace(parameter), "q="); is {
				found[name], _ = strconv.ParseFloat(q, 64) // an invalid value is 0: not acceptable
			}
		}
	}
	for _, name := range ranges {
		if q, has := found[name]; has {
			return q
		}
	}
	return 0
}

func accepts(r *http.Request, media string) bool { return quality(r, media) > 0 }

func prefersText(r *http.Request) bool {
	return quality(r, "text/plain") > quality(r, "application/json")
}
