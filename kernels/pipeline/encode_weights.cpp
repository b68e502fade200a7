#include "kernels/pipeline/life.h"
#include "kernels/pipeline/passes.h"

namespace npusim::passes {
namespace {

using plan::Block;
using plan::Encoding;

std::span<const std::byte> bytesOf(const std::shared_ptr<const std::vector<std::byte>>& bytes) {
  return bytes ? std::span<const std::byte>(*bytes) : std::span<const std::byte>();
}

/// Encodes a block's contents; false where that cannot be.
bool encode(Block& block) {
  Encoding& encoding = *block.encoding;
  if (isOnChip(block)) return false;
  if (!encoding.tiled) {
    if (isScaled(encoding.code.format)) return false;
    encoding.tileBy(encoding.code.values, 1);
  }
  if (!block.contents) return true;
  std::vector<std::byte> bytes = encodeWeights(encoding.code, *block.contents,
                                               bytesOf(encoding.scales), bytesOf(encoding.zeros));
  if (bytes.empty()) return false;
  encoding.bytes = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  encoding.scales.reset();
  encoding.zeros.reset();
  return true;
}

}  // namespace

std::vector<std::string> encodeWeights(plan::Plan& plan) {
  std::vector<std::string> left;
  for (Block& block : plan.blocks) {
    if (!block.encoding || block.firstTask < 0 || encode(block)) continue;
    block.encoding.reset();
    left.push_back(block.name);
  }
  return left;
}

void addEncodedStorages(plan::Plan& plan, plan::StorageMap& storages) {
  for (Block& block : plan.blocks) {
    if (!block.encoding || block.firstTask < 0) continue;
    Encoding& encoding = *block.encoding;
    encoding.memory = block.storage;
    encoding.address = block.address;
    block.storage = static_cast<isa::StorageId>(storages.storages.size());
    block.address = 0;
    isa::Storage& made = storages.storages.emplace_back();
    made.name = block.name;
    made.capacityBytes = block.bytes;
    made.onChip = false;
    made.encoded = isa::EncodedWeights{encoding.memory, encoding.address, encoding.code};
  }
}

}  // namespace npusim::passes
