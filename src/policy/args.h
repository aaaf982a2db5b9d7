// Arguments of samples and converters: from "(a,\"b,c\",3)" to typed values, as the shape of the keyword wants them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/policy/sample.h"

namespace sluice::policy {

enum class ArgKind : std::uint8_t { None, Int, Str, Ip4, Ip6, Mask4, Mask6, Regex, Frontend, Backend, Server, Other };

struct Arg {
  ArgKind kind = ArgKind::None;  // None: not given
  std::int64_t num = 0;          // Int; Ip4 and Mask4 in host order; whatever prepare() put here
  std::string_view text;         // as given, owned by the program
  Ip6Bytes ip6{};                // Ip6, Mask6
  const void* object = nullptr;  // made by prepare(), owned by the program
  [[nodiscard]] bool given() const noexcept { return kind != ArgKind::None; }
};

// A shape is the text that `-dK` prints between the parentheses: "string[,integer]".
struct Shape {
  std::vector<ArgKind> kinds;
  std::vector<std::string_view> names;  // for messages
  std::size_t required = 0;
};
Shape parse_shape(std::string_view text);

// Cuts the text behind an opening parenthesis into arguments, resolving quotes and escapes (manual 2.2, second level).
// `used` counts the characters up to and including the closing parenthesis. False: no closing parenthesis.
bool cut_args(std::string_view text, std::vector<std::string>& out, std::size_t& used);

// One argument to its type; false when it is not of that kind.
bool type_arg(ArgKind kind, std::string_view text, Arg& out);

// "24", "255.255.255.0" / "64", "ffff::"
bool parse_mask4(std::string_view text, std::uint32_t& host_order);
bool parse_mask6(std::string_view text, Ip6Bytes& out);
// A whole address of one family.
bool parse_ip4(std::string_view text, std::uint32_t& host_order) noexcept;
bool parse_ip6(std::string_view text, Ip6Bytes& out) noexcept;

}  // namespace sluice::policy
