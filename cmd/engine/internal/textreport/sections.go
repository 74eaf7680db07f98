package textreport

import (
	"fmt"
	"strconv"
	"strings"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// news lists the events of races and planets. Battles and the end of the game have
// sections of their own.
func (w *writer) news() {
	var lines []string
	for _, e := range w.report.Events {
		if line := w.newsLine(e); line != "" {
			lines = append(lines, line)
		}
	}
	if lines != nil {
		w.line("\n\tNews\n\n%s", strings.Join(lines, "\n"))
	}
}

func (w *writer) newsLine(e enginev1.Event) string {
	by := ""
	if len(e.By) > 0 {
		by = " by " + strings.Join(e.By, ", ")
	}
	switch e.Type {
	case enginev1.EventRaceEliminated:
		return e.Race + " has been eliminated" + by
	case enginev1.EventRaceBanished:
		return e.Race + " has been banished"
	case enginev1.EventRaceQuit:
		return e.Race + " has left the game"
	case enginev1.EventRaceIdleWarning:
		return e.Race + " will be removed for doing nothing: " + e.Reason
	case enginev1.EventRaceIdleRemoved:
		return e.Race + " has been removed for doing nothing"
	case enginev1.EventPlanetColonised:
		return w.planet(e.Planet) + " has been colonised by " + e.Race
	case enginev1.EventPlanetWiped:
		return w.planet(e.Planet) + " of " + e.Race + " has been wiped out" + by
	default:
		return ""
	}
}

func (w *writer) battles() {
	for _, b := range w.report.Battles {
		var rows [][]string
		for _, g := range b.Groups {
			state := "in battle"
			if !g.InBattle {
				state = "not in battle"
			}
			rows = append(rows, []string{
				g.Race, strconv.Itoa(g.Ships), g.Type, decimal(g.Drive), decimal(g.Weapons), decimal(g.Shields),
				decimal(g.CargoTech), cargoText(g.Cargo), decimal(g.Load), strconv.Itoa(g.Survivors),
				strconv.Itoa(g.Shots), strconv.Itoa(g.Kills), state,
			})
		}
		when := "before movement"
		if b.Phase == 2 {
			when = "after movement"
		}
		title := fmt.Sprintf("Battle at %s %s, rounds %d, shots %d", b.PlanetName, when, b.Rounds, b.Shots)
		w.table(title, []string{"<Race", "#", "<T", "D", "W", "S", "C", "<T", "Q", "L", "Shots", "Kills", "<"}, rows)
	}
}

func cargoText(c *enginev1.Cargo) string {
	if c == nil {
		return "-"
	}
	return string(*c)
}

func (w *writer) bombings() {
	var rows [][]string
	for _, b := range w.report.Bombings {
		rows = append(rows, []string{
			strconv.Itoa(b.Planet), b.PlanetName, b.Owner, strings.Join(b.Attackers, "+"), decimal(b.Power),
			decimal(b.Population), decimal(b.Industry), decimal(b.Capital), decimal(b.Materials), decimal(b.Colonists), b.Result,
		})
	}
	w.table("Bombings", []string{"#", "<N", "<Owner", "<By", "Power", "P", "I", "$", "M", "C", "<Result"}, rows)
}

func (w *writer) incoming() {
	var rows [][]string
	for _, g := range w.report.IncomingGroups {
		rows = append(rows, []string{w.planet(g.Origin), w.planet(g.Destination), decimal(g.Distance), decimal(g.Speed), decimal(g.Mass)})
	}
	w.table("Incoming groups", []string{"<O", "<D", "R", "S", "M"}, rows)
}

func factCells(p enginev1.PlanetFacts) []string {
	return []string{strconv.Itoa(p.Number), decimal(p.X), decimal(p.Y), p.Name, decimal(p.Size)}
}

func economyCells(e enginev1.Economy, resources float64) []string {
	product := e.Production.Kind
	if e.Production.Name != nil {
		product = *e.Production.Name
	}
	return []string{
		decimal(e.Population), decimal(e.Industry), decimal(resources), product,
		decimal(e.Capital), decimal(e.Materials), decimal(e.Colonists), decimal(e.FreeProduction),
	}
}

func planetHeadings() []string {
	return []string{"#", "X", "Y", "<N", "S", "P", "I", "R", "<P", "$", "M", "C", "L"}
}

func (w *writer) localPlanets() {
	var rows [][]string
	for _, p := range w.report.LocalPlanets {
		rows = append(rows, append(factCells(p.PlanetFacts), economyCells(p.Economy, p.Resources)...))
	}
	w.table("Your planets", planetHeadings(), rows)
}

func (w *writer) production() {
	var rows [][]string
	for _, s := range w.report.ShipsInProduction {
		rows = append(rows, []string{
			strconv.Itoa(s.Planet), w.planet(s.Planet), s.Type, decimal(s.Cost), decimal(s.Progress), decimal(s.FreeProduction),
		})
	}
	w.table("Ships in production", []string{"#", "<N", "<S", "C", "P", "L"}, rows)
}

func (w *writer) routes() {
	var rows [][]string
	for _, p := range w.report.LocalPlanets {
		row, any := []string{p.Name}, false
		for _, cargo := range enginev1.Cargos() {
			any = any || p.Routes[cargo] != nil
			row = append(row, w.optional(p.Routes[cargo]))
		}
		if any {
			rows = append(rows, row)
		}
	}
	w.table("Your routes", []string{"<N", "<COL", "<CAP", "<MAT", "<EMP"}, rows)
}

func (w *writer) otherPlanets() {
	var rows [][]string
	for _, p := range w.report.OtherPlanets {
		row := append([]string{p.Owner}, factCells(p.PlanetFacts)...)
		rows = append(rows, append(row, economyCells(p.Economy, p.Resources)...))
	}
	w.table("Planets of others", append([]string{"<O"}, planetHeadings()...), rows)
}

func (w *writer) uninhabited() {
	var rows [][]string
	for _, p := range w.report.UninhabitedPlanets {
		rows = append(rows, append(factCells(p.PlanetFacts), decimal(p.Resources), decimal(p.Capital), decimal(p.Materials)))
	}
	w.table("Uninhabited planets", []string{"#", "X", "Y", "<N", "S", "R", "$", "M"}, rows)
}

func (w *writer) unidentified() {
	var rows [][]string
	for _, p := range w.report.UnidentifiedPlanets {
		rows = append(rows, []string{strconv.Itoa(p.Number), decimal(p.X), decimal(p.Y)})
	}
	w.table("Unidentified planets", []string{"#", "X", "Y"}, rows)
}

func (w *writer) ownGroups() {
	var rows [][]string
	for _, g := range w.report.Groups {
		from, distance := "-", "-"
		to := w.planet(g.Planet)
		if g.Destination != nil {
			from, to, distance = to, w.planet(*g.Destination), decimal(*g.Distance)
		}
		rows = append(rows, []string{
			strconv.Itoa(g.Number), strconv.Itoa(g.Ships), g.Type, decimal(g.Drive), decimal(g.Weapons), decimal(g.Shields),
			decimal(g.CargoTech), cargoText(g.Cargo), decimal(g.Load), to, from, distance, decimal(g.Speed), decimal(g.Mass),
		})
	}
	w.table("Your groups", []string{"G", "#", "<T", "D", "W", "S", "C", "<T", "Q", "<D", "<F", "R", "P", "M"}, rows)
}

func (w *writer) otherGroups() {
	var rows [][]string
	for _, g := range w.report.OtherGroups {
		rows = append(rows, []string{
			g.Race, strconv.Itoa(g.Ships), g.Type, decimal(g.Drive), decimal(g.Weapons), decimal(g.Shields),
			decimal(g.CargoTech), cargoText(g.Cargo), decimal(g.Load), w.planet(g.Planet), decimal(g.Speed), decimal(g.Mass),
		})
	}
	w.table("Groups of others", []string{"<Race", "#", "<T", "D", "W", "S", "C", "<T", "Q", "<D", "P", "M"}, rows)
}

func (w *writer) unidentifiedGroups() {
	var rows [][]string
	for _, g := range w.report.UnidentifiedGroups {
		rows = append(rows, []string{decimal(g.X), decimal(g.Y)})
	}
	w.table("Unidentified groups", []string{"X", "Y"}, rows)
}
