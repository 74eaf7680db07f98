package validation

import (
	"fmt"
	"regexp"
	"strings"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// field is a set of the fields an order may have.
type field uint32

const (
	fName field = 1 << iota
	fDrive
	fArmament
	fWeapons
	fShields
	fCargo
	fPlanet
	fDestination
	fProduct
	fGroup
	fShips
	fAmount
	fAs
	fTechnology
	fLevel
	fRace
	fFleet
)

var fieldNames = [...]string{
	"name", "drive", "armament", "weapons", "shields", "cargo", "planet", "destination", "product", "group",
	"ships", "amount", "as", "technology", "level", "race", "fleet",
}

func (f field) String() string {
	var names []string
	for i, name := range fieldNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// fieldRules is what an order type needs and allows.
type fieldRules struct {
	needs, allows field
}

// fieldRulesOf returns the rules of an order type. Reserved types allow every
// field and are refused one by one.
func fieldRulesOf(kind string) (fieldRules, bool) {
	switch kind {
	case enginev1.OrderCreateType:
		return fieldRules{fName | fDrive | fArmament | fWeapons | fShields | fCargo, 0}, true
	case enginev1.OrderRemoveType:
		return fieldRules{fName, 0}, true
	case enginev1.OrderProduction:
		return fieldRules{fPlanet | fProduct, 0}, true
	case enginev1.OrderRename:
		return fieldRules{fPlanet | fName, 0}, true
	case enginev1.OrderRoute:
		return fieldRules{fPlanet | fCargo | fDestination, 0}, true
	case enginev1.OrderSplit:
		return fieldRules{fGroup | fShips, fAs}, true
	case enginev1.OrderMerge:
		return fieldRules{0, 0}, true
	case enginev1.OrderLoad:
		return fieldRules{fGroup | fCargo, fShips | fAmount | fAs}, true
	case enginev1.OrderUnload:
		return fieldRules{fGroup, fShips | fAmount | fAs}, true
	case enginev1.OrderSend:
		return fieldRules{fGroup | fPlanet, fShips | fAs}, true
	case enginev1.OrderScrap:
		return fieldRules{fGroup, fShips}, true
	case enginev1.OrderUpgrade, enginev1.OrderTransfer, enginev1.OrderJoinFleet, enginev1.OrderSendFleet,
		enginev1.OrderCreateSci, enginev1.OrderRemoveSci:
		return fieldRules{0, ^field(0)}, true
	default:
		return fieldRules{}, false
	}
}

// presentFields is the set of fields that an order has.
func presentFields(o enginev1.Order) field {
	var set field
	for i, has := range [...]bool{ // in the order of the constants
		o.Name != nil, o.Drive != nil, o.Armament != nil, o.Weapons != nil, o.Shields != nil, o.Cargo.Present,
		o.Planet != nil, o.Destination.Present, o.Product != nil, o.Group != enginev1.GroupRef{}, o.Ships != nil,
		o.Amount != nil, o.As != nil, o.Technology != nil, o.Level != nil, o.Race != nil, o.Fleet != nil,
	} {
		if has {
			set |= 1 << i
		}
	}
	return set
}

// maxFieldErrors bounds the errors reported for one list.
const maxFieldErrors = 100

// Orders validates the form of an order list; nil means that it can be stored.
// Whether an order can be executed is decided by game.Preview.
func Orders(orders []enginev1.Order) []enginev1.FieldError {
	var p Problems
	p.Check(orders != nil, "orders", "must be a list")
	p.Check(len(orders) <= enginev1.MaxOrders, "orders", "must have at most %d entries", enginev1.MaxOrders)
	for i, o := range orders {
		if len(p) >= maxFieldErrors {
			break
		}
		at := fmt.Sprintf("orders[%d]", i)
		s, known := fieldRulesOf(o.Type)
		if !known {
			p.Check(false, at+".type", "must be a known order type")
			continue
		}
		has := presentFields(o)
		p.Check(s.needs&^has == 0, at, "%s needs %s", o.Type, s.needs&^has)
		p.Check(has&^(s.needs|s.allows) == 0, at, "%s does not know %s", o.Type, has&^(s.needs|s.allows))
		p.checkValues(at, o)
	}
	return p
}

var aliasPattern = regexp.MustCompile(`^\$[a-z0-9_]{1,16}$`)

// Ranges of the contract's document.
const (
	maxBlock = 10000
	maxGuns  = 1000
)

func (p *Problems) checkValues(at string, o enginev1.Order) {
	block := func(v *float64, name string) {
		p.Check(v == nil || *v >= 0 && *v <= maxBlock, at+"."+name, "must be 0..%d", maxBlock)
	}
	atLeast := func(v *int, least int, name string) {
		p.Check(v == nil || *v >= least, at+"."+name, "must be at least %d", least)
	}
	if o.Name != nil {
		p.Check(LengthBetween(*o.Name, 0, enginev1.MaxName), at+".name", "must have at most %d characters", enginev1.MaxName)
	}
	block(o.Drive, "drive")
	block(o.Weapons, "weapons")
	block(o.Shields, "shields")
	atLeast(o.Armament, 0, "armament")
	p.Check(o.Armament == nil || *o.Armament <= maxGuns, at+".armament", "must be at most %d", maxGuns)
	atLeast(o.Planet, 1, "planet")
	atLeast(o.Ships, 1, "ships")
	p.Check(o.Destination.Planet >= 0, at+".destination", "must be at least 1")
	p.Check(o.Amount == nil || *o.Amount >= 0.01, at+".amount", "must be at least 0.01")
	p.Check(o.As == nil || aliasPattern.MatchString(*o.As), at+".as", "must be $ and 1..16 of a-z, 0-9, _")
	p.Check(o.Group.Alias == "" || aliasPattern.MatchString(o.Group.Alias), at+".group", "must be a number or an alias")
	p.Check(o.Group.Number >= 0, at+".group", "must be at least 1")
	p.checkCargo(at, o)
	if o.Product != nil {
		p.Check(isProduct(o.Product.Kind), at+".product.kind", "must be a known product")
		name := valueOr(o.Product.Name, "")
		p.Check(LengthBetween(name, 0, enginev1.MaxName), at+".product.name", "must have at most %d characters",
			enginev1.MaxName)
	}
	tech := valueOr(o.Technology, "all")
	p.Check(tech == "all" || isResearch(tech), at+".technology", "must be all or a technology")
}

// checkCargo validates the field according to the order's type.
func (p *Problems) checkCargo(at string, o enginev1.Order) {
	if !o.Cargo.Present {
		return
	}
	if o.Type == enginev1.OrderCreateType {
		p.Check(o.Cargo.Kind == "" && o.Cargo.Mass >= 0 && o.Cargo.Mass <= maxBlock, at+".cargo", "must be 0..%d", maxBlock)
		return
	}
	known := o.Cargo.Kind.Load() || o.Cargo.Kind == enginev1.Empty
	p.Check(known, at+".cargo", "must be COL, CAP, MAT or EMP")
}

func isResearch(kind string) bool {
	switch kind {
	case enginev1.ProduceDrive, enginev1.ProduceWeapons, enginev1.ProduceShields, enginev1.ProduceCargo:
		return true
	default:
		return false
	}
}

func isProduct(kind string) bool {
	switch kind {
	case enginev1.ProduceCapital, enginev1.ProduceMaterials, enginev1.ProduceShip, enginev1.ProduceScience:
		return true
	default:
		return isResearch(kind)
	}
}
