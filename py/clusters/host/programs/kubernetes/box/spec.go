package main

import (
	"encoding/json"
	"os"
)

// Spec says what is in the box. Paths of programs are those inside; the others are the machine's.
type Spec struct {
	Hostname    string    `json:"hostname"`
	Folder      string    `json:"folder"`       // holds root/ (empty), lib/ (becomes /var/lib) and log/ (becomes /var/log)
	Bin         string    `json:"bin"`          // becomes /opt/kubernetes
	Lifeline    string    `json:"lifeline"`     // a FIFO: the box ends if its writer goes before it said "done"
	Cgroups     []string  `json:"cgroups"`      // folders that the box's processes join
	Interface   string    `json:"interface"`    // the machine's end of the box's network
	HostAddress string    `json:"host_address"` // with prefix length
	Address     string    `json:"address"`      // with prefix length
	Proxy       string    `json:"proxy"`        // where the machine listens for those in the box who want out
	Environment []string  `json:"environment"`
	Programs    []Program `json:"programs"`
}

// Program starts when all of After answer: tcp://HOST:PORT, unix://PATH or https://… (status 200).
type Program struct {
	Name  string   `json:"name"`
	Argv  []string `json:"argv"`
	Env   []string `json:"env"` // beyond the box's
	After []string `json:"after"`
	Once  bool     `json:"once"` // is to end with status 0; the others are started again when they end
}

func readSpec(path string) (*Spec, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	spec := new(Spec)
	return spec, json.Unmarshal(text, spec)
}
