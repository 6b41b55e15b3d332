// Command box runs programs in namespaces of their own: processes, mounts, network, host name.
//
// The outer process stays on the machine: it makes the box's network interface, starts the inner one and waits.
// The inner process is the box's first (PID 1): when it ends, the kernel ends everything in the box, and it ends with
// the outer one. So the box is one process to whoever started it, and killing that one removes all of it.
package main

import (
	"log"
	"os"
)

func main() {
	log.SetFlags(log.Ltime | log.Lmicroseconds)
	if len(os.Args) != 3 || (os.Args[1] != "outer" && os.Args[1] != "inner") {
		log.Fatal("usage: box outer SPEC.json")
	}
	spec, err := readSpec(os.Args[2])
	if err == nil && os.Args[1] == "outer" {
		err = outer(spec, os.Args[2])
	} else if err == nil {
		err = inner(spec)
	}
	if err != nil {
		log.Fatalf("%s: %v", os.Args[1], err)
	}
}
