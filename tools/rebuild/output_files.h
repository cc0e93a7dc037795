// A replay's outputs as files: one of JSON lines for each topic, `<directory>/<topic>.jsonl`.
#pragma once

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/rebuild/output_record.h"

namespace tools {

class OutputFiles {
 public:
  // Makes the directory, which must not be there or be empty, and the files.
  static absl::StatusOr<OutputFiles> Make(const std::string& directory,
                                          const std::vector<std::string>& topics);

  absl::Status Add(const std::string& topic, const OutputRecord& record);
  // All is written, or why not.
  absl::Status Finish();

 private:
  std::string directory_;
  std::map<std::string, std::ofstream> files_;
};

}  // namespace tools
