// Command controlplane is etcd, kube-apiserver or kube-controller-manager, chosen by its first argument.
//
// It is a Kubernetes API for tests and demonstrations on one machine, without containers: three processes of one
// binary, so that each can be killed and started again on its own. Data is not synced to disk.
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

// newEtcdCommand serves the few flags that a single loopback member needs; they are spelt as etcd spells them.
func newEtcdCommand() *cobra.Command {
	var dataDir, clientURL, peerURL string
	command := &cobra.Command{
		Use:           "etcd",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: false,
		RunE: func(*cobra.Command, []string) error {
			return serveEtcd(dataDir, clientURL, peerURL)
		},
	}
	flags := command.Flags()
	flags.StringVar(&dataDir, "data-dir", "", "folder of the data; kept over restarts")
	flags.StringVar(&clientURL, "listen-client-urls", "", "http://127.0.0.1:PORT for the API server")
	flags.StringVar(&peerURL, "listen-peer-urls", "", "http://127.0.0.1:PORT for other members (there are none)")
	for _, name := range []string{"data-dir", "listen-client-urls", "listen-peer-urls"} {
		if err := command.MarkFlagRequired(name); err != nil {
			panic(err) // a flag name above is misspelt
		}
	}
	return command
}

// serveEtcd runs one member until SIGTERM or SIGINT.
func serveEtcd(dataDir, clientURL, peerURL string) error {
	client, err := url.Parse(clientURL)
	if err != nil {
		return fmt.Errorf("--listen-client-urls: %w", err)
	}
	peer, err := url.Parse(peerURL)
	if err != nil {
		return fmt.Errorf("--listen-peer-urls: %w", err)
	}
	config := embed.NewConfig()
	config.Dir = dataDir
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*client}, []url.URL{*client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{*peer}, []url.URL{*peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.UnsafeNoFsync = true // a test survives its process, not a power cut
	config.LogLevel = "warn"

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
