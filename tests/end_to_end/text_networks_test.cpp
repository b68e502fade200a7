#include <gtest/gtest.h>

#include <filesystem>

#include "tests/end_to_end/fetched_network.h"
#include "tests/tools/process.h"
#include "workloads/evaluate/npy.h"

/// PP-OCR v4 on rendered text: the detector finds where it stands, the recogniser what it says.
namespace npusim::end_to_end {
namespace {

const std::string kReference = NPUSIM_SOURCE_DIR "/tests/models/reference/";

/// An 8-bit picture of one channel.
struct Picture {
  std::int64_t width = 0, height = 0;
  std::string pixels;
  double at(std::int64_t i) const {
    return static_cast<unsigned char>(pixels.at(static_cast<std::size_t>(i))) / 255.0;
  }
};

Picture readPgm(const std::string& file) {
  std::istringstream text(tools::readText(file));
  Picture picture;
  std::string magic;
  int most = 0;
  text >> magic >> picture.width >> picture.height >> most;
  text.get();
  picture.pixels.assign(std::istreambuf_iterator<char>(text), {});
  EXPECT_EQ(magic + std::to_string(most), "P5255") << file;
  EXPECT_EQ(std::ssize(picture.pixels), picture.width * picture.height) << file;
  return picture;
}

/// How PaddleOCR's preprocessing scales the channels.
struct Scaling {
  std::array<double, 3> mean, deviation;
};
constexpr Scaling kRecognition = {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};
constexpr Scaling kDetection = {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};

/// [1, 3, height, width], every channel the picture.
Tensor inputOf(const Picture& picture, const Scaling& scaling) {
  Tensor tensor(DataType::Float32, {1, 3, picture.height, picture.width});
  const std::int64_t pixels = picture.width * picture.height;
  for (std::int64_t i = 0; i < 3 * pixels; ++i) {
    const auto channel = static_cast<std::size_t>(i / pixels);
    tensor.as<float>()[static_cast<std::size_t>(i)] = static_cast<float>(
        (picture.at(i % pixels) - scaling.mean[channel]) / scaling.deviation[channel]);
  }
  return tensor;
}

/// The only output of a run in fp32.
Tensor outputOf(const std::string& network, const Tensor& input) {
  const tools::TemporaryFolder folder;
  writeNpy(folder / "x.npy", input);
  const tools::Finished finished = tools::npusim(
      {"run", "--workload", fetchedFile(network), "--input", "x=" + (folder / "x.npy"),
       "--precision", "fp32", "--reference", "none", "--outputs", folder / "outputs"});
  EXPECT_EQ(finished.exitCode, 0) << finished.err;
  if (finished.exitCode != 0) return {};
  for (const auto& entry : std::filesystem::directory_iterator(folder / "outputs")) {
    return readNpy(entry.path());
  }
  return {};
}

/// Characters of the dictionary ppocr_keys_v1.txt (its lines, from 1) that the rendered line has;
/// behind its 6623 lines comes the space.
constexpr std::array<std::pair<std::size_t, char>, 14> kCharacters = {{{26, '0'},
                                                                       {632, '4'},
                                                                       {933, '6'},
                                                                       {1033, 's'},
                                                                       {1109, '9'},
                                                                       {1310, 'P'},
                                                                       {1381, 'T'},
                                                                       {1958, 'r'},
                                                                       {3332, 'e'},
                                                                       {3589, 'N'},
                                                                       {4245, 'o'},
                                                                       {4497, 'U'},
                                                                       {4547, 'n'},
                                                                       {6624, ' '}}};

char characterOf(std::size_t index) {
  const auto found = std::ranges::find(kCharacters, index, &std::pair<std::size_t, char>::first);
  return found == kCharacters.end() ? '?' : found->second;
}

/// What a row of probabilities holds most likely, and how likely.
std::pair<std::size_t, float> mostLikely(std::span<const float> row) {
  const auto most = std::ranges::max_element(row);
  return {static_cast<std::size_t>(most - row.begin()), *most};
}

TEST(TextNetworks, TheRecogniserReadsTheLine) {
  if (!std::filesystem::exists(fetchedFile("ppocrv4_rec"))) {
    GTEST_SKIP() << "ppocrv4_rec is missing; tests/models/fetch.sh fetches it";
  }
  const std::string folder = kReference + "ppocrv4_rec/";
  const Tensor output =
      outputOf("ppocrv4_rec", inputOf(readPgm(folder + "line.pgm"), kRecognition));
  const Tensor expected = readNpy(folder + "most_likely.npy");  // [step][index, probability]
  ASSERT_EQ(output.shape(), (Shape{1, 40, 6625}));
  ASSERT_EQ(expected.shape(), (Shape{40, 2}));
  std::string text;
  std::size_t before = 0;
  for (std::size_t step = 0; step < 40; ++step) {
    const auto [index, share] = mostLikely(output.as<float>().subspan(step * 6625, 6625));
    EXPECT_EQ(static_cast<float>(index), expected.as<float>()[2 * step]) << "step " << step;
    EXPECT_NEAR(share, expected.as<float>()[2 * step + 1], 1e-4 + 1e-3) << "step " << step;
    if (index != 0 && index != before) text += characterOf(index);
    before = index;
  }
  EXPECT_EQ(text, "Tensor 4096 NPU");
}

TEST(TextNetworks, TheDetectorFindsTheText) {
  if (!std::filesystem::exists(fetchedFile("ppocrv4_det"))) {
    GTEST_SKIP() << "ppocrv4_det is missing; tests/models/fetch.sh fetches it";
  }
  const std::string folder = kReference + "ppocrv4_det/";
  const Picture page = readPgm(folder + "page.pgm"), expected = readPgm(folder + "text.pgm");
  const Tensor output = outputOf("ppocrv4_det", inputOf(page, kDetection));
  ASSERT_EQ(output.shape(), (Shape{1, 1, page.height, page.width}));
  double worst = 0;
  std::size_t found = 0;
  for (std::int64_t i = 0; i < page.width * page.height; ++i) {
    const double value = output.as<float>()[static_cast<std::size_t>(i)];
    worst = std::max(worst, std::abs(value - expected.at(i)));
    found += value > 0.3 ? 1 : 0;
  }
  EXPECT_LE(worst, 1e-4 + 1e-3 + 0.5 / 255) << "of which the 8-bit picture rounds 0.5 / 255";
  EXPECT_EQ(found, 957u) << "pixels";
}

}  // namespace
}  // namespace npusim::end_to_end
