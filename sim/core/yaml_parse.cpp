#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "sim/core/yaml_tree.h"

namespace npusim {
namespace {

constexpr int kDeepest = 16;
constexpr int kMostNodes = 100'000;
constexpr std::size_t kMostBytes = std::size_t{4} << 20;

/// Turns yaml-cpp's nodes into ours.
class Converter {
 public:
  explicit Converter(std::string file) : file_(std::move(file)) {}

  YamlNode convert(const YAML::Node& in, const SourceLocation& parent, const std::string& path) {
    YamlNode node;
    node.where = in.IsNull() ? parent : locate(in.Mark(), parent);
    ++depth_;
    if (depth_ > kDeepest || ++nodes_ > kMostNodes) {
      throw BadInput(node.where, "nested too deep or too large, a file needs a few levels");
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
      node.children.push_back(convert(item, node.where, pathBelow(path, node.children.size())));
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
  }

  void addChild(const YAML::Node& key, const YAML::Node& value, YamlNode& node,
                const std::string& path) {
    const std::string childPath = pathBelow(path, key.Scalar());
    const SourceLocation keyWhere = locate(key.Mark(), node.where);
    if (const YamlNode* first = node.find(key.Scalar())) {
      failAt(keyWhere, childPath,
             fmt::format("given twice (first on line {}), keep one", first->keyWhere.line));
    }
    YamlNode child = convert(value, keyWhere, childPath);
    child.key = key.Scalar();
    child.keyWhere = keyWhere;
    node.children.push_back(std::move(child));
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
    throw BadInput({fileName}, "larger than 4 MiB, must be a file that a person wrote");
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
