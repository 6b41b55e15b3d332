package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// What the box sees of the machine's file system, read-only. The rest is the box's own: a pod that mounts the node's "/"
// finds no home folders, and nothing that a program writes outlives the box except below /var/lib and /var/log.
var seen = []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "nix", "gnu"}

// Settings of the whole machine that kubelet changes; in the box it changes copies.
var copied = []string{
	"kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxbytes", "kernel/keys/root_maxkeys",
	"vm/overcommit_memory", "vm/panic_on_oom",
}

type mount struct {
	source, target, kind string
	flags                uintptr
	data                 string
}

// makeRoot builds the box's file system on Folder/root and makes it "/".
func makeRoot(spec *Spec) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	resolv, _ := os.ReadFile("/etc/resolv.conf") // may be a link into /run, which the box does not see
	root := filepath.Join(spec.Folder, "root")
	mounts := []mount{{"tmpfs", "", "tmpfs", 0, "mode=755"}}
	for _, name := range seen {
		info, err := os.Lstat("/" + name)
		if err != nil || info.Mode()&os.ModeSymlink != 0 {
			continue
		}
		mounts = append(mounts, mount{"/" + name, name, "", syscall.MS_BIND | syscall.MS_REC, ""},
			mount{"", name, "", syscall.MS_BIND | syscall.MS_REMOUNT | syscall.MS_RDONLY, ""})
	}
	scratch := filepath.Join(root, "run/.etc")
	mounts = append(mounts,
		mount{"proc", "proc", "proc", 0, ""},
		mount{"sysfs", "sys", "sysfs", 0, ""},
		mount{"/sys/fs/cgroup", "sys/fs/cgroup", "", syscall.MS_BIND | syscall.MS_REC, ""},
		mount{"/dev", "dev", "", syscall.MS_BIND | syscall.MS_REC, ""},
		mount{"tmpfs", "run", "tmpfs", 0, "mode=755"},
		mount{"tmpfs", "tmp", "tmpfs", 0, "mode=1777"},
		mount{"overlay", "etc", "overlay", 0, fmt.Sprintf("lowerdir=/etc,upperdir=%s/upper,workdir=%s/work", scratch, scratch)},
		mount{filepath.Join(spec.Folder, "lib"), "var/lib", "", syscall.MS_BIND, ""},
		mount{filepath.Join(spec.Folder, "log"), "var/log", "", syscall.MS_BIND, ""},
		mount{spec.Bin, "opt/kubernetes", "", syscall.MS_BIND, ""},
		mount{"", "opt/kubernetes", "", syscall.MS_BIND | syscall.MS_REMOUNT | syscall.MS_RDONLY, ""})
	for _, m := range mounts {
		target := filepath.Join(root, m.target)
		if m.kind == "overlay" {
			os.MkdirAll(scratch+"/upper", 0o755)
			os.MkdirAll(scratch+"/work", 0o755)
		}
		if err := os.MkdirAll(target, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(m.source, target, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mount %s on /%s: %w", m.source, m.target, err)
		}
	}
	if err := links(root); err != nil {
		return err
	}
	if err := enter(root); err != nil {
		return err
	}
	if err := copySettings(); err != nil {
		return err
	}
	return names(spec, resolv)
}

// links repeats the top folders that are links, such as /bin -> usr/bin.
func links(root string) error {
	for _, name := range seen {
		if to, err := os.Readlink("/" + name); err == nil {
			if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
				return err
			}
		}
	}
	return os.Symlink("../run", filepath.Join(root, "var/run"))
}

// enter makes root the root and lets go of the machine's.
func enter(root string) error {
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := syscall.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := syscall.Unmount(".", syscall.MNT_DETACH); err != nil {
		return err
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	// Volumes with mount propagation (Bidirectional) need a shared root.
	return syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, "")
}

func copySettings() error {
	for _, name := range copied {
		setting, stand := "/proc/sys/"+name, "/run/.sysctl/"+name
		text, err := os.ReadFile(setting)
		if err != nil {
			continue // this kernel does not have it
		}
		if err := os.MkdirAll(filepath.Dir(stand), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(stand, text, 0o644); err != nil {
			return err
		}
		if err := syscall.Mount(stand, setting, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("cover %s: %w", setting, err)
		}
	}
	return nil
}

// names writes the files of /etc that say who and where this node is.
func names(spec *Spec, resolv []byte) error {
	at, _, _ := strings.Cut(spec.Address, "/")
	for path, text := range map[string]string{
		"/etc/hosts":       fmt.Sprintf("127.0.0.1 localhost\n%s %s\n", at, spec.Hostname),
		"/etc/hostname":    spec.Hostname + "\n",
		"/etc/resolv.conf": string(resolv),
	} {
		os.Remove(path)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
