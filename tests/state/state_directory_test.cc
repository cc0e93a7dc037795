#include "state/state_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/uuid.h"
#include "tests/state/child_process.h"

namespace state {
namespace {

using testing::HasSubstr;

class StateDirectoryTest : public testing::Test {
 protected:
  StateDirectoryTest()
      : root_(absl::StrCat(testing::TempDir(), "/state-directory-", ::getpid(), "-",
                           testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(root_);
  }
  ~StateDirectoryTest() override { std::filesystem::remove_all(root_); }

  std::string Path(const std::string& name) const { return root_ + "/app/" + name; }
  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }

  void ExpectRefused(const absl::Status& status, absl::StatusCode code,
                     std::initializer_list<std::string> names) const {
    ASSERT_EQ(status.code(), code) << status;
    for (const std::string& name : names) {
      EXPECT_THAT(std::string(status.message()), HasSubstr(name));
    }
  }
  // Both ways to look at it say the same, and neither changes the file.
  void ExpectUnfit(const std::string& instance, absl::StatusCode code,
                   std::initializer_list<std::string> names) const {
    Write(Path("instance"), instance);
    ExpectRefused(StateDirectory::Open(root_, "app").status(), code, names);
    ExpectRefused(CheckInstanceFile(root_ + "/app", "app"), code, names);
    EXPECT_EQ(Read(Path("instance")), instance);
  }

  const std::string root_;
};

TEST_F(StateDirectoryTest, MakesWhatIsMissing) {
  const auto directory = StateDirectory::Open(root_, "app");
  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_TRUE(base::ParseUuid((*directory)->instance_id()).has_value());
  EXPECT_EQ((*directory)->stores_path(), Path("stores"));
  EXPECT_TRUE(std::filesystem::is_directory(Path("stores")));
  EXPECT_EQ(Read(Path("instance")), absl::StrCat("format=1\napplication_id=app\ninstance_id=",
                                                 (*directory)->instance_id(), "\n"));
  EXPECT_EQ(Read(Path("lock")), absl::StrCat(::getpid()));
  EXPECT_FALSE(std::filesystem::exists(Path("instance.new")));
}

TEST_F(StateDirectoryTest, ComesBackToItsName) {
  std::string first;
  {
    const auto directory = StateDirectory::Open(root_, "app");
    ASSERT_TRUE(directory.ok());
    first = (*directory)->instance_id();
  }
  const auto again = StateDirectory::Open(root_, "app");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->instance_id(), first);
}

TEST_F(StateDirectoryTest, ApplicationsHaveDirectoriesOfTheirOwn) {
  const auto one = StateDirectory::Open(root_, "app");
  const auto other = StateDirectory::Open(root_, "other");
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_NE((*one)->instance_id(), (*other)->instance_id());
}

TEST_F(StateDirectoryTest, IsOneProcessAlone) {
  const auto directory = StateDirectory::Open(root_, "app");
  ASSERT_TRUE(directory.ok());
  const pid_t holder = ::getpid();
  InChild([&] {
    ExpectRefused(StateDirectory::Open(root_, "app").status(),
                  absl::StatusCode::kFailedPrecondition,
                  {root_ + "/app", absl::StrCat("in use by process ", holder, "."), "STATE_DIR"});
    EXPECT_TRUE(CheckInstanceFile(root_ + "/app", "app").ok());  // looking is free
  });
  // Nor twice in one.
  EXPECT_TRUE(absl::IsFailedPrecondition(StateDirectory::Open(root_, "app").status()));
  EXPECT_EQ(Read(Path("lock")), absl::StrCat(holder));
}

TEST_F(StateDirectoryTest, TheLockEndsWithItsProcess) {
  const pid_t child = StartChild([&] {
    const auto directory = StateDirectory::Open(root_, "app");
    ASSERT_TRUE(directory.ok());
    KillSelf();
  });
  EXPECT_TRUE(WIFSIGNALED(WaitFor(child)));
  EXPECT_EQ(Read(Path("lock")), absl::StrCat(child));
  const auto directory = StateDirectory::Open(root_, "app");
  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_EQ(Read(Path("lock")), absl::StrCat(::getpid()));
}

TEST_F(StateDirectoryTest, ACopyHasTheSameNameAndALockOfItsOwn) {
  const auto directory = StateDirectory::Open(root_, "app");
  ASSERT_TRUE(directory.ok());
  const std::string copy = root_ + "/copy";
  std::filesystem::create_directories(copy);
  std::filesystem::copy(root_ + "/app", copy + "/app", std::filesystem::copy_options::recursive);
  const auto copied = StateDirectory::Open(copy, "app");
  ASSERT_TRUE(copied.ok()) << copied.status();
  EXPECT_EQ((*copied)->instance_id(), (*directory)->instance_id());
}

class UnfitDirectoryTest : public StateDirectoryTest {
 protected:
  UnfitDirectoryTest() { EXPECT_TRUE(StateDirectory::Open(root_, "app").ok()); }
  const std::string id_ = "instance_id=00000000-0000-4000-8000-000000000001\n";
};

TEST_F(UnfitDirectoryTest, OfAnotherApplication) {
  ExpectUnfit("format=1\napplication_id=other\n" + id_, absl::StatusCode::kFailedPrecondition,
              {Path("instance"), "belongs to application id \"other\"", "\"app\""});
}

TEST_F(UnfitDirectoryTest, OfANewerFormat) {
  // Whatever else it may hold.
  ExpectUnfit("format=2\napplication_id=other\n", absl::StatusCode::kFailedPrecondition,
              {Path("instance"), "format \"2\"", "knows 1"});
  ExpectUnfit("application_id=app\n" + id_, absl::StatusCode::kFailedPrecondition,
              {Path("instance"), "format \"\""});
}

TEST_F(UnfitDirectoryTest, Damaged) {
  ExpectUnfit("format=1\napplication_id=app\ninstance_id=nobody\n", absl::StatusCode::kDataLoss,
              {Path("instance"), "no instance id", "Remove the directory"});
  ExpectUnfit("format=1\ngarbage\n", absl::StatusCode::kDataLoss, {Path("instance"), "garbage"});
  ExpectUnfit("", absl::StatusCode::kFailedPrecondition, {Path("instance"), "format \"\""});
}

TEST_F(UnfitDirectoryTest, ThatCannotBeRead) {
  // A directory in the file's place: so it can be tested by root, who may read all files.
  std::filesystem::remove(Path("instance"));
  std::filesystem::create_directory(Path("instance"));
  const auto directory = StateDirectory::Open(root_, "app");
  EXPECT_FALSE(directory.ok());
  EXPECT_THAT(std::string(directory.status().message()), HasSubstr(Path("instance")));
  EXPECT_FALSE(CheckInstanceFile(root_ + "/app", "app").ok());
}

TEST_F(StateDirectoryTest, ThatCannotBeMade) {
  Write(root_, "a file is in the way");
  ExpectRefused(StateDirectory::Open(root_, "app").status(), absl::StatusCode::kInternal,
                {"cannot make the state directory", root_ + "/app"});
}

TEST_F(StateDirectoryTest, LookingMakesNothing) {
  EXPECT_TRUE(absl::IsNotFound(CheckInstanceFile(root_ + "/app", "app")));
  EXPECT_FALSE(std::filesystem::exists(root_));
}

}  // namespace
}  // namespace state
