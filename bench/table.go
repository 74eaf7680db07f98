package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"text/tabwriter"

	"galaxy/backend/bench/internal/stats"
)

// number is a figure; one that could not be measured is null in JSON.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(math.Round(float64(n)*1000) / 1000)
}

// latency is latency in microseconds, for information.
type latency struct {
	ProductP50 number `json:"product_p50_us"`
	ProductP99 number `json:"product_p99_us"`
	AnchorP50  number `json:"anchor_p50_us"`
	AnchorP99  number `json:"anchor_p99_us"`
}

// row is one line of the table.
type row struct {
	Goal     string   `json:"goal"`
	What     string   `json:"what"`
	Unit     string   `json:"unit"` // of Product and Anchor
	Product  number   `json:"product"`
	Anchor   number   `json:"anchor"`       // NaN: there is none
	Postgres number   `json:"postgres"`     // Postgres' share of Product, where it is CPU
	Figure   number   `json:"figure"`       // compared with the limit
	Ratio    bool     `json:"is_ratio"`     // of Product and Anchor, per round; else Figure has the unit
	Limit    float64  `json:"goal_at_most"` // 0: for information only
	Exact    bool     `json:"exact"`        // the limit has no tolerance
	Others   number   `json:"others_percent"`
	Rounds   int      `json:"rounds"`
	Wall     *latency `json:"wall,omitempty"`
	Failed   string   `json:"failed,omitempty"` // why there is no figure
}

// failedRow is a row whose figures could not be measured.
func failedRow(goal, what string) row {
	return row{Goal: goal, What: what, Product: noFigure, Anchor: noFigure, Postgres: noFigure, Figure: noFigure, Others: noFigure}
}

// verdict is pass, FAILED, or empty for a row without limit.
func (r row) verdict() string {
	switch {
	case r.Failed != "":
		return "FAILED"
	case r.Limit == 0 && !r.Exact:
		return ""
	case r.Exact && float64(r.Figure) <= r.Limit, !r.Exact && stats.Passes(float64(r.Figure), r.Limit):
		return "pass"
	}
	return "FAILED"
}

func formatNumber(n number, digits int) string {
	if math.IsNaN(float64(n)) {
		return "-"
	}
	return fmt.Sprintf("%.*f", digits, float64(n))
}

// printTable writes the table.
func printTable(w io.Writer, rows []row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "goal\twhat\tproduct\tpostgres\tanchor\tunit\tfigure\tat most\tverdict\twall p50/p99 ms\tanchor\tothers")
	for _, r := range rows {
		figure, limit := formatNumber(r.Figure, 2), "-"
		if r.Ratio {
			figure += "x"
		}
		if r.Limit > 0 || r.Exact {
			limit = fmt.Sprintf("%g", r.Limit)
		}
		ours, theirs := "-", "-"
		if r.Wall != nil {
			ours, theirs = pair(r.Wall.ProductP50, r.Wall.ProductP99), pair(r.Wall.AnchorP50, r.Wall.AnchorP99)
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s%%\n", r.Goal, r.What, formatNumber(r.Product, 1), formatNumber(r.Postgres, 1),
			formatNumber(r.Anchor, 1), r.Unit, figure, limit, r.verdict(), ours, theirs, formatNumber(r.Others, 0))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		if r.Failed != "" {
			_, _ = fmt.Fprintf(w, "%s %s: %s\n", r.Goal, r.What, r.Failed)
		}
	}
	return nil
}

func pair(p50, p99 number) string { return formatNumber(p50/1000, 2) + "/" + formatNumber(p99/1000, 2) }

// report is the content of bench.json.
type report struct {
	Machine machine `json:"machine"`
	Rows    []row   `json:"rows"`
}

type machine struct {
	CPU      string  `json:"cpu"`
	Cores    int     `json:"cores"`
	Go       string  `json:"go"`
	Postgres string  `json:"postgres"`
	Commit   string  `json:"commit"`
	Rounds   int     `json:"rounds"`
	Seconds  float64 `json:"seconds"`
}

func (r report) write(name string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}
