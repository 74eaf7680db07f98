package gateway

import (
	"errors"

	"galaxy/backend/platform/secret"
)

// minSecret is the shortest secret accepted, in bytes: 128 bits as hexadecimal
// text have 32, as base64 22.
const minSecret = 16

// Config is the section BACKEND_GATEWAY_*.
type Config struct {
	Secret         secret.Secret `split_words:"true" desc:"shared secret that the gateway sends (none: every caller is believed)"`
	SecretPrevious secret.Secret `split_words:"true" desc:"the secret before, still accepted while gateways change over"`
}

// Validate names every variable that does not fit, never its value.
func (c Config) Validate() error {
	var errs []error
	if c.SecretPrevious.IsSet() && !c.Secret.IsSet() {
		errs = append(errs, errors.New("BACKEND_GATEWAY_SECRET_PREVIOUS needs BACKEND_GATEWAY_SECRET"))
	}
	if s := c.Secret; s.IsSet() && len(s.Reveal()) < minSecret {
		errs = append(errs, errors.New("BACKEND_GATEWAY_SECRET is shorter than 16 bytes"))
	}
	if s := c.SecretPrevious; s.IsSet() && len(s.Reveal()) < minSecret {
		errs = append(errs, errors.New("BACKEND_GATEWAY_SECRET_PREVIOUS is shorter than 16 bytes"))
	}
	return errors.Join(errs...)
}

// TLSConfig is the section BACKEND_TLS_*: three PEM files. Cert and Key turn
// TLS on; ClientCA lets the gateway prove itself by a certificate.
type TLSConfig struct {
	Cert     string `split_words:"true" desc:"PEM certificate of the listeners"`
	Key      string `split_words:"true" desc:"PEM key of the certificate"`
	ClientCA string `split_words:"true" desc:"PEM certificates that a gateway certificate must be signed by"`
}

// Validate names every variable that does not fit.
func (c TLSConfig) Validate() error {
	var errs []error
	if (c.Cert == "") != (c.Key == "") {
		errs = append(errs, errors.New("BACKEND_TLS_CERT and BACKEND_TLS_KEY need each other"))
	}
	if c.ClientCA != "" && c.Cert == "" {
		errs = append(errs, errors.New("BACKEND_TLS_CLIENT_CA needs BACKEND_TLS_CERT"))
	}
	return errors.Join(errs...)
}
