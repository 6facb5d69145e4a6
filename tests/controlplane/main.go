// Command controlplane is etcd, kube-apiserver or kube-controller-manager, chosen by its first argument.
//
// It is a Kubernetes API for tests and demonstrations on one machine, without containers: three processes of one
// binary, so that each can be killed and started again on its own.
package main

import (
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	kubeapiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kubecontrollermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

// servers maps the first argument to the command that serves it.
var servers = map[string]func() *cobra.Command{
	"etcd":                    newEtcdCommand,
	"kube-apiserver":          kubeapiserver.NewAPIServerCommand,
	"kube-controller-manager": kubecontrollermanager.NewControllerManagerCommand,
}

func main() {
	if len(os.Args) < 2 || servers[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "usage: %s etcd|kube-apiserver|kube-controller-manager [flags]\n", filepath.Base(os.Args[0]))
		os.Exit(2)
	}
	name := os.Args[1]
	os.Args = slices.Delete(os.Args, 1, 2) // the commands read os.Args themselves
	os.Exit(cli.Run(servers[name]()))
}

// newEtcdCommand takes the few flags that a single member needs, as the etcd program itself takes them.
func newEtcdCommand() *cobra.Command {
	config := embed.NewConfig()
	var clientURL, advertiseURL, peerURL string
	command := &cobra.Command{
		Use:          "etcd",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			for _, given := range []struct {
				text string
				into *[]url.URL
			}{
				{clientURL, &config.ListenClientUrls},
				{advertiseURL, &config.AdvertiseClientUrls},
				{peerURL, &config.ListenPeerUrls},
			} {
				parsed, err := url.Parse(given.text)
				if err != nil {
					return err
				}
				*given.into = []url.URL{*parsed}
			}
			return serveEtcd(config)
		},
	}
	flags := command.Flags()
	flags.StringVar(&config.Dir, "data-dir", "", "folder of the data; kept over restarts")
	flags.StringVar(&clientURL, "listen-client-urls", "", "where clients reach it: http://127.0.0.1:PORT")
	flags.StringVar(&advertiseURL, "advertise-client-urls", "", "the same")
	flags.StringVar(&peerURL, "listen-peer-urls", "", "where other members would reach it; port 0 takes a free one")
	flags.BoolVar(&config.UnsafeNoFsync, "unsafe-no-fsync", false, "do not wait for the disk: survives its process, not a power cut")
	flags.StringVar(&config.LogLevel, "log-level", "info", "debug, info, warn, error")
	return command
}

// serveEtcd runs one member until SIGTERM or SIGINT.
func serveEtcd(config *embed.Config) error {
	server, err := embed.StartEtcd(config)
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer server.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-stop:
		return nil
	case err := <-server.Err():
		return fmt.Errorf("etcd: %w", err)
	}
}
