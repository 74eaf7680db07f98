package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kelseyhightower/envconfig"
)

// prefix is what every variable begins with.
const prefix = "BACKEND"

// Load reads the environment. It reports every problem at once, by the name of
// the variable and without its value, and warns of variables that look like
// ours and are not, and of what is valid and hardly meant.
func Load() (c Config, warnings []string, err error) {
	dropEmpty()
	problems := readFiles()
	for {
		c = Config{}
		err := envconfig.Process(prefix, &c)
		if err == nil {
			break
		}
		name, problem := explain(err)
		if name == "" {
			return Config{}, nil, err
		}
		problems = append(problems, problem)
		// envconfig stops at its first problem: with this one out of the way it
		// finds the next.
		if err := setAside(name, problem); err != nil {
			return Config{}, nil, err
		}
	}
	problems = append(problems, c.Validate())
	return c, append(unknown(), c.doubts()...), onePerLine(problems)
}

// fileSuffix makes the name of a variable that says which file holds a secret.
const fileSuffix = "_FILE"

// readFiles takes secrets from the files that NAME_FILE names, as orchestrators
// mount them. It reports those that cannot be read, by name.
func readFiles() []error {
	var problems []error
	for _, name := range secrets() {
		file, given := os.LookupEnv(name + fileSuffix)
		if !given {
			continue
		}
		if _, both := os.LookupEnv(name); both {
			problems = append(problems, fmt.Errorf("%s and %s exclude each other", name, name+fileSuffix))
			continue
		}
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.Setenv(name, strings.TrimRight(string(text), "\r\n"))
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s cannot be read", name+fileSuffix))
		}
	}
	return problems
}

var errRequired = errors.New("is required")

// explain names the variable behind an error of envconfig, whose own text may
// quote the value.
func explain(err error) (name string, problem error) {
	var parse *envconfig.ParseError
	if errors.As(err, &parse) {
		return parse.KeyName, fmt.Errorf("%s is not a valid %s", parse.KeyName, strings.ToLower(parse.TypeName))
	}
	if _, rest, ok := strings.Cut(err.Error(), "required key "); ok {
		name, _, _ = strings.Cut(rest, " ")
		return name, fmt.Errorf("%s %w", name, errRequired)
	}
	return "", nil
}

// setAside lets the next try get past a variable that has been reported.
func setAside(name string, problem error) error {
	if errors.Is(problem, errRequired) {
		return os.Setenv(name, "")
	}
	return os.Unsetenv(name)
}

// dropEmpty makes a variable that is set to nothing one that is not set: the
// templates of container tools often leave them so.
func dropEmpty() {
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, prefix+"_") && strings.TrimSpace(value) == "" {
			_ = os.Unsetenv(name) // fails only for names that cannot be set
		}
	}
}

// unknown lists variables with our prefix that nothing reads: typing errors.
func unknown() []string {
	known := map[string]bool{}
	for _, v := range variables() {
		known[v.Name] = true
	}
	for _, name := range secrets() {
		known[name+fileSuffix] = true
	}
	var out []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, prefix+"_") && !strings.HasPrefix(name, prefix+"_TEST_") && !known[name] {
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
