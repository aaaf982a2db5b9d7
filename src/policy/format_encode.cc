#include "policy/format_encode.h"

#include "sluice/base/strings.h"

namespace sluice::policy {

void force_type(SampleContext& ctx, EncodedValue& v, SampleType type) noexcept {
  using Kind = EncodedValue::Kind;
  if (v.kind == Kind::Null) return;
  const bool text = v.kind == Kind::Text || v.kind == Kind::Bytes;
  switch (type) {
    case SampleType::Str: {
      if (text) {
        v.kind = Kind::Text;
        return;
      }
      Sample s;
      s.set_int(v.number);
      if (!cast(ctx, s, SampleType::Str)) return;
      v.kind = Kind::Text;
      v.text = s.text;
      return;
    }
    case SampleType::Sint:
      if (text) v.number = leading_int(v.text);
      v.kind = Kind::Number;
      return;
    case SampleType::Bool:
      if (text) v.number = v.text == "true" ? 1 : leading_int(v.text);
      v.kind = Kind::Boolean;
      return;
    default:
      return;
  }
}

void Encoder::byte(unsigned char b) noexcept {
  if (raw_) {
    out_.put(static_cast<char>(b));
  } else {
    out_.put(kUpperHex[b >> 4]);
    out_.put(kUpperHex[b & 15]);
  }
}
void Encoder::bytes(std::string_view s) noexcept {
  for (const char c : s) byte(static_cast<unsigned char>(c));
}
// RFC 8949 3: major type and argument, shortest form.
void Encoder::head(unsigned major, std::uint64_t n) noexcept {
  const unsigned m = major << 5;
  if (n < 24) {
    byte(static_cast<unsigned char>(m | n));
    return;
  }
  const int size = n <= 0xff ? 0 : n <= 0xffff ? 1 : n <= 0xffffffff ? 2 : 3;
  byte(static_cast<unsigned char>(m | static_cast<unsigned>(24 + size)));
  for (int i = (1 << size) - 1; i >= 0; --i) byte(static_cast<unsigned char>(n >> (8 * i)));
}

void Encoder::json_text(std::string_view s) noexcept {
  out_.put('"');
  for (const char c : s) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out_.put('\\');
      out_.put(c);
    } else if (c == '\n') {
      out_.put("\\n");
    } else if (c == '\r') {
      out_.put("\\r");
    } else if (c == '\t') {
      out_.put("\\t");
    } else if (u < 32 || u == 127) {
      out_.put("\\u00");
      out_.put(kUpperHex[u >> 4]);
      out_.put(kUpperHex[u & 15]);
    } else {
      out_.put(c);
    }
  }
  out_.put('"');
}

void Encoder::begin_map() noexcept {
  if (json_) {
    out_.put('{');
  } else {
    byte(0xbf);  // map of indefinite length
  }
}
void Encoder::key(std::string_view name) noexcept {
  if (!json_) {
    head(3, name.size());
    bytes(name);
    return;
  }
  if (!first_) out_.put(", ");
  first_ = false;
  json_text(name);
  out_.put(": ");
}
void Encoder::end_map() noexcept {
  if (json_) {
    out_.put('}');
  } else {
    byte(0xff);
  }
}

void Encoder::value(const EncodedValue& v) noexcept {
  using Kind = EncodedValue::Kind;
  switch (v.kind) {
    case Kind::Null:
      if (json_) return out_.put("null");
      return byte(0xf6);
    case Kind::Boolean:
      if (json_) return out_.put(v.number != 0 ? std::string_view("true") : std::string_view("false"));
      return byte(v.number != 0 ? 0xf5 : 0xf4);
    case Kind::Number:
      if (json_) return out_.put_short([&v](char* p) noexcept { return base::write_int(p, v.number); });
      return v.number < 0 ? head(1, ~static_cast<std::uint64_t>(v.number))
                          : head(0, static_cast<std::uint64_t>(v.number));
    case Kind::Text:
    case Kind::Bytes:
      if (json_) return json_text(v.text);
      head(v.kind == Kind::Text ? 3 : 2, v.text.size());
      return bytes(v.text);
  }
}

}  // namespace sluice::policy
