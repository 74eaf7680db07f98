package game

import (
	"slices"
	"strings"

	"galaxy/backend/cmd/engine/internal/validation"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// quitCountdown is how many turns a race that quits stays (GP).
const quitCountdown = 3

// maxMessages bounds how many messages a race may send per turn.
const maxMessages = 200

// CheckCommand validates a command of a race; nil means valid.
func CheckCommand(c *Config, s *State, race int, cmd enginev1.Command) []enginev1.FieldError {
	var p validation.Problems
	switch cmd.Type {
	case enginev1.CommandRelation:
		p.Check(cmd.Relation == enginev1.War || cmd.Relation == enginev1.Peace, "command.relation", "must be war or peace")
		p.Check(cmd.Race == enginev1.Everybody || c.Race(cmd.Race) >= 0, "command.race", "must be a race of this game")
		p.Check(c.Race(cmd.Race) != race, "command.race", "must be another race")
	case enginev1.CommandMessage:
		checkMessage(&p, c, s, race, cmd)
	case enginev1.CommandQuit:
		p.Check(cmd.Confirm == c.RaceName(race), "command.confirm", "must be the own race name")
	case enginev1.CommandVote:
		p.Check(false, "command.type", "%s is not supported by this engine", cmd.Type)
	default:
		p.Check(false, "command.type", "must be a known command")
	}
	return p
}

func checkMessage(p *validation.Problems, c *Config, s *State, race int, cmd enginev1.Command) {
	p.Check(validation.LengthBetween(cmd.Text, 1, enginev1.MaxMessage), "command.text", "must have 1..%d characters",
		enginev1.MaxMessage)
	p.Check(len(cmd.To) >= 1 && len(cmd.To) <= enginev1.MaxRaces, "command.to", "must name 1..%d races", enginev1.MaxRaces)
	if !slices.Equal(cmd.To, []string{enginev1.Everybody}) {
		for _, name := range cmd.To {
			p.Check(c.Race(name) >= 0, "command.to", "must name races of this game")
			p.Check(c.Race(name) != race, "command.to", "must name other races")
		}
	}
	sent := 0
	for _, m := range s.Messages {
		if m.From == race && m.Turn == s.Turn {
			sent++
		}
	}
	p.Check(sent < maxMessages, "command.type", "a race sends at most %d messages per turn", maxMessages)
}

// Command executes a validated command on s, and reports whether it changed
// anything but the race's presence.
func Command(c *Config, s *State, race int, cmd enginev1.Command) enginev1.CommandStatus {
	r := &s.Races[race]
	r.Present = true
	changed := false
	if cmd.Type != enginev1.CommandQuit && r.State == enginev1.RaceQuitting {
		r.resume()
	}
	switch cmd.Type {
	case enginev1.CommandRelation:
		for other := range s.Races {
			if other != race && (cmd.Race == enginev1.Everybody || c.Race(cmd.Race) == other) {
				changed = r.setRelation(other, cmd.Relation) || changed
			}
		}
	case enginev1.CommandMessage:
		s.Messages = append(s.Messages, s.message(c, race, cmd))
		changed = true
	case enginev1.CommandQuit:
		if changed = cmd.Cancel == (r.State == enginev1.RaceQuitting); changed && cmd.Cancel {
			r.resume()
		} else if changed {
			r.State, r.Countdown = enginev1.RaceQuitting, quitCountdown
		}
	}
	if changed {
		return enginev1.CommandApplied
	}
	return enginev1.CommandUnchanged
}

func (r *Race) resume() { r.State, r.Countdown = enginev1.RaceActive, 0 }

// setRelation changes the race's relation to another and reports whether it differed.
func (r *Race) setRelation(other int, relation enginev1.Relation) bool {
	at, peace := slices.BinarySearch(r.Peace, other)
	switch {
	case peace && relation == enginev1.War:
		r.Peace = slices.Delete(r.Peace, at, at+1)
	case !peace && relation == enginev1.Peace:
		r.Peace = slices.Insert(r.Peace, at, other)
	default:
		return false
	}
	return true
}

func (s *State) message(c *Config, race int, cmd enginev1.Command) Message {
	m := Message{From: race, Turn: s.Turn, Text: strings.ToValidUTF8(cmd.Text, ""), Anonymous: cmd.Anonymous, To: []int{}}
	for other := range s.Races {
		if other != race && (cmd.To[0] == enginev1.Everybody || slices.Contains(cmd.To, c.RaceName(other))) {
			m.To = append(m.To, other)
		}
	}
	return m
}

// CancelQuit is called when a race submits an order list, which cancels its quit
// (GP).
func CancelQuit(s *State, race int) {
	if s.Races[race].State == enginev1.RaceQuitting {
		s.Races[race].resume()
	}
}

// Banish removes a race from the game. A race that is out of play keeps its state.
func Banish(c *Config, s *State, race int) {
	if !s.Races[race].State.InPlay() {
		return
	}
	planets, ships := s.remove(race, enginev1.RaceBanished, s.Turn)
	s.Races[race].Released, s.Races[race].Removed = planets, ships
	s.News = append(s.News, Event{Event: enginev1.Event{
		Type: enginev1.EventRaceBanished, Turn: s.Turn, Race: c.RaceName(race),
	}})
}
