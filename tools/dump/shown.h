// Keys and values of the stores, the engine's own among them, as text for people and as
// JSON. Pure functions; what cannot be decoded is shown in hexadecimal.
#pragma once

#include <string>
#include <string_view>

namespace dump {

// "character 7 of tenant ...", "the engine's offsets", "key 0a0b..".
std::string ObjectName(std::string_view store, std::string_view key);

// One JSON value: an object's is what `--format json` prints of it, the engine's are its
// fields; a text where the bytes cannot be decoded, which says why.
std::string ValueJson(std::string_view store, std::string_view key, std::string_view value);

// The same for people, who have read the object's name already: its value alone.
std::string ValueText(std::string_view store, std::string_view key, std::string_view value);

// As a JSON text, in quotes.
std::string JsonText(std::string_view text);

}  // namespace dump
