// Constants and what the process knows about itself (manual 7.3.2).
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "policy/registry.h"
#include "policy/texts.h"
#include "sluice/base/strings.h"
#include "sluice/http/message.h"
#include "sluice/policy/process_variables.h"

namespace sluice::policy {
namespace {

bool always_true(SampleContext&, const Arg*, Sample& s, Cursor&) noexcept {
  s.set_bool(true);
  return true;
}
bool always_false(SampleContext&, const Arg*, Sample& s, Cursor&) noexcept {
  s.set_bool(false);
  return true;
}

bool prepare_bool(Build& b) {
  const std::string_view t = b.args[0].text;
  if (base::iequals(t, "true") || t == "1") {
    b.args[0].num = 1;
  } else if (base::iequals(t, "false") || t == "0") {
    b.args[0].num = 0;
  } else {
    b.error = "invalid boolean '" + std::string(t) + "', expected true, false, 1 or 0";
    return false;
  }
  return true;
}
bool constant_bool(SampleContext&, const Arg* a, Sample& s, Cursor&) noexcept {
  s.set_bool(a[0].num != 0);
  s.flags = kConst;
  return true;
}
bool constant_int(SampleContext&, const Arg* a, Sample& s, Cursor&) noexcept {
  s.set_int(a[0].num);
  s.flags = kConst;
  return true;
}
bool constant_str(SampleContext&, const Arg* a, Sample& s, Cursor&) noexcept {
  s.set_str(a[0].text);
  s.flags = kConst;
  return true;
}
bool constant_ip4(SampleContext&, const Arg* a, Sample& s, Cursor&) noexcept {
  s.set_ip4(static_cast<std::uint32_t>(a[0].num));
  s.flags = kConst;
  return true;
}
bool constant_ip6(SampleContext&, const Arg* a, Sample& s, Cursor&) noexcept {
  s.set_ip6(a[0].ip6);
  s.flags = kConst;
  return true;
}
bool prepare_bin(Build& b) {
  const std::string_view t = b.args[0].text;
  std::string bytes;
  for (std::size_t i = 0; i + 1 < t.size(); i += 2) {
    const int hi = hex_value(t[i]);
    const int lo = hex_value(t[i + 1]);
    if (hi < 0 || lo < 0) break;
    bytes += static_cast<char>(hi << 4 | lo);
  }
  if (t.size() % 2 != 0 || bytes.size() != t.size() / 2) {
    b.error = "invalid hex string '" + std::string(t) + "', expected an even number of hex digits";
    return false;
  }
  b.args[0].text = b.keep(std::move(bytes));
  return true;
}
bool constant_bin(SampleContext&, const Arg* a, Sample& s, Cursor&) noexcept {
  s.set_bin(a[0].text);
  s.flags = kConst;
  return true;
}
bool constant_meth(SampleContext&, const Arg* a, Sample& s, Cursor&) noexcept {
  s.type = SampleType::Meth;
  s.method = static_cast<std::uint8_t>(http::method_of(a[0].text));
  s.text = a[0].text;
  s.flags = kConst;
  return true;
}

constexpr FetchRow kConstants[] = {
    {"always_true", "", SampleType::Bool, kEverywhere, always_true},
    {"always_false", "", SampleType::Bool, kEverywhere, always_false},
    {"bool", "string", SampleType::Bool, kEverywhere, constant_bool, Need::None, prepare_bool},
    {"int", "integer", SampleType::Sint, kEverywhere, constant_int},
    {"str", "string", SampleType::Str, kEverywhere, constant_str},
    {"ipv4", "IPv4address", SampleType::Ipv4, kEverywhere, constant_ip4},
    {"ipv6", "IPv6address", SampleType::Ipv6, kEverywhere, constant_ip6},
    {"bin", "string", SampleType::Bin, kEverywhere, constant_bin, Need::None, prepare_bin},
    {"meth", "string", SampleType::Meth, kEverywhere, constant_meth},
};

// Process

std::int64_t wall_us(const SampleContext& ctx) noexcept {
  if (ctx.now_wall_us != 0) return ctx.now_wall_us;
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return std::int64_t{t.tv_sec} * 1000000 + t.tv_nsec / 1000;
}

enum : std::int64_t { kSeconds, kMillis, kMicros };
bool prepare_unit(Arg& unit, std::string& error) {
  unit.num = kSeconds;
  if (!unit.given() || unit.text == "s") return true;
  if (unit.text == "ms") {
    unit.num = kMillis;
  } else if (unit.text == "us") {
    unit.num = kMicros;
  } else {
    error = "unit '" + std::string(unit.text) + "' is not one of 's', 'ms' and 'us'";
    return false;
  }
  return true;
}
std::int64_t in_unit(std::int64_t us, std::int64_t unit) noexcept {
  return unit == kSeconds ? us / 1000000 : unit == kMillis ? us / 1000 : us;
}

bool prepare_date(Build& b) { return prepare_unit(b.args[1], b.error); }
bool date(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  s.set_int(in_unit(wall_us(ctx), a[1].num) + (a[0].given() ? a[0].num : 0));
  s.flags = kVolatile;
  return true;
}
bool date_us(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  s.set_int(wall_us(ctx) % 1000000);
  s.flags = kVolatile;
  return true;
}

// One xorshift state per thread, seeded by the system: fast, not for secrets (manual 7.3.2 "rand").
std::uint64_t next_random() noexcept {
  thread_local std::uint64_t state = 0;
  while (state == 0) {
    if (getrandom(&state, sizeof state, 0) != sizeof state) state = static_cast<std::uint64_t>(time(nullptr)) | 1;
  }
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}
bool rand_value(SampleContext&, const Arg* a, Sample& s, Cursor&) noexcept {
  std::uint64_t v = next_random() >> 32;
  if (a[0].given() && a[0].num > 0) v = v * static_cast<std::uint64_t>(a[0].num) >> 32;
  s.set_int(static_cast<std::int64_t>(v));
  s.flags = kVolatile;
  return true;
}

bool prepare_uuid(Build& b) {
  if (b.args[0].given() && b.args[0].num != 4 && b.args[0].num != 7) {
    b.error = "unsupported UUID version " + std::to_string(b.args[0].num) + ", expected 4 or 7";
    return false;
  }
  return true;
}
bool uuid(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  // RFC 9562 5.4 and 5.7
  unsigned char b[16];
  const std::uint64_t hi = next_random();
  const std::uint64_t lo = next_random();
  std::memcpy(b, &hi, 8);
  std::memcpy(b + 8, &lo, 8);
  unsigned char version = 0x40;
  if (a[0].given() && a[0].num == 7) {
    version = 0x70;
    const auto ms = static_cast<std::uint64_t>(wall_us(ctx) / 1000);
    for (int i = 0; i < 6; ++i) b[i] = static_cast<unsigned char>(ms >> (8 * (5 - i)));
  }
  b[6] = static_cast<unsigned char>((b[6] & 0x0f) | version);
  b[8] = static_cast<unsigned char>((b[8] & 0x3f) | 0x80);
  const auto room = ctx.scratch->take(36);
  if (room.data() == nullptr) return false;
  char* p = room.data();
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *p++ = '-';
    *p++ = "0123456789abcdef"[b[i] >> 4];
    *p++ = "0123456789abcdef"[b[i] & 15];
  }
  s.set_str({room.data(), 36});
  s.flags = kVolatile;
  return true;
}

bool hostname(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.process == nullptr) return false;
  s.set_str(ctx.process->hostname);
  return true;
}
bool pid(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  s.set_int(ctx.process != nullptr && ctx.process->pid != 0 ? ctx.process->pid : getpid());
  return true;
}
bool one(SampleContext&, const Arg*, Sample& s, Cursor&) noexcept {
  s.set_int(1);
  return true;
}
bool uptime(SampleContext& ctx, const Arg*, Sample& s, Cursor&) noexcept {
  if (ctx.process == nullptr) return false;
  s.set_int((wall_us(ctx) - ctx.process->start_wall_us) / 1000000);
  return true;
}
// The environment does not change after start: read once, when compiled.
bool prepare_env(Build& b) {
  const char* value = std::getenv(std::string(b.args[0].text).c_str());
  b.args[0].num = value != nullptr ? 1 : 0;
  if (value != nullptr) b.args[0].text = b.keep(value);
  return true;
}
bool env(SampleContext&, const Arg* a, Sample& s, Cursor&) noexcept {
  if (a[0].num == 0) return false;
  s.set_str(a[0].text);
  s.flags = kConst;
  return true;
}

