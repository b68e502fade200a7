#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <array>

#include "sim/config/suggest.h"
#include "sim/config/yaml_tree.h"

namespace npusim {
namespace {

constexpr std::array<std::string_view, 4> kNotes = {"source", "assumed", "scaled", "fitted"};
constexpr int kDeepest = 16;
constexpr int kMostNodes = 100'000;
constexpr std::size_t kMostBytes = std::size_t{4} << 20;

bool isNote(std::string_view key) {
  for (const std::string_view note : kNotes) {
    if (key == note) return true;
  }
  return false;
}

/// Turns yaml-cpp's nodes into ours.
class Converter {
 public:
  explicit Converter(std::string file) : file_(std::move(file)) {}

  YamlNode convert(const YAML::Node& in, const SourceLocation& parent, const std::string& path) {
    YamlNode node;
    node.where = in.IsNull() ? parent : locate(in.Mark(), parent);
    ++depth_;
    if (depth_ > kDeepest || ++nodes_ > kMostNodes) {
      throw BadInput(node.where, "nested too deep or too large, a chip file needs a few levels");
    }
    if (in.IsScalar()) {
      node.kind = YamlNode::Kind::Scalar;
      node.text = in.Scalar();
      node.quoted = in.Tag() == "!";
    } else if (in.IsSequence()) {
      convertList(in, node, path);
    } else if (in.IsMap()) {
      convertMap(in, node, path);
    }
    --depth_;
    return node;
  }

 private:
  SourceLocation locate(const YAML::Mark& mark, const SourceLocation& parent) const {
    if (mark.is_null()) return parent;
    return {file_, mark.line + 1, mark.column + 1};
  }

  void convertList(const YAML::Node& in, YamlNode& node, const std::string& path) {
    node.kind = YamlNode::Kind::List;
    for (const YAML::Node& item : in) {
      const std::string itemPath = fmt::format("{}.{}", path, node.children.size() + 1);
      node.children.push_back(convert(item, node.where, itemPath));
    }
  }

  void convertMap(const YAML::Node& in, YamlNode& node, const std::string& path) {
    node.kind = YamlNode::Kind::Map;
    for (const auto& pair : in) {
      if (!pair.first.IsScalar()) {
        failAt(locate(pair.first.Mark(), node.where), path,
               "a key is not a word, write 'key: value'");
      }
      addChild(pair.first, pair.second, node, path);
    }
    if (node.find("value") != nullptr) unwrapValue(node, path);
  }

  void addChild(const YAML::Node& key, const YAML::Node& value, YamlNode& node,
                const std::string& path) {
    const std::string childPath = path.empty() ? key.Scalar() : path + "." + key.Scalar();
    const SourceLocation keyWhere = locate(key.Mark(), node.where);
    if (const YamlNode* first = node.find(key.Scalar())) {
      failAt(keyWhere, childPath,
             fmt::format("given twice (first on line {}), keep one", first->keyWhere.line));
    }
    YamlNode child = convert(value, keyWhere, childPath);
    child.key = key.Scalar();
    child.keyWhere = keyWhere;
    if (isNote(child.key)) {
      takeNote(child, node, childPath);
    } else {
      node.children.push_back(std::move(child));
    }
  }

  static void takeNote(const YamlNode& note, YamlNode& node, const std::string& path) {
    if (note.kind != YamlNode::Kind::Scalar || note.text.empty()) {
      failAt(note.where, path, "must be a text that says where the figures come from");
    }
    if (!node.note.empty()) {
      failAt(note.keyWhere, path, "a second note, keep one of source, assumed, scaled and fitted");
    }
    node.note = note.text;
  }

  /// {value: X, source: "..."} becomes X with a note.
  static void unwrapValue(YamlNode& node, const std::string& path) {
    for (const YamlNode& child : node.children) {
      if (child.key == "value") continue;
      failAt(child.keyWhere, path + "." + child.key,
             fmt::format("unknown key{}, beside 'value' only source, assumed, scaled or fitted "
                         "may stand",
                         didYouMean(child.key, {kNotes.begin(), kNotes.end()})));
    }
    YamlNode value = std::move(node.children.front());
    if (value.note.empty()) value.note = node.note;
    node = std::move(value);
    node.key.clear();
  }

  std::string file_;
  int depth_ = 0;
  int nodes_ = 0;
};

YAML::Node parseOne(const std::string& text, const std::string& file) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() == 1) return documents.front();
    const std::string count =
        documents.empty() ? "is empty" : fmt::format("holds {} YAML documents", documents.size());
    throw BadInput({file}, count + ", must hold one YAML map of 'key: value' lines");
  } catch (const YAML::Exception& error) {
    const SourceLocation where =
        error.mark.is_null() ? SourceLocation{file}
                             : SourceLocation{file, error.mark.line + 1, error.mark.column + 1};
    failAt(where, "",
           fmt::format("not valid YAML ({}), mend the line here or the one before", error.msg));
  }
}

}  // namespace

YamlNode parseYaml(const std::string& text, const std::string& fileName) {
  if (text.size() > kMostBytes) {
    throw BadInput({fileName}, "larger than 4 MiB, this is no configuration file");
  }
  const YAML::Node document = parseOne(text, fileName);
  if (document.IsNull()) throw BadInput({fileName}, "is empty, must hold 'key: value' lines");
  YamlNode root = Converter(fileName).convert(document, {fileName, 1, 1}, "");
  if (root.kind != YamlNode::Kind::Map) {
    throw BadInput(root.where, "holds no keys, must be a map of 'key: value' lines");
  }
  return root;
}

}  // namespace npusim
