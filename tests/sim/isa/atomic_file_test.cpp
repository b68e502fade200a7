#include "sim/core/atomic_file.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/core/error.h"

namespace npusim {
namespace {

namespace fs = std::filesystem;

/// A folder of its own for each test, removed at its end.
class AtomicFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("npusim_atomic_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }
  static std::string contents(const std::string& file) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_))
      found.push_back(entry.path().filename());
    return found;
  }
  static std::string refusal(const std::string& file, std::string_view text) {
    try {
      writeFileAtomically(file, text);
      return "";
    } catch (const BadInput& error) {
      return error.what();
    }
  }

 private:
  fs::path folder_;
};

TEST_F(AtomicFile, WritesAndReplaces) {
  writeFileAtomically(path("a"), "first and long");
  EXPECT_EQ(contents(path("a")), "first and long");
  writeFileAtomically(path("a"), "second");
  EXPECT_EQ(contents(path("a")), "second");
  EXPECT_THAT(names(), testing::ElementsAre("a"));
}

TEST_F(AtomicFile, KeepsModeAndFollowsLinks) {
  writeFileAtomically(path("a"), "first");
  fs::permissions(path("a"), fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("a", path("link"));
  writeFileAtomically(path("link"), "second");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(contents(path("a")), "second");
  EXPECT_EQ(fs::status(path("a")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(AtomicFile, NamesTheReason) {
  fs::create_directory(path("folder"));
  EXPECT_THAT(refusal(path("folder"), "x"),
              testing::HasSubstr("folder: cannot write it: Is a directory"));
  EXPECT_THAT(refusal(path("none/x"), "x"), testing::HasSubstr("No such file or directory"));
  EXPECT_THAT(refusal("/dev/full", "x"),
              testing::HasSubstr("/dev/full: cannot write it: No space left on device"));
  EXPECT_THAT(names(), testing::ElementsAre("folder"));
}

TEST_F(AtomicFile, LeavesNothingBehindWhenTheDiskFills) {
  writeFileAtomically(path("a"), "before");
  rlimit unlimited{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &unlimited), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limited = unlimited;
  limited.rlim_cur = 4096;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limited), 0);
  const std::string message = refusal(path("a"), std::string(100000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &unlimited), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(message, testing::HasSubstr("cannot write it: File too large"));
  EXPECT_EQ(contents(path("a")), "before");
  EXPECT_THAT(names(), testing::ElementsAre("a"));
}

}  // namespace
}  // namespace npusim
