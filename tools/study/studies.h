#pragma once

#include "tools/subcommands.h"

namespace npusim::tools {

/// The studies of `npusim study NAME`: each one question, answered by a table that one command
/// makes. A study is one file of this folder and one row of the table in study.cpp.
void studyDataflows(const Arguments& arguments);
void studyCache(const Arguments& arguments);
void studyCores(const Arguments& arguments);
void studyRecurrent(const Arguments& arguments);
void studyFamily(const Arguments& arguments);
void studyPrecision(const Arguments& arguments);
void studyWeights(const Arguments& arguments);

}  // namespace npusim::tools
