package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kelseyhightower/envconfig"
)

// fileSuffix makes the name of a variable that says which file holds a secret.
const fileSuffix = "_FILE"

// Load makes the configuration from an environment, NAME=value each, of which it
// takes a copy. It reports every problem at once, by the name of the variable
// and without its value, and warns of variables that look like ours and are not,
// and of what is valid and hardly meant.
func Load(environ []string) (c Config, warnings []string, err error) {
	all := variables(&c)
	given, problems := values(all, environ)
	for _, v := range all {
		text, set := given[v.Name]
		switch {
		case !set && v.Required:
			problems = append(problems, fmt.Errorf("%s is required", v.Name))
		case !set && v.Default == "": // the field is zero, and stays so
		case !set:
			problems = append(problems, explain(v, v.set(v.Default)))
		default:
			problems = append(problems, explain(v, v.set(text)))
		}
	}
	problems = append(problems, c.Validate())
	return c, append(unknown(all, environ), c.doubts()...), onePerLine(problems)
}

// values are the variables of an environment that are set to something: the
// templates of container tools often set them to nothing. A secret may be in the
// file that NAME_FILE names, as orchestrators mount them; files that cannot be
// read are reported by name.
func values(all []variable, environ []string) (given map[string]string, problems []error) {
	given = map[string]string{}
	for _, entry := range environ {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, prefix+"_") && strings.TrimSpace(value) != "" {
			given[name] = value
		}
	}
	for _, v := range all {
		file, named := given[v.Name+fileSuffix]
		if !v.Secret || !named {
			continue
		}
		if _, both := given[v.Name]; both {
			problems = append(problems, fmt.Errorf("%s and %s exclude each other", v.Name, v.Name+fileSuffix))
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s cannot be read", v.Name+fileSuffix))
			continue
		}
		given[v.Name] = strings.TrimRight(string(text), "\r\n")
	}
	return given, problems
}

// explain says what is wrong with a variable. The text of envconfig's own error
// quotes the value.
func explain(v variable, err error) error {
	var parse *envconfig.ParseError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &parse):
		return fmt.Errorf("%s is not a valid %s", v.Name, strings.ToLower(parse.TypeName))
	}
	return fmt.Errorf("%s is not valid", v.Name)
}

// unknown lists variables with our prefix that nothing reads: typing errors.
func unknown(all []variable, environ []string) []string {
	known := map[string]bool{}
	for _, v := range all {
		known[v.Name] = true
		known[v.Name+fileSuffix] = v.Secret
	}
	var out []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, prefix+"_") && strings.TrimSpace(value) != "" && !known[name] {
			out = append(out, name+" is not a variable of this program")
		}
	}
	slices.Sort(out)
	return out
}

// onePerLine flattens joined errors and drops what was said before.
func onePerLine(errs []error) error {
	err := errors.Join(errs...)
	if err == nil {
		return nil
	}
	var lines []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}
