package city

import (
	"path/filepath"
	"regexp"
	"time"
)

// Settings are what configs/hotline.yaml says, with defaults filled in and the
// environment laid over it. Every path is ready to use; every secret is the
// path of a file that holds it.
type Settings struct {
	Directories Directories
	Asterisk    Asterisk
	Redis       Redis
	SQL         SQL
	HTTP        HTTP
	Routing     Routing
	Profiles    Profiles
	Recording   Recording
	Voice       Voice
	SIP         SIP
	Outside     Outside
	Guard       Guard
	Trunk       Trunk
	Gate        Gate
	Duty        Duty
	Limits      Limits
	Log         Log
	Budgets     Budgets
	Languages   []string // the first is spoken where nothing else is asked for
	AreaCode    string   // of the city, with its 0: numbers are compared without it
}

// Directories are folders that hold state.
type Directories struct {
	Var     string // all that the programs write
	Journal string // finished calls on their way to SQL
}

// Asterisk says which Asterisk, and who we are there.
type Asterisk struct {
	URL          string // base of its HTTP server; ARI is at /ari
	User         string // the ARI user that may push the controller's own
	PasswordFile string
	App          string // Stasis application the dialplan hands calls to
	Name         string // systemname; part of every call's id
	Media        string // address the telephones' sound is bound to; "" all
	Music        string // class of music on hold
	// Others are further Asterisks, each at the URL of its HTTP server; they know the
	// same user, password and application.
	Others []Peer
}

// Peer is another Asterisk, by its systemname.
type Peer struct{ Name, At string }

// Redis says where the board is.
type Redis struct {
	Address      string   // host:port, or the path of a socket; unused with Sentinels
	Sentinels    []string // host:port of those who know which Redis is the master
	Master       string   // the name they watch it under
	PasswordFile string   // "" without password
	Database     int
	Prefix       string
	Timeout      time.Duration // of every step
}

// SQL says where the books are.
type SQL struct {
	DSN          string // path of an SQLite file, or postgres://… without password
	PasswordFile string // of PostgreSQL; "" none
}

// HTTP says where the API listens, and who may read the figures.
type HTTP struct {
	Listen  string
	Metrics string // loopback, token or open
}

// Routing holds the rules of routing.Rules, and the reasons an agent can give
// for a pause.
type Routing struct {
	Ring     time.Duration // how long a telephone rings
	WrapUp   time.Duration // after a talk
	Rest     time.Duration // after an offer that was declined or not answered
	Misses   int           // so many in a row pause the agent
	Ageing   time.Duration // what one level of priority is worth in waiting time
	Lifetime time.Duration // how long a cancelled leg may take to be gone
	Pauses   []Pause
}

// Pause is a reason for a pause.
type Pause struct{ Key, Name string }

// Recording says whether and how talks are recorded.
type Recording struct {
	On             bool
	Folder         string
	Days           int   // kept so long; 0: for ever
	MinFreeBytes   int64 // below either, recording stops with an alarm
	MinFreePercent int
	Notice         string // key of the prompt that must be heard before
}

// Voice says who speaks the prompts.
type Voice struct {
	Speaker  string   // espeak, http, tones or none
	Program  string   // espeak
	Speed    int      // espeak, words a minute
	Yao      bool     // 1 is 幺 in rows of three digits or more
	Recorded []string // folders of recorded prompts, an earlier one wins
	Cache    string   // folder of finished sounds; "" the site's own
	Keep     time.Duration
	HTTP     VoiceHTTP
	Syllable time.Duration // tones
}

// VoiceHTTP is a speech service (voice.RemoteOptions).
type VoiceHTTP struct {
	URL, Form, Model, Name, Version, TokenFile string
	Timeout                                    time.Duration
}

// SIP says where Asterisk listens (site.Options).
type SIP struct {
	Listen            string // IPv4 address of SIP and sound
	Port              int    // 0: 5060 or the next free one
	RTPFirst, RTPLast int    // 0: a free block
	// Others are further Asterisks, each at host:port of its SIP: telephones that are
	// registered there are called through them.
	Others []Peer
	TLS    SIPTLS
	WSS    SIPWSS
	SRTP   string // of telephones: off, offered or required
}

