// Samples: typed values taken from a stream, a connection or the process (manual 7.1, 7.3).
//
// A Sample is a small value; text and binary samples are views that live as long as what they were taken from (message,
// configuration) or until the scratch memory of the evaluation is rewound. No function here allocates but in Scratch.
// Thread: that of the evaluation.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/policy/context.h"

namespace sluice::policy {

enum class SampleType : std::uint8_t { Any, Same, Bool, Sint, Addr, Ipv4, Ipv6, Str, Bin, Meth };

// As `-dKsmp` prints it: "bool", "sint", "addr", ...
std::string_view type_name(SampleType t) noexcept;

enum SampleFlag : std::uint8_t {
  kConst = 1,      // the same for the life of the configuration
  kVolatile = 2,   // may differ at the next evaluation for the same stream
  kMayChange = 4,  // more input may change it (body not complete)
};

using Ip6Bytes = std::array<std::uint8_t, 16>;

struct Sample {
  SampleType type = SampleType::Bool;  // never Any, Same or Addr at run time
  std::uint8_t flags = 0;
  std::uint8_t method = 0;  // Meth: http::Method; text is valid too
  std::int64_t num = 0;     // Bool, Sint; Ipv4 in host order
  std::string_view text;    // Str, Bin, Meth
  Ip6Bytes ip6{};           // Ipv6

  void set_bool(bool v) noexcept { type = SampleType::Bool, num = v ? 1 : 0; }
  void set_int(std::int64_t v) noexcept { type = SampleType::Sint, num = v; }
  void set_str(std::string_view v) noexcept { type = SampleType::Str, text = v; }
  void set_bin(std::string_view v) noexcept { type = SampleType::Bin, text = v; }
  void set_ip4(std::uint32_t host_order) noexcept { type = SampleType::Ipv4, num = host_order; }
  void set_ip6(const Ip6Bytes& b) noexcept { type = SampleType::Ipv6, ip6 = b; }
  // False when the address is of neither family.
  bool set_address(const net::Address& a) noexcept;
};

// Changes the sample's type where the language allows it (number to text, text to number or address, ...); false when
// not possible: the sample is then "not found". New text goes to ctx.scratch. Converting binary to text gives
// upper-case hex only when printed; as an input of a text converter the bytes are taken as they are.
bool cast(SampleContext& ctx, Sample& s, SampleType to) noexcept;

// Whether cast() can ever succeed; what the compiler asks.
bool castable(SampleType from, SampleType to) noexcept;

}  // namespace sluice::policy
