package docker

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"galaxy/backend/platform/secret"
)

// Config is the section BACKEND_DOCKER_*.
type Config struct {
	Host         string        `default:"unix:///var/run/docker.sock" desc:"Docker daemon endpoint"`
	Network      string        `required:"true" desc:"user-defined Docker bridge network for engines"`
	CertPath     string        `split_words:"true" desc:"directory with ca.pem, cert.pem, key.pem; needed for tcp:// beyond this machine"`
	RegistryAuth secret.Secret `split_words:"true" desc:"registry credentials: host=user:password, comma-separated"`
}

// callTimeout bounds every call that has no longer budget of its own, so that a
// daemon that accepts and never answers blocks nobody for good.
const callTimeout = 30 * time.Second

// Validate reports everything that is wrong, without credentials.
func (c Config) Validate() error {
	var errs []error
	if c.Network == "" {
		errs = append(errs, errors.New("BACKEND_DOCKER_NETWORK is required"))
	} else if c.Network == "host" || c.Network == "bridge" || c.Network == "none" {
		errs = append(errs, errors.New("BACKEND_DOCKER_NETWORK must be a user-defined network"))
	}
	errs = append(errs, c.validateHost())
	if c.CertPath != "" {
		for _, name := range []string{"ca.pem", "cert.pem", "key.pem"} {
			if _, err := os.Stat(filepath.Join(c.CertPath, name)); err != nil {
				errs = append(errs, fmt.Errorf("BACKEND_DOCKER_CERT_PATH: %s cannot be read", name))
			}
		}
	}
	if _, err := c.credentials(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// validateHost refuses a daemon that anybody on the network could command:
// access to it is root on its machine.
func (c Config) validateHost() error {
	u, err := url.Parse(c.Host)
	switch {
	case err != nil || u.Scheme != "unix" && u.Scheme != "tcp" && u.Scheme != "npipe":
		return errors.New("BACKEND_DOCKER_HOST must be unix://… or tcp://…")
	case u.Scheme != "tcp" || c.CertPath != "":
		return nil
	}
	switch u.Hostname() {
	case "localhost", "127.0.0.1", "::1":
		return nil
	}
	// A name without dots is another container: a filtering socket proxy.
	if !strings.ContainsAny(u.Hostname(), ".:") {
		return nil
	}
	return errors.New("BACKEND_DOCKER_HOST over tcp:// needs BACKEND_DOCKER_CERT_PATH")
}

// credentials are the values of the X-Registry-Auth header by registry host. A
// password goes to the registry it was given for and to no other.
func (c Config) credentials() (map[string]string, error) {
	out := map[string]string{}
	if !c.RegistryAuth.IsSet() {
		return out, nil
	}
	for i, entry := range strings.Split(c.RegistryAuth.Reveal(), ",") {
		host, login, ok := strings.Cut(strings.TrimSpace(entry), "=")
		user, password, ok2 := strings.Cut(login, ":")
		if !ok || !ok2 || host == "" || user == "" {
			return nil, fmt.Errorf("BACKEND_DOCKER_REGISTRY_AUTH: entry %d is not host=user:password", i+1)
		}
		header, err := json.Marshal(map[string]string{"username": user, "password": password, "serveraddress": host})
		if err != nil {
			return nil, fmt.Errorf("BACKEND_DOCKER_REGISTRY_AUTH: entry %d: %w", i+1, err)
		}
		out[host] = base64.URLEncoding.EncodeToString(header)
	}
	return out, nil
}
