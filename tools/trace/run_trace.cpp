#include "tools/trace/run_trace.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/chip/array_factory.h"
#include "sim/core/atomic_file.h"
#include "sim/core/error.h"
#include "sim/trace/array_text.h"
#include "tools/compile_network.h"
#include "tools/network.h"
#include "tools/output.h"
#include "tools/trace/trace_json.h"
#include "tools/trace/waveform.h"
#include "tools/units.h"
#include "tools/unused_options.h"

namespace npusim::tools {
namespace {

constexpr std::int64_t kFewCycles = 40;     ///< shown without --cycles
constexpr std::int64_t kFirstCycles = 20;   ///< of more
constexpr std::int64_t kMostCellRows = 16;  ///< of PEs with their values

/// What a trace may compute and keep: some seconds, and some hundred MiB.
constexpr double kMostMacs = 1e10;
constexpr std::int64_t kMostPeCycles = 300'000'000;
constexpr std::int64_t kMostRecorded = 4'000'000;

DataType formatOf(const TraceOptions& options, const ChipConfig& chip) {
  const DataType format = choosePrecision(options.compile.precision, Network{}, chip);
  if (chip.supports(format)) return format;
  throw NotPossible(
      fmt::format("--precision {}: chip {} does not compute it", name(format), chip.name));
}

void refuseHuge(const WindowProduct& p) {
  double macs = 1;
  for (const std::int64_t extent :
       {p.images, p.outHeight, p.outWidth, p.outputs, p.kernelH, p.kernelW, p.channels}) {
    macs *= static_cast<double>(extent);
  }
  if (macs <= kMostMacs) return;
  throw NotPossible(
      fmt::format("a trace of {:.3g} MACs would take hours; trace a smaller problem, "
                  "of {:.0e} at most",
                  macs, kMostMacs));
}

/// What of an instruction is shown, and kept for the file.
struct Choice {
  Interval shown, kept;
  PeWindow pes;
};

/// Throws BadInput for what lies outside the instruction or the array.
void checkInside(const TraceOptions& options, const ArrayConfig& array, std::int64_t cycles) {
  if (options.cycles && options.cycles->last >= cycles) {
    throw BadInput(fmt::format("--cycles {}:{}: the instruction takes {} cycles, 0 to {}",
                               options.cycles->first, options.cycles->last, cycles, cycles - 1));
  }
  const PeWindow pes = options.pes.value_or(PeWindow{});
  if (pes.rows.last >= array.rows || pes.cols.last >= array.cols) {
    throw BadInput(fmt::format("--pes {}:{},{}:{}: the array has rows 0 to {} and columns 0 to {}",
                               pes.rows.first, pes.rows.last, pes.cols.first, pes.cols.last,
                               array.rows - 1, array.cols - 1));
  }
}

/// Throws NotPossible for more PEs and cycles than can be computed or kept.
void checkSize(const Choice& choice, std::int64_t arrayPeCycles) {
  if (arrayPeCycles > kMostPeCycles) {
    throw NotPossible(
        fmt::format("a trace of {} PE-cycles would take long; trace a smaller "
                    "problem or array, of {} at most",
                    grouped(arrayPeCycles), grouped(kMostPeCycles)));
  }
  const std::int64_t pes = choice.pes.rows.count() * choice.pes.cols.count();
  if (pes * choice.kept.count() <= kMostRecorded) return;
  throw NotPossible(
      fmt::format("{} cycles of {} PEs are too many to keep; choose fewer with "
                  "--cycles A:B or --pes R0:R1,C0:C1, {} together at most",
                  grouped(choice.kept.count()), grouped(pes), grouped(kMostRecorded)));
}

Choice choose(const TraceOptions& options, const ArrayConfig& array, std::int64_t cycles) {
  checkInside(options, array, cycles);
  const Interval all{0, cycles - 1};
  const Interval few{0, (cycles <= kFewCycles ? cycles : kFirstCycles) - 1};
  Choice choice;
  choice.shown = options.cycles.value_or(few);
  choice.kept = options.cycles || options.json.empty() ? choice.shown : all;
  choice.pes = options.pes.value_or(PeWindow{{0, array.rows - 1}, {0, array.cols - 1}});
  checkSize(choice, array.rows * array.cols * cycles);
  return choice;
}

/// Which cycles, and what they are shown as.
std::string shownText(const ArraySubject& subject, const PeWindow& window, Interval shown,
                      std::int64_t cellsFit, bool cells) {
  const std::int64_t total = subject.timing.total();
  std::string text = fmt::format("shown: cycles {} to {}", shown.first, shown.last);
  if (shown.count() < total) text += fmt::format(" of 0 to {} (--cycles A:B)", total - 1);
  text += fmt::format(", rows {} to {}, columns {} to {}", window.rows.first, window.rows.last,
                      window.cols.first, window.cols.last);
  if (cells) return text + "\n\n";
  return text + fmt::format(
                    "; # works, . is idle\n--pes R0:R1,C0:C1 shows the values of up to {} "
                    "x {} PEs\n\n",
                    kMostCellRows, cellsFit);
}

std::string textOf(const ArraySubject& subject, const ArrayRecording& recording, Interval shown) {
  const PeWindow& window = recording.window();
  const std::int64_t fit = cellColumns(recording);
  const bool cells = window.cols.count() <= fit && window.rows.count() <= kMostCellRows;
  return headText(subject) + shownText(subject, window, shown, fit, cells) +
         (cells ? cellText : mapText)(subject, recording, shown) + "\n" +
         chartText(subject, recording, shown);
}

/// The waveform of the same product, held against what the PEs of `traced` computed.
void writeSameWaveform(const TraceOptions& options, const ChipConfig& chip,
                       const WindowProduct& product, const TracedProduct& traced) {
  TracedProduct same(product, traced.tile().a.type, chip.buffers);
  same.fill(options.data.seed);
  writeWaveform(chip, same, options.vcd);
  ensure(std::ranges::equal(same.sums(), traced.sums()), "modules compute other sums than PEs");
}

}  // namespace

void runTrace(const TraceOptions& options, const std::string& title, const WindowProduct& product) {
  checkFiles({{"--json", options.json}, {"--vcd", options.vcd}}, filesOf(options.machine, {}, {}));
  const ChipConfig chip = loadMachine(options.machine);
  const DataType format = formatOf(options, chip);
  refuseHuge(product);
  if (!options.vcd.empty()) checkWaveform(chip, options.vcd);
  TracedProduct traced(product, format, chip.buffers);
  const ArraySubject subject{title + " on " + chip.name, chip.array, format, traced.tile().shape(),
                             makeArray(chip, Fidelity::Tile)->cost(traced.tile()).timing};
  const Choice choice = choose(options, chip.array, subject.timing.total());
  ArrayRecording recording(chip.array.cols, choice.kept, choice.pes);
  traced.fill(options.data.seed);
  const std::unique_ptr<ArrayModel> array = makeArray(chip, Fidelity::Pe);
  array->observe(&recording);
  array->compute(traced.tile(), traced.storages());
  recording.finish(subject.timing.total());
  if (!options.vcd.empty()) writeSameWaveform(options, chip, product, traced);
  print(textOf(subject, recording, choice.shown));
  if (options.json.empty()) return;
  writeFileAtomically(options.json, traceJson(subject, recording, choice.kept));
}

}  // namespace npusim::tools
