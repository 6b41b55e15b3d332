package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	pause = time.Second // before a program that ended is started again
	tries = 5           // a program that ended so often takes the box with it
)

type supervisor struct {
	spec    *Spec
	lock    sync.Mutex
	running map[int]int // process to index of program
	ended   []int       // per program: how often
}

// supervise starts the programs, reaps every process that ends in the box, and returns when a program is past help.
func supervise(spec *Spec) error {
	s := &supervisor{spec: spec, running: map[int]int{}, ended: make([]int, len(spec.Programs))}
	failed := make(chan error, len(spec.Programs)+1)
	answering := watchAll(spec.Programs)
	for i := range spec.Programs {
		go func() {
			for _, what := range spec.Programs[i].After {
				<-answering[what]
			}
			if err := s.start(i); err != nil {
				failed <- err
			}
		}()
	}
	go func() { failed <- s.reap() }()
	return <-failed
}

func (s *supervisor) start(i int) error {
	program := s.spec.Programs[i]
	path, err := exec.LookPath(program.Argv[0])
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join("/var/log", program.Name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer null.Close()
	s.lock.Lock() // until the process is in the table, reap must not look for it
	defer s.lock.Unlock()
	pid, err := syscall.ForkExec(path, program.Argv, &syscall.ProcAttr{
		Dir: "/", Env: append(slices.Clone(s.spec.Environment), program.Env...), Files: []uintptr{null.Fd(), file.Fd(), file.Fd()},
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return fmt.Errorf("%s: %w", program.Name, err)
	}
	log.Printf("%s started", program.Name)
	s.running[pid] = i
	return nil
}

func (s *supervisor) reap() error {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.ECHILD {
			time.Sleep(poll)
			continue
		} else if err != nil {
			continue
		}
		s.lock.Lock()
		i, known := s.running[pid]
		delete(s.running, pid)
		s.lock.Unlock()
		if !known {
			continue
		}
		program := s.spec.Programs[i]
		log.Printf("%s ended: status %d, signal %d", program.Name, status.ExitStatus(), status.Signal())
		if program.Once && status.ExitStatus() == 0 {
			continue
		}
		if s.ended[i]++; s.ended[i] == tries {
			return fmt.Errorf("%s ended %d times", program.Name, tries)
		}
		time.AfterFunc(pause, func() {
			if err := s.start(i); err != nil {
				log.Print(err)
			}
		})
	}
}
