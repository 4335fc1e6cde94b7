package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hotline"
	"hotline/city"
	"hotline/store"
	"hotline/ticket"
)

// shanghai is the zone of the edges; storage is UTC.
func shanghai() *time.Location {
	z, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return time.FixedZone("CST", 8*60*60)
	}
	return z
}

// withBooks opens SQL as the settings say, and closes it afterwards.
func withBooks(p *places, do func(context.Context, *store.Store) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		if err := folderOf(p.state); err != nil {
			return err
		}
		c, err := loadCity(p)
		if err != nil {
			return err
		}
		db, err := openBooks(cmd.Context(), c)
		if err != nil {
			return err
		}
		return errors.Join(do(store.As(cmd.Context(), "command:"+operator()), db), db.Close())
	}
}

func openBooks(ctx context.Context, c *city.City) (*store.Store, error) {
	source, err := c.Settings.SQL.Source()
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, store.Options{DSN: source})
}

// operator is who sits at the keyboard, for the audit.
func operator() string {
	if u := os.Getenv("SUDO_USER"); u != "" {
		return u
	}
	if u := os.Getenv("USER"); u != "" {
		return u
	}
	return fmt.Sprint("uid ", os.Getuid())
}

func ticketCommand(p *places) *cobra.Command {
	cmd := &cobra.Command{Use: "ticket", Short: "look at tickets"}
	var f store.Filter
	var end, hot, agent string
	list := &cobra.Command{
		Use: "list", Short: "the newest tickets, one line each", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.End, f.Hotline, f.Agent = hotline.End(end), hotline.HotlineKey(hot), hotline.AgentID(agent)
			if err := goodFilter(f.Limit, f.End); err != nil {
				return err
			}
			return withBooks(p, func(ctx context.Context, db *store.Store) error {
				ts, err := db.ListTickets(ctx, f)
				if err != nil {
					return err
				}
				return printTickets(cmd.OutOrStdout(), ts)
			})(cmd, args)
		},
	}
	list.Flags().IntVar(&f.Limit, "limit", 20, "how many, 1 to 1000")
	list.Flags().StringVar(&end, "end", "", "only calls that ended so, e.g. answered or abandoned_queue")
	list.Flags().StringVar(&hot, "hotline", "", "only those keyed to this hotline, e.g. zilaishui")
	list.Flags().StringVar(&agent, "agent", "", "only those of this agent")
	show := &cobra.Command{
		Use: "show NUMBER", Short: "one ticket whole", Args: exactly("a ticket's number", "CZ20260105000018"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withBooks(p, func(ctx context.Context, db *store.Store) error {
				t, err := db.Ticket(ctx, hotline.TicketNo(args[0]))
				if err != nil {
					return err
				}
				return printTicket(cmd.OutOrStdout(), t)
			})(cmd, args)
		},
	}
	cmd.AddCommand(list, show)
	return cmd
}

func printTickets(w io.Writer, ts []ticket.Ticket) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TICKET\tARRIVED\tCALLER\tHOTLINE\tKEYED\tAGENT\tEND\tTALK\tPATH")
	for _, x := range ts {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.Number, x.Created.In(shanghai()).Format("01-02 15:04:05"),
			orDash(x.Caller.Number), orDash(string(x.Hotline)), orDash(string(x.Keyed)), orDash(string(x.Agent)), x.End, talk(x), path(x.Path))
	}
	return t.Flush()
}

func talk(x ticket.Ticket) string {
	if x.Joined.IsZero() {
		return "-"
	}
	return x.TalkEnded.Sub(x.Joined).Round(100 * time.Millisecond).String()
}

func path(visits []hotline.Visit) string {
	var b strings.Builder
	for i, v := range visits {
		if i > 0 {
			b.WriteString(" ")
		}
		b.WriteString(v.Step)
		if v.Keys != "" {
			b.WriteString("[" + v.Keys + "]")
		}
	}
	return b.String()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func printTicket(w io.Writer, x ticket.Ticket) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	at := func(m time.Time) string {
		if m.IsZero() {
			return "-"
		}
		return m.In(shanghai()).Format("2006-01-02 15:04:05.000")
	}
	for _, row := range [...][2]string{
		{"ticket", string(x.Number)}, {"query code", x.QueryCode}, {"state", string(x.State)}, {"hotline", orDash(string(x.Hotline))},
		{"keyed by", orDash(string(x.Keyed))}, {"caller", orDash(x.Caller.Number)}, {"dialled", x.Dialled}, {"call", string(x.Call)},
		{"flow", x.Flow}, {"queue", orDash(string(x.Queue))}, {"agent", orDash(string(x.Agent))}, {"phone", orDash(string(x.Phone))},
		{"arrived", at(x.Created)}, {"chosen", at(x.Chosen)}, {"rang", at(x.Rang)}, {"joined", at(x.Joined)}, {"talk ended", at(x.TalkEnded)},
		{"ended", at(x.Ended)}, {"end", string(x.End)}, {"ended by", string(x.EndedBy)}, {"phones rung", fmt.Sprint(x.Offers)},
		{"recording", orDash(x.Recording)}, {"message", orDash(x.Message)}, {"note", orDash(x.Note)},
	} {
		fmt.Fprintf(t, "%s\t%s\n", row[0], row[1])
	}
	for _, g := range x.Gaps {
		fmt.Fprintf(t, "not recorded\t%s to %s\n", at(g.From), at(g.To))
	}
	for _, v := range x.Path {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", at(v.At), v.Step, v.Keys)
	}
	return t.Flush()
}

