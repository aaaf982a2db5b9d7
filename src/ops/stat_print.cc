// The three layouts of statistics: CSV, typed lines, JSON (management manual 9.1, 9.2).
#include <cstdio>

#include "ops/stat_row.h"
#include "sluice/base/strings.h"

namespace sluice::ops {

namespace {

void append_number(std::string& out, std::uint64_t n) {
  char text[24];
  out.append(text, static_cast<std::size_t>(base::write_uint(text, n) - text));
}

bool is_signed(ValueType t) noexcept { return t == ValueType::S32 || t == ValueType::S64; }

// The value as text, unquoted.
void append_value(std::string& out, const StatColumn& column, const StatValue& v) {
  if (column.type == ValueType::Str) {
    out += v.text;
  } else if (is_signed(column.type)) {
    char text[24];
    out.append(text, static_cast<std::size_t>(base::write_int(text, v.sign) - text));
  } else if (v.fraction) {
    char text[40];
    const int n = std::snprintf(text, sizeof(text), "%llu.%06llu", static_cast<unsigned long long>(v.number / 1000000),
                                static_cast<unsigned long long>(v.number % 1000000));
    out.append(text, static_cast<std::size_t>(n));
  } else {
    append_number(out, v.number);
  }
}

// Quoted only where it must be; the quote is doubled.
void append_csv_text(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (u < 0x20) {
          char text4[8];
          std::snprintf(text4, sizeof(text4), "\\u%04x", u);
          out += text4;
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

std::string_view type_name(const StatColumn& column, const StatValue& v) noexcept {
  if (v.fraction) return "flt";
  switch (column.type) {
    case ValueType::U32:
      return "u32";
    case ValueType::U64:
      return "u64";
    case ValueType::S32:
      return "s32";
    case ValueType::S64:
      return "s64";
    case ValueType::Str:
      return "str";
  }
  return "u64";
}

std::string_view origin_name(char c) noexcept {
  switch (c) {
    case 'M':
      return "Metric";
    case 'S':
      return "Status";
    case 'K':
      return "Key";
    case 'C':
      return "Config";
    case 'P':
      return "Product";
    default:
      return "Unknown";
  }
}
std::string_view nature_name(char c) noexcept {
  switch (c) {
    case 'A':
      return "Age";
    case 'a':
      return "Avg";
    case 'C':
      return "Counter";
    case 'D':
      return "Duration";
    case 'G':
      return "Gauge";
    case 'L':
      return "Limit";
    case 'M':
      return "Max";
    case 'm':
      return "Min";
    case 'N':
      return "Name";
    case 'O':
      return "Output";
    case 'R':
      return "Rate";
    case 'T':
      return "Time";
    default:
      return "Unknown";
  }
}
std::string_view scope_name(char c) noexcept {
  switch (c) {
    case 'C':
      return "Cluster";
    case 'P':
      return "Process";
    case 'S':
      return "Service";
    case 's':
      return "System";
    default:
      return "Unknown";
  }
}

void append_field_json(std::string& out, std::size_t place, const StatColumn& column, const StatValue& v,
                       std::string_view tags) {
  out += "\"field\":{\"pos\":";
  append_number(out, place);
  out += ",\"name\":\"";
  out += column.name;
  out += "\"},\"processNum\":1,\"tags\":{\"origin\":\"";
  out += origin_name(tags[0]);
  out += "\",\"nature\":\"";
  out += nature_name(tags[1]);
  out += "\",\"scope\":\"";
  out += scope_name(tags[2]);
  out += "\"},\"value\":{\"type\":\"";
  out += type_name(column, v);
  out += "\",\"value\":";
  if (column.type == ValueType::Str)
    append_json_text(out, v.text);
  else
    append_value(out, column, v);
  out += "}}";
}

// A few columns mean something else on another kind of object.
std::string_view tags_of(const StatColumn& column, StatType type) noexcept {
  if (type == StatType::Server && (column.name == "act" || column.name == "bck")) return "SGPV";
  if (type == StatType::Backend && (column.name == "act" || column.name == "bck" || column.name == "rate_max"))
    return "MGPV";
  return column.tags;
}

char letter(StatType t) noexcept { return "FBSL"[static_cast<std::size_t>(t)]; }

std::string_view object_name(StatType t) noexcept {
  constexpr std::string_view kNames[] = {"Frontend", "Backend", "Server", "Listener"};
  return kNames[static_cast<std::size_t>(t)];
}

void append_description(std::string& out, const StatColumn& column) {
  out += ":\"";
  out += column.description.empty() ? column.name : column.description;
  out += '"';
}

}  // namespace

void append_csv_header(std::string& out) {
  out += "# ";
  std::size_t i = 0;
  for (const StatColumn& c : stat_columns()) {
    if (i++ == kStaticColumns) out += "-,";
    out += c.name;
    out += ',';
  }
  out += '\n';
}

void append_csv(std::string& out, const StatRow& row) {
  for (std::size_t i = 0; i < kStatColumns; ++i) {
    if (i == kStaticColumns) out += "-,";
    const StatValue& v = row.values[i];
    const StatColumn& column = stat_columns()[i];
    if (v.set) {
      if (column.type == ValueType::Str)
        append_csv_text(out, v.text);
      else
        append_value(out, column, v);
    }
    out += ',';
  }
  out += '\n';
}

void append_typed(std::string& out, const StatRow& row, bool descriptions) {
  for (std::size_t i = 0; i < kStatColumns; ++i) {
    const StatValue& v = row.values[i];
    if (!v.set) continue;
    const StatColumn& column = stat_columns()[i];
    out += letter(row.type);
    out += '.';
    append_number(out, row.iid);
    out += '.';
    append_number(out, row.sid);
    out += '.';
    append_number(out, i);
    out += '.';
    out += column.name;
    out += ".1:";
    out += tags_of(column, row.type);
    out += ':';
    out += type_name(column, v);
    out += ':';
    append_value(out, column, v);
    if (descriptions) append_description(out, column);
    out += '\n';
  }
}

void append_json(std::string& out, const StatRow& row) {
  char first = '[';
  for (std::size_t i = 0; i < kStatColumns; ++i) {
    const StatValue& v = row.values[i];
    if (!v.set) continue;
    const StatColumn& column = stat_columns()[i];
    out += first;
    first = ',';
    out += "{\"objType\":\"";
    out += object_name(row.type);
    out += "\",\"proxyId\":";
    append_number(out, row.iid);
    out += ",\"id\":";
    append_number(out, row.sid);
    out += ',';
    append_field_json(out, i, column, v, tags_of(column, row.type));
  }
  out += ']';
}

void append_plain(std::string& out, const InfoRow& row, bool descriptions) {
  for (std::size_t i = 0; i < kInfoFields; ++i) {
    if (!row.values[i].set) continue;
    const StatColumn& field = info_fields()[i];
    out += field.name;
    out += ": ";
    append_value(out, field, row.values[i]);
    if (descriptions) append_description(out, field);
    out += '\n';
  }
}

void append_typed(std::string& out, const InfoRow& row, bool descriptions) {
  for (std::size_t i = 0; i < kInfoFields; ++i) {
    const StatValue& v = row.values[i];
    if (!v.set) continue;
    const StatColumn& field = info_fields()[i];
    append_number(out, i);
    out += '.';
    out += field.name;
    out += ".1:";
    out += field.tags;
    out += ':';
    out += type_name(field, v);
    out += ':';
    append_value(out, field, v);
    if (descriptions) append_description(out, field);
    out += '\n';
  }
}

void append_json(std::string& out, const InfoRow& row) {
  char first = '[';
  for (std::size_t i = 0; i < kInfoFields; ++i) {
    if (!row.values[i].set) continue;
    out += first;
    first = ',';
    out += '{';
    append_field_json(out, i, info_fields()[i], row.values[i], info_fields()[i].tags);
  }
  out += ']';
}

}  // namespace sluice::ops
