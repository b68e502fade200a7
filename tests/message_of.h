#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "sim/core/error.h"

namespace npusim {

/// The one line that `action` is refused with, or "no error". The test fails for another `code`.
inline std::string messageOf(const std::function<void()>& action,
                             ExitCode code = ExitCode::BadInput) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  return "no error";
}

}  // namespace npusim
