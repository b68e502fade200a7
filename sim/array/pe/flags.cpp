#include "sim/array/pe/flags.h"

#include <algorithm>

namespace npusim {

void Flags::raiseLine(std::int64_t line) {
  FlagWord* const words = this->line(line);
  std::fill_n(words, words_ - 1, ~FlagWord{0});
  words[words_ - 1] = lastWord_;
}

void Flags::shift() {
  if (words_ == 1) {
    for (FlagWord& word : bits_) word = (word << 1) & lastWord_;
    return;
  }
  for (FlagWord* words = bits_.data(); words != bits_.data() + bits_.size(); words += words_) {
    for (std::int64_t w = words_ - 1; w > 0; --w) {
      words[w] = words[w] << 1 | words[w - 1] >> (kWordBits - 1);
    }
    words[0] <<= 1;
    words[words_ - 1] &= lastWord_;
  }
}

}  // namespace npusim
