// Text as a column on a terminal. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dump {

// What could disturb a terminal (control characters, what turns the direction of writing,
// bytes that are no UTF-8) is escaped, "\x1b".
std::string Printable(std::string_view text);

// How many columns it takes: wide characters, as of Korean, take two.
size_t Width(std::string_view printable);

// Printable, and spaces up to so many columns.
std::string Column(std::string_view text, size_t width);

}  // namespace dump
