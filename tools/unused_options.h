#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tools/inputs.h"
#include "tools/run_options.h"

namespace npusim::tools {

/// An option and the file or folder given with it; an empty one stands for none.
using NamedFile = std::pair<std::string, std::string>;

/// Files that the options name.
std::vector<NamedFile> filesOf(const MachineOptions& machine, const NetworkOptions& network,
                               const DataOptions& data);

/// Throws BadInput when a file that will be written is named by another option too, one of
/// `written` or `others`, or surely cannot be written. Devices may be shared.
void checkFiles(const std::vector<NamedFile>& written, std::vector<NamedFile> others);

/// The same for what `results` write.
void checkFiles(const ResultOptions& results, std::vector<NamedFile> others);

/// Without values, throws BadInput for an option that only values would use. `remedy` says how to
/// have them.
void checkValuesUsed(const DataOptions& data, const ResultOptions& results,
                     const std::string& remedy = "leave out --values off");

/// Throws BadInput for a --passes that leaves none out: with values, and where all requests are
/// traced.
void checkPassesUsed(const DataOptions& data, const ResultOptions& results);

/// The memory whose requests --dram-trace writes: the first DRAM. Throws BadInput without one.
std::size_t tracedMemory(const ChipConfig& chip);

/// Throws BadInput for a --dram-trace that would stay empty.
void checkDramTraceUsed(const ResultOptions& results, const ChipConfig& chip);

/// Throws BadInput for --calibrate and --tolerance in a format that does not use them.
void checkFormatUses(const DataOptions& data, DataType precision);

/// Throws BadInput for a --seed from which nothing is made: no input, and no calibration.
void checkSeedUsed(const DataOptions& data, const std::vector<InputSlot>& slots,
                   const GivenTensors& given, bool calibrates);

/// Throws BadInput where --partition is given for a chip that has one core to give work to.
void checkPartitionUsed(const CompileChoice& choice, const ChipConfig& chip);

}  // namespace npusim::tools
