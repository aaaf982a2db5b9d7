// One row of `show stat`, or the fields of `show info`, before it is printed: a value or nothing per column.
// Thread: any; values borrow the texts of the structs they were filled from.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sluice/ops/stats.h"

namespace sluice::ops {

enum class ValueType : std::uint8_t { U32, U64, S32, S64, Str };

struct StatColumn {
  std::string_view name;
  std::string_view tags;  // origin, nature, scope, persistence: management manual 9.2
  ValueType type;
  std::string_view description;
};

inline constexpr std::size_t kStaticColumns = 119;  // those whose places never change
inline constexpr std::size_t kStatColumns = 213;    // with those of the modules
inline constexpr std::size_t kInfoFields = 82;
std::span<const StatColumn> stat_columns() noexcept;
std::span<const StatColumn> info_fields() noexcept;

struct StatValue {
  bool set = false;
  bool fraction = false;  // number counts millionths: printed with six decimals (`show info float`)
  std::uint64_t number = 0;
  std::int64_t sign = 0;  // of S32, S64
  std::string_view text;

  void operator=(std::uint64_t n) noexcept {
    set = true;
    number = n;
  }
  void operator=(std::string_view t) noexcept {
    set = true;
    text = t;
  }
  void set_signed(std::int64_t n) noexcept {
    set = true;
    sign = n;
  }
};

struct StatRow {
  StatType type = StatType::Frontend;
  std::uint32_t iid = 0;
  std::uint32_t sid = 0;
  std::array<StatValue, kStatColumns> values{};
};

void fill(StatRow& row, const ProxyIdentity& proxy, const FrontendStats& s) noexcept;
void fill(StatRow& row, const ProxyIdentity& proxy, const ListenerStats& s) noexcept;
void fill(StatRow& row, const ProxyIdentity& proxy, const ServerStats& s) noexcept;
void fill(StatRow& row, const ProxyIdentity& proxy, const BackendStats& s) noexcept;

struct InfoRow {
  std::array<StatValue, kInfoFields> values{};
  std::string uptime;  // text of a value
};
void fill(InfoRow& row, const ProcessInfo& info, bool fractions);

// --- printing

// "# pxname,svname,...,\n"
void append_csv_header(std::string& out);
void append_csv(std::string& out, const StatRow& row);
void append_typed(std::string& out, const StatRow& row, bool descriptions);
// The fields of one object: `[{...},{...}]` without a newline.
void append_json(std::string& out, const StatRow& row);

void append_plain(std::string& out, const InfoRow& row, bool descriptions);
void append_typed(std::string& out, const InfoRow& row, bool descriptions);
void append_json(std::string& out, const InfoRow& row);

}  // namespace sluice::ops
