#include "sluice/http/h1/serialise.h"

#include <cstring>

#include "http/h1/put.h"
#include "http/header_table.h"
#include "sluice/base/strings.h"

namespace sluice::http::h1 {

namespace {

constexpr std::string_view kChunkedLine = "transfer-encoding: chunked\r\n";

// Appends to memory given from outside; once something did not fit, everything else is dropped too.
class Writer {
 public:
  Writer(char* out, std::size_t room) noexcept : begin_(out), p_(out), end_(out + room) {}

  void text(std::string_view s) noexcept {
    if (static_cast<std::size_t>(end_ - p_) < s.size()) return overflow();
    p_ = put(p_, s.data(), s.size());
  }
  void line(std::string_view name, std::string_view value) noexcept {
    if (static_cast<std::size_t>(end_ - p_) < name.size() + value.size() + 4) return overflow();
    p_ = put(p_, name.data(), name.size());
    finish_line(value.data(), value.size());
  }
  // " 200 "
  void status(unsigned code) noexcept {
    if (end_ - p_ < 32) return overflow();
    *p_++ = ' ';
    if (__builtin_expect(code < 1000, 1)) {
      p_[0] = static_cast<char>('0' + code / 100);
      p_[1] = static_cast<char>('0' + code / 10 % 10);
      p_[2] = static_cast<char>('0' + code % 10);
      p_ += 3;
    } else {
      p_ = base::write_uint(p_, code);
    }
    *p_++ = ' ';
  }
  // "name: " of a known name.
  void name(HeaderId id, const CaseMap* map) noexcept {
    const std::string_view known = header_name(id);
    const std::string_view adjusted = map != nullptr ? map->find(known) : std::string_view{};
    text(adjusted.empty() ? known : adjusted);
    text(": ");
  }
  void field(const Field& f) noexcept {
    const std::size_t need = f.name_len + f.value_len + 4;
    const auto left = static_cast<std::size_t>(end_ - p_);
    if (__builtin_expect(left >= need + kMaxKnownName && f.id != HeaderId::Unknown, 1)) {
      // Known names lie in padded memory: whole registers, no loop.
      const char* name = kHeaderTable.names[static_cast<std::size_t>(f.id)].text;
      std::memcpy(p_, name, 16);
      if (f.name_len > 16) std::memcpy(p_ + 16, name + 16, 16);
      p_ += f.name_len;
      finish_line(f.value_data, f.value_len);
      return;
    }
    line(f.name(), f.value());
  }
  [[nodiscard]] std::size_t written() const noexcept {
    return end_ == nullptr ? 0 : static_cast<std::size_t>(p_ - begin_);
  }

 private:
  void finish_line(const char* value, std::size_t len) noexcept {
    p_[0] = ':';
    p_[1] = ' ';
    p_ = put(p_ + 2, value, len);
    p_[0] = '\r';
    p_[1] = '\n';
    p_ += 2;
  }
  void overflow() noexcept { p_ = end_ = nullptr; }

