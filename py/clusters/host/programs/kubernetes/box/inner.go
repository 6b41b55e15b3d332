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
	limits()
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

// limits gives the programs, and the containers after them, what a service of the machine would have,
// wherever the box was started from.
func limits() {
	syscall.Umask(0o022)
	const many = 1 << 20
	files := syscall.Rlimit{Cur: many, Max: many}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &files) == nil {
		return
	}
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) == nil { // not allowed to raise the limit: as much as it allows
		files.Cur = files.Max
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &files)
	}
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
