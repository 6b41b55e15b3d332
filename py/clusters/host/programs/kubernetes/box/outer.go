package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"github.com/vishvananda/netlink"
)

// outer makes the box and returns when it has ended.
func outer(spec *Spec, path string) error {
	runtime.LockOSThread() // the death signal below is tied to the thread that starts the child
	lifeline, err := os.OpenFile(spec.Lifeline, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	for _, folder := range spec.Cgroups {
		if err := os.WriteFile(filepath.Join(folder, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0); err != nil {
			return err
		}
	}
	ready, start, err := os.Pipe()
	if err != nil {
		return err
	}
	child := exec.Command("/proc/self/exe", "inner", path)
	child.Args[0] = "box"
	child.Stdin, child.Stdout, child.Stderr = nil, os.Stdout, os.Stderr
	child.Env = spec.Environment
	child.ExtraFiles = []*os.File{ready}
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	if err := child.Start(); err != nil {
		return err
	}
	ready.Close()
	go hold(lifeline)
	if err := connect(spec, child.Process.Pid); err != nil {
		return fmt.Errorf("network %s: %w", spec.Interface, err)
	}
	if err := serveProxy(spec); err != nil {
		return err
	}
	start.Close() // the inner process goes on
	if child.Wait() != nil {
		os.Exit(1) // the inner process said why
	}
	return nil
}

// hold ends the box when its creator went away without a word.
func hold(lifeline *os.File) {
	said, err := io.ReadAll(lifeline)
	if err != nil || !bytes.Contains(said, []byte("done")) {
		log.Fatalf("the creator of this box is gone (%v)", err)
	}
}

// connect lays a cable from the machine to the box; it goes away with the box.
func connect(spec *Spec, pid int) error {
	link := netlink.NewLinkAttrs()
	link.Name = spec.Interface
	cable := &netlink.Veth{LinkAttrs: link, PeerName: "eth0", PeerNamespace: netlink.NsPid(pid)}
	if err := netlink.LinkAdd(cable); err != nil {
		return err
	}
	return address(spec.Interface, spec.HostAddress)
}

func address(name, cidr string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	at, err := netlink.ParseAddr(cidr)
	if err != nil {
		return err
	}
	if err := netlink.AddrReplace(link, at); err != nil {
		return err
	}
	return netlink.LinkSetUp(link)
}
