// JSON and CBOR for log formats (manual 8.2.6 flags "json" and "cbor"; RFC 8259, RFC 8949).
#pragma once

#include "policy/format_out.h"
#include "policy/format_pieces.h"

namespace sluice::policy {

struct EncodedValue {
  enum class Kind : std::uint8_t { Null, Boolean, Number, Text, Bytes } kind = Kind::Null;
  std::int64_t number = 0;
  std::string_view text;
};

// "%(name:type)": str, sint or bool; new text lies in ctx.scratch.
void force_type(SampleContext& ctx, EncodedValue& v, SampleType type) noexcept;

class Encoder {
 public:
  // flags: Piece::kJson or kCbor; CBOR is written as hex digits unless kBinary is there too.
  Encoder(FormatOut& out, std::uint8_t flags) noexcept
      : out_(out), json_((flags & Piece::kJson) != 0), raw_((flags & Piece::kBinary) != 0) {}

  void begin_map() noexcept;
  void key(std::string_view name) noexcept;
  void value(const EncodedValue& v) noexcept;
  void end_map() noexcept;

 private:
  void byte(unsigned char b) noexcept;
  void bytes(std::string_view s) noexcept;
  void head(unsigned major, std::uint64_t n) noexcept;
  void json_text(std::string_view s) noexcept;

  FormatOut& out_;
  bool json_;
  bool raw_;
  bool first_ = true;
};

}  // namespace sluice::policy
