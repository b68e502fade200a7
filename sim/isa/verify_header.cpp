#include <algorithm>
#include <unordered_set>

#include "sim/core/error.h"
#include "sim/core/yaml_tree.h"
#include "sim/isa/verify_site.h"

namespace npusim::isa {
namespace {

template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> rule, Args&&... args) {
  throw BadInput("program: " + oneLine(fmt::format(rule, std::forward<Args>(args)...)));
}

/// Names of one kind: present, and each used once.
template <class Item>
void checkNames(std::string_view kind, const std::vector<Item>& items) {
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].name.empty()) fail("{} {} has no name", kind, i);
    if (!seen.insert(items[i].name).second)
      fail("two {}s are named '{}'; each needs its own name", kind, items[i].name);
  }
}

const Storage& storageOf(const Program& program, std::string_view kind, std::string_view name,
                         StorageId id) {
  if (id < 0 || id >= static_cast<StorageId>(program.storages.size()))
    fail("{} '{}': there is no storage {}; the program has {}", kind, name, id,
         program.storages.size());
  return program.storages[static_cast<std::size_t>(id)];
}

void checkInside(const Storage& storage, std::string_view kind, std::string_view name,
                 std::int64_t low, std::int64_t bytes) {
  if (low < 0 || bytes > storage.capacityBytes || low > storage.capacityBytes - bytes)
    fail("{} '{}': {} bytes from {} do not fit in storage '{}' of {} bytes", kind, name, bytes, low,
         storage.name, storage.capacityBytes);
}

/// Bytes of a constant in one storage: of a scattered one a core's part.
std::int64_t placedBytes(const ConstantBlock& block) {
  return block.scatter ? std::min(block.size, block.scatter->partBytes) : block.size;
}

void checkConstant(const Program& program, const ConstantBlock& block) {
  const Storage& storage = storageOf(program, "constant", block.name, block.storage);
  if (storage.encoded)
    fail("constant '{}': lies in '{}', which holds encoded weights", block.name, storage.name);
  if (block.size < 1)
    fail("constant '{}': has {} bytes; it needs at least 1", block.name, block.size);
  checkInside(storage, "constant", block.name, block.address, placedBytes(block));
  if (program.values && block.bytes == nullptr)
    fail("constant '{}': its bytes are missing, but the program computes values", block.name);
  if (block.bytes != nullptr && static_cast<std::int64_t>(block.bytes->size()) != block.size)
    fail("constant '{}': has {} bytes of data for a size of {}", block.name, block.bytes->size(),
         block.size);
}

/// Is there a core whose storage both constants lie in?
bool meet(const std::optional<Scatter>& a, const std::optional<Scatter>& b) {
  if (!a || !b || a->cores.all() || b->cores.all()) return true;
  return a->cores.contains(b->cores.first) || b->cores.contains(a->cores.first);
}

void checkOverlaps(const Program& program) {
  std::vector<const ConstantBlock*> blocks;
  for (const ConstantBlock& block : program.constants) blocks.push_back(&block);
  std::sort(blocks.begin(), blocks.end(), [](const ConstantBlock* a, const ConstantBlock* b) {
    return std::pair(a->storage, a->address) < std::pair(b->storage, b->address);
  });
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const ConstantBlock& low = *blocks[i];
    for (std::size_t j = i + 1; j < blocks.size(); ++j) {
      const ConstantBlock& high = *blocks[j];
      if (low.storage != high.storage || high.address >= low.address + placedBytes(low)) break;
      if (meet(low.scatter, high.scatter))
        fail("constants '{}' and '{}' overlap at byte {} of storage '{}'", low.name, high.name,
             high.address, program.storages[static_cast<std::size_t>(low.storage)].name);
    }
  }
}

void checkPort(const Program& program, std::string_view kind, const PortTensor& port) {
  const Storage& storage = storageOf(program, kind, port.name, port.storage);
  if (storage.encoded)
    fail("{} '{}': lies in '{}', which holds encoded weights", kind, port.name, storage.name);
  if (port.strideBytes.size() != port.shape.size())
    fail("{} '{}': {} strides for {} dimensions", kind, port.name, port.strideBytes.size(),
         port.shape.size());
  if (port.address < 0 || port.address > kMaxMagnitude)
    fail("{} '{}': address {} must lie in 0..2^48", kind, port.name, port.address);
  std::int64_t low = port.address, high = port.address;
  for (std::size_t d = 0; d < port.shape.size(); ++d) {
    if (port.shape[d] < 0 || !reachFits(port.strideBytes[d], port.shape[d]))
      fail("{} '{}': dimension {} has {} positions of {} bytes; it needs 0 or more below 2^48",
           kind, port.name, d, port.shape[d], port.strideBytes[d]);
    const std::int64_t last = port.strideBytes[d] * (port.shape[d] - 1);
    (last < 0 ? low : high) += last;
  }
  const bool empty = std::find(port.shape.begin(), port.shape.end(), 0) != port.shape.end();
  if (!empty) checkInside(storage, kind, port.name, low, high - low + byteSize(port.type));
  if (!port.quantized && port.scaling != Scaling{})
    fail("{} '{}': has a scale but is not quantized", kind, port.name);
  const std::string fault = scalingFault(port.scaling, port.type);
  if (!fault.empty()) fail("{} '{}': {}", kind, port.name, fault);
  if (port.quantized && !isInteger(port.type))
    fail("{} '{}': is quantized but holds {}, not integers", kind, port.name, name(port.type));
}

