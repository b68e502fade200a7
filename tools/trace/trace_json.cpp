#include "tools/trace/trace_json.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

namespace npusim::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;

Json names(const std::vector<LoopDim>& dims) {
  Json list = Json::array();
  for (const LoopDim dim : dims) list.push_back(name(dim));
  return list;
}

Json arrayOf(const ArraySubject& subject) {
  const Dataflow& dataflow = subject.array.dataflow;
  return {{"rows", subject.array.rows},
          {"cols", subject.array.cols},
          {"macs_per_step", stepDepth(subject)},
          {"convention", name(subject.array.convention)},
          {"dataflow",
           {{"name", dataflow.name},
            {"rows", names(dataflow.rows)},
            {"cols", names(dataflow.cols)},
            {"weights", name(dataflow.weights)},
            {"inputs", name(dataflow.inputs)},
            {"outputs", name(dataflow.outputs)}}}};
}

Json head(const ArraySubject& subject, const PeWindow& window, Interval cycles) {
  const MatrixShape& shape = subject.shape;
  const auto pair = [](Interval i) { return Json::array({i.first, i.last}); };
  return {{"format", "npusim array trace"},
          {"version", kVersion},
          {"title", subject.title},
          {"precision", name(subject.format)},
          {"array", arrayOf(subject)},
          {"product",
           {{"m", shape.m()}, {"n", shape.n()}, {"k", shape.k()}, {"extents", shape.extents}}},
          {"timing",
           {{"prologue", subject.timing.prologue},
            {"stream", subject.timing.stream},
            {"drain", subject.timing.drain}}},
          {"window",
           {{"cycles", pair(cycles)}, {"rows", pair(window.rows)}, {"cols", pair(window.cols)}}},
          {"fields", {"pe", "m", "n", "k", "input", "weight", "sum"}}};
}

/// JSON has no infinities.
std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "null";
}

void append(std::string& text, const ArrayRecording::Frame& frame, std::int64_t arrayCols) {
  auto out = std::back_inserter(text);
  fmt::format_to(out, "{{\"cycle\":{},\"working\":{},\"pes\":[", frame.cycle, frame.working);
  const char* comma = "";
  for (const ArrayRecording::Step& step : frame.steps) {
    const PeCycle& pe = step.pe;
    fmt::format_to(out, "{}[{},{},{},{},{},{},{}]", comma, step.row * arrayCols + step.col, pe.m,
                   pe.n, pe.k, number(pe.input), number(pe.weight), number(pe.sum));
    comma = ",";
  }
  text += "]}";
}

}  // namespace

std::string traceJson(const ArraySubject& subject, const ArrayRecording& recording,
                      Interval cycles) {
  std::string text = head(subject, recording.window(), cycles).dump();
  text.back() = ',';
  text += "\n\"cycles\":[";
  const char* comma = "\n";
  for (const ArrayRecording::Frame& frame : recording.frames()) {
    if (!cycles.contains(frame.cycle)) continue;
    text += comma;
    append(text, frame, subject.array.cols);
    comma = ",\n";
  }
  return text + "\n]}\n";
}

}  // namespace npusim::tools
