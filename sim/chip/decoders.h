#pragma once

#include <optional>
#include <vector>

#include "sim/core/weight_code.h"
#include "sim/isa/program.h"

namespace npusim {

/// By storage: what expands it, where it holds encoded weights. Throws BadInput where a program's
/// constants are not what their code says.
using Decoders = std::vector<std::optional<WeightDecoder>>;
Decoders makeDecoders(const isa::Program& program);

/// Which bytes of encoded weights a transfer still has to read, as it goes on through their values.
/// Parameters that it has read it keeps, those of a palette from one transfer to the next.
class EncodedReads {
 public:
  /// Begins a transfer of weights that lie in `storage`. `again`: its palette has to be read even
  /// if it was the last one.
  void start(const WeightDecoder& decoder, isa::StorageId storage, bool again);
  /// No palette has been read.
  void forget() { palette_ = -1; }

  /// Of the next values, [first, end), in bytes of them. Empty where nothing is missing.
  struct Parts {
    WeightDecoder::Bytes codes, parameters;
  };
  Parts next(std::int64_t firstByte, std::int64_t endByte);

 private:
  const WeightDecoder* decoder_ = nullptr;
  WeightDecoder::Bytes known_;  ///< parameters that this transfer has
  isa::StorageId palette_ = -1;
};

}  // namespace npusim
