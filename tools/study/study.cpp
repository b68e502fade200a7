#include <array>

#include "tools/nested_command.h"
#include "tools/study/studies.h"

namespace npusim::tools {
namespace {

constexpr std::array kStudies = {
    Subcommand{"dataflows", "the same layers under every dataflow on the same MACs",
               studyDataflows},
    Subcommand{"cache", "how large the cache of each PE should be", studyCache},
    Subcommand{"cores", "a network on 1 to 64 cores over three networks", studyCores},
    Subcommand{"recurrent", "recurrent layers beside one product of as many MACs", studyRecurrent},
    Subcommand{"family", "GPT-2 to GPT-3 on one chip, until one is refused", studyFamily},
    Subcommand{"precision", "how far int8 and 16 bits are from reference outputs", studyPrecision},
    Subcommand{"weights", "what weights encoded in memory save, and what they cost", studyWeights},
};

}  // namespace

void study(const Arguments& arguments) {
  runNested({"study", "Answers one question by a table of many runs.", kStudies}, arguments);
}

}  // namespace npusim::tools
