package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/vishvananda/netlink"
)

// inner is the box's first process: it furnishes the box, then keeps its programs running.
func inner(spec *Spec) error {
	io.Copy(io.Discard, os.NewFile(3, "start")) // until the outer process has laid the cable
	syscall.CloseOnExec(3)
	if err := syscall.Sethostname([]byte(spec.Hostname)); err != nil {
		return err
	}
	if err := makeRoot(spec); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	if err := network(spec); err != nil {
		return fmt.Errorf("network: %w", err)
	}
	return supervise(spec)
}

func network(spec *Spec) error {
	if err := address("lo", "127.0.0.1/8"); err != nil {
		return err
	}
	if err := address("eth0", spec.Address); err != nil {
		return err
	}
	gateway, _, err := net.ParseCIDR(spec.HostAddress)
	if err != nil {
		return err
	}
	if err := netlink.RouteReplace(&netlink.Route{Gw: gateway}); err != nil {
		return err
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0) // this network namespace's own
}
