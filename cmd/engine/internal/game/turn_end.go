package game

import (
	"cmp"
	"slices"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// standing sums up what a race owns.
type standing struct {
	planets, ships                    int
	population, industry, mass, votes float64
}

// standings counts every race's possessions.
func (s *State) standings() []standing {
	all := make([]standing, len(s.Races))
	for i := range s.Planets {
		if p := &s.Planets[i]; p.Owner != nobody {
			all[p.Owner].planets++
			all[p.Owner].population += p.Population
			all[p.Owner].industry += p.Industry
		}
	}
	for i := range s.Groups {
		g := &s.Groups[i]
		all[g.Race].ships += g.Ships
		all[g.Race].mass += s.ship(g).Mass() * float64(g.Ships)
	}
	for i := range all {
		all[i].votes = rules.Votes(all[i].population)
	}
	return all
}

// checkVictory eliminates races that have nothing left and ends the game (17): two
// thirds of the votes (GP), the last race, or the turn limit.
func (g *generation) checkVictory() {
	standings := g.state.standings()
	for race := range g.state.Races {
		r := &g.state.Races[race]
		if r.State.InPlay() && standings[race].planets == 0 && standings[race].ships == 0 {
			g.state.remove(race, enginev1.RaceEliminated, g.state.Turn)
			g.emit(enginev1.Event{
				Type: enginev1.EventRaceEliminated, Race: g.config.RaceName(race), By: g.config.names(g.killers[race]),
			}, nil)
		}
	}
	reason, winners := g.gameResult(standings)
	if reason == "" {
		return
	}
	ranking := g.ranking(standings)
	if reason == enginev1.ResultTurnLimit {
		for _, entry := range ranking {
			if entry.Place == 1 && entry.State.InPlay() {
				winners = append(winners, entry.Race)
			}
		}
	}
	if winners == nil {
		winners = []string{}
	}
	g.state.Result = &enginev1.Result{Reason: reason, Winners: winners, Ranking: ranking}
	g.emit(enginev1.Event{Type: enginev1.EventGameFinished, Reason: reason}, nil)
}

// gameResult returns why the game ends now, or "". A game with a single race ends
// only at its turn limit, or when that race is out of play.
func (g *generation) gameResult(standings []standing) (reason string, winners []string) {
	options := g.config.options()
	var playing []int
	total := 0.0
	for race := range g.state.Races {
		if g.state.Races[race].State.InPlay() {
			playing = append(playing, race)
			total += standings[race].votes
		}
	}
	if len(playing) == 0 {
		return enginev1.ResultNoSurvivors, nil
	}
	if len(g.state.Races) > 1 {
		if len(playing) == 1 && *options.LastRaceWins {
			return enginev1.ResultLastRace, g.config.names(playing)
		}
		var elected []int // two races can be at a share of one half
		for _, race := range playing {
			if rules.Majority(standings[race].votes, total, *options.VoteShare) {
				elected = append(elected, race)
			}
		}
		if elected != nil {
			return enginev1.ResultVoteMajority, g.config.names(elected)
		}
	}
	if options.MaxTurns > 0 && g.state.Turn >= options.MaxTurns {
		return enginev1.ResultTurnLimit, nil
	}
	return "", nil
}

// ranking orders the races: those in play by votes, planets and industry, then
// those out of play by how long they lasted. Equal races share a place.
func (g *generation) ranking(standings []standing) []enginev1.RankEntry {
	order := make([]int, len(g.state.Races))
	for race := range order {
		order[race] = race
	}
	compare := func(a, b int) int {
		x, y := &g.state.Races[a], &g.state.Races[b]
		return cmp.Or(
			cmp.Compare(inPlayRank(x.State.InPlay()), inPlayRank(y.State.InPlay())),
			-cmp.Compare(rules.RoundState(standings[a].votes), rules.RoundState(standings[b].votes)),
			-cmp.Compare(standings[a].planets, standings[b].planets),
			-cmp.Compare(rules.RoundState(standings[a].industry), rules.RoundState(standings[b].industry)),
			-cmp.Compare(x.OutTurn, y.OutTurn),
		)
	}
	slices.SortStableFunc(order, compare)
	ranking := make([]enginev1.RankEntry, len(order))
	for i, race := range order {
		ranking[i] = enginev1.RankEntry{
			Place: i + 1, Race: g.config.RaceName(race), State: g.state.Races[race].State,
			Votes: rules.RoundDisplay(standings[race].votes), Planets: standings[race].planets,
		}
		if i > 0 && compare(order[i-1], race) == 0 {
			ranking[i].Place = ranking[i-1].Place
		}
	}
	return ranking
}

func inPlayRank(first bool) int {
	if first {
		return 0
	}
	return 1
}
