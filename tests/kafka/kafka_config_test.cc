// Which settings an operator may pass on, and what is said of the others.

#include "streams/kafka/kafka_config.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace streams::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string Refusal(const std::string& name, const std::string& value) {
  const absl::Status checked = CheckOverrides({{name, value}});
  EXPECT_TRUE(absl::IsInvalidArgument(checked)) << name << ": " << checked;
  EXPECT_THAT(std::string(checked.message()), HasSubstr(name));
  return std::string(checked.message());
}

TEST(KafkaConfig, SettingsThatExactlyOnceRestsOnAreRefusedByName) {
  for (const char* name : {"enable.auto.commit",
                           "isolation.level",
                           "transactional.id",
                           "enable.idempotence",
                           "acks",
                           "group.id",
                           "group.instance.id",
                           "enable.auto.offset.store",
                           "auto.offset.reset",
                           "partition.assignment.strategy",
                           "delivery.report.only.error",
                           "client.id",
                           "enable.partition.eof",
                           "message.timeout.ms",
                           "max.in.flight",
                           "session.timeout.ms",
                           "bootstrap.servers",
                           "allow.auto.create.topics",
                           "partitioner",
                           "enabled_events"}) {
    EXPECT_THAT(Refusal(name, "1"), HasSubstr("cannot be set"));
  }
}

TEST(KafkaConfig, AnotherNameOfARefusedSettingIsRefusedToo) {
  for (const char* name : {"metadata.broker.list", "request.required.acks", "delivery.timeout.ms",
                           "max.in.flight.requests.per.connection", "auto.commit.enable"}) {
    EXPECT_THAT(Refusal(name, "1"), HasSubstr("cannot be set"));
  }
}

TEST(KafkaConfig, SettingsOfEitherKindOfClientAreAccepted) {
  EXPECT_TRUE(CheckOverrides({{"security.protocol", "sasl_ssl"},
                              {"sasl.mechanisms", "PLAIN"},
                              {"fetch.wait.max.ms", "20"},
                              {"linger.ms", "5"}})
                  .ok());
}

TEST(KafkaConfig, WhatTheLibraryDoesNotTakeIsToldInItsWords) {
  EXPECT_THAT(Refusal("no.such.setting", "1"), HasSubstr("No such configuration property"));
  EXPECT_THAT(Refusal("fetch.wait.max.ms", "soon"), HasSubstr("soon"));
}

TEST(KafkaConfig, ASettingIsANameAndAValue) {
  EXPECT_THAT(*ParseSetting("a.b=c"), Pair("a.b", "c"));
  EXPECT_THAT(*ParseSetting(" a.b = c=d "), Pair("a.b", "c=d"));
  EXPECT_THAT(*ParseSetting("a="), Pair("a", ""));
  EXPECT_FALSE(ParseSetting("a").ok());
  EXPECT_FALSE(ParseSetting("=a").ok());
  EXPECT_FALSE(ParseSetting(" =a").ok());
}

class SettingsFile {
 public:
  explicit SettingsFile(const std::string& text) {
    close(mkstemp(path_));
    std::ofstream(path_) << text;
  }
  ~SettingsFile() { std::remove(path_); }
  std::string path() const { return path_; }

 private:
  char path_[32] = "/tmp/settings-XXXXXX";
};

TEST(KafkaConfig, AFileHasASettingALine) {
  const SettingsFile file("# comment\n\n a = 1 \r\nb=2\n  # more\na=3");
  const auto settings = ReadSettingsFile(file.path());
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_THAT(*settings, ElementsAre(Pair("a", "3"), Pair("b", "2")));
}

TEST(KafkaConfig, ErrorsInAFileNameItAndTheLine) {
  const SettingsFile file("a=1\nnonsense\n");
  const auto settings = ReadSettingsFile(file.path());
  EXPECT_THAT(std::string(settings.status().message()), HasSubstr(file.path() + " line 2"));
  const auto missing = ReadSettingsFile("/no/such/file");
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("/no/such/file"));
}

}  // namespace
}  // namespace streams::kafka
