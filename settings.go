package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// loadSettings fills the flags of a command: those given win over SKYLOG_…
// variables, those over the settings file, and that over the defaults. What the
// command has no flag for is an error, wherever it stands.
func loadSettings(c *cobra.Command, file string) error {
	k := koanf.New("/") // no flag has a slash in its name, so that names stay whole
	if file == "" {
		if _, err := os.Stat("skylog.yaml"); err == nil {
			file = "skylog.yaml"
		}
	}
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := k.Load(rawbytes.Provider(data), yamlParser{}); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	named := func(key, value string) (string, any) {
		return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(key, "SKYLOG_")), "_", "-"), value
	}
	if err := k.Load(env.Provider("/", env.Opt{Prefix: "SKYLOG_", TransformFunc: named}), nil); err != nil {
		return err
	}
	for _, key := range k.Keys() {
		if c.Flags().Lookup(key) == nil {
			return fmt.Errorf("unknown setting %q", key)
		}
	}
	if err := k.Load(posflag.Provider(c.Flags(), "/", k), nil); err != nil {
		return err
	}
	var failed error
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || !k.Exists(f.Name) || failed != nil {
			return
		}
		if err := f.Value.Set(settingText(k, f.Name)); err != nil {
			failed = fmt.Errorf("setting %s: %w", f.Name, err)
		}
	})
	return failed
}

// settingText is a setting as a flag takes it: a list's members with commas between.
func settingText(k *koanf.Koanf, name string) string {
	list := reflect.ValueOf(k.Get(name))
	if list.Kind() != reflect.Slice {
		return k.String(name)
	}
	members := make([]string, list.Len())
	for i := range members {
		members[i] = fmt.Sprint(list.Index(i).Interface())
	}
	return strings.Join(members, ",")
}

type yamlParser struct{}

func (yamlParser) Unmarshal(data []byte) (map[string]any, error) {
	settings := map[string]any{}
	err := yaml.Unmarshal(data, &settings)
	return settings, err
}

func (yamlParser) Marshal(settings map[string]any) ([]byte, error) { return yaml.Marshal(settings) }
