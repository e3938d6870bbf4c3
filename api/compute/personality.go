package compute

import (
	"context"
	"encoding/base64"
	"encoding/json"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
)

// personalFile is a file that the guest shall find when it starts.
type personalFile struct {
	Path     string `json:"path" minLength:"1" maxLength:"1024"`
	Contents string `json:"contents" maxLength:"1048576"`
}

// personality decodes what files the guest shall find and seals them with the
// project's key. They are kept to the project's quotas here, since nobody can
// see through the seal later; none of them is used up by other servers.
func (s *Service) personality(ctx context.Context, project string, sent []personalFile) ([]byte, error) {
	if len(sent) == 0 {
		return nil, nil
	}
	quotas := &api.World(ctx).Compute.Quotas
	if most := quotas.Limit(project, "injected_files"); most >= 0 && len(sent) > most {
		return nil, commands.Refuse(commands.OverLimit, "Quota exceeded, too many injected files. Limit: %d.", most)
	}
	paths, bytes := quotas.Limit(project, "injected_file_path_bytes"), quotas.Limit(project, "injected_file_content_bytes")
	files := make([]cmd.InjectedFile, 0, len(sent))
	for _, f := range sent {
		content, err := base64.StdEncoding.DecodeString(f.Contents)
		switch {
		case err != nil:
			return nil, commands.Refuse(commands.Invalid, "Personality content for %s cannot be decoded", f.Path)
		case paths >= 0 && len(f.Path) > paths:
			return nil, commands.Refuse(commands.OverLimit, "Quota exceeded, the path of an injected file is too long. Limit: %d bytes.", paths)
		case bytes >= 0 && len(content) > bytes:
			return nil, commands.Refuse(commands.OverLimit, "Quota exceeded, injected file %s is too large. Limit: %d bytes.", f.Path, bytes)
		}
		files = append(files, cmd.InjectedFile{Path: f.Path, Content: content})
	}
	if s.Seal == nil {
		return nil, commands.Refuse(commands.Invalid, "Injected files are not supported on this cloud.")
	}
	data, err := json.Marshal(files)
	if err != nil {
		return nil, err
	}
	return api.Seal(ctx, s.Seal, project, data)
}
