#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/array/matrix_tile.h"
#include "sim/config/chip_config.h"
#include "sim/memory/storage.h"
#include "tools/problem.h"

namespace npusim::tools {

/// A convolution as one matrix instruction sees it; a plain product has a 1 x m image of k channels
/// and one tap.
struct WindowProduct {
  std::int64_t images = 1, inHeight = 1, inWidth = 1, channels = 1;
  std::int64_t outHeight = 1, outWidth = 1, outputs = 1;
  std::int64_t kernelH = 1, kernelW = 1;
  std::int64_t stride = 1, pad = 0, dilation = 1;
};

/// One group of a convolution of images with outputs [N, K, height, width]: an instruction takes no
/// more.
WindowProduct windowProduct(const ConvProblem& problem, const Shape& output);

/// The instruction, and a storage for each buffer of the chip, as large as it needs: operands lie
/// in the first buffer that holds their kind.
class TracedProduct {
 public:
  TracedProduct(const WindowProduct& product, DataType format,
                const std::vector<BufferConfig>& buffers);
  TracedProduct(const TracedProduct&) = delete;
  TracedProduct& operator=(const TracedProduct&) = delete;

  const MatrixTile& tile() const { return tile_; }
  std::vector<Storage>& storages() { return storages_; }
  /// What lies where the sums belong.
  std::span<const std::byte> sums() const;

  /// Writes whole numbers from -3 to 3 as inputs and weights, from SplitMix64 of the seed: small
  /// enough to follow by hand.
  void fill(std::uint64_t seed);

 private:
  using Strides = std::array<std::int64_t, MatrixTile::kDimensions>;

  /// Where a tensor lies.
  struct Place {
    std::int32_t storage = 0;
    std::int64_t address = 0, bytes = 0;
  };

  void place(const std::vector<BufferConfig>& buffers);
  void fill(const Place& place, std::uint64_t stream);

  Strides a_, b_, c_, down_, across_;
  MatrixTile tile_;
  Place inputs_, weights_, sums_;
  std::vector<Storage> storages_;
};

}  // namespace npusim::tools
