#include "tools/validate/dram_traces.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/core/error.h"

namespace npusim::tools {
namespace {

constexpr std::int64_t kBlock = TraceRun::kRequestBytes;
constexpr std::int64_t kMib = std::int64_t{1} << 20, kGib = 1024 * kMib;
constexpr std::int64_t kStreams = 3, kWritingStream = 2, kShift = 32 * 1024;
constexpr double kIdleNs = 200;

/// Sebastiano Vigna's generator, public domain.
class SplitMix64 {
 public:
  std::uint64_t operator()() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_ = 12345;
};

std::int64_t streams(std::int64_t j, std::int64_t shift) {
  return j % kStreams * (256 * kMib + shift) + j / kStreams * kBlock;
}

/// The memory that the check sums are of.
constexpr TraceShape kSummed = {8192, 16, 240};

/// A rule for addresses, how often it is asked, and what it makes of them.
struct TraceKind {
  enum class Writes : std::uint8_t { None, All, OneStream };

  const char* name;
  std::int64_t requests;
  std::uint64_t checkSum;  ///< of the addresses in the memory of kSummed
  std::int64_t (*address)(std::int64_t j, const TraceShape& shape, SplitMix64& random);
  Writes writes = Writes::None;
  bool openLoop = false;
};

std::int64_t sequential(std::int64_t j, const TraceShape&, SplitMix64&) { return j * kBlock; }

std::int64_t drawn(std::int64_t, const TraceShape&, SplitMix64& random) {
  constexpr std::uint64_t kBlocks = kGib / kBlock;
  return static_cast<std::int64_t>(random() % kBlocks) * kBlock;
}

std::int64_t alike(std::int64_t j, const TraceShape&, SplitMix64&) { return streams(j, 0); }
std::int64_t shifted(std::int64_t j, const TraceShape&, SplitMix64&) { return streams(j, kShift); }

std::int64_t rows(std::int64_t j, const TraceShape& shape, SplitMix64&) {
  return j * shape.rowBytes % kGib;
}

std::int64_t rowsOfOneBank(std::int64_t j, const TraceShape& shape, SplitMix64&) {
  return j * shape.rowBytes * shape.banks % kGib;
}

using enum TraceKind::Writes;
constexpr std::array kKinds = {TraceKind{"a", 262144, 0x1ffff800000, sequential},
                               TraceKind{"b", 262144, 0x1ffff800000, sequential, All},
                               TraceKind{"c", 196608, 0x305fffa00000, alike, OneStream},
                               TraceKind{"cs", 196608, 0x30617fa00000, shifted, OneStream},
                               TraceKind{"d", 65536, 0xffff0000000, rows},
                               TraceKind{"ds", 16384, 0x7ffc0000000, rowsOfOneBank},
                               TraceKind{"e", 100000, 0x30f2b8b69b00, drawn},
                               TraceKind{"g", 2000, 0x7a02600, sequential, None, true},
                               TraceKind{"gr", 2000, 0xf5dbb8edc0, drawn, None, true}};

constexpr auto kNames = [] {
  std::array<const char*, kKinds.size()> names{};
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kKinds[i].name;
  return names;
}();

bool isWrite(const TraceKind& kind, std::int64_t j) {
  return kind.writes == All || (kind.writes == OneStream && j % kStreams == kWritingStream);
}

}  // namespace

TraceShape traceShape(const MemoryConfig& memory) {
  return {memory.rowBytes, memory.bankGroups * memory.banksPerGroup,
          std::llround(kIdleNs * memory.timing.clockMhz / 1000)};
}

std::span<const char* const> dramTraceNames() { return kNames; }

std::vector<TraceRequest> dramTrace(const std::string& name, const TraceShape& shape) {
  const auto kind =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& k) { return name == k.name; });
  ensure(kind != kKinds.end(), "there is no such DRAM trace");
  SplitMix64 random;
  std::vector<TraceRequest> trace;
  trace.reserve(static_cast<std::size_t>(kind->requests));
  for (std::int64_t j = 0; j < kind->requests; ++j) {
    trace.push_back({kind->openLoop ? j * shape.interval : TraceRequest::kClosedLoop,
                     kind->address(j, shape, random),
                     isWrite(*kind, j) ? Direction::Write : Direction::Read});
  }
  return trace;
}

void checkDramTraces() {
  for (const TraceKind& kind : kKinds) {
    std::uint64_t sum = 0;
    for (const TraceRequest& request : dramTrace(kind.name, kSummed)) {
      sum += static_cast<std::uint64_t>(request.address);
    }
    ensure(sum == kind.checkSum, "a DRAM trace is not the one that the references ran");
  }
}

}  // namespace npusim::tools
