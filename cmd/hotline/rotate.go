package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"hotline"
	"hotline/city"
	"hotline/site"
	"hotline/store"
)

// rotateCommand gives a secret a new value while everything runs.
func rotateCommand(p *places) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "give a password or a token a new value; no call is dropped, and nothing has to be started anew",
	}
	ari := &cobra.Command{
		Use: "ari", Short: "the password of ARI's boot user, in secrets/ari-boot", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return rotateSite(cmd, p, "ari-boot", site.RotateBoot, func(s city.Settings) string { return s.Asterisk.PasswordFile })
		},
	}
	redis := &cobra.Command{
		Use: "redis", Short: "the password of Redis, in secrets/redis", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return rotateSite(cmd, p, "redis", site.RotateRedis, func(s city.Settings) string { return s.Redis.PasswordFile })
		},
	}
	phone := &cobra.Command{
		Use: "phone PHONE", Short: "a telephone's password; the new one is shown once, and the telephone needs it when it registers next",
		Args: exactly("a telephone's name", "8001"),
		RunE: func(cmd *cobra.Command, args []string) error { return rotatePhone(cmd, p, hotline.PhoneID(args[0])) },
	}
	token := &cobra.Command{
		Use: "token USER", Short: "a user's token; the new one is shown once, and all earlier ones end", Args: exactly("a user's name", "chief"),
		RunE: func(cmd *cobra.Command, args []string) error { return rotateToken(cmd, p, args[0]) },
	}
	cmd.AddCommand(ari, redis, phone, token)
	return cmd
}

// rotateSite changes a password of the site that runs here.
func rotateSite(cmd *cobra.Command, p *places, name string, rotate func(context.Context, site.Addresses) error, file func(city.Settings) string) error {
	at, err := site.Read(p.state)
	if errors.Is(err, site.ErrNotRunning) {
		return fmt.Errorf("no hotline runs in %s: delete %s/secrets/%s, and the next start makes a new one", p.state, p.state, name)
	}
	if err != nil {
		return err
	}
	c, err := loadCity(p)
	if err != nil {
		return err
	}
	if used, err := os.Stat(file(c.Settings)); err != nil || !sameFile(used, at.Secrets+"/"+name) {
		return fmt.Errorf("the controller takes its password from %s, not from this site's secrets/%s: change both by hand, as docs/security.md tells", file(c.Settings), name)
	}
	if name == "ari-boot" && len(c.Settings.Asterisk.Others) > 0 {
		return errors.New("asterisk.others names further Asterisks with the same password: change all of them by hand, as docs/security.md tells")
	}
	if err := rotate(cmd.Context(), at); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "secrets/%s has a new password, and the old one is good for nothing\n", name)
	return nil
}

func sameFile(info os.FileInfo, path string) bool {
	other, err := os.Stat(path)
	return err == nil && os.SameFile(info, other)
}

func rotatePhone(cmd *cobra.Command, p *places, id hotline.PhoneID) error {
	password := store.NewPhonePassword()
	if err := withBooks(p, func(ctx context.Context, db *store.Store) error {
		phones, err := db.Phones(ctx)
		if err != nil {
			return err
		}
		for _, ph := range phones {
			if ph.ID == id {
				return db.AddPhone(ctx, id, ph.Display, password)
			}
		}
		return hotline.Errorf(hotline.NotFound, "there is no phone %s: hotline phone list shows all", id)
	})(cmd, nil); err != nil {
		return err
	}
	if err := changeDemo(p, func(d *demo) bool {
		_, is := d.Phones[string(id)]
		if is {
			d.Phones[string(id)] = password
		}
		return is
	}); err != nil {
		return err
	}
	showAccount(cmd.OutOrStdout(), p, string(id), password)
	_, err := poke(p)
	return err
}

func rotateToken(cmd *cobra.Command, p *places, user string) error {
	var token string
	if err := withBooks(p, func(ctx context.Context, db *store.Store) error {
		if _, err := db.RevokeTokens(ctx, user); err != nil {
			return err
		}
		var err error
		token, err = db.NewToken(ctx, user)
		return err
	})(cmd, nil); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), token)
	return changeDemo(p, func(d *demo) bool {
		if user == "demo" {
			d.Token = token
		}
		return user == "demo"
	})
}

// changeDemo keeps the demo accounts' secrets right, where there are any.
func changeDemo(p *places, change func(*demo) bool) error {
	d, err := readDemo(p.state)
	if err != nil || !change(&d) {
		return nil
	}
	return d.write(p.state)
}
