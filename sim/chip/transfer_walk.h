#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/isa/program.h"
#include "sim/memory/access.h"

namespace npusim {

/// Contiguous bytes that a transfer moves.
struct Run {
  std::int64_t source = 0, target = 0, bytes = 0;
  bool fills = false;                 ///< writes the fill pattern instead of source bytes
  std::int64_t patternOffset = 0;     ///< bytes of the pattern's run before this one
  std::optional<std::int64_t> index;  ///< address of the gather index that was read for it
  /// Cores in whose buffers the bytes lie, where the storage is a distributed one: the address is
  /// one of that buffer.
  std::optional<std::int64_t> sourceCore = {}, targetCore = {};
};

/// What a walk has to know of the storages of its transfer.
struct WalkStorages {
  const isa::Distribution* source = nullptr;  ///< null: not a distributed one
  const isa::Distribution* target = nullptr;
  /// The bytes of a gather index; empty with values off (then indices are scattered).
  std::function<const std::byte*(std::int64_t address, std::int64_t bytes)> indices = {};
};

/// Walks the positions of one transfer in order and yields its runs, as long as the layout allows:
/// inner dimensions that continue one another in source and target are one run, which ends where
/// another core's part of a distributed storage begins.
class TransferWalk {
 public:
  /// This and take() throw BadInput naming `layer` for an index outside what it is looked up in.
  void start(const isa::Transfer& transfer, const isa::LoopIndices& loops,
             const WalkStorages& storages, const std::string& layer);

  bool done() const { return left_ == 0; }
  Run next() const;
  /// Goes on behind the first `bytes` of the next run.
  void pass(std::int64_t bytes) {
    left_ -= bytes;
    if (left_ == 0) nextPosition();
  }

  /// Do all runs just move their bytes within a source and a target that are not distributed? Then
  /// the next is `left` bytes from `source` to `target`.
  bool isPlain() const { return plain_; }
  std::int64_t left() const { return left_; }
  std::int64_t source() const { return run_.source + runBytes_ - left_; }
  std::int64_t target() const { return run_.target + runBytes_ - left_; }

  /// The next run, cut to `maxBytes` and passed.
  Run take(std::int64_t maxBytes);

  /// Bytes of all positions, also those outside bounds.
  std::int64_t mostBytes() const { return mostBytes_; }

 private:
  void mergeInnerDimensions();
  bool continues(std::size_t dim) const;
  void nextPosition() {
    if (!plain_ || extents_.empty() || position_.back() + 1 == extents_.back()) {
      seekPosition();
      return;
    }
    ++position_.back();
    run_.source += innerSource_;
    run_.target += innerTarget_;
    left_ = runBytes_;
  }
  void seekPosition();
  bool enterPosition();
  std::int64_t lookUp(std::int64_t address) const;
  std::int64_t readIndex(std::int64_t address) const;

  const isa::Transfer* transfer_ = nullptr;
  WalkStorages storages_;
  const std::string* layer_ = nullptr;
  ResolvedAccess source_, target_, gather_;
  std::int64_t gathered_ = 0;  ///< positions that indices are looked up in
  std::vector<std::int64_t> extents_, position_, sourcePosition_;
  std::int64_t runBytes_ = 0, mostBytes_ = 0;
  Run run_;                ///< the position's run, from its beginning
  std::int64_t left_ = 0;  ///< bytes of it that are still to come
  bool plain_ = false;
  std::int64_t innerSource_ = 0, innerTarget_ = 0;  ///< from one inner position to the next
};

}  // namespace npusim
