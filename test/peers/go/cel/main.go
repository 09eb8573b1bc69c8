// Answers CEL expressions as the API server's match conditions do, so that this project's answers can be compared.
//
// It reads {"rows": [{"expression", "object"?, "oldObject"?, "request"?}]} and writes what became of each: "error" where
// it does not compile, "failure" where it fails, or "type" and "value", the value as CEL prints it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types/ref"
	"k8s.io/apimachinery/pkg/util/version"
	plugin "k8s.io/apiserver/pkg/admission/plugin/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

type row struct {
	Expression string         `json:"expression"`
	Object     map[string]any `json:"object"`
	OldObject  map[string]any `json:"oldObject"`
	Request    map[string]any `json:"request"`
}

type answer struct {
	Expression string `json:"expression"`
	Type       string `json:"type,omitempty"`
	Value      any    `json:"value,omitempty"`
	Error      string `json:"error,omitempty"`
	Failure    string `json:"failure,omitempty"`
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func newEnv() *cel.Env {
	request := plugin.BuildRequestType()
	namespace := plugin.BuildNamespaceType()
	set, err := environment.MustBaseEnvSet(version.MajorMinor(1, 33), true).Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions: []cel.EnvOption{
			cel.Variable("object", cel.DynType),
			cel.Variable("oldObject", cel.DynType),
			cel.Variable("request", request.CelType()),
		},
		DeclTypes: []*apiservercel.DeclType{namespace, request},
	})
	must(err)
	env, err := set.Env(environment.NewExpressions)
	must(err)
	return env
}

func evaluate(env *cel.Env, r row) answer {
	out := answer{Expression: r.Expression}
	ast, issues := env.Compile(r.Expression)
	if issues != nil && issues.Err() != nil {
		out.Error = strings.SplitN(issues.Err().Error(), "\n", 2)[0]
		return out
	}
	out.Type = ast.OutputType().String()
	program, err := env.Program(ast)
	if err != nil {
		out.Error = err.Error()
		return out
	}
	value, _, err := program.Eval(map[string]any{"object": numbers(r.Object), "oldObject": numbers(r.OldObject), "request": numbers(r.Request)})
	if err != nil {
		out.Failure = err.Error()
		return out
	}
	out.Value = show(value)
	return out
}

func show(value ref.Val) string {
	if converted, err := json.Marshal(value.Value()); err == nil {
		switch value.Type().TypeName() {
		case "bool", "int", "uint", "double", "string":
			return value.Type().TypeName() + " " + string(converted)
		}
	}
	return fmt.Sprintf("%s", value.Type().TypeName())
}

// Whole numbers are integers, as in objects of Kubernetes.
func numbers(value map[string]any) any {
	if value == nil {
		return nil
	}
	return integers(value)
}

func integers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, member := range v {
			v[key] = integers(member)
		}
	case []any:
		for index, member := range v {
			v[index] = integers(member)
		}
	case json.Number:
		if whole, err := v.Int64(); err == nil {
			return whole
		}
		float, err := v.Float64()
		must(err)
		return float
	}
	return value
}

func main() {
	var input struct {
		Rows []row `json:"rows"`
	}
	decoder := json.NewDecoder(os.Stdin)
	decoder.UseNumber()
	must(decoder.Decode(&input))
	env := newEnv()
	answers := make([]answer, 0, len(input.Rows))
	for _, r := range input.Rows {
		answers = append(answers, evaluate(env, r))
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	must(encoder.Encode(map[string]any{"answers": answers}))
}
