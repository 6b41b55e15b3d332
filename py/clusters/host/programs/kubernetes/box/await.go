package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"
)

const poll = 20 * time.Millisecond

// watchAll gives, for each address that a program waits for, a channel that is closed when something answers there.
func watchAll(programs []Program) map[string]chan struct{} {
	answering := map[string]chan struct{}{}
	for _, program := range programs {
		for _, address := range program.After {
			if answering[address] == nil {
				answering[address] = make(chan struct{})
				go watch(address, answering[address])
			}
		}
	}
	return answering
}

func watch(address string, answering chan<- struct{}) {
	for !answers(address) {
		time.Sleep(poll)
	}
	close(answering)
}

var client = http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
	TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // only asks whether it is up
}}

func answers(address string) bool {
	at, err := url.Parse(address)
	if err != nil {
		return false
	}
	if at.Scheme == "https" {
		answer, err := client.Get(address)
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}
	connection, err := net.Dial(at.Scheme, at.Host+at.Path)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}
