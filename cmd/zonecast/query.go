package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"
	"github.com/spf13/cobra"
)

func queryCommand() *cobra.Command {
	var file, server string
	var tcp, short, asJSON bool
	cmd := &cobra.Command{
		Use:   "query NAME [TYPE]",
		Short: "Ask the local proxy a DNS question",
		Long:  "Asks the local proxy as any client would. Exit status: 0 answered, 1 NXDOMAIN or another error answer, 2 no answer.",
		Example: `  zonecast query web.ams1.prod.example
  zonecast query --server 127.0.0.1:5353 --short 10.2.0.192.in-addr.arpa PTR`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := question(args)
			if err != nil {
				return exitCode{2, err}
			}
			if server == "" {
				cfg, _, err := loadConfig(file)
				if err != nil {
					return exitCode{2, err}
				}
				server = cfg.LocalProxy.DNS[0]
			}
			reply, took, err := exchange(cmd.Context(), server, q, tcp)
			if err != nil {
				return exitCode{2, fmt.Errorf("no answer from %s: %w", server, err)}
			}
			if err := printReply(cmd.OutOrStdout(), reply, server, took, short, asJSON); err != nil {
				return err
			}
			if reply.Rcode != dns.RcodeSuccess {
				return exitCode{code: 1}
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", "config file (default "+defaultConfigFile+", if there is one)")
	cmd.Flags().StringVar(&server, "server", "", "address:port to ask (default the config's first DNS address)")
	cmd.Flags().BoolVar(&tcp, "tcp", false, "ask over TCP")
	cmd.Flags().BoolVar(&short, "short", false, "print the data of the answer only")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func question(args []string) (*dns.Msg, error) {
	t := "A"
	if len(args) > 1 {
		t = args[1]
	}
	code, ok := dns.StringToType[strings.ToUpper(t)]
	if !ok {
		return nil, fmt.Errorf("unknown record type %q", t)
	}
	if _, ok := dns.IsDomainName(args[0]); !ok {
		return nil, fmt.Errorf("%q is no domain name", args[0])
	}
	m := new(dns.Msg).SetQuestion(dns.Fqdn(args[0]), code)
	m.RecursionDesired = false
	m.SetEdns0(1232, false)
	return m, nil
}

// exchange asks over UDP, and over TCP when the answer was truncated. Server may lack the port: it is 53 then.
func exchange(ctx context.Context, server string, m *dns.Msg, tcp bool) (*dns.Msg, time.Duration, error) {
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(strings.Trim(server, "[]"), "53")
	}
	c := &dns.Client{Timeout: 3 * time.Second, UDPSize: 1232}
	if tcp {
		c.Net = "tcp"
	}
	reply, took, err := c.ExchangeContext(ctx, m, server)
	if err == nil && reply.Truncated && !tcp {
		return exchange(ctx, server, m, true)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return reply, took, err
}

func printReply(w io.Writer, m *dns.Msg, server string, took time.Duration, short, asJSON bool) error {
	if asJSON {
		return printJSON(w, map[string]any{
			"server": server, "rcode": dns.RcodeToString[m.Rcode], "authoritative": m.Authoritative, "micros": took.Microseconds(),
			"answer": texts(m.Answer), "authority": texts(m.Ns), "additional": texts(m.Extra),
		})
	}
	if short {
		for _, rr := range m.Answer {
			fmt.Fprintln(w, strings.TrimPrefix(rr.String(), rr.Header().String()))
		}
		return nil
	}
	authority := "not authoritative"
	if m.Authoritative {
		authority = "authoritative"
	}
	fmt.Fprintf(w, "; %s, %s, %s, %.1f ms\n", dns.RcodeToString[m.Rcode], authority, server, float64(took.Microseconds())/1000)
	for _, line := range texts(m.Answer) {
		fmt.Fprintln(w, line)
	}
	for _, line := range texts(m.Ns) {
		fmt.Fprintln(w, "; authority:", line)
	}
	for _, line := range texts(m.Extra) {
		fmt.Fprintln(w, "; additional:", line)
	}
	if opt := m.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if ede, ok := o.(*dns.EDNS0_EDE); ok {
				fmt.Fprintln(w, ";", strings.TrimSpace(dns.ExtendedErrorCodeToString[ede.InfoCode]+" "+ede.ExtraText))
			}
		}
	}
	return nil
}

func texts(rrs []dns.RR) []string {
	list := []string{}
	for _, rr := range rrs {
		if rr.Header().Rrtype != dns.TypeOPT {
			list = append(list, strings.ReplaceAll(rr.String(), "\t", " "))
		}
	}
	return list
}
