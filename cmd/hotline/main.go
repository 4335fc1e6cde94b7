// Command hotline is the one program of the hotline: the controller, and what
// its operators and a demo need beside it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	_ "time/tzdata" // Asia/Shanghai, also where the machine has no time zones

	"github.com/spf13/cobra"
)

// version is set by the build (Makefile).
var version = "dev"

func main() {
	if slices.Contains(os.Args, serveWord) {
		if err := thrifty(); err != nil {
			fmt.Fprintln(os.Stderr, "hotline:", err)
			os.Exit(1)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "hotline:", err)
		stop()
		os.Exit(1)
	}
}

// places are the folders every command knows.
type places struct {
	configs string
	state   string
	tools   string
}

func root() *cobra.Command {
	p := &places{}
	cmd := &cobra.Command{
		Use:           "hotline",
		Short:         "A city's one number: answers 12345, queues the caller, joins him with an agent, keeps every call as a ticket",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	f := cmd.PersistentFlags()
	f.StringVar(&p.configs, "configs", "configs", "folder of what the city wrote")
	f.StringVar(&p.state, "var", "var", "folder of all state")
	f.StringVar(&p.tools, "tools", ".tools", "folder of the unpacked tools")
	cmd.AddCommand(runCommand(p), serveCommand(p), checkCommand(p), callCommand(p), agentCommand(p),
		ticketCommand(p), phoneCommand(p), staffCommand(p), userCommand(p), reloadCommand(p), rotateCommand(p), migrateCommand(p))
	return cmd
}
