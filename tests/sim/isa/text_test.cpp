#include <gmock/gmock.h>

#include <fstream>
#include <random>
#include <sstream>

#include "sim/core/error.h"
#include "sim/isa/program_io.h"
#include "tests/sim/isa/example_program.h"
#include "tests/sim/isa/random_program.h"

namespace npusim::isa {
namespace {

std::string goldenText() {
  std::ifstream file(NPUSIM_SOURCE_DIR "/tests/sim/isa/example_program.txt");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The message with which parse refuses `text`; empty when it accepts it.
std::string refusal(const std::string& text) {
  try {
    parse(text, "p.txt");
    return "";
  } catch (const BadInput& error) {
    return error.what();
  }
}

/// The example's text with the first `from` replaced by `to`.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = goldenText();
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(Text, ExampleIsWrittenAsTheGoldenFile) { EXPECT_EQ(toText(exampleProgram()), goldenText()); }

TEST(Text, GoldenFileIsReadAsTheExample) {
  EXPECT_EQ(parse(goldenText(), "golden"), exampleProgram());
}

TEST(Text, OneInstructionIsShownWithItsNames) {
  const Program program = exampleProgram();
  EXPECT_EQ(toText(program, program.queue(Engine::Matrix).at(2)),
            "sync wait inputs_loaded, sums_free");
}

TEST(Text, RandomProgramsComeBackEqual) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Program program = RandomProgram(seed).draw();
    const std::string text = toText(program);
    ASSERT_NO_THROW({
      const Program read = parse(text, "random");
      ASSERT_EQ(toText(read), text) << "seed " << seed;
      ASSERT_TRUE(read == program) << "seed " << seed << "\n" << text;
    }) << "seed "
       << seed << "\n"
       << text;
  }
}

TEST(Text, FreeLayoutIsAccepted) {
  std::string text = goldenText();
  std::string spaced;
  for (const char c : text)
    spaced += c == '\n' ? std::string("   # note\r\n\n") : std::string(1, c);
  const std::size_t chip = spaced.find("chip   #");
  EXPECT_EQ(parse(spaced.substr(0, chip), "p").queues, exampleProgram().queues);
}

TEST(Text, NumbersBeforeInstructionsMayBeLeftOut) {
  EXPECT_EQ(parse(changed("   0 sync wait", "sync wait"), "p"), exampleProgram());
}

TEST(Text, SumsMayBeInAnyOrder) {
  EXPECT_EQ(parse(changed("[-64 + 512*i0 + 64*d0]", "[64*d0 + 512*i0 - 60 - 4]"), "p"),
            exampleProgram());
}

struct Mistake {
  std::string from, to, message;
};

TEST(Text, MistakesAreNamedWithTheirPlace) {
  const std::vector<Mistake> mistakes = {
      {"npusim_program 1", "npusim_program 2",
       "p.txt:1:16: the text form is of version 2; this npusim reads version 1"},
      {"npusim_program", "hello", "p.txt:1:1: found 'hello', expected 'npusim_program'"},
      {"batch 1", "batch x", "p.txt:5:7: found 'x', expected a number"},
      {"batch 1", "batch 99999999999999999999", "expected a whole number of at most 63 bits"},
      {"batch 1", "batch 1.5", "found '1.5', expected a whole number"},
      {"values yes", "values maybe", "found 'maybe', expected an answer (no, yes)"},
      {"precision fp16", "precision fp17", "found 'fp17', expected an element type"},
      {"on_chip yes\n", "on_chip yes what\n", "found 'what', expected the end of the line"},
      {"bytes 8192 ", "", "p.txt:8:16: found 'on_chip', expected 'bytes'"},
      {"\"head ready\"", "\"head", "this text has no closing quote on its line"},
      {"\"head ready\"", "\"\\q\"", "a backslash must begin one of"},
      {"queue store", "queue stroe", "found 'stroe', expected an engine (load_weights, load_"},
      {"queue store", "queue vector", "the queue of vector is already given above"},
      {"   2   sync", "   2   snyc", "found 'snyc', expected an instruction (loop, end, sync"},
      {"from dram[65536]", "from dram[65536", "found 'fp16', expected ']'"},
      {"from dram[65536]", "from flash[65536]",
       "there is no single storage named 'flash'; there are: buffer, sums, dram"},
      {"wait weights_loaded", "wait nothing", "there is no single semaphore named 'nothing'"},
      {"layer \"/head/Gemm\"\n   3", "layer tail\n   3", "there is no single layer named 'tail'"},
      {"512*i0", "512*i0 + 64*d7", "found 'd7', expected a loop, i0 to i7"},
      {"64*d0]", "64*d0 + d0]", "found 'd0', expected each dimension at most once in a sum"},
      {"(p0 % 2)", "(i0 % 2)", "found 'i0', expected a loop, p0 to p7"},
      {"k [3, 3, 2]", "k [3, 3]", "found 2 extents, expected 3"},
      {"where 0 <=", "where 1 <=", "1 must lie in 0..0"},
      {"reduce 1 by max", "reduce 1 by most", "expected a reduction (sum, mean, max, min)"},
      {"leaky_relu(x, 0.1)", "leaky(x, 0.1)", "found 'leaky', expected an operation"},
      {"mul(x, 0.5)", "mul(x, x)", "expected an operand x0, x1, ... or a number beside x"},
      {"mul(x, 0.5)", "mul(x, 1e99)", "found '1e99', expected a number in the range of fp32"},
      {"zero 128", "zero 9999999999", "9999999999 must lie in -2147483648..2147483647"},
      {"fill 0", "fill -1", "-1 must lie in 0..4294967295"},
      {"| name: edge", "name: edge", "expected 'queue', 'chip' or the end of the text"},
      {"queue store", "queue store ~", "character \"~\" has no meaning here"},
  };
  for (const Mistake& mistake : mistakes)
    EXPECT_THAT(refusal(changed(mistake.from, mistake.to)), testing::HasSubstr(mistake.message))
        << mistake.from << " -> " << mistake.to;
}

TEST(Text, DamagedTextIsRefusedOrRead) {
  const std::string golden = goldenText();
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    std::mt19937_64 random(seed);
    std::string text = golden;
    for (int change = 0; change < 2; ++change) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0)
        text.erase(at, 1 + random() % 20);
      else
        text[at] = static_cast<char>(random() % 256);
    }
    EXPECT_NO_THROW(refusal(text)) << "seed " << seed;
  }
  for (std::size_t length = 0; length < golden.size(); ++length)
    EXPECT_NO_THROW(refusal(golden.substr(0, length))) << "length " << length;
}

}  // namespace
}  // namespace npusim::isa