// manual 7.3.2 "var": of the scopes only that of the process is there.
bool prepare_var(Build& b) {
  const std::string_view name = b.args[0].text;
  if (name.starts_with("proc.")) {
    b.error = check_process_variable(name);
    return b.error.empty();
  }
  b.error = "'var' is not supported yet but for the scope 'proc', not for '" + std::string(name) + "'";
  return false;
}
bool var(SampleContext& ctx, const Arg* a, Sample& s, Cursor&) noexcept {
  if (ctx.process != nullptr && ctx.process->variables != nullptr && ctx.process->variables->get(a[0].text, ctx, s))
    return true;
  if (!a[1].given()) return false;
  s.set_str(a[1].text);
  s.flags = kConst;
  return true;
}

constexpr FetchRow kProcess[] = {
    {"date", "[integer,string]", SampleType::Sint, kEverywhere, date, Need::None, prepare_date},
    {"date_us", "", SampleType::Sint, kEverywhere, date_us},
    {"rand", "[integer]", SampleType::Sint, kEverywhere, rand_value},
    {"uuid", "[integer]", SampleType::Str, kEverywhere, uuid, Need::None, prepare_uuid},
    {"hostname", "", SampleType::Str, kEverywhere, hostname},
    {"pid", "", SampleType::Sint, kEverywhere, pid},
    {"nbproc", "", SampleType::Sint, kEverywhere, one},
    {"proc", "", SampleType::Sint, kEverywhere, one},
    {"uptime", "", SampleType::Sint, kEverywhere, uptime},
    {"var", "string[,string]", SampleType::Any, kEverywhere, var, Need::None, prepare_var},
    {"env", "string", SampleType::Str, kEverywhere, env, Need::None, prepare_env},
};

}  // namespace

std::span<const FetchRow> constant_fetches() { return kConstants; }
std::span<const FetchRow> process_fetches() { return kProcess; }

}  // namespace sluice::policy