func phoneCommand(p *places) *cobra.Command {
	cmd := &cobra.Command{Use: "phone", Short: "the telephones' accounts"}
	var display string
	add := &cobra.Command{
		Use: "add PHONE", Short: "make a telephone's account, or give it a new password; the password is shown once",
		Args: exactly("a telephone's name", "8001"),
		RunE: func(cmd *cobra.Command, args []string) error {
			password := store.NewPhonePassword()
			if err := withBooks(p, func(ctx context.Context, db *store.Store) error {
				return db.AddPhone(ctx, hotline.PhoneID(args[0]), display, password)
			})(cmd, args); err != nil {
				return err
			}
			showAccount(cmd.OutOrStdout(), p, args[0], password)
			_, err := poke(p)
			return err
		},
	}
	add.Flags().StringVar(&display, "name", "", "what the telephone is called on screens, e.g. \"desk 1\"")
	list := &cobra.Command{
		Use: "list", Short: "all telephones", Args: cobra.NoArgs,
		RunE: withBooks(p, func(ctx context.Context, db *store.Store) error {
			phones, err := db.Phones(ctx)
			for _, ph := range phones {
				fmt.Printf("%s\t%s\n", ph.ID, ph.Display)
			}
			return err
		}),
	}
	remove := &cobra.Command{
		Use: "remove PHONE", Short: "take an account away", Args: exactly("a telephone's name", "8001"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := withBooks(p, func(ctx context.Context, db *store.Store) error {
				return db.RemovePhone(ctx, hotline.PhoneID(args[0]))
			})(cmd, args); err != nil {
				return err
			}
			_, err := poke(p)
			return err
		},
	}
	cmd.AddCommand(add, list, remove)
	return cmd
}

func staffCommand(p *places) *cobra.Command {
	cmd := &cobra.Command{Use: "staff", Short: "agents (people with a 工号)"}
	var name, skills, pinFile string
	add := &cobra.Command{
		Use: "add AGENT", Short: "add an agent or change one; the PIN is read from a file or from standard input",
		Example: "  hotline staff add 1001 --name 张三 --skills water,city < pin.txt", Args: exactly("a staff number (工号)", "1001"),
		RunE: func(cmd *cobra.Command, args []string) error {
			pin, err := readPIN(cmd.InOrStdin(), pinFile)
			if err != nil {
				return err
			}
			id := hotline.AgentID(args[0])
			return withBooks(p, func(ctx context.Context, db *store.Store) error {
				if err := db.AddAgent(ctx, store.Agent{ID: id, Name: name, Skills: splitSkills(skills), Enabled: true}); err != nil {
					return err
				}
				return db.SetPIN(ctx, id, pin)
			})(cmd, args)
		},
	}
	add.Flags().StringVar(&name, "name", "", "the agent's name")
	add.Flags().StringVar(&skills, "skills", "", "what he can do, with commas: the keys of groups (water,city) and others (english)")
	add.Flags().StringVar(&pinFile, "pin-file", "", "file with the PIN (4 to 12 digits); default: standard input")
	list := &cobra.Command{
		Use: "list", Short: "all agents", Args: cobra.NoArgs,
		RunE: withBooks(p, func(ctx context.Context, db *store.Store) error {
			agents, err := db.Agents(ctx)
			for _, a := range agents {
				fmt.Printf("%s\t%s\t%v\n", a.ID, a.Name, a.Skills)
			}
			return err
		}),
	}
	cmd.AddCommand(add, list)
	return cmd
}

func readPIN(in io.Reader, file string) (string, error) {
	if file != "" {
		b, err := os.ReadFile(file)
		return strings.TrimSpace(string(b)), err
	}
	b, err := io.ReadAll(io.LimitReader(in, 64))
	return strings.TrimSpace(string(b)), err
}

func splitSkills(s string) (skills []hotline.Skill) {
	for _, k := range strings.Split(s, ",") {
		if k = strings.TrimSpace(k); k != "" {
			skills = append(skills, hotline.Skill(k))
		}
	}
	return skills
}

func userCommand(p *places) *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "who uses the API and the pages"}
	var role string
	add := &cobra.Command{
		Use: "add NAME", Short: "add a user or change his role", Args: exactly("a user's name", "chief"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := goodRole(role); err != nil {
				return err
			}
			return withBooks(p, func(ctx context.Context, db *store.Store) error {
				return db.AddUser(ctx, store.User{Name: args[0], Role: role, Enabled: true})
			})(cmd, args)
		},
	}
	add.Flags().StringVar(&role, "role", "viewer", "viewer, supervisor or administrator")
	token := &cobra.Command{
		Use: "token NAME", Short: "make a bearer token for the user; it is shown once", Args: exactly("a user's name", "chief"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withBooks(p, func(ctx context.Context, db *store.Store) error {
				t, err := db.NewToken(ctx, args[0])
				if err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), t)
				return nil
			})(cmd, args)
		},
	}
	list := &cobra.Command{
		Use: "list", Short: "all users", Args: cobra.NoArgs,
		RunE: withBooks(p, func(ctx context.Context, db *store.Store) error {
			users, err := db.Users(ctx)
			for _, u := range users {
				fmt.Printf("%s\t%s\t%v\n", u.Name, u.Role, u.Enabled)
			}
			return err
		}),
	}
	cmd.AddCommand(add, token, list)
	return cmd
}

func migrateCommand(p *places) *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "bring the database's tables up to this program (serve does it too)", Args: cobra.NoArgs,
		RunE: withBooks(p, func(ctx context.Context, db *store.Store) error {
			fmt.Println("the tables are up to date")
			return db.Ping(ctx)
		}),
	}
}

func pidFile(state string) string { return filepath.Join(state, "controller.pid") }
