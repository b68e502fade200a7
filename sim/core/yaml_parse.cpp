#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/parser.h>
#include <yaml-cpp/yaml.h>

#include <sstream>

#include "sim/core/yaml_tree.h"

namespace npusim {
namespace {

constexpr int kDeepest = 16;
constexpr int kMostNodes = 100'000;
constexpr std::size_t kMostBytes = std::size_t{4} << 20;

/// Follows yaml-cpp's parser over a text and keeps nothing: yaml-cpp 0.7 builds empty documents
/// without end where a value begins with ',', so documents are counted before any is built.
class Documents : public YAML::EventHandler {
 public:
  explicit Documents(const std::string& file) : file_(file) {}

  int count() const { return count_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (count_++ > 0 && mark.pos == last_) {
      failAt({file_, mark.line + 1, mark.column + 1}, "",
             "not valid YAML (no value can begin here), mend the line here or the one before");
    }
    last_ = mark.pos;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  const std::string& file_;
  int count_ = 0;
  int last_ = -1;
};

int documentsIn(const std::string& text, const std::string& file) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Documents documents(file);
  while (parser.HandleNextDocument(documents)) {
  }
  return documents.count();
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
    const int documents = documentsIn(text, file);
    if (documents == 1) return YAML::Load(text);
    const std::string count =
        documents == 0 ? "is empty" : fmt::format("holds {} YAML documents", documents);
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
