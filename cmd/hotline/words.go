package main

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hotline"
	"hotline/web"
)

// exactly asks for one argument and says which.
func exactly(what, example string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 && args[0] != "" {
			return nil
		}
		return fmt.Errorf("%s takes one argument, %s, for example: %s %s", cmd.CommandPath(), what, cmd.CommandPath(), example)
	}
}

// goodKeys says what is wrong with keys to press, before anybody is called.
func goodKeys(keys string) error {
	for _, k := range keys {
		if !strings.ContainsRune("0123456789*#ABCD,", k) {
			return fmt.Errorf("--keys: key %q does not exist; press 0-9 * # A-D, or a comma for a second's pause", k)
		}
	}
	return nil
}

// goodDecline says what is wrong with a code to decline with.
func goodDecline(code int) error {
	if !slices.Contains([]int{0, 480, 486, 603}, code) {
		return fmt.Errorf("--decline: a telephone declines with 486 (busy), 480 (away) or 603 (declined), not with %d", code)
	}
	return nil
}

// goodRole says what is wrong with a user's role.
func goodRole(role string) error {
	var names []string
	for _, r := range web.Roles() {
		names = append(names, string(r))
	}
	if !slices.Contains(names, role) {
		return fmt.Errorf("--role: there is no role %q; there are %s", role, strings.Join(names, ", "))
	}
	return nil
}

// mostListed is how many tickets one list holds.
const mostListed = 1000

// goodFilter says what is wrong with what tickets are asked for.
func goodFilter(limit int, end hotline.End) error {
	if limit < 1 || limit > mostListed {
		return fmt.Errorf("--limit: a list has 1 to %d tickets, not %d", mostListed, limit)
	}
	ends := []hotline.End{hotline.EndAnswered, hotline.EndAbandonedGreeting, hotline.EndAbandonedMenu, hotline.EndAbandonedQueue,
		hotline.EndAbandonedRinging, hotline.EndAbandonedMessage, hotline.EndAbandonedFarewell, hotline.EndMessage, hotline.EndSelfService,
		hotline.EndLost, hotline.EndRefused, hotline.EndUnfinishedByServer}
	if end != "" && !slices.Contains(ends, end) {
		var names []string
		for _, e := range ends {
			names = append(names, string(e))
		}
		return fmt.Errorf("--end: no call ends as %q; there are %s", end, strings.Join(names, ", "))
	}
	return nil
}

// folderOf refuses to make books in a folder that nobody made: the name is
// probably a slip.
func folderOf(state string) error {
	switch info, err := os.Stat(state); {
	case os.IsNotExist(err):
		return fmt.Errorf("there is no folder %s; start the hotline with make run, or name its folder with --var", state)
	case err != nil:
		return err
	case !info.IsDir():
		return &fs.PathError{Op: "open", Path: state, Err: fmt.Errorf("it is no folder; name the hotline's folder with --var")}
	}
	return nil
}
