package modules_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// order is the one list of domains, lowest first. A domain may import only
// domains to its left.
var order = []string{"admin", "mail", "push", "engine", "user", "geo", "auth", "notification", "engineversion", "runtime", "racename", "game", "lobby", "turn", "console"}

// rule is one rule of the architecture. check returns what breaks it.
type rule struct {
	name  string // of the folder of its mutants in testdata
	check func(files []source) []violation
}

// violation is a place that breaks a rule.
type violation struct{ at, what string }

var rules = []rule{
	{"order", domainsImportOnlyToTheirLeft},
	{"upwards", nobodyImportsUpwards},
	{"layer", filesImportOnlyWhatTheirLayerMay},
	{"layername", everyFileOfADomainHasALayer},
	{"driver", modulesImportNoDriver},
	{"sql", onlyStoresHoldSQL},
	{"writer", oneDomainWritesATable},
	{"alias", noPackageReexportsAChild},
	{"group", groupTagsStandWithTheirOwner},
	{"parameters", parameterObjectsStandInModuleFiles},
	{"lifecycle", onlyLifecycleNamesFxLifecycle},
	{"sizes", filesFunctionsAndPackagesStaySmall},
	{"columns", linesStayNarrow},
	{"comments", everyPackageAndExportedNameIsDocumented},
}

func TestTheRepositoryKeepsTheRulesOfItsArchitecture(t *testing.T) {
	t.Parallel()
	files := repository(t)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, v := range r.check(files) {
				t.Errorf("%s: %s", v.at, v.what)
			}
		})
	}
}

// A mutant is a file in testdata that names the place in the repository where it
// would stand, and breaks the rule of its folder there. A rule that does not see
// its mutants checks nothing.
func TestEveryRuleSeesItsMutants(t *testing.T) {
	t.Parallel()
	files := repository(t)
	for _, r := range rules {
		mutants, err := filepath.Glob(filepath.Join("testdata", "arch", r.name, "*.txt"))
		if err != nil {
			t.Fatal(err)
		}
		if len(mutants) == 0 {
			t.Errorf("the rule %q has no mutant", r.name)
		}
		for _, name := range mutants {
			m := mutant(t, name)
			found := r.check(append(slices.Clone(files), m))
			if !slices.ContainsFunc(found, func(v violation) bool { return strings.HasPrefix(v.at, m.name) || v.at == m.dir() }) {
				t.Errorf("%s stands as %s, and the rule %q did not see it", name, m.name, r.name)
			}
		}
	}
}

// What is right has to pass: a mutant may break its own rule only.
func TestMutantsBreakNothingElse(t *testing.T) {
	t.Parallel()
	files := repository(t)
	for _, own := range rules {
		mutants, err := filepath.Glob(filepath.Join("testdata", "arch", own.name, "*.txt"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range mutants {
			m := mutant(t, name)
			for _, r := range rules {
				if r.name == own.name {
					continue
				}
				for _, v := range r.check(append(slices.Clone(files), m)) {
					if strings.HasPrefix(v.at, m.name) {
						t.Errorf("%s also breaks %q: %s", name, r.name, v.what)
					}
				}
			}
		}
	}
}
