#include <fmt/format.h>

#include "sim/isa/program_io.h"
#include "sim/isa/text_fields.h"
#include "sim/isa/text_reader.h"
#include "sim/isa/text_writer.h"

namespace npusim::isa {
namespace {

constexpr std::size_t kNumberWidth = 5;  ///< of an instruction's number and the space after it

ProgramNames namesOf(const Program& program) {
  ProgramNames names;
  for (const Storage& storage : program.storages) names.storages.add(storage.name);
  for (const Semaphore& semaphore : program.semaphores) names.semaphores.add(semaphore.name);
  for (const Layer& layer : program.layers) names.layers.add(layer.name);
  return names;
}

void writeInstruction(TextWriter& writer, const Instruction& instruction) {
  writer.key(text::kMnemonics.at(instruction.body.index()));
  text::instructionFields(writer, instruction);
}

void writeQueue(TextWriter& writer, Engine engine, const std::vector<Instruction>& queue) {
  writer.raw(fmt::format("\nqueue {}\n", name(engine)));
  std::size_t depth = 0;
  std::int32_t layer = 0;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    if (std::holds_alternative<EndLoop>(queue[i].body) && depth > 0) --depth;
    if (i == 0 || queue[i].layer != layer) {
      layer = queue[i].layer;
      writer.raw(fmt::format("{:{}}", "", kNumberWidth + 2 * depth));
      writer.key("layer");
      writer.layer(layer);
      writer.endLine();
    }
    writer.raw(fmt::format("{:>{}} {:{}}", i, kNumberWidth - 1, "", 2 * depth));
    writeInstruction(writer, queue[i]);
    writer.endLine();
    if (std::holds_alternative<Loop>(queue[i].body)) ++depth;
  }
}

/// The chip's description as lines that begin with |, so that any text can be told back exactly.
void writeChip(TextWriter& writer, std::string_view yaml) {
  writer.raw("\nchip\n");
  for (;;) {
    const std::size_t end = std::min(yaml.find('\n'), yaml.size());
    writer.raw(end == 0 ? "|" : "| ");
    writer.raw(yaml.substr(0, end));
    writer.endLine();
    if (end == yaml.size()) return;
    yaml.remove_prefix(end + 1);
  }
}

/// Body with the alternative of this index, default made.
template <std::size_t... index>
decltype(Instruction::body) bodyOf(std::size_t kind, std::index_sequence<index...>) {
  decltype(Instruction::body) body;
  ((kind == index ? static_cast<void>(body.template emplace<index>()) : void()), ...);
  return body;
}

void readInstruction(TextReader& reader, Instruction& instruction) {
  constexpr std::size_t kKinds = text::kMnemonics.size();
  static_assert(kKinds == std::variant_size_v<decltype(Instruction::body)>);
  const std::size_t kind = reader.oneOf(text::kMnemonics, "an instruction");
  instruction.body = bodyOf(kind, std::make_index_sequence<kKinds>());
  text::instructionFields(reader, instruction);
}

bool atQueueEnd(TextReader& reader) {
  TextLexer& lexer = reader.lexer();
  return lexer.peek().kind == Token::Kind::EndOfText || lexer.sees("queue") || lexer.sees("chip");
}

void readQueue(TextReader& reader, std::vector<Instruction>& queue) {
  std::int32_t layer = 0;
  while (!atQueueEnd(reader)) {
    if (reader.optional("layer")) {
      reader.layer(layer);
    } else {
      if (reader.lexer().peek().kind == Token::Kind::Number) reader.lexer().next();
      Instruction& instruction = queue.emplace_back();
      instruction.layer = layer;
      readInstruction(reader, instruction);
    }
    reader.endLine();
  }
}

void readQueues(TextReader& reader, Program& program) {
  std::array<std::string_view, kEngineCount> engines;
  for (std::size_t e = 0; e < engines.size(); ++e) engines.at(e) = name(static_cast<Engine>(e));
  while (reader.optional("queue")) {
    const Token at = reader.lexer().peek();
    auto& queue = program.queues.at(reader.oneOf(engines, "an engine"));
    reader.endLine();
    if (!queue.empty())
      reader.lexer().fail(at, fmt::format("the queue of {} is already given above", at.text));
    readQueue(reader, queue);
  }
}

void readChip(TextReader& reader, std::string& yaml) {
  if (!reader.optional("chip")) return;
  reader.endLine();
  bool first = true;
  while (reader.lexer().peek().kind == Token::Kind::QuotedLine) {
    if (!first) yaml += '\n';
    first = false;
    yaml += reader.lexer().next().text;
    reader.endLine();
  }
}

}  // namespace

std::string toText(const Program& program) {
  TextWriter writer(namesOf(program));
  text::header(writer, program);
  for (int e = 0; e < kEngineCount; ++e) {
    const auto engine = static_cast<Engine>(e);
    if (!program.queue(engine).empty()) writeQueue(writer, engine, program.queue(engine));
  }
  if (!program.chipYaml.empty()) writeChip(writer, program.chipYaml);
  return writer.take();
}

std::string toText(const Program& program, const Instruction& instruction) {
  TextWriter writer(namesOf(program));
  writeInstruction(writer, instruction);
  return writer.take();
}

Program parse(const std::string& text, const std::string& fileName) {
  TextReader reader(text, fileName);
  Program program;
  text::header(reader, program);
  readQueues(reader, program);
  readChip(reader, program.chipYaml);
  if (reader.lexer().peek().kind != Token::Kind::EndOfText)
    reader.lexer().failExpected("'queue', 'chip' or the end of the text");
  return program;
}

}  // namespace npusim::isa