/// A range within the program's cores that names them all only as "all".
bool isSound(const Program& program, const CoreRange& range) {
  if (range.all()) return range.first == 0;
  return range.first >= 0 && range.count > 0 &&
         std::int64_t{range.first} + range.count <= program.cores;
}

bool isSound(const Program& program, const CoreDigit& digit) {
  return digit.divisor >= 1 && digit.count >= 1 && digit.divisor <= program.cores / digit.count;
}

void checkDistribution(const Program& program, const Storage& storage) {
  const Distribution& spread = *storage.distribution;
  const Storage& buffer = storageOf(program, "storage", storage.name, spread.buffer);
  if (!buffer.onChip || buffer.distribution || buffer.encoded)
    fail("storage '{}': is spread over '{}', which is no buffer", storage.name, buffer.name);
  std::int64_t chunk = 1, last = spread.first;
  for (const Deal& level : spread.levels) {
    if (level.chunk < chunk || level.chunk % chunk != 0 || level.count < 1 || level.step < 0)
      fail("storage '{}': chunks of {} bytes to {} cores; chunks grow by whole rounds",
           storage.name, level.chunk, level.count);
    chunk = level.chunk * level.count;
    last += level.step * (level.count - 1);
  }
  if (spread.first < 0 || last >= program.cores)
    fail("storage '{}': reaches core {} of {}", storage.name, last, program.cores);
  checkInside(buffer, "storage", storage.name, spread.address,
              spread.shareOf(storage.capacityBytes));
}

void checkCores(const Program& program) {
  if (program.cores < 1) fail("is for {} cores; it must be for at least 1", program.cores);
  for (const Storage& storage : program.storages)
    if (storage.distribution) checkDistribution(program, storage);
  for (const Semaphore& semaphore : program.semaphores)
    if (semaphore.signallers && !isSound(program, *semaphore.signallers))
      fail("semaphore '{}': its cores are not those of the program ({})", semaphore.name,
           program.cores);
  for (const ConstantBlock& block : program.constants) {
    if (!block.scatter) continue;
    const Scatter& scatter = *block.scatter;
    if (!isSound(program, scatter.cores) || !isSound(program, scatter.digit) ||
        scatter.partBytes < 1 || scatter.digit.count * scatter.partBytes < block.size)
      fail("constant '{}': its parts are not those of {} cores", block.name, program.cores);
    if (!storageOf(program, "constant", block.name, block.storage).onChip)
      fail("constant '{}': is scattered over cores, but lies in a memory", block.name);
  }
}

}  // namespace

void checkHeader(const Program& program) {
  if (program.batch < 1) fail("batch is {}; it must be at least 1", program.batch);
  if (program.compulsoryDramBytes < 0) fail("compulsory DRAM bytes are negative");
  checkNames("storage", program.storages);
  for (const Storage& storage : program.storages)
    if (storage.capacityBytes < 1)
      fail("storage '{}' holds {} bytes; it must hold at least 1", storage.name,
           storage.capacityBytes);
  for (const Semaphore& semaphore : program.semaphores)
    if (semaphore.initial < 0)
      fail("semaphore '{}' starts with {} tokens; it cannot have fewer than 0", semaphore.name,
           semaphore.initial);
  for (const Layer& layer : program.layers)
    if (layer.macs < 0)
      fail("layer '{}' has {} MACs; it cannot have fewer than 0", layer.name, layer.macs);
  for (const ConstantBlock& block : program.constants) checkConstant(program, block);
  for (const Storage& storage : program.storages)
    if (storage.encoded) checkEncoded(program, storage);
  checkCores(program);
  checkOverlaps(program);
  checkNames("input", program.inputs);
  checkNames("output", program.outputs);
  for (const PortTensor& port : program.inputs) checkPort(program, "input", port);
  for (const PortTensor& port : program.outputs) checkPort(program, "output", port);
}

}  // namespace npusim::isa
