#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/mapping/route.h"
#include "sim/core/rounding.h"

namespace npusim::mapping {
namespace {

using plan::Operand;

/// Share of an engine's requests that find their row closed where another engine's move beside
/// them. It depends on addresses, which come after the mapping: always where two streams begin in
/// the same bank and go on in step, as in matrices of whole powers of two, else seldom.
constexpr double kClosed = 0.5;

/// Greatest common divisor, at once where the first one is a power of two: the search asks a
/// million times.
std::int64_t common(std::int64_t x, std::int64_t y) {
  const bool power = (x & (x - 1)) == 0;
  return power ? std::min(x, y & -y) : std::gcd(x, y);
}

/// Runs of constant weights, which are laid out by column tiles once the tiling is known: the
/// axes after the first one that is cut lie together.
Runs blockedRuns(const Operand& operand, const OperandTile& tile) {
  const std::int64_t element = byteSize(operand.type);
  Runs runs{element, element, 0};
  for (std::size_t a = operand.axes.size(); a-- > 0;) {
    const std::int64_t length = tile.axes[a].length;
    const bool column = a + 1 == operand.axes.size();
    runs.pitch = runs.bytes * (column ? length : operand.axes[a].extent);
    runs.bytes *= length;
    if (runs.pitch != runs.bytes) break;
  }
  runs.piece = runs.bytes;
  return runs;
}

/// Runs of values as they lie encoded; the pieces on chip are those of the values.
Runs encoded(const Runs& runs, double share) {
  const auto scaled = [&](std::int64_t bytes) {
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(bytes) * share));
  };
  return {scaled(runs.bytes), scaled(runs.pitch), runs.piece};
}

/// Over how many channels a transfer is spread at a time: runs of which each begins `pitch` bytes
/// after the last come back to the same channels where the pitch goes evenly into a round of all.
double channelsAtOnce(const Runs& runs, const Route& route) {
  if (route.channels == 1) return 1;
  const std::int64_t round = route.channels * route.channelBytes;
  const std::int64_t places = round / common(round, runs.pitch);
  const auto together = static_cast<std::int64_t>(route.flyingBytes) / runs.bytes + 1;
  const auto reach =
      static_cast<double>(std::min(runs.bytes, static_cast<std::int64_t>(route.flyingBytes)));
  const double eachRun = std::max(1.0, reach / static_cast<double>(route.channelBytes));
  return std::min(static_cast<double>(route.channels),
                  eachRun * static_cast<double>(std::min(places, together)));
}

/// Over how many banks the rows of runs are spread: those come back to the same one where their
/// pitch goes evenly into a round of all.
std::int64_t banksOf(const Runs& runs, const Route& route) {
  const auto row = static_cast<std::int64_t>(route.rowBytes);
  if (runs.pitch < row) return route.banks;
  const std::int64_t round = row * route.banks;
  return std::min(route.banks, round / common(round, runs.pitch));
}

/// Cycles of a memory for `bytes` and the rows to be opened for them, which happens beside the data
/// of other banks.
double memoryCycles(double bytes, double activates, const Runs& runs, const Route& route) {
  const double data = bytes / route.bytesPerCycle;
  if (activates == 0) return data;
  const std::int64_t banks = banksOf(runs, route);
  const double between =
      std::max(route.activateCycles, route.rowCycles / static_cast<double>(banks));
  const double opening = banks == 1 ? activates * route.switchCycles : 0;
  return std::max(data + opening, activates * between);
}

/// What one run moves: whole units. Runs begin at multiples of what divides both their pitch and
/// their length, each as often as the others; a unit that two of them touch moves once.
double bytesOfRun(const Runs& runs, const Route& route) {
  const auto unit = static_cast<std::int64_t>(route.unitBytes);
  const std::int64_t step = common(common(unit, runs.pitch), runs.bytes);
  const std::int64_t touched = runs.bytes + unit - step;
  return static_cast<double>(std::max(runs.bytes, std::min(touched, std::max(runs.pitch, unit))));
}

/// Rows that `count` runs of `runBytes` as moved open, in all channels together counted once. Runs
/// that lie further apart than a row each open one in every channel they touch; closer ones share
/// it.
double activatesOf(double count, double runBytes, const Runs& runs, const Route& route) {
  if (route.rowBytes == 0) return 0;
  const double each = std::max(static_cast<double>(runs.bytes) / route.rowBytes,
                               std::min(1.0, static_cast<double>(runs.pitch) / route.rowBytes));
  const double bursts = std::ceil(runBytes / route.burstBytes);
  return count * each * std::min(1.0, bursts / static_cast<double>(route.channels));
}

/// The part of one engine, where nothing else moves: what it asks for at a time comes at full
/// speed; then it waits for a round trip, in which a row may have to be opened. Its way on chip
/// takes `pathCycles` beside that.
void moveAlone(Traffic& traffic, double activates, double pathCycles, const Runs& runs,
               const Route& route) {
  const double fastest =
      route.portBytesPerCycle * channelsAtOnce(runs, route) / static_cast<double>(route.channels);
  const double eachByte = std::max(1 / fastest, traffic.memory / traffic.bytes);
  const double opening = std::min(1.0, activates * route.chunkBytes / traffic.bytes);
  const bool waits = route.latencyCycles > 0;
  const double wait = waits ? route.latencyCycles + opening * route.switchCycles : 0;
  const double first = waits ? route.latencyCycles + route.switchCycles : 0;
  const double flying = std::min(traffic.bytes, route.flyingBytes) * eachByte;
  const double roundTrip = wait + std::min(traffic.bytes, route.chunkBytes) * eachByte;
  const double chunks = std::ceil(traffic.bytes / route.chunkBytes);
  const double trips = std::max(0.0, chunks * route.chunkBytes / route.flyingBytes - 1);
  const double moving = std::max(traffic.memory, flying + trips * std::max(roundTrip, flying));
  traffic.alone = std::max(moving, pathCycles);
  const double hidden = traffic.alone - moving;
  traffic.gap = std::max(0.0, roundTrip - flying - hidden);
  traffic.latency = std::max(0.0, first - hidden);
}

}  // namespace

Traffic trafficOf(const Context& context, const Operand& operand, const OperandTile& tile,
                  const Route& route) {
  Runs runs = route.streamed  ? Runs{tile.bytes, tile.bytes, tile.bytes}
              : route.blocked ? blockedRuns(operand, tile)
                              : runsOf(operand, tile, route.byStride, route.leaves);
  const double count = static_cast<double>(tile.bytes) / static_cast<double>(runs.bytes);
  if (route.codedShare != 1) runs = encoded(runs, route.codedShare);
  const double runBytes = bytesOfRun(runs, route);
  const double activates = activatesOf(count, runBytes, runs, route);
  Traffic result;
  result.bytes = count * runBytes;
  result.memory = memoryCycles(result.bytes, activates, runs, route);
  result.switching = result.bytes / route.flyingBytes * route.switchCycles * kClosed;
  std::int64_t piece = ceilDiv(runs.piece, context.chip.dma.widthBytes);
  if (route.codedShare != 1) {
    const std::int64_t values = runs.piece / byteSize(operand.type);
    piece = std::max(piece, ceilDiv(values, context.chip.decoder.valuesPerCycle));
  }
  moveAlone(result, activates, static_cast<double>(tile.bytes / runs.piece * piece), runs, route);
  return result;
}

}  // namespace npusim::mapping
