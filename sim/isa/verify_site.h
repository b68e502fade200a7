#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "sim/isa/footprint.h"
#include "sim/isa/program.h"

namespace npusim::isa {

/// Largest magnitude of any address, stride, count or distance in a program; keeps all address
/// arithmetic far from overflow.
constexpr std::int64_t kMaxMagnitude = std::int64_t{1} << 48;

/// True when |step| x (count - 1) is at most kMaxMagnitude.
bool reachFits(std::int64_t step, std::int64_t count);

/// An instruction that is being verified, and the loops open around it.
struct Site {
  const Program& program;
  Engine engine;
  std::size_t number;  ///< in its queue, from 0
  const Instruction& instruction;
  LoopCounts loops;

  /// How many cores run the instruction.
  std::int64_t cores() const {
    return instruction.cores.all() ? program.cores : instruction.cores.count;
  }

  /// Throws BadInput: engine, instruction number and layer, then the rule that is broken.
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> rule, Args&&... args) const {
    refuse(fmt::format(rule, std::forward<Args>(args)...));
  }

 private:
  [[noreturn]] void refuse(const std::string& rule) const;
};

/// What the rules allow for one operand of an instruction.
struct AccessRules {
  bool mayBeBounded = false;
  bool onChip = true;
  int gatheredDim = -1;  ///< its positions come from memory: stride rules do not apply
  bool mayBeEncoded = false;
};

/// Rules of a count (at least 1 somewhere, no idle limit) and of the loop terms in it.
void checkExtent(const Site& site, std::string_view what, const Extent& extent);

/// Rules of an operand: storage, loop terms, strides, bounds, and every byte inside the storage;
/// each position touches `run` bytes.
void checkAccess(const Site& site, std::string_view role, const Access& access,
                 const Dimensions& dims, const Extent& run, const AccessRules& rules);

/// Rules of the instruction itself.
void checkTransfer(const Site& site, const Transfer& transfer);
void checkMatrix(const Site& site, const Matrix& matrix);
/// Those of a transfer from encoded weights, if it is one.
void checkDecoded(const Site& site, const Transfer& transfer);
void checkVectorPass(const Site& site, const VectorPass& pass);

/// Rules of storages, semaphores, layers, constants and ports. Throws BadInput.
void checkHeader(const Program& program);

/// Rules of encoded weights: their code, and the constant that they lie in.
void checkEncoded(const Program& program, const Storage& storage);

/// Scale finite and positive, zero point a value of the integer type; empty when so, else the rule.
std::string scalingFault(const Scaling& scaling, DataType type);

/// Values of an integer type, as far as they fit int32.
Interval integerRange(DataType type);

}  // namespace npusim::isa
