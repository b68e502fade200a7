#include "sim/config/config_files.h"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "sim/config/load_config.h"
#include "sim/config/yaml_notes.h"
#include "sim/core/embedded.h"
#include "sim/core/suggest.h"

namespace npusim {
namespace {

YamlNode readPreset(const std::string& kind, const std::string& name, const SourceLocation& from) {
  const std::string path = fmt::format("configs/{}/{}.yaml", kind, name);
  if (const auto text = embeddedFile(path)) return parseNotedYaml(std::string(*text), path);
  const std::vector<std::string> presets = presetNames(kind);
  failAt(from, "",
         fmt::format("'{}' is no preset of {}{}, must be {}, or a file ending in "
                     ".yaml",
                     name, kind, didYouMean(name, presets), joinedChoices(presets)));
}

std::string fileContents(const std::filesystem::path& path, const SourceLocation& from) {
  const auto refuse = [&](const std::string& why) {
    failAt(from, "",
           fmt::format("cannot read '{}' ({}), give a readable YAML file", path.string(), why));
  };
  if (std::filesystem::is_directory(path)) refuse("it is a directory");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(std::generic_category().message(errno));
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

bool isPresetName(const std::string& text) {
  return text.find('/') == std::string::npos && !text.ends_with(".yaml") && !text.ends_with(".yml");
}

std::string pathBeside(const std::string& file, const SourceLocation& from) {
  const std::filesystem::path path = file;
  if (from.line == 0 || path.is_absolute()) return file;
  return (std::filesystem::path(from.file).parent_path() / path).string();
}

YamlNode readConfigFile(const std::string& kind, const std::string& fileOrName,
                        const SourceLocation& from) {
  if (isPresetName(fileOrName)) return readPreset(kind, fileOrName, from);
  const std::string path = pathBeside(fileOrName, from);
  return parseNotedYaml(fileContents(path, from), path);
}

std::vector<std::string> presetNames(const std::string& kind) {
  const std::string folder = fmt::format("configs/{}/", kind);
  std::vector<std::string> names;
  for (const std::string& path : embeddedFiles(folder)) {
    names.push_back(std::filesystem::path(path).stem().string());
  }
  return names;
}

}  // namespace npusim
