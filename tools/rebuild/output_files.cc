#include "tools/rebuild/output_files.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tools {

absl::StatusOr<OutputFiles> OutputFiles::Make(const std::string& directory,
                                              const std::vector<std::string>& topics) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return absl::InternalError(absl::StrCat("cannot make ", directory, ": ", error.message()));
  }
  if (!std::filesystem::is_empty(directory, error) || error) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory, " is not empty: what is there is not overwritten"));
  }
  OutputFiles files;
  files.directory_ = directory;
  for (const std::string& topic : topics) {
    const std::string path = absl::StrCat(directory, "/", topic, ".jsonl");
    files.files_[topic].open(path, std::ios::binary);
    if (!files.files_[topic]) return absl::InternalError(absl::StrCat("cannot make ", path));
  }
  return files;
}

absl::Status OutputFiles::Add(const std::string& topic, const OutputRecord& record) {
  std::ofstream& file = files_.at(topic);
  file << ToJson(record) << '\n';
  if (file) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("cannot write to ", directory_, "/", topic, ".jsonl"));
}

absl::Status OutputFiles::Finish() {
  for (auto& [topic, file] : files_) {
    file.close();
    if (!file) {
      return absl::InternalError(
          absl::StrCat("cannot write all of ", directory_, "/", topic, ".jsonl"));
    }
  }
  return absl::OkStatus();
}

}  // namespace tools
