#pragma once

#include <string_view>

namespace npusim::fuzz {

/// What reads files that others wrote, as fuzzers and the tests of their findings call it: reads
/// `bytes` whatever they are, and where they are accepted checks that the result is sound. Returns
/// whether they were; BadInput and NotPossible of one line are refusals. Any other exception leaves
/// and is a finding.

/// ONNX importer, shape inference, graph verification.
bool onnxModel(std::string_view bytes);
/// YAML layer description, likewise.
bool description(std::string_view bytes);
/// Chip file; an accepted one must be written and read back as the same chip.
bool chip(std::string_view bytes);
/// Program in text form or, if it begins as one, in a container, whose checksum is set right first;
/// an accepted one must come through text form and container unchanged.
bool program(std::string_view bytes);

}  // namespace npusim::fuzz
