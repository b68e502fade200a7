#include "tools/units.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tools/text_table.h"

namespace npusim::tools {
namespace {

TEST(Units, SiKeepsThreeDigits) {
  EXPECT_EQ(si(0, "s"), "0 s");
  EXPECT_EQ(si(1, "s"), "1.00 s");
  EXPECT_EQ(si(0.00123, "s"), "1.23 ms");
  EXPECT_EQ(si(12345, "W"), "12.3 kW");
  EXPECT_EQ(si(999.4, "W"), "999 W");
  EXPECT_EQ(si(999.6, "W"), "1.00 kW");
  EXPECT_EQ(si(9.996, "W"), "10.0 W");
  EXPECT_EQ(si(2.5e-15, "J"), "2.50 fJ");
  EXPECT_EQ(si(std::nan(""), "J"), "-");
}

TEST(Units, EveryMagnitudeReadsBackWithinItsDigits) {
  for (double value = 1e-14; value < 1e15; value *= 1.37) {
    const std::string text = si(value, "");
    const std::string prefixes = "fpnum kMGTP";
    const char prefix = text.back() == ' ' ? ' ' : text.back();
    const double unit = std::pow(10, 3 * (static_cast<double>(prefixes.find(prefix)) - 5));
    EXPECT_NEAR(std::stod(text) * unit, value, value * 0.00501) << text;
  }
}

TEST(Units, BytesAreBinary) {
  EXPECT_EQ(bytes(0), "0 B");
  EXPECT_EQ(bytes(1023), "1023 B");
  EXPECT_EQ(bytes(1024), "1.00 KiB");
  EXPECT_EQ(bytes(1023 * 1024), "1.00 MiB");
  EXPECT_EQ(bytes(std::numeric_limits<std::int64_t>::max()), "8.00 EiB");
}

TEST(Units, GroupsThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
  EXPECT_EQ(grouped(-123), "-123");
}

TEST(Units, SharesAndFactors) {
  EXPECT_EQ(percent(0.4514), "45.1 %");
  EXPECT_EQ(percent(std::nan("")), "-");
  EXPECT_EQ(times(0.0123), "0.0123 x");
  EXPECT_EQ(times(2.444), "2.44 x");
  EXPECT_EQ(times(12345), "12,345 x");
  EXPECT_EQ(times(std::nan("")), "-");
}

TEST(Units, ShortensInTheMiddle) {
  EXPECT_EQ(shortened("abcdefghij", 10), "abcdefghij");
  EXPECT_EQ(shortened("abcdefghijk", 10), "abcd..hijk");
  EXPECT_EQ(shortened("abcdefghijkl", 9), "abcd..jkl");
}

TEST(TextTable, AlignsColumns) {
  TextTable table({{"name", TextTable::Align::Left}, {"n"}});
  table.addRow({"a", "1"});
  table.addRule();
  table.addRow({"long name", "1,000"});
  EXPECT_EQ(table.text(),
            " name           n\n"
            " ----------------\n"
            " a              1\n"
            " ----------------\n"
            " long name  1,000\n");
}

}  // namespace
}  // namespace npusim::tools
