package textreport

import (
	"fmt"
	"strconv"
	"strings"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Render returns the text of a report. Sections without rows are omitted.
func Render(r *enginev1.Report) string {
	w := &writer{report: r, names: map[int]string{}}
	for _, p := range r.LocalPlanets {
		w.names[p.Number] = p.Name
	}
	w.line("Galaxy report for %s, turn %d", r.Race, r.Turn)
	w.line("Galaxy %s, side %s, %d planets, %d races", r.Galaxy.Topology, decimal(r.Galaxy.Size), r.Galaxy.Planets,
		r.Galaxy.Races)
	w.result()
	w.messages()
	w.news()
	w.orderErrors()
	w.raceTable()
	w.typeTable("Your ship types", r.ShipTypes)
	w.typeTable("Ship types of others", r.OtherShipTypes)
	w.battles()
	w.bombings()
	w.incoming()
	w.localPlanets()
	w.production()
	w.routes()
	w.otherPlanets()
	w.uninhabited()
	w.unidentified()
	w.ownGroups()
	w.otherGroups()
	w.unidentifiedGroups()
	return w.String()
}

type writer struct {
	strings.Builder
	report *enginev1.Report
	names  map[int]string // of own planets; looked up only
}

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(w, format+"\n", args...)
}

// table writes a titled table; columns are as wide as their widest cell, texts
// to the left (their heading starts with "<") and numbers to the right.
func (w *writer) table(title string, headings []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	w.line("\n\t%s\n", title)
	widths := make([]int, len(headings))
	head := make([]string, len(headings))
	for i, heading := range headings {
		head[i] = strings.TrimPrefix(heading, "<")
	}
	all := append([][]string{head}, rows...)
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range all {
		var out strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if strings.HasPrefix(headings[i], "<") {
				out.WriteString(cell + pad + " ")
			} else {
				out.WriteString(pad + cell + " ")
			}
		}
		w.line("%s", strings.TrimRight(out.String(), " "))
	}
}

func decimal(v float64) string { return strconv.FormatFloat(rules.RoundDisplay(v), 'f', 2, 64) }

func (w *writer) planet(number int) string {
	if name, own := w.names[number]; own {
		return name
	}
	return "#" + strconv.Itoa(number)
}

// optional is a planet or distance that may be missing.
func (w *writer) optional(planet *int) string {
	if planet == nil {
		return "-"
	}
	return w.planet(*planet)
}

func (w *writer) result() {
	r := w.report.Result
	if r == nil {
		return
	}
	w.line("The game is over (%s); winners: %s", r.Reason, strings.Join(r.Winners, ", "))
	var rows [][]string
	for _, entry := range r.Ranking {
		rows = append(rows, []string{
			strconv.Itoa(entry.Place), entry.Race, string(entry.State), decimal(entry.Votes), strconv.Itoa(entry.Planets),
		})
	}
	w.table("Final ranking", []string{"#", "<N", "<S", "V", "P"}, rows)
}

func (w *writer) messages() {
	for _, m := range w.report.Messages {
		from := "somebody"
		if m.From != nil {
			from = *m.From
		}
		w.line("\n-- message from %s to %s, turn %d\n%s", from, strings.Join(m.To, ", "), m.Turn, printable(m.Text))
	}
}

// printable removes control characters: messages must not contain terminal codes.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0) {
			return -1
		}
		return r
	}, text)
}

func (w *writer) orderErrors() {
	var rows [][]string
	for _, result := range w.report.OrderResults {
		if result.Status != enginev1.ResultOK {
			rows = append(rows, []string{strconv.Itoa(result.Index + 1), string(result.Code), result.Message})
		}
	}
	w.table("Mistakes in your orders", []string{"#", "<Code", "<What"}, rows)
}

func (w *writer) raceTable() {
	var rows [][]string
	for _, r := range w.report.Races {
		name := r.Race
		if !r.State.InPlay() {
			name += " (" + string(r.State) + ")"
		}
		rows = append(rows, []string{
			name, decimal(r.Drive), decimal(r.Weapons), decimal(r.Shields), decimal(r.Cargo),
			decimal(r.Population), decimal(r.Industry), strconv.Itoa(r.Planets), string(r.Relation), decimal(r.Votes),
		})
	}
	w.table("Status of players", []string{"<N", "D", "W", "S", "C", "P", "I", "#", "<R", "V"}, rows)
	w.line("\nYour votes: %s of %s", decimal(w.report.Votes.Own), decimal(w.report.Votes.Total))
}

func (w *writer) typeTable(title string, types []enginev1.ShipType) {
	var rows [][]string
	for _, t := range types {
		rows = append(rows, []string{
			strings.TrimLeft(t.Race+" "+t.Name, " "), decimal(t.Drive), strconv.Itoa(t.Armament), decimal(t.Weapons),
			decimal(t.Shields), decimal(t.Cargo), decimal(t.Mass),
		})
	}
	w.table(title, []string{"<N", "D", "A", "W", "S", "C", "M"}, rows)
}
