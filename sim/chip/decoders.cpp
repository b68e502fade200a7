#include "sim/chip/decoders.h"

#include <algorithm>

#include "sim/core/error.h"

namespace npusim {

Decoders makeDecoders(const isa::Program& program) {
  Decoders decoders(program.storages.size());
  for (std::size_t i = 0; i < decoders.size(); ++i) {
    const auto& weights = program.storages[i].encoded;
    if (!weights) continue;
    const auto holds = [&](const isa::ConstantBlock& block) {
      return block.storage == weights->memory && block.address == weights->address;
    };
    const auto block = std::ranges::find_if(program.constants, holds);
    ensure(block != program.constants.end(), "encoded weights without a constant");
    std::span<const std::byte> bytes;
    if (block->bytes) bytes = *block->bytes;
    decoders[i].emplace(weights->code, bytes);
  }
  return decoders;
}

void EncodedReads::start(const WeightDecoder& decoder, isa::StorageId storage, bool again) {
  decoder_ = &decoder;
  const bool hasPalette = palette_ == storage && !again;
  const bool palette = decoder.code().format == WeightFormat::Palette;
  known_ = palette && hasPalette ? decoder.parameters(0, 1) : WeightDecoder::Bytes{};
  palette_ = palette ? storage : -1;
}

EncodedReads::Parts EncodedReads::next(std::int64_t firstByte, std::int64_t endByte) {
  const std::int64_t width = byteSize(decoder_->code().type);
  const std::int64_t first = firstByte / width, end = endByte / width;
  Parts parts{decoder_->codes(first, end), decoder_->parameters(first, end)};
  if (parts.parameters.first < known_.first) known_ = {};
  const WeightDecoder::Bytes needed = parts.parameters;
  parts.parameters.first = std::min(needed.end, std::max(needed.first, known_.end));
  known_ = {needed.first, std::max(needed.end, known_.end)};
  return parts;
}

}  // namespace npusim
