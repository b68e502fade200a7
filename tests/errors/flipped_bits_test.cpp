#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/tools/process.h"

namespace npusim::tools {
namespace {

const std::string kNetwork = NPUSIM_SOURCE_DIR "/workloads/zoo/blazeface_front.onnx";

/// Gibberish in the place of a model must be refused, or be a model after all: never a crash, a
/// bug of ours or more than one line.
TEST(FlippedBits, OfANetworkNeverCrash) {
  const std::string good = readText(kNetwork);
  const TemporaryFolder folder;
  std::uint64_t state = 1;
  for (int trial = 0; trial < 24; ++trial) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    std::string bad = good;
    // Structure sits at both ends of the file, weights in between.
    const std::size_t span = 4000;
    const std::size_t at = (state >> 33) % span;
    const std::size_t place = trial % 2 == 0 ? at : bad.size() - 1 - at;
    bad[place] = static_cast<char>(bad[place] ^ (1 << ((state >> 60) % 8)));
    writeText(folder / "net.onnx", bad);
    const Finished finished =
        shell("cd '" + folder.path() + "'\n$NPUSIM run --workload net.onnx --json r.json");
    const std::string where = "bit flipped in byte " + std::to_string(place);
    EXPECT_LE(finished.exitCode, 3) << where << ": " << finished.err;
    if (finished.exitCode >= 2) {
      EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
      EXPECT_FALSE(std::filesystem::exists(folder / "r.json")) << where;
    }
    std::filesystem::remove(folder / "r.json");
  }
}

}  // namespace
}  // namespace npusim::tools