// SIPTLS is SIP over TLS. Files are in PEM.
type SIPTLS struct {
	Certificate, Key string // "" none: no TLS
	CA               string // checks whom we call; "" nobody is checked
	Port             int    // 0: 5061 or the next free one
}

// SIPWSS is SIP over secure websockets, for browsers, with the same certificate.
type SIPWSS struct {
	On   bool
	Port int // 0: 8089 or the next free one
}

// Outside are the numbers that telephones may call through the trunk, as
// asteriskconfig.Outside writes them; none by default.
type Outside struct {
	Phones []string // all telephones
	Duty   []string // only those of duty.phones
}

// Guard says when an address is shut out that guesses passwords (guard.Options).
type Guard struct {
	Log      string // Asterisk's security.log
	Attempts int    // so many wrong ones; 0: nobody is shut out or counted
	Within   time.Duration
	For      time.Duration
	Spared   []string // addresses and networks that never are
}

// Trunk is the line to the public network (site.Options).
type Trunk struct {
	Match   []string // addresses that are the trunk
	Contact string   // where it is called; "" there is no way out
	Over    string   // how: udp, tcp or tls
	SRTP    bool     // its sound is encrypted
	DTMF    string   // rfc4733, info, inband, auto or auto_info
}

// Gate is a proxy before Asterisk that refuses whom the machine cannot take
// (site.Gate).
type Gate struct {
	Listen     string        // host:port for the trunk's new calls; "" there is none
	Rate       int           // calls a second that are taken, at the most; 0: any number
	RetryAfter time.Duration // what who is refused is told to wait
	Metrics    string        // URL of its figures; "" those of the site's own gate
	Program    string        // Kamailio; "" the unpacked one, or one in PATH
}

// Duty says which telephones ring when no controller serves.
type Duty struct {
	Phones []string
	Hold   time.Duration // callers are held so long before
	Retry  time.Duration // and a controller is tried so often
}

// Limits say when callers are not taken, and when the controller is stuck.
type Limits struct {
	Calls  int           // in progress at once; 0: what the ports for sound and the memory allow
	Answer time.Duration // Asterisk's time to answer, over which new callers are refused
	Tell   int           // so many refused callers at once are told so in words; 0: none
	Stuck  time.Duration // a part of the controller may be silent so long
}

// Log says how much is logged, and how.
type Log struct{ Level, Format string }

// Budgets are the bounds that hotline check proves (domain.md §3).
type Budgets struct {
	Greeting time.Duration // greeting with notice
	Notice   time.Duration
	Level    time.Duration // one level of the menu
	Person   time.Duration // within this, a person was offered
	Silence  time.Duration // after a menu, then a person
	Choices  int           // spoken on one level
	Levels   int
	Keys     int // to any hotline
}

