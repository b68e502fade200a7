#pragma once

#include <string>
#include <string_view>

#include "sim/isa/program.h"
#include "sim/isa/text_names.h"

namespace npusim::isa {

/// Writes fields as text: the Io of text_fields.h for const values.
class TextWriter {
 public:
  explicit TextWriter(ProgramNames names) : names_(std::move(names)) {}

  std::string take() { return std::move(out_); }
  /// Raw text, for example the margin of a line.
  void raw(std::string_view text) { out_ += text; }
  void endLine() { out_ += '\n'; }

  void key(std::string_view word);
  bool optional(std::string_view word, bool present);
  void flag(std::string_view word, bool value) { optional(word, value); }
  void version(int number) { value(number); }

  void value(std::int64_t number);
  void value(std::int32_t number) { value(std::int64_t{number}); }
  void value(std::uint32_t number) { value(std::int64_t{number}); }
  void value(bool yes) { key(yes ? "yes" : "no"); }
  void value(float number);
  void value(const std::string& text);
  void value(DataType type) { key(name(type)); }
  void value(ReduceOp op) { key(name(op)); }
  void value(OperatorWork::Kind kind);
  void value(WeightFormat format) { key(name(format)); }
  void value(const Shape& shape);
  void value(const Extent& extent);
  void value(const std::vector<Extent>& extents);
  void value(const std::array<Extent, 3>& extents);

  void access(const Access& access, const DimensionNames& dims);
  void storage(StorageId id) { key(names_.storages.reference(id)); }
  void layer(std::int32_t id) { key(names_.layers.reference(id)); }
  void semaphores(const std::vector<SemaphoreId>& ids);
  void loops(const std::vector<int>& depths);
  void steps(const std::vector<VectorStep>& steps);

  template <class Item, class Fields>
  void each(std::string_view word, const std::vector<Item>& items, const Fields& fields) {
    for (const Item& item : items) {
      key(word);
      fields(item);
    }
  }
  template <class T>
  const T& engaged(const std::optional<T>& value) {
    return *value;
  }
  void declareStorage(const std::string&) {}
  void declareSemaphore(const std::string&) {}
  void declareLayer(const std::string&) {}

 private:
  ProgramNames names_;
  std::string out_;
};

}  // namespace npusim::isa