  char* begin_;
  char* p_;
  char* end_;
};

void write_field(Writer& w, const Field& f, const CaseMap* map) noexcept {
  if (__builtin_expect(map != nullptr, 0)) {
    const std::string_view adjusted = map->find(f.name());
    if (!adjusted.empty()) return w.line(adjusted, f.value());
  }
  w.field(f);
}

// Connection as the reference forwards it: each field keeps its place and its tokens but for close and keep-alive,
// which belong to one hop, and for an "upgrade" that is none.
void write_connection_tokens(Writer& w, const Field& f, const ConnectionFacts& facts, const CaseMap* map) noexcept {
  if (!facts.other_tokens) return;
  ListCursor cursor(f.value());
  bool begun = false;
  for (std::string_view token; cursor.next(token);) {
    if (base::iequals(token, "close") || base::iequals(token, "keep-alive")) continue;
    if (!facts.upgrade && base::iequals(token, "upgrade")) continue;
    if (!begun) {
      w.name(HeaderId::Connection, map);
    } else {
      w.text(", ");
    }
    w.text(token);
    begun = true;
  }
  if (begun) w.text("\r\n");
}

void write_fields(Writer& w, const Fields& fields, const ConnectionFacts& facts, const HeadWriteOptions& o) noexcept {
  for (const Field& f : fields) {
    if (__builtin_expect(f.removed(), 0)) continue;
    if (f.id == HeaderId::Connection) {
      write_connection_tokens(w, f, facts, o.case_map);
      continue;
    }
    if (o.framing != Framing::AsIs && (f.id == HeaderId::ContentLength || f.id == HeaderId::TransferEncoding)) continue;
    write_field(w, f, o.case_map);
  }
  if (o.framing == Framing::AddChunked) {
    w.name(HeaderId::TransferEncoding, o.case_map);
    w.text("chunked\r\n");
  }
  if (!o.connection.empty()) {
    w.name(HeaderId::Connection, o.case_map);
    w.text(o.connection);
    w.text("\r\n");
  }
  w.text("\r\n");
}

std::size_t fields_bytes(const Fields& fields, const HeadWriteOptions& o) noexcept {
  std::size_t n = kChunkedLine.size() + o.connection.size() + 16 + 2;
  for (const Field& f : fields) n += f.name_len + f.value_len + 4;
  return n;
}

std::string_view version_text(std::string_view received, Version v) noexcept {
  if (!received.empty()) return received;
  return v == Version::H10 ? "HTTP/1.0" : "HTTP/1.1";
}

}  // namespace

std::size_t max_head_bytes(const RequestHead& h, const HeadWriteOptions& o) noexcept {
  return h.method_text.size() + h.target.size() + h.version_text.size() + 14 + fields_bytes(h.fields, o);
}

std::size_t max_head_bytes(const ResponseHead& h, const HeadWriteOptions& o) noexcept {
  return h.reason.size() + h.version_text.size() + 20 + fields_bytes(h.fields, o);
}

std::size_t write_request_head(char* out, std::size_t room, const RequestHead& h, const HeadWriteOptions& o) noexcept {
  Writer w(out, room);
  w.text(h.method_text);
  w.text(" ");
  w.text(h.target);
  if (__builtin_expect(o.version == Version::H11 && h.version_text.empty(), 1)) {
    w.text(" HTTP/1.1\r\n");
  } else {
    w.text(" ");
    w.text(version_text(h.version_text, o.version));
    w.text("\r\n");
  }
  write_fields(w, h.fields, h.connection, o);
  return w.written();
}

std::size_t write_response_head(char* out, std::size_t room, const ResponseHead& h,
                                const HeadWriteOptions& o) noexcept {
  Writer w(out, room);
  w.text(version_text(h.version_text, o.version));
  w.status(h.status);
  w.text(h.reason);
  w.text("\r\n");
  write_fields(w, h.fields, h.connection, o);
  return w.written();
}

std::size_t write_chunk_head(char* out, std::uint64_t data_bytes) noexcept {
  constexpr char kHex[] = "0123456789abcdef";
  const unsigned bits = 64 - static_cast<unsigned>(__builtin_clzll(data_bytes | 1));
  unsigned digits = (bits + 3) / 4;
  const std::size_t n = digits;
  for (std::uint64_t v = data_bytes; digits > 0; v >>= 4) out[--digits] = kHex[v & 15];
  out[n] = '\r';
  out[n + 1] = '\n';
  return n + 2;
}

std::size_t write_trailers(char* out, std::size_t room, const Fields& trailers, const CaseMap* map) noexcept {
  Writer w(out, room);
  for (const Field& f : trailers) {
    if (!f.removed()) write_field(w, f, map);
  }
  w.text("\r\n");
  return w.written();
}

}  // namespace sluice::http::h1
