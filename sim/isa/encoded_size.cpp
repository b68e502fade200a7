#include "sim/isa/encoded_size.h"

#include "sim/isa/text_fields.h"

namespace npusim::isa {
namespace {

constexpr std::int64_t kReference = 2, kNumber = 4, kAddress = 8;

/// Adds up bytes: an Io of text_fields.h for const values.
class SizeCounter {
 public:
  std::int64_t bytes() const { return bytes_; }

  void key(std::string_view) {}
  bool optional(std::string_view, bool present) { return present; }
  void flag(std::string_view, bool set) { add(set ? kReference : 0); }

  template <class Number>
  requires std::is_arithmetic_v<Number>
  void value(Number) { add(kNumber); }
  void value(ReduceOp) { add(kReference); }
  void value(const Extent& extent) {
    add(kNumber);
    if (!extent.terms.empty()) add(kNumber + terms(extent.terms));
  }
  void value(const std::vector<Extent>& extents) {
    for (const Extent& extent : extents) value(extent);
  }
  void value(const std::array<Extent, 3>& extents) {
    for (const Extent& extent : extents) value(extent);
  }

  void access(const Access& access, const DimensionNames&) {
    add(2 * kReference);  // storage and type
    sum(access.address, access.strides);
    for (const Bound& bound : access.bounds) {
      sum(bound.origin, bound.strides);
      add(kNumber);
    }
  }
  void semaphores(const std::vector<SemaphoreId>& ids) { add(kReference * std::ssize(ids)); }
  void loops(const std::vector<int>& depths) { add(kReference * std::ssize(depths)); }
  void steps(const std::vector<VectorStep>& steps) {
    for (const VectorStep& step : steps) {
      add(kReference + (step.operand >= 0 ? kReference : kNumber));
      if (step.beta != 0) add(kNumber);
    }
  }

  template <class Item, class Fields>
  void each(std::string_view, const std::vector<Item>& items, const Fields& fields) {
    for (const Item& item : items) fields(item);
  }
  template <class T>
  const T& engaged(const std::optional<T>& value) {
    return *value;
  }

  void add(std::int64_t bytes) { bytes_ += bytes; }

 private:
  static std::int64_t terms(const std::vector<LoopTerm>& terms) {
    std::int64_t bytes = 0;
    for (const LoopTerm& term : terms) {
      bytes += kReference + kNumber + (term.modulo > 0 ? kNumber : 0);
    }
    return bytes;
  }
  void sum(const Affine& affine, const std::vector<std::int64_t>& strides) {
    add(kAddress + terms(affine.terms));
    for (const std::int64_t stride : strides) add(stride != 0 ? kNumber : 0);
  }

  std::int64_t bytes_ = 0;
};

}  // namespace

std::int64_t encodedBytes(const Program& program) {
  SizeCounter counter;
  for (const std::vector<Instruction>& queue : program.queues) {
    for (const Instruction& instruction : queue) {
      counter.add(2 * kReference);  // opcode and layer
      text::instructionFields(counter, instruction);
    }
  }
  return counter.bytes();
}

}  // namespace npusim::isa
