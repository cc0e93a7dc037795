// A party with the characters of its members, or a character with its party.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/dump/options.h"
#include "tools/dump/printer.h"
#include "tools/dump/source.h"

namespace dump {

// By the options' id, in the options' tenant or in each. NotFound: there is none. What is
// referred to and not there is complained of; false then.
absl::StatusOr<bool> PrintParty(const std::vector<std::string>& stores,
                                const std::vector<Source>& sources, const Options& options,
                                Printer* printer);
absl::StatusOr<bool> PrintCharacter(const std::vector<std::string>& stores,
                                    const std::vector<Source>& sources, const Options& options,
                                    Printer* printer);

}  // namespace dump
