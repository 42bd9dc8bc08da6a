package config

import (
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// finding is one broken rule, by the dotted path of its key.
type finding struct{ path, detail string }

var (
	countryRE = regexp.MustCompile(`^[A-Z]{3}$`)
	digestRE  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	nameRE    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
)

// check applies every rule to a resolved configuration.
func (c *Config) check() []finding {
	var out []finding
	add := func(bad bool, path, detail string) {
		if bad {
			out = append(out, finding{path, detail})
		}
	}
	add(!nameRE.MatchString(c.Node.Name), "node.name", "use 1 to 63 letters, digits, dots or dashes, such as dakar-1")
	add(len(c.Node.Post) > 100, "node.post", "at most 100 bytes")
	add(c.Node.DataDir == "", "node.data_dir", "name the folder for the node's data, such as /var/lib/vigie")
	add(c.Node.ClusterKeyFile == c.Node.NodeKeyFile, "node.node_key_file", "the node key and the cluster key need a file each")
	add(c.Node.StopGrace.Std() < 0 || c.Node.StopGrace.Std() > 10*time.Minute, "node.stop_grace", "use 0s to 10m")
	add(c.Node.MaxClockJump.Std() < time.Hour, "node.max_clock_jump", "use 1h or more; 9600h is 400 days")
	add(!countryRE.MatchString(c.Origin.Country), "origin.country", "give the ISO 3166-1 alpha-3 code of the country that owns the entries, such as SEN")
	add(strings.TrimSpace(c.Origin.Authority) == "" || len(c.Origin.Authority) > 200, "origin.authority", "name the authority that owns the entries, at most 200 bytes")
	add(!slices.Contains([]string{"lan", "regional", "satellite"}, c.Link.Profile), "link.profile", "use lan, regional or satellite")
	out = append(out, c.checkAddresses()...)
	if s := c.Faces.Second; s.On() {
		add(c.Faces.Engine == "off", "faces.second.recipe", "a second encoder needs faces.engine on")
		add(s.Dir == "", "faces.second.dir", "name the folder of the recipe's model file")
		add(s.LibrarySHA256 != "" && !digestRE.MatchString(s.LibrarySHA256), "faces.second.library_sha256", "give 64 small hexadecimal digits, or nothing for the known build")
	}
	add(c.Faces.Engine != "on" && c.Faces.Engine != "off", "faces.engine", "use on or off")
	add(c.Faces.Workers < 0 || c.Faces.Workers > 64, "faces.workers", "use 0 (one per core) to 64")
	add(c.Faces.MaxQueue < 1 || c.Faces.MaxQueue > 10000, "faces.max_queue", "use 1 to 10000")
	add(c.Faces.MaxBytes < 64<<10 || c.Faces.MaxBytes > 64<<20, "faces.max_bytes", "use 65536 (64 KiB) to 67108864 (64 MiB)")
	add(c.Faces.MaxPixels < 1_000_000 || c.Faces.MaxPixels > 200_000_000, "faces.max_pixels", "use 1000000 to 200000000")
	add(!(c.Match.TargetFPIR >= 1e-6 && c.Match.TargetFPIR <= 0.5), "match.target_fpir", "use 0.000001 to 0.5")
	add(!(c.Match.BaseRate >= 1e-9 && c.Match.BaseRate <= 0.5), "match.base_rate", "use 0.000000001 to 0.5")
	add(!(c.Match.Travellers >= 1 && c.Match.Travellers <= 1e9), "match.travellers_per_day", "use 1 to 1000000000")
	add(!slices.Contains([]string{"auto", "avx512vnni", "avx2", "portable"}, c.Match.Kernel), "match.kernel", "use auto, avx512vnni, avx2 or portable")
	add(c.Match.MaxWaiting < 1 || c.Match.MaxWaiting > 10_000, "match.max_waiting", "use 1 to 10000")
	add(c.Match.History < 1 || c.Match.History > 100_000_000, "match.history", "use 1 to 100000000")
	add(!slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level), "log.level", "use debug, info, warn or error")
	add(c.Log.Format != "json" && c.Log.Format != "text", "log.format", "use json or text")
	return out
}

func (c *Config) checkAddresses() []finding {
	var out []finding
	for _, a := range []struct {
		path, addr string
		optional   bool
	}{{"listen.api", c.Listen.API, false}, {"listen.cluster", c.Listen.Cluster, false}, {"listen.metrics", c.Listen.Metrics, true}} {
		if _, ok := port(a.addr); !ok && !(a.optional && a.addr == "") {
			out = append(out, finding{a.path, "use ADDRESS:PORT, such as 127.0.0.1:8443"})
		}
	}
	for _, a := range []struct{ path, addr string }{{"advertise.api", c.Advertise.API}, {"advertise.cluster", c.Advertise.Cluster}} {
		host, ok := port(a.addr)
		switch ip := net.ParseIP(host); {
		case !ok:
			out = append(out, finding{a.path, "use HOST:PORT as the other nodes reach it"})
		case host == "" || ip != nil && ip.IsUnspecified():
			out = append(out, finding{a.path, "the node listens on all addresses: say HOST:PORT under which others reach it"})
		}
	}
	if c.Listen.API == c.Listen.Cluster && c.Listen.API != "" && !strings.HasSuffix(c.Listen.API, ":0") {
		out = append(out, finding{"listen.cluster", "the API and the cluster need an address each"})
	}
	for _, h := range c.Advertise.Hosts {
		if h == "" || strings.ContainsAny(h, "/: \t") && net.ParseIP(h) == nil {
			out = append(out, finding{"advertise.hosts", "list host names or IP addresses, without port or scheme"})
		}
	}
	return out
}

// port splits HOST:PORT; ok tells that the port is a number from 0 to 65535.
func port(addr string) (host string, ok bool) {
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return "", false
	}
	n, err := strconv.Atoi(p)
	return host, err == nil && n >= 0 && n <= 65535
}
