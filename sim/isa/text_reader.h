#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "sim/isa/program.h"
#include "sim/isa/text_lexer.h"
#include "sim/isa/text_names.h"

namespace npusim::isa {

/// Reads fields from text: the Io of text_fields.h for fresh values. Every function throws
/// BadInput "file:line:column: found X, expected Y" at the first token that does not fit.
class TextReader {
 public:
  TextReader(std::string_view text, const std::string& fileName) : lexer_(text, fileName) {}

  TextLexer& lexer() { return lexer_; }
  void endLine();

  void key(std::string_view word);
  bool optional(std::string_view word, bool present = false);
  void flag(std::string_view word, bool& value) { value = optional(word); }
  void version(int number);

  void value(std::int64_t& number) { number = integer(); }
  void value(std::int32_t& number);
  void value(std::uint32_t& number);
  void value(bool& yes);
  void value(float& number);
  void value(std::string& text);
  void value(DataType& type);
  void value(ReduceOp& op);
  void value(OperatorWork::Kind& kind);
  void value(WeightFormat& format);
  void value(Shape& shape);
  void value(Extent& extent);
  void value(std::vector<Extent>& extents);
  void value(std::array<Extent, 3>& extents);

  void access(Access& access, const DimensionNames& dims);
  void storage(StorageId& id) { id = reference(names_.storages, "storage"); }
  void layer(std::int32_t& id) { id = reference(names_.layers, "layer"); }
  void semaphores(std::vector<SemaphoreId>& ids);
  void loops(std::vector<int>& depths);
  void steps(std::vector<VectorStep>& steps);

  template <class Item, class Fields>
  void each(std::string_view word, std::vector<Item>& items, const Fields& fields) {
    while (optional(word)) fields(items.emplace_back());
  }
  template <class T>
  T& engaged(std::optional<T>& value) {
    return value.emplace();
  }
  void declareStorage(const std::string& name) { names_.storages.add(name); }
  void declareSemaphore(const std::string& name) { names_.semaphores.add(name); }
  void declareLayer(const std::string& name) { names_.layers.add(name); }

  /// The next word, which is an entry of `words`: its index.
  std::size_t oneOf(std::span<const std::string_view> words, std::string_view what);

 private:
  std::int64_t integer();
  std::int64_t integerIn(std::int64_t low, std::int64_t high);
  std::int64_t magnitude(bool negative);
  std::int32_t reference(const NameTable& names, std::string_view kind);
  int loopDepth(char letter);
  void sum(Affine& affine, std::vector<std::int64_t>& strides, const DimensionNames& dims);
  void term(bool negative, Affine& affine, std::vector<std::int64_t>& strides,
            const DimensionNames& dims);
  void variable(std::int64_t factor, Affine& affine, std::vector<std::int64_t>& strides,
                const DimensionNames& dims);
  void step(VectorStep& step);
  bool argument(VectorStep& step);
  template <class Read>
  void list(const Read& read) {
    do read();
    while (optional(","));
  }

  TextLexer lexer_;
  ProgramNames names_;
};

}  // namespace npusim::isa
