package validation

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// minSide leaves enough positions on a grid of 0.01 light years for every galaxy.
const minSide = 10

// maxSeedDigits is the length of the largest number of 64 bits.
const maxSeedDigits = 20

var gameIDPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Init validates an init document; nil means valid.
func Init(r enginev1.InitRequest) []enginev1.FieldError {
	var p Problems
	p.Check(r.ContractVersion == enginev1.ContractVersion, "contract_version", "this engine speaks contract %d",
		enginev1.ContractVersion)
	p.Check(gameIDPattern.MatchString(r.GameID), "game_id", "must be a UUID")
	if r.Seed != "" {
		_, err := strconv.ParseUint(r.Seed, 10, 64)
		p.Check(err == nil && len(r.Seed) <= maxSeedDigits, "seed", "must be a decimal number of 64 bits")
	}
	p.checkMap(r)
	p.checkOptions(valueOr(r.Options, enginev1.InitOptions{}))
	p.checkRaces(r.Races)
	return p
}

func (p *Problems) checkMap(r enginev1.InitRequest) {
	galaxy := valueOr(r.Map, enginev1.MapRequest{})
	p.Check(galaxy.Topology == "" || galaxy.Topology == "torus", "map.topology", "must be torus")
	p.Check(galaxy.Size == 0 || galaxy.Size >= minSide && galaxy.Size <= 5000, "map.size", "must be 0 or %d..5000",
		minSide)
	planets := valueOr(galaxy.PlanetsPerRace, 10)
	p.Check(planets >= 3 && planets <= 40, "map.planets_per_race", "must be 3..40")
	homes := len(valueOr(r.Options, enginev1.InitOptions{}).HomeWorlds)
	p.Check(homes <= planets, "options.home_worlds", "a race has only %d planets", planets)
}

func (p *Problems) checkOptions(o enginev1.InitOptions) {
	p.Check(o.Ruleset == "" || o.Ruleset == enginev1.Ruleset, "options.ruleset", "must be %s", enginev1.Ruleset)
	p.Check(o.HomeWorlds == nil || len(o.HomeWorlds) > 0 && len(o.HomeWorlds) <= 5, "options.home_worlds",
		"must name 1..5 sizes")
	for i, size := range o.HomeWorlds {
		p.Check(size >= 1 && size <= 2500, fmt.Sprintf("options.home_worlds[%d]", i), "must be 1..2500")
	}
	p.Check(o.MaxTurns >= 0 && o.MaxTurns <= 10000, "options.max_turns", "must be 0..10000")
	idle := valueOr(o.IdleTurnLimit, 0)
	p.Check(idle >= 0 && idle <= 1000, "options.idle_turn_limit", "must be 0..1000")
	share := valueOr(o.VoteShare, 1)
	p.Check(share >= 0.5 && share <= 1, "options.vote_share", "must be 0.5..1")
	known := o.BattleLog == "" || o.BattleLog == enginev1.BattleLogSummary || o.BattleLog == enginev1.BattleLogShots
	p.Check(known, "options.battle_log", "must be summary or shots")
	shots := valueOr(o.BattleShotLimit, 1000)
	p.Check(shots >= 1000 && shots <= 50_000_000, "options.battle_shot_limit", "must be 1000..50000000")
}

func (p *Problems) checkRaces(races []enginev1.InitRace) {
	p.Check(len(races) >= 1 && len(races) <= enginev1.MaxRaces, "races", "must be 1..%d", enginev1.MaxRaces)
	seen := map[string]bool{}
	for i, race := range races {
		at := func(field string) string { return fmt.Sprintf("races[%d].%s", i, field) }
		p.Check(LengthBetween(race.UserID, 1, 64), at("user_id"), "must have 1..64 characters")
		p.Check(LengthBetween(race.UserName, 0, enginev1.MaxUserName), at("user_name"), "must have at most 64 characters")
		p.Check(LengthBetween(race.RaceName, 1, enginev1.MaxRaceName), at("race_name"), "must have 1..%d characters",
			enginev1.MaxRaceName)
		p.Check(!strings.ContainsFunc(race.RaceName, unicode.IsControl), at("race_name"), "must have no control characters")
		p.Check(race.RaceName != enginev1.Everybody, at("race_name"), "must not be %q", enginev1.Everybody)
		folded := strings.ToLower(strings.ToUpper(race.RaceName)) // also for letters with two small forms
		p.Check(!seen[folded], at("race_name"), "is taken by another race of this game")
		seen[folded] = true
	}
}
