#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace npusim::modules {

/// A VCD file (IEEE 1364-2005, clause 18) as far as SystemC writes it.
class Vcd {
 public:
  struct Variable {
    std::string type;  ///< wire or real
    int bits = 0;
    std::map<std::int64_t, std::string> changes;  ///< by time
  };

  explicit Vcd(const std::string& file) {
    std::ifstream stream(file);
    if (!stream) throw std::runtime_error("cannot read " + file);
    std::string word;
    while (stream >> word && word != "$enddefinitions") readDeclaration(word, stream);
    expectEnd(stream);
    while (stream >> word) readChange(word, stream);
  }

  const std::string& timescale() const { return timescale_; }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, id] : ids_) all.push_back(name);
    return all;
  }
  const Variable& at(const std::string& name) const { return variables_.at(ids_.at(name)); }

  /// The value from the last change not after `time`, as a whole number of the variable's width.
  std::int64_t wholeAt(const std::string& name, std::int64_t time) const {
    const Variable& variable = at(name);
    const std::string& text = std::prev(variable.changes.upper_bound(time))->second;
    const std::uint64_t bits = std::stoull(text, nullptr, 2);
    const bool negative = variable.bits > 1 && (bits >> (variable.bits - 1) & 1) == 1;
    return static_cast<std::int64_t>(bits) - (negative ? std::int64_t{1} << variable.bits : 0);
  }
  double realAt(const std::string& name, std::int64_t time) const {
    return std::stod(std::prev(at(name).changes.upper_bound(time))->second);
  }

 private:
  static std::string untilEnd(std::istream& stream) {
    std::string text, word;
    while (stream >> word && word != "$end") text += (text.empty() ? "" : " ") + word;
    return text;
  }
  static void expectEnd(std::istream& stream) {
    if (!untilEnd(stream).empty()) throw std::runtime_error("$end is missing");
  }

  void readDeclaration(const std::string& word, std::istream& stream) {
    if (word == "$upscope") {
      scope_.pop_back();
      return expectEnd(stream);
    }
    const std::string text = untilEnd(stream);
    std::istringstream words(text);
    std::string kind, name;
    if (word == "$timescale") {
      timescale_ = text;
    } else if (word == "$scope") {
      words >> kind >> name;
      scope_.push_back(name);
    } else if (word == "$var") {
      Variable variable;
      std::string id;
      words >> variable.type >> variable.bits >> id >> name;
      std::string path;
      for (std::size_t i = 1; i < scope_.size(); ++i) path += scope_[i] + ".";
      ids_[path + name] = id;
      if (!variables_.emplace(id, variable).second) throw std::runtime_error(id + " twice");
    } else if (word != "$date" && word != "$version" && word != "$comment") {
      throw std::runtime_error("unexpected " + word);
    }
  }

  /// 0ID, 1ID, bVALUE ID, rVALUE ID or #TIME.
  void readChange(const std::string& word, std::istream& stream) {
    if (word == "$comment") {
      untilEnd(stream);
    } else if (word[0] == '#') {
      time_ = std::stoll(word.substr(1));
    } else if (word[0] == '0' || word[0] == '1') {
      variables_.at(word.substr(1)).changes[time_] = word.substr(0, 1);
    } else if (word[0] == 'b' || word[0] == 'r') {
      std::string id;
      stream >> id;
      variables_.at(id).changes[time_] = word.substr(1);
    } else if (word != "$dumpvars" && word != "$end") {
      throw std::runtime_error("unexpected " + word);
    }
  }

  std::string timescale_;
  std::vector<std::string> scope_;
  std::map<std::string, std::string> ids_;
  std::map<std::string, Variable> variables_;
  std::int64_t time_ = 0;
};

}  // namespace npusim::modules
