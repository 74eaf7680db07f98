package play

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// mail is a message of the inbox.
type mail struct {
	ID      string   `json:"id"`
	To      []string `json:"to"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
}

// inbox reads the mails that the platform sent.
type inbox struct{ gateway }

// all lists the mails to an address, newest first.
func (i inbox) all(ctx context.Context, to string) ([]mail, error) {
	var list struct {
		Messages []mail `json:"messages"`
	}
	err := i.call(ctx, "GET", "/api/messages?to="+url.QueryEscape(to), nil, &list)
	return list.Messages, err
}

// find waits for a mail to an address whose subject contains some words.
func (i inbox) find(ctx context.Context, to, words string) (mail, error) {
	var found mail
	err := poll(ctx, "a mail to "+to+" about "+words, func() (bool, error) {
		mails, err := i.all(ctx, to)
		for _, m := range mails {
			if strings.Contains(m.Subject, words) {
				found = m
				return true, nil
			}
		}
		return false, err
	})
	return found, err
}

var codePattern = regexp.MustCompile(`[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}`)

// code waits for the sign-in code of an address.
func (i inbox) code(ctx context.Context, to string) (string, error) {
	m, err := i.find(ctx, to, "sign-in code")
	if err != nil {
		return "", err
	}
	code := codePattern.FindString(m.Text)
	if code == "" {
		return "", fmt.Errorf("there is no code in %q", m.Subject)
	}
	return code, nil
}
