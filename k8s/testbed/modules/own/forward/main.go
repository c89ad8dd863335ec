// Command forward passes TCP connections on: forward LISTEN=TARGET…
//
// The API server listens on loopback only. Pods reach it by addresses that the testbed's bridge has, through this.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
)

func main() {
	failed := make(chan error)
	for _, pair := range os.Args[1:] {
		listen, target, found := strings.Cut(pair, "=")
		if !found {
			fmt.Fprintln(os.Stderr, "forward: not LISTEN=TARGET:", pair)
			os.Exit(2)
		}
		listener, err := net.Listen("tcp", listen)
		if err != nil {
			fmt.Fprintln(os.Stderr, "forward:", err)
			os.Exit(1)
		}
		go func() {
			for {
				client, err := listener.Accept()
				if err != nil {
					failed <- err
					return
				}
				go pass(client.(*net.TCPConn), target)
			}
		}()
	}
	fmt.Fprintln(os.Stderr, "forward:", <-failed)
	os.Exit(1)
}

func pass(client *net.TCPConn, target string) {
	defer client.Close()
	connection, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	server := connection.(*net.TCPConn)
	defer server.Close()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		io.Copy(client, server)
		// One side may be done with sending while the other is not.
		client.CloseWrite()
	}()
	io.Copy(server, client)
	server.CloseWrite()
	<-answered
}
