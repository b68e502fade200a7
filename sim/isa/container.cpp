#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "sim/core/atomic_file.h"
#include "sim/core/error.h"
#include "sim/core/hash.h"
#include "sim/isa/program_io.h"

namespace npusim::isa {
namespace {

/// A container is
///   magic ("NPUSIM" and two zero bytes), version (u64),
///   three sections, each a length (u64) and that many bytes:
///     resolved chip YAML; text form without it; constants (each again a length and its bytes),
///   checksum (u64) of all before it,
/// with all numbers little endian.
constexpr std::string_view kMagic{"NPUSIM\0\0", 8};
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kWord = sizeof(std::uint64_t);
static_assert(std::endian::native == std::endian::little, "containers are little endian");

std::uint64_t wordAt(std::string_view bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data(), std::min(bytes.size(), kWord));
  return word;
}

/// Finds every accidental change, no forgery.
std::uint64_t checksum(std::string_view bytes) {
  return hashWords(bytes, kFnvOffset ^ bytes.size());
}

void appendWord(std::string& out, std::uint64_t word) {
  char bytes[kWord];
  std::memcpy(bytes, &word, kWord);
  out.append(bytes, kWord);
}

void appendSection(std::string& out, std::string_view bytes) {
  appendWord(out, bytes.size());
  out += bytes;
}

std::string_view view(const ConstantBlock& block) {
  if (block.bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(block.bytes->data()), block.bytes->size()};
}

/// Text form without the chip, which has a section of its own.
std::string textWithoutChip(const Program& program) {
  if (program.chipYaml.empty()) return toText(program);
  Program copy = program;
  copy.chipYaml.clear();
  return toText(copy);
}

/// Takes sections off the front of the bytes; a length is believed only as far as bytes are left.
class SectionReader {
 public:
  SectionReader(std::string_view bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  std::string_view section() {
    const std::string_view length = take(kWord);
    return take(wordAt(length));
  }
  bool done() const { return bytes_.empty(); }
  [[noreturn]] void fail() const {
    throw BadInput(file_ + ": is truncated or altered; write it again with npusim compile");
  }

 private:
  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size()) fail();
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  std::string_view bytes_;
  const std::string& file_;
};

std::string contentsOf(const std::string& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status))
    throw BadInput(file + ": there is no such program file; npusim compile writes one");
  if (!std::filesystem::is_regular_file(status))
    throw BadInput(file + ": is not a file; give the .npu file that npusim compile wrote");
  std::string contents(std::filesystem::file_size(file, error), '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(contents.data(), static_cast<std::streamsize>(contents.size()));
  if (!stream) throw BadInput(file + ": cannot read it; check that it may be read");
  return contents;
}

/// The sections of a container that is whole, of our version and unaltered.
std::string_view checkedSections(std::string_view bytes, const std::string& file) {
  const SectionReader broken(bytes, file);
  const std::string_view magic = bytes.substr(0, kMagic.size());
  if (magic.empty() || magic != kMagic.substr(0, magic.size()))
    throw BadInput(file + ": is not a program of npusim; npusim compile writes one");
  if (bytes.size() < kMagic.size() + 2 * kWord) broken.fail();
  const std::uint64_t version = wordAt(bytes.substr(kMagic.size()));
  if (version != kVersion)
    throw BadInput(
        fmt::format("{}: has format version {}, but this npusim reads version {}; compile it again",
                    file, version, kVersion));
  const std::string_view body = bytes.substr(0, bytes.size() - kWord);
  if (checksum(body) != wordAt(bytes.substr(body.size()))) broken.fail();
  return body.substr(kMagic.size() + kWord);
}

void readConstants(std::string_view bytes, const std::string& file, Program& program) {
  SectionReader reader(bytes, file);
  for (ConstantBlock& block : program.constants) {
    const std::string_view data = reader.section();
    if (data.empty()) continue;
    const auto* first = reinterpret_cast<const std::byte*>(data.data());
    block.bytes = std::make_shared<const std::vector<std::byte>>(first, first + data.size());
  }
  if (!reader.done()) reader.fail();
}

}  // namespace

std::string pack(const Program& program) {
  std::uint64_t constantBytes = 0;
  for (const ConstantBlock& block : program.constants) constantBytes += kWord + view(block).size();
  std::string out(kMagic);
  appendWord(out, kVersion);
  appendSection(out, program.chipYaml);
  appendSection(out, textWithoutChip(program));
  out.reserve(out.size() + constantBytes + 2 * kWord);
  appendWord(out, constantBytes);
  for (const ConstantBlock& block : program.constants) appendSection(out, view(block));
  appendWord(out, checksum(out));
  return out;
}

Program unpack(std::string_view bytes, const std::string& fileName) {
  SectionReader sections(checkedSections(bytes, fileName), fileName);
  const std::string_view chip = sections.section();
  const std::string_view text = sections.section();
  const std::string_view constants = sections.section();
  if (!sections.done()) sections.fail();
  Program program = parse(std::string(text), fileName + " (text form)");
  program.chipYaml = chip;
  readConstants(constants, fileName, program);
  verify(program);
  return program;
}

void write(const Program& program, const std::string& file) {
  writeFileAtomically(file, pack(program));
}

Program read(const std::string& file) { return unpack(contentsOf(file), file); }

}  // namespace npusim::isa
