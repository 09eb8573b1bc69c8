// What Kubernetes' own libraries make of label selectors, kinds and kubeconfigs: a JSON question a line, an answer a line.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/transport"
)

type question struct {
	Selector   *string           `json:"selector"`
	Labels     map[string]string `json:"labels"`
	Kind       string            `json:"kind"`
	Kubeconfig string            `json:"kubeconfig"`
	Context    string            `json:"context"`
}

type answer struct {
	Error         string `json:"error,omitempty"`
	Selected      bool   `json:"selected,omitempty"`
	Plural        string `json:"plural,omitempty"`
	Server        string `json:"server,omitempty"`
	Authorization string `json:"authorization,omitempty"`
	Authorities   string `json:"authorities,omitempty"`
	Certificate   string `json:"certificate,omitempty"`
	Key           string `json:"key,omitempty"`
	ServerName    string `json:"serverName,omitempty"`
}

func ask(q question) answer {
	if q.Selector != nil {
		selector, err := labels.Parse(*q.Selector)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Selected: selector.Matches(labels.Set(q.Labels))}
	}
	if q.Kind != "" {
		plural, _ := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Kind: q.Kind})
		return answer{Plural: plural.Resource}
	}
	loaded, err := clientcmd.Load([]byte(q.Kubeconfig))
	if err != nil {
		return answer{Error: err.Error()}
	}
	client := clientcmd.NewNonInteractiveClientConfig(*loaded, q.Context, &clientcmd.ConfigOverrides{}, nil)
	config, err := client.ClientConfig()
	if err != nil {
		return answer{Error: err.Error()}
	}
	settings, err := config.TransportConfig()
	if err == nil {
		_, err = transport.New(settings)
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	authorization := ""
	if config.Username != "" {
		authorization = "basic " + config.Username + ":" + config.Password
	}
	if config.BearerToken != "" {
		authorization = "bearer " + config.BearerToken
	}
	return answer{
		Server:        config.Host,
		Authorization: authorization,
		Authorities:   string(config.CAData),
		Certificate:   string(config.CertData),
		Key:           string(config.KeyData),
		ServerName:    config.ServerName,
	}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			panic(err)
		}
		if err := out.Encode(ask(q)); err != nil {
			panic(err)
		}
	}
}
