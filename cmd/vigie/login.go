package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"vigie/api/client"
)

func (p *program) loginCmd() *cobra.Command {
	logout := false
	cmd := &cobra.Command{
		Use: "login [LOGIN]", Short: "Sign in and remember the session in the context file",
		Long:    "Asks for the password (or reads it as one line from standard input) and keeps the\nsession's token in the context file, mode 0600. A one-time password is changed on the\nway. 'vigie login --out' ends the session.",
		Example: "  vigie login a.diop --server https://10.0.0.1:8443 --ca ca.pem",
		Args:    usage(cobra.MaximumNArgs(1), "at most one login"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := p.resolveLink()
			if err != nil {
				return err
			}
			if logout {
				return p.logout(cmd.Context(), f)
			}
			if len(args) == 0 {
				return usagef("vigie login needs a login")
			}
			return p.login(cmd.Context(), f, args[0])
		},
	}
	cmd.Flags().BoolVar(&logout, "out", false, "end the session")
	p.linkTo(cmd)
	return cmd
}

func (p *program) login(ctx context.Context, f linkFile, login string) error {
	lines := bufio.NewReader(p.in)
	password, err := p.secret(lines, "Password: ")
	if err != nil {
		return err
	}
	f.Token, f.Key = "", ""
	s, err := p.signIn(ctx, f, login, password)
	if err != nil {
		return err
	}
	f.Token = s.Token
	if s.User.MustChange {
		fresh, err := p.secret(lines, "This password works once. New password, 12 characters or more: ")
		if err != nil {
			return err
		}
		c, err := newRemote(f, p.link.timeout, 0)
		if err != nil {
			return err
		}
		if _, err := answer[struct{}](c.ChangeMyPassword(ctx, client.PasswordChange{Old: password, New: fresh})); err != nil {
			return err
		}
		f.Token = ""
		if s, err = p.signIn(ctx, f, login, fresh); err != nil {
			return err
		}
		f.Token = s.Token
	}
	if err := writeContext(p.contextPath(), f); err != nil {
		return err
	}
	return p.say("Signed in as %s (%s) until %s.", s.User.Login, s.User.Role, s.ExpiresAt.UTC().Format(dateFormat))
}

func (p *program) signIn(ctx context.Context, f linkFile, login, password string) (*client.Session, error) {
	c, err := newRemote(f, p.link.timeout, 0)
	if err != nil {
		return nil, err
	}
	return answer[client.Session](c.CreateSession(ctx, client.SessionCreate{Login: login, Password: password}))
}

func (p *program) logout(ctx context.Context, f linkFile) error {
	if f.Token == "" {
		return errors.New("there is no session in the context file")
	}
	c, err := newRemote(f, p.link.timeout, 0)
	if err != nil {
		return err
	}
	if _, err := answer[struct{}](c.EndSession(ctx)); err != nil && code(err) != "unauthenticated" {
		return err
	}
	f.Token = ""
	if err := writeContext(p.contextPath(), f); err != nil {
		return err
	}
	return p.say("Signed out.")
}

// secret asks for a secret: without echo on a terminal, else one line of the
// input.
func (p *program) secret(lines *bufio.Reader, prompt string) (string, error) {
	if f, ok := p.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(p.err, prompt)
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(p.err)
		return string(b), err
	}
	s, err := lines.ReadString('\n')
	if s = strings.TrimRight(s, "\r\n"); s == "" {
		return "", fmt.Errorf("no password on standard input: %w", errors.Join(err, errQuietInput))
	}
	return s, nil
}

var errQuietInput = errors.New("give it as one line")
