package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"vigie/api/client"
)

func (p *program) userCmd() *cobra.Command {
	cmd := group("user", "Add, list and disable the accounts of people", "", p.userAddCmd(), p.userListCmd(), p.userDisableCmd())
	p.linkTo(cmd)
	return cmd
}

func (p *program) userAddCmd() *cobra.Command {
	var role, post string
	cmd := &cobra.Command{
		Use: "add LOGIN", Short: "Create an account with a one-time password",
		Long:    "The password is drawn here and shown once. It must be changed at the first sign-in.",
		Example: "  vigie user add a.diop --role officer --post rosso",
		Args:    usage(cobra.ExactArgs(1), "a login"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--role", role, roles); err != nil {
				return err
			}
			c, err := p.dial()
			if err != nil {
				return err
			}
			password, err := oneTimePassword()
			if err != nil {
				return err
			}
			u, err := answer[client.UserWritten](c.CreateUser(cmd.Context(), &client.CreateUserParams{IdempotencyKey: freshKey()}, client.UserCreate{
				Login: args[0], Password: password, Role: client.Role(role), Post: post, MustChange: true,
			}))
			if err != nil {
				return err
			}
			return p.emit(struct {
				*client.UserWritten
				Password string `json:"one_time_password"`
			}{u, password}, func(w io.Writer) {
				row(w, "login", u.User.Login)
				row(w, "role", u.User.Role)
				row(w, "one-time password", password)
			})
		},
	}
	cmd.Flags().StringVar(&role, "role", "officer", "officer, supervisor, administrator, partner or auditor")
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(roles, cobra.ShellCompDirectiveNoFileComp))
	cmd.Flags().StringVar(&post, "post", "", "border post of the officer")
	return cmd
}

func (p *program) userListCmd() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the accounts", Args: usage(cobra.NoArgs, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.dial()
			if err != nil {
				return err
			}
			list, err := answer[client.UserList](c.ListUsers(cmd.Context(), &client.ListUsersParams{}))
			if err != nil {
				return err
			}
			return p.emit(list, func(w io.Writer) {
				row(w, "LOGIN", "ROLE", "POST", "DISABLED", "CREATED", "ID")
				for _, u := range list.Items {
					row(w, u.Login, u.Role, dash(u.Post), u.Disabled, showDate(u.CreatedAt), u.Id)
				}
			})
		},
	}
}

func (p *program) userDisableCmd() *cobra.Command {
	return &cobra.Command{
		Use: "disable LOGIN", Short: "Disable an account and end its sessions", Args: usage(cobra.ExactArgs(1), "a login"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.dial()
			if err != nil {
				return err
			}
			list, err := answer[client.UserList](c.ListUsers(cmd.Context(), &client.ListUsersParams{}))
			if err != nil {
				return err
			}
			for _, u := range list.Items {
				if u.Login != args[0] {
					continue
				}
				if _, err := answer[client.UserWritten](c.UpdateUserWithApplicationMergePatchPlusJSONBody(cmd.Context(), u.Id,
					&client.UpdateUserParams{IdempotencyKey: freshKey()}, client.UserPatch{Disabled: true})); err != nil {
					return err
				}
				return p.say("%s can't sign in any more.", args[0])
			}
			return withHint(fmt.Errorf("there is no account %q", args[0]), "'vigie user list' shows them.")
		},
	}
}
