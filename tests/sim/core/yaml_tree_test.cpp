#include "sim/core/yaml_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/core/suggest.h"
#include "sim/core/yaml_rules.h"
#include "tests/message_of.h"

namespace npusim {
namespace {

TEST(YamlTree, NodesKnowTheirPlaceAndSort) {
  const YamlNode root = parseYaml("a: 5\nb: [\"5\", {c: }]\n", "f.yaml");
  const YamlNode* list = root.find("b");
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->keyWhere.line, 2);
  EXPECT_EQ(list->where.column, 4);
  ASSERT_EQ(list->children.size(), 2u);
  EXPECT_FALSE(root.find("a")->quoted);
  EXPECT_TRUE(list->children[0].quoted);
  const YamlNode* empty = list->children[1].find("c");
  ASSERT_NE(empty, nullptr);
  EXPECT_EQ(empty->kind, YamlNode::Kind::Null);
  EXPECT_EQ(empty->where.column, empty->keyWhere.column) << "no value has the place of its key";
  EXPECT_EQ(root.find("c"), nullptr) << "not a key of the root";
}

TEST(YamlTree, AnAliasPointsAtWhatItRepeats) {
  const YamlNode root = parseYaml("a: &x {k: 1}\nb: *x\n", "f.yaml");
  EXPECT_EQ(root.find("b")->find("k")->text, "1");
  EXPECT_EQ(root.find("b")->find("k")->where.line, 1);
  EXPECT_EQ(root.find("b")->keyWhere.line, 2);
}

TEST(YamlTree, RepeatedKeysAreRefusedWithTheirPath) {
  EXPECT_EQ(messageOf([] { parseYaml("l:\n  - {k: 1}\n  - {k: 1, k: 2}\n", "f.yaml"); }),
            "f.yaml:3:12: l.2.k: given twice (first on line 3), keep one");
}

TEST(YamlTree, PathsCountFromOne) {
  EXPECT_EQ(pathBelow("", "key"), "key");
  EXPECT_EQ(pathBelow(pathBelow("list", 0), "key"), "list.1.key");
}

TEST(YamlRules, LimitsAreNamedOnlyWhereTheyAre) {
  EXPECT_EQ((Whole{1, 8}.describe()), "a whole number from 1 to 8");
  EXPECT_EQ(Whole{1}.describe(), "a whole number of at least 1");
  EXPECT_EQ((Number{0, 2}.describe()), "a number from 0 to 2");
  EXPECT_EQ(Number{}.describe(), "a number");
}

TEST(YamlRules, ReadsExactlyWhatIsANumber) {
  EXPECT_EQ(Whole{-9}.read(scalarNode("-9"), "n"), -9);
  EXPECT_EQ(Number{}.read(scalarNode("-1.5e300"), "n"), -1.5e300);
  for (const char* text : {"", "8x", "0x8", "8.5", "99999999999999999999", " 8"}) {
    EXPECT_THROW(Whole{0}.read(scalarNode(text), "n"), BadInput) << text;
  }
  for (const char* text : {"", "nan", "inf", "-inf", "1e999", "1.5 "}) {
    EXPECT_THROW(Number{}.read(scalarNode(text), "n"), BadInput) << text;
  }
  EXPECT_THROW(Whole{0}.read(scalarNode("8", true), "n"), BadInput) << "in quotes it is text";
}

TEST(Suggest, FindsTheWordThatWasMeant) {
  const std::vector<std::string> words = {"rows", "cols", "dataflow"};
  EXPECT_EQ(closest("rwos", words), "rows") << "a swap is one step";
  EXPECT_EQ(closest("datafolw", words), "dataflow");
  EXPECT_EQ(closest("x", words), "");
  EXPECT_EQ(closest(std::string(100'000, 'r'), words), "") << "too long for a slip";
  EXPECT_EQ(didYouMean("row", words), " (did you mean 'rows'?)");
  EXPECT_EQ(joinedChoices(words), "rows, cols or dataflow");
}

}  // namespace
}  // namespace npusim
