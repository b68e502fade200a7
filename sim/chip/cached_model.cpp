#include "sim/chip/cached_model.h"

#include <vector>

#include "sim/array/pe/cached_array.h"
#include "sim/array/tile/tile_array.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

/// What the buffers serve, by storage; with ideal memory any number of accesses.
std::vector<BufferPort> bufferPorts(const ChipConfig& chip) {
  std::vector<BufferPort> ports;
  if (chip.idealMemory) return ports;
  for (const BufferConfig& buffer : chip.buffers) ports.push_back(buffer.port());
  return ports;
}

/// Exact cycles and counters, values by a product of whole tiles: both orders of addition are the
/// same.
class CachedTileArray : public ArrayModel {
 public:
  explicit CachedTileArray(const ChipConfig& chip)
      : pes_(chip.array, bufferPorts(chip)), product_(chip.array) {}

  ArrayCost cost(const MatrixTile& tile) override { return pes_.cost(tile); }
  ZeroWork compute(const MatrixTile& tile, std::vector<Storage>& storages) override {
    return product_.compute(tile, storages);
  }

 private:
  CachedArray pes_;
  TileArray product_;
};

}  // namespace

std::unique_ptr<ArrayModel> makeCachedArray(const ChipConfig& chip, Fidelity fidelity) {
  switch (fidelity) {
    case Fidelity::Tile:
      return std::make_unique<CachedTileArray>(chip);
    case Fidelity::Pe:
      return std::make_unique<CachedArray>(chip.array, bufferPorts(chip));
    case Fidelity::Module:
      throw NotPossible(
          "not supported: dataflow cached at module fidelity; tile and pe step through its PEs");
  }
  throw InternalError("unknown fidelity");
}

}  // namespace npusim
