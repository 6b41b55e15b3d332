package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

const reach = 10 * time.Second // for a connection to the outside

// serveProxy lets those who speak through an HTTP proxy out of the box: containerd, when it pulls images. The machine
// neither forwards packets for that nor gets a firewall rule.
func serveProxy(spec *Spec) error {
	_, cable, err := net.ParseCIDR(spec.HostAddress)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", spec.Proxy)
	if err != nil {
		return err
	}
	proxy := func(answer http.ResponseWriter, request *http.Request) {
		// The machine may answer its neighbours on every address that it has; they are no part of this.
		if from, _, _ := net.SplitHostPort(request.RemoteAddr); cable.Contains(net.ParseIP(from)) {
			forward(answer, request)
		} else {
			answer.WriteHeader(http.StatusForbidden)
		}
	}
	go func() { log.Print(http.Serve(listener, http.HandlerFunc(proxy))) }()
	return nil
}

func forward(answer http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodConnect {
		tunnel(answer, request.Host)
		return
	}
	request.RequestURI = ""
	request.Header.Del("Proxy-Connection")
	reply, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadGateway)
		return
	}
	defer reply.Body.Close()
	for name, values := range reply.Header {
		answer.Header()[name] = values
	}
	answer.WriteHeader(reply.StatusCode)
	io.Copy(answer, reply.Body)
}

func tunnel(answer http.ResponseWriter, host string) {
	there, err := net.DialTimeout("tcp", host, reach)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadGateway)
		return
	}
	defer there.Close()
	here, buffered, err := answer.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{}, 2)
	go func() { io.Copy(there, buffered); closeWrite(there); done <- struct{}{} }()
	go func() { io.Copy(here, there); closeWrite(here); done <- struct{}{} }()
	<-done
	<-done
}

func closeWrite(connection net.Conn) {
	if half, ok := connection.(*net.TCPConn); ok {
		half.CloseWrite()
	}
}
