// Arithmetic, bit and logic converters, and address masks (manual 7.3.1).
#include <limits>

#include "policy/registry.h"

namespace sluice::policy {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

// The argument is a number or the name of a variable; variables are not there yet.
bool prepare_number(Build& b) {
  Arg number;
  if (type_arg(ArgKind::Int, b.args[0].text, number)) {
    b.args[0].num = number.num;
    return true;
  }
  const std::string name(b.args[0].text);
  b.error = name.find('.') != std::string::npos ? "variable '" + name + "' : variables are not supported yet"
                                                : "expects a number or a variable, got '" + name + "'";
  return false;
}

std::int64_t add_held(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t r = 0;
  return __builtin_add_overflow(a, b, &r) ? (a < 0 ? kMin : kMax) : r;
}
std::int64_t sub_held(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t r = 0;
  return __builtin_sub_overflow(a, b, &r) ? (a < 0 ? kMin : kMax) : r;
}
std::int64_t mul_held(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t r = 0;
  return __builtin_mul_overflow(a, b, &r) ? ((a < 0) != (b < 0) ? kMin : kMax) : r;
}
std::int64_t div_held(std::int64_t a, std::int64_t b) noexcept {
  if (b == 0) return a < 0 ? kMin : kMax;
  if (a == kMin && b == -1) return kMax;
  return a / b;
}
std::int64_t mod_held(std::int64_t a, std::int64_t b) noexcept { return b == 0 || b == -1 ? 0 : a % b; }
std::int64_t bit_and(std::int64_t a, std::int64_t b) noexcept { return a & b; }
std::int64_t bit_or(std::int64_t a, std::int64_t b) noexcept { return a | b; }
std::int64_t bit_xor(std::int64_t a, std::int64_t b) noexcept { return a ^ b; }

template <std::int64_t (*F)(std::int64_t, std::int64_t) noexcept>
bool binary(SampleContext&, const Arg* a, Sample& s) noexcept {
  s.set_int(F(s.num, a[0].num));
  return true;
}
bool neg(SampleContext&, const Arg*, Sample& s) noexcept {
  s.set_int(s.num == kMin ? kMax : -s.num);
  return true;
}
bool cpl(SampleContext&, const Arg*, Sample& s) noexcept {
  s.set_int(~s.num);
  return true;
}
bool to_bool(SampleContext&, const Arg*, Sample& s) noexcept {
  s.set_bool(s.num != 0);
  return true;
}
bool logical_not(SampleContext&, const Arg*, Sample& s) noexcept {
  s.set_bool(s.num == 0);
  return true;
}
bool odd(SampleContext&, const Arg*, Sample& s) noexcept {
  s.set_bool((s.num & 1) != 0);
  return true;
}
bool even(SampleContext&, const Arg*, Sample& s) noexcept {
  s.set_bool((s.num & 1) == 0);
  return true;
}
bool iif(SampleContext&, const Arg* a, Sample& s) noexcept {
  s.set_str(s.num != 0 ? a[0].text : a[1].text);
  return true;
}
bool ipmask(SampleContext&, const Arg* a, Sample& s) noexcept {
  if (s.type == SampleType::Ipv4) {
    s.num &= a[0].num;
    return true;
  }
  if (!a[1].given()) return false;
  for (std::size_t i = 0; i < 16; ++i) s.ip6[i] &= a[1].ip6[i];
  return true;
}
bool htonl_bytes(SampleContext& ctx, const Arg*, Sample& s) noexcept {
  const auto room = ctx.scratch->take(4);
  if (room.data() == nullptr) return false;
  for (int i = 0; i < 4; ++i) room[static_cast<std::size_t>(i)] = static_cast<char>(s.num >> (24 - 8 * i));
  s.set_bin({room.data(), 4});
  return true;
}

constexpr auto kInt = SampleType::Sint;
constexpr ConverterRow kRows[] = {
    {"add", "string", kInt, kInt, binary<add_held>, prepare_number},
    {"sub", "string", kInt, kInt, binary<sub_held>, prepare_number},
    {"mul", "string", kInt, kInt, binary<mul_held>, prepare_number},
    {"div", "string", kInt, kInt, binary<div_held>, prepare_number},
    {"mod", "string", kInt, kInt, binary<mod_held>, prepare_number},
    {"and", "string", kInt, kInt, binary<bit_and>, prepare_number},
    {"or", "string", kInt, kInt, binary<bit_or>, prepare_number},
    {"xor", "string", kInt, kInt, binary<bit_xor>, prepare_number},
    {"neg", "", kInt, kInt, neg},
    {"cpl", "", kInt, kInt, cpl},
    {"bool", "", kInt, SampleType::Bool, to_bool},
    {"not", "", kInt, SampleType::Bool, logical_not},
    {"odd", "", kInt, SampleType::Bool, odd},
    {"even", "", kInt, SampleType::Bool, even},
    {"iif", "string,string", SampleType::Bool, SampleType::Str, iif},
    {"ipmask", "IPv4 mask[,IPv6 mask]", SampleType::Addr, SampleType::Addr, ipmask},
    {"htonl", "", kInt, SampleType::Bin, htonl_bytes},
};

}  // namespace

std::span<const ConverterRow> number_converters() { return kRows; }

}  // namespace sluice::policy
