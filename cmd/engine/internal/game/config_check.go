package game

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	enginev1 "galaxy/backend/proto/engine/v1"
)

const (
	battleLogSummary = "summary"
	battleLogShots   = "shots"

	// leastSide keeps a grid of 0.01 light years roomy enough for every galaxy.
	leastSide = 10
)

var gameIDPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// problems collects the fields of a request that are refused.
type problems []enginev1.FieldError

func (p *problems) check(holds bool, field, format string, args ...any) {
	if !holds {
		*p = append(*p, enginev1.FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
	}
}

// CheckInit says what is wrong with an init document; nil when nothing is.
func CheckInit(r enginev1.InitRequest) []enginev1.FieldError {
	var p problems
	p.check(r.ContractVersion == enginev1.ContractVersion, "contract_version", "this engine speaks contract %d", enginev1.ContractVersion)
	p.check(gameIDPattern.MatchString(r.GameID), "game_id", "must be a UUID")
	if r.Seed != "" {
		_, err := strconv.ParseUint(r.Seed, 10, 64)
		p.check(err == nil, "seed", "must be a decimal number of 64 bits")
	}
	p.checkMap(r)
	p.checkOptions(or(r.Options, enginev1.InitOptions{}))
	p.checkRaces(r.Races)
	return p
}

func (p *problems) checkMap(r enginev1.InitRequest) {
	galaxy := or(r.Map, enginev1.MapRequest{})
	p.check(galaxy.Topology == "" || galaxy.Topology == "torus", "map.topology", "must be torus")
	p.check(galaxy.Size == 0 || galaxy.Size >= leastSide && galaxy.Size <= 5000, "map.size", "must be 0 or %d..5000", leastSide)
	planets := or(galaxy.PlanetsPerRace, 10)
	p.check(planets >= 3 && planets <= 40, "map.planets_per_race", "must be 3..40")
	homes := len(or(r.Options, enginev1.InitOptions{}).HomeWorlds)
	p.check(homes <= planets, "options.home_worlds", "a race has only %d planets", planets)
}

func (p *problems) checkOptions(o enginev1.InitOptions) {
	p.check(o.Ruleset == "" || o.Ruleset == enginev1.Ruleset, "options.ruleset", "must be %s", enginev1.Ruleset)
	p.check(o.HomeWorlds == nil || len(o.HomeWorlds) > 0 && len(o.HomeWorlds) <= 5, "options.home_worlds", "must name 1..5 sizes")
	for i, size := range o.HomeWorlds {
		p.check(size >= 1 && size <= 2500, fmt.Sprintf("options.home_worlds[%d]", i), "must be 1..2500")
	}
	p.check(o.MaxTurns >= 0 && o.MaxTurns <= 10000, "options.max_turns", "must be 0..10000")
	idle := or(o.IdleTurnLimit, 0)
	p.check(idle >= 0 && idle <= 1000, "options.idle_turn_limit", "must be 0..1000")
	share := or(o.VoteShare, 1)
	p.check(share >= 0.5 && share <= 1, "options.vote_share", "must be 0.5..1")
	known := o.BattleLog == "" || o.BattleLog == battleLogSummary || o.BattleLog == battleLogShots
	p.check(known, "options.battle_log", "must be summary or shots")
	shots := or(o.BattleShotLimit, 1000)
	p.check(shots >= 1000 && shots <= 50_000_000, "options.battle_shot_limit", "must be 1000..50000000")
}

func (p *problems) checkRaces(races []enginev1.InitRace) {
	p.check(len(races) >= 1 && len(races) <= enginev1.MaxRaces, "races", "must be 1..%d", enginev1.MaxRaces)
	seen := map[string]bool{}
	for i, race := range races {
		at := func(field string) string { return fmt.Sprintf("races[%d].%s", i, field) }
		p.check(between(race.UserID, 1, 64), at("user_id"), "must have 1..64 characters")
		p.check(between(race.UserName, 0, enginev1.MaxUserName), at("user_name"), "must have at most 64 characters")
		p.check(between(race.RaceName, 1, enginev1.MaxRaceName), at("race_name"), "must have 1..%d characters", enginev1.MaxRaceName)
		p.check(!strings.ContainsFunc(race.RaceName, unicode.IsControl), at("race_name"), "must have no control characters")
		p.check(race.RaceName != enginev1.Everybody, at("race_name"), "must not be %q", enginev1.Everybody)
		folded := strings.ToLower(race.RaceName)
		p.check(!seen[folded], at("race_name"), "is taken by another race of this game")
		seen[folded] = true
	}
}

// between states whether s has that many characters.
func between(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return n >= least && n <= most
}
