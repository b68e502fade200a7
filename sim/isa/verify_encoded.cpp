#include <algorithm>
#include <limits>

#include "sim/core/error.h"
#include "sim/core/yaml_tree.h"
#include "sim/isa/verify_site.h"

namespace npusim::isa {
namespace {

template <class... Args>
[[noreturn]] void fail(const Storage& storage, fmt::format_string<Args...> rule, Args&&... args) {
  throw BadInput("program: " +
                 oneLine(fmt::format("storage '{}': {}", storage.name,
                                     fmt::format(rule, std::forward<Args>(args)...))));
}

bool bitsFit(const WeightCode& code) {
  switch (code.format) {
    case WeightFormat::Int8:
      return code.bits == 8;
    case WeightFormat::Int4:
      return code.bits == 4;
    case WeightFormat::Palette:
      return code.bits >= 2 && code.bits <= 8;
    default:
      return code.bits == 1;
  }
}

void checkCode(const Storage& storage, const WeightCode& code) {
  if (!isFloat(code.type) || byteSize(code.type) > 4)
    fail(storage, "its weights are {}; encoded ones are fp32, fp16 or bf16", name(code.type));
  if (!bitsFit(code)) fail(storage, "{} codes have no {} bits", name(code.format), code.bits);
  const auto counts = {code.values, code.columns, code.rows, code.rowsPerScale};
  if (std::min(counts) < 1 || std::max(counts) > kMaxMagnitude ||
      code.columns > kMaxMagnitude / code.rows || code.rowsPerScale > code.rows ||
      code.values % (code.rows * code.columns) != 0)
    fail(storage, "{} values in tiles of {} x {}, scales for {} rows: they must go in whole tiles",
         code.values, code.rows, code.columns, code.rowsPerScale);
  if (code.kept < 0 || code.kept > code.values)
    fail(storage, "keeps {} of {} values", code.kept, code.values);
}

bool isWhole(const std::vector<LoopTerm>& terms, std::int64_t width) {
  return std::ranges::all_of(terms, [&](const LoopTerm& term) { return term.stride % width == 0; });
}

}  // namespace

void checkEncoded(const Program& program, const Storage& storage) {
  const EncodedWeights& weights = *storage.encoded;
  const WeightCode& code = weights.code;
  checkCode(storage, code);
  if (storage.onChip || storage.distribution)
    fail(storage, "is on the chip; encoded weights lie in a memory");
  if (storage.capacityBytes != code.valueBytes())
    fail(storage, "has {} bytes; its values take {}", storage.capacityBytes, code.valueBytes());
  if (weights.memory < 0 || weights.memory >= static_cast<StorageId>(program.storages.size()))
    fail(storage, "there is no storage {}", weights.memory);
  const Storage& memory = program.storages[static_cast<std::size_t>(weights.memory)];
  if (memory.onChip || memory.encoded)
    fail(storage, "lies encoded in '{}', which is no memory", memory.name);
  const bool there = std::ranges::any_of(program.constants, [&](const ConstantBlock& block) {
    return block.storage == weights.memory && block.address == weights.address &&
           block.size == code.bytes();
  });
  if (!there)
    fail(storage, "no constant of {} bytes lies at {} of '{}'", code.bytes(), weights.address,
         memory.name);
}

void checkDecoded(const Site& site, const Transfer& transfer) {
  const auto storage = static_cast<std::size_t>(transfer.source.storage);
  const Storage& source = site.program.storages[storage];
  if (!source.encoded) return;
  const WeightCode& code = source.encoded->code;
  const std::int64_t width = byteSize(code.type);
  if (transfer.source.type != code.type)
    site.fail("source: '{}' holds {}, not {}", source.name, name(code.type),
              name(transfer.source.type));
  if (transfer.streamed || transfer.gather || transfer.fill || !transfer.source.bounds.empty())
    site.fail("source: encoded weights are neither a stream nor gathered nor filled");
  if (!site.program.storages[static_cast<std::size_t>(transfer.target.storage)].onChip)
    site.fail("target: encoded weights are decoded into buffers only");
  const Access& access = transfer.source;
  const bool whole =
      access.address.base % width == 0 && isWhole(access.address.terms, width) &&
      transfer.run.size % width == 0 && transfer.run.limit % width == 0 &&
      isWhole(transfer.run.terms, width) &&
      std::ranges::all_of(access.strides, [&](std::int64_t s) { return s % width == 0; });
  if (!whole) site.fail("source: encoded weights come in whole values of {} bytes", width);
}

}  // namespace npusim::isa