// table is the list of all settings with their defaults and bounds: the one
// place that knows them. configs/hotline.yaml documents them, and a test holds
// the two together.
func (s *Settings) table(dir string) []setting {
	inVar := func(p string) string { return from(s.Directories.Var, p) }
	inDir := func(p string) string { return from(dir, p) }
	asIs := func(p string) string { return p }
	const year = 365 * 24 * time.Hour
	return []setting{
		path("directories.var", &s.Directories.Var, "var", asIs),
		path("directories.journal", &s.Directories.Journal, "journal", inVar),

		webURL("asterisk.url", &s.Asterisk.URL, "http://127.0.0.1:8088"),
		name("asterisk.user", &s.Asterisk.User, "boot"),
		path("asterisk.password_file", &s.Asterisk.PasswordFile, "secrets/ari-boot", inVar),
		name("asterisk.app", &s.Asterisk.App, "hotline"),
		name("asterisk.name", &s.Asterisk.Name, "a1"),
		text("asterisk.media", &s.Asterisk.Media, ""),
		name("asterisk.music", &s.Asterisk.Music, "hotline"),
		peers("asterisk.others", &s.Asterisk.Others, otherForm, "write each as name=address, such as [a2=http://192.0.2.2:8088]"),

		text("redis.address", &s.Redis.Address, "127.0.0.1:6379"),
		hostPorts("redis.sentinels", &s.Redis.Sentinels, nil),
		matching("redis.master", &s.Redis.Master, "", `|[A-Za-z0-9._-]{1,100}`, "write the name that the Sentinels watch the master under, such as hotline, or leave it empty"),
		path("redis.password_file", &s.Redis.PasswordFile, "secrets/redis", inVar),
		count("redis.database", &s.Redis.Database, 0, 0, 15),
		name("redis.prefix", &s.Redis.Prefix, "hl"),
		duration("redis.timeout", &s.Redis.Timeout, 200*time.Millisecond, 10*time.Millisecond, 300*time.Millisecond),

		dsn("sql.dsn", &s.SQL.DSN, "hotline.db", inVar),
		path("sql.password_file", &s.SQL.PasswordFile, "", inVar),

		address("http.listen", &s.HTTP.Listen, "127.0.0.1:12345"),
		oneOf("http.metrics", &s.HTTP.Metrics, "loopback", "token", "open"),

		duration("routing.ring", &s.Routing.Ring, 20*time.Second, time.Second, 5*time.Minute),
		duration("routing.wrap_up", &s.Routing.WrapUp, 30*time.Second, 0, time.Hour),
		duration("routing.rest", &s.Routing.Rest, 5*time.Second, 0, 10*time.Minute),
		count("routing.misses", &s.Routing.Misses, 3, 1, 100),
		duration("routing.ageing", &s.Routing.Ageing, time.Minute, time.Second, time.Hour),
		duration("routing.lifetime", &s.Routing.Lifetime, 2*time.Second, 100*time.Millisecond, time.Minute),

		name("profiles.default", &s.Profiles.Default, "menu"),

		yesNo("recording.on", &s.Recording.On, true),
		path("recording.folder", &s.Recording.Folder, "recordings", inVar),
		count("recording.days", &s.Recording.Days, 180, 0, 36500),
		size("recording.min_free", &s.Recording.MinFreeBytes, "2GB"),
		count("recording.min_free_percent", &s.Recording.MinFreePercent, 5, 0, 90),
		text("recording.notice", &s.Recording.Notice, "notice.recording"),

		oneOf("voice.speaker", &s.Voice.Speaker, "espeak", "http", "tones", "none"),
		text("voice.program", &s.Voice.Program, "espeak-ng"),
		count("voice.speed", &s.Voice.Speed, 210, 80, 450),
		yesNo("voice.yao", &s.Voice.Yao, true),
		paths("voice.recorded", &s.Voice.Recorded, []string{"prompts/recorded"}, inDir),
		path("voice.cache", &s.Voice.Cache, "", inVar),
		duration("voice.keep", &s.Voice.Keep, 30*24*time.Hour, 24*time.Hour, 10*year),
		webURL("voice.http.url", &s.Voice.HTTP.URL, ""),
		oneOf("voice.http.form", &s.Voice.HTTP.Form, "openai", "text"),
		text("voice.http.model", &s.Voice.HTTP.Model, ""),
		text("voice.http.voice", &s.Voice.HTTP.Name, ""),
		text("voice.http.version", &s.Voice.HTTP.Version, ""),
		path("voice.http.token_file", &s.Voice.HTTP.TokenFile, "", inVar),
		duration("voice.http.timeout", &s.Voice.HTTP.Timeout, 30*time.Second, time.Second, 10*time.Minute),
		duration("voice.tones.syllable", &s.Voice.Syllable, 50*time.Millisecond, 10*time.Millisecond, time.Second),

		peers("sip.others", &s.SIP.Others, peerForm, "write each as name=host:port, such as [a2=192.0.2.2:5060]"),
		ipv4("sip.listen", &s.SIP.Listen, "127.0.0.1"),
		count("sip.port", &s.SIP.Port, 0, 0, 65535),
		count("sip.rtp_first", &s.SIP.RTPFirst, 0, 0, 65535),
		count("sip.rtp_last", &s.SIP.RTPLast, 0, 0, 65535),

		path("sip.tls.certificate", &s.SIP.TLS.Certificate, "", inVar),
		path("sip.tls.key", &s.SIP.TLS.Key, "", inVar),
		path("sip.tls.ca", &s.SIP.TLS.CA, "", inVar),
		count("sip.tls.port", &s.SIP.TLS.Port, 0, 0, 65535),
		yesNo("sip.wss.on", &s.SIP.WSS.On, false),
		count("sip.wss.port", &s.SIP.WSS.Port, 0, 0, 65535),
		oneOf("sip.srtp", &s.SIP.SRTP, "off", "offered", "required"),

		outside("outside.phones", &s.Outside.Phones, nil),
		outside("outside.duty", &s.Outside.Duty, nil),

		path("guard.log", &s.Guard.Log, "asterisk/logs/security.log", inVar),
		count("guard.attempts", &s.Guard.Attempts, 10, 0, 10000),
		duration("guard.within", &s.Guard.Within, time.Minute, time.Second, 24*time.Hour),
		duration("guard.for", &s.Guard.For, 10*time.Minute, time.Second, 30*24*time.Hour),
		addresses("guard.spared", &s.Guard.Spared, nil),

		addresses("trunk.match", &s.Trunk.Match, []string{"127.0.0.2"}),
		sipURI("trunk.contact", &s.Trunk.Contact, ""),
		oneOf("trunk.over", &s.Trunk.Over, "udp", "tcp", "tls"),
		yesNo("trunk.srtp", &s.Trunk.SRTP, false),
		oneOf("trunk.dtmf", &s.Trunk.DTMF, "rfc4733", "info", "inband", "auto", "auto_info"),

		ownPort("gate.listen", &s.Gate.Listen, "192.0.2.1:5070"),
		count("gate.rate", &s.Gate.Rate, 0, 0, 10000),
		seconds("gate.retry_after", &s.Gate.RetryAfter, 10*time.Second, time.Second, time.Hour),
		webURL("gate.metrics", &s.Gate.Metrics, ""),
		text("gate.program", &s.Gate.Program, ""),

		extensions("duty.phones", &s.Duty.Phones, nil),
		seconds("duty.hold", &s.Duty.Hold, time.Minute, time.Second, time.Hour),
		seconds("duty.retry", &s.Duty.Retry, 3*time.Second, time.Second, time.Minute),

		count("limits.calls", &s.Limits.Calls, 0, 0, 100000),
		duration("limits.answer", &s.Limits.Answer, 500*time.Millisecond, 100*time.Millisecond, 10*time.Second),
		count("limits.tell", &s.Limits.Tell, 10, 0, 1000),
		duration("limits.stuck", &s.Limits.Stuck, 5*time.Second, 2*time.Second, time.Minute),

		oneOf("log.level", &s.Log.Level, "info", "debug", "warn", "error"),
		oneOf("log.format", &s.Log.Format, "text", "json"),

		duration("budgets.greeting", &s.Budgets.Greeting, 4*time.Second, time.Second, time.Minute),
		duration("budgets.notice", &s.Budgets.Notice, 1500*time.Millisecond, 500*time.Millisecond, time.Minute),
		duration("budgets.level", &s.Budgets.Level, 12*time.Second, time.Second, time.Minute),
		duration("budgets.person", &s.Budgets.Person, 6*time.Second, time.Second, time.Minute),
		duration("budgets.silence", &s.Budgets.Silence, 4*time.Second, time.Second, time.Minute),
		count("budgets.choices", &s.Budgets.Choices, 7, 2, 12),
		count("budgets.levels", &s.Budgets.Levels, 2, 1, 5),
		count("budgets.keys", &s.Budgets.Keys, 2, 1, 5),

		languages("city.languages", &s.Languages, []string{"zh"}),
		areaCode("city.area_code", &s.AreaCode, "0550"),
	}
}

// otherForm and peerForm are how another Asterisk is written: its systemname, and
// where its HTTP server or its SIP is.
var (
	otherForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.]{0,39}=https?://[^\s/@]+$`)
	peerForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.]{0,39}=[0-9.]{7,15}:[0-9]{1,5}$`)
)

// from gives p as seen from the folder base; an absolute p stays, "" stays.
func from(base, p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(base, p)
}
