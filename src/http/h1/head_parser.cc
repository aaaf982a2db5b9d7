#include "sluice/http/h1/head_parser.h"

#include <type_traits>

#include "http/h1/head_fields.h"
#include "http/h1/parse_bits.h"
#include "http/h1/scan.h"
#include "http/header_table.h"
#include "sluice/http/uri.h"

namespace sluice::http::h1 {

namespace {

#ifdef SLUICE_SSE2

inline __m128i load16(const char* p) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

inline __m128i lower16(__m128i x) noexcept {
  const __m128i upper =
      _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8('A' - 1)), _mm_cmplt_epi8(x, _mm_set1_epi8('Z' + 1)));
  return _mm_or_si128(x, _mm_and_si128(upper, _mm_set1_epi8(0x20)));
}

// The known name in front of the ':' at p and its length; Unknown says nothing. 32 bytes at p can be read.
__attribute__((always_inline)) inline HeaderId known_name(const char* p, const char* end, std::size_t& len) noexcept {
  const __m128i colon = _mm_set1_epi8(':');
  const __m128i x0 = load16(p);
  auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(x0, colon)));
  if (__builtin_expect(found == 0, 0)) {
    found = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(load16(p + 16), colon))) << 16;
    if (found == 0) return HeaderId::Unknown;
  }
  len = static_cast<std::size_t>(__builtin_ctz(found));
  if (len < kMinKnownName || static_cast<std::size_t>(end - p) <= len) return HeaderId::Unknown;
  const unsigned id = kHeaderTable.slots[kHeaderTable.slot(p, len)];
  if (id == 0 || kHeaderTable.lengths[id] != len) return HeaderId::Unknown;
  const char* known = kHeaderTable.names[id].text;
  const unsigned wanted = (1U << len) - 1;  // len is at most 31 here
  auto equal = static_cast<unsigned>(
      _mm_movemask_epi8(_mm_cmpeq_epi8(lower16(x0), _mm_load_si128(reinterpret_cast<const __m128i*>(known)))));
  if (len > 16) {
    equal |= static_cast<unsigned>(_mm_movemask_epi8(
                 _mm_cmpeq_epi8(lower16(load16(p + 16)), _mm_load_si128(reinterpret_cast<const __m128i*>(known + 16)))))
             << 16;
  }
  return (equal & wanted) == wanted ? static_cast<HeaderId>(id) : HeaderId::Unknown;
}

#endif

constexpr bool is_version_char(char c) noexcept {
  return base::is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '/' || c == '.';
}

void lower_in_place(char* p, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) p[i] = base::to_lower(p[i]);
}

}  // namespace

// One call of parse_request or parse_response.
template <bool kRequest>
class HeadParse {
 public:
  using Head = std::conditional_t<kRequest, RequestHead, ResponseHead>;

  HeadParse(HeadParser& parser, Head& head, char* data, std::size_t size, std::size_t readable) noexcept
      : parser_(parser),
        head_(head),
        options_(*parser.options_),
        data_(data),
        end_(data +
             (size < options_.max_head_bytes ? size : options_.max_head_bytes)),  // what is behind is not looked at
        readable_(data + (readable > size ? readable : size)),
        p_(data + parser.position_) {}

  HeadStatus run(ResponseContext context) noexcept {
    if (parser_.stage_ == HeadParser::Stage::Start) {
      const HeadStatus s = kRequest ? request_line() : status_line();
      if (s != HeadStatus::Done || parser_.stage_ == HeadParser::Stage::Finished) return s;
    }
    const HeadStatus s = field_lines();
    return s == HeadStatus::Done ? finish(context) : s;
  }

 private:
  using Stage = HeadParser::Stage;

  HeadStatus fail(ErrorCode code, MsgState state, const char* at) noexcept {
    parser_.error_ = {code, state, static_cast<std::uint32_t>(at - data_)};
    return HeadStatus::Error;
  }
  HeadStatus need_more(MsgState state) noexcept {
    if (end_ - data_ >= static_cast<std::ptrdiff_t>(options_.max_head_bytes))
      return fail(ErrorCode::HeadTooLarge, state, data_ + options_.max_head_bytes);
    parser_.error_.state = state;
    return HeadStatus::NeedMore;
  }
  // What is before p_ will not be looked at again.
  void line_done() noexcept { line_done(p_); }
  void line_done(const char* p) noexcept { parser_.position_ = static_cast<std::uint32_t>(p - data_); }
  void accept_unsafe() noexcept { head_.connection.unsafe_accepted = true; }
  void skip_blanks() noexcept {
    while (p_ < end_ && is_blank(*p_)) ++p_;
  }
  std::string_view text(const char* from) const noexcept { return {from, static_cast<std::size_t>(p_ - from)}; }

  // CR LF or LF at p_ (RFC 9112 2.2 allows the latter).
  enum class Eol : std::uint8_t { Yes, More, No };
  Eol take_eol() noexcept {
    if (p_ == end_) return Eol::More;
    if (*p_ == '\n') {
      ++p_;
      return Eol::Yes;
    }
    if (*p_ != '\r') return Eol::No;
    if (p_ + 1 == end_) return Eol::More;
    if (p_[1] != '\n') {
      ++p_;
      return Eol::No;
    }
    p_ += 2;
    return Eol::Yes;
  }

  HeadStatus skip_empty_lines(MsgState before, MsgState before_cr) noexcept {
    while (p_ < end_ && (*p_ == '\r' || *p_ == '\n')) {
      const Eol eol = take_eol();
      if (eol == Eol::More) return need_more(before_cr);
      if (eol == Eol::No) return fail(ErrorCode::BadStartLine, before_cr, p_);
      line_done();
    }
    return p_ == end_ ? need_more(before) : HeadStatus::Done;
  }

  // ---- request line: method SP target SP version (RFC 9112 3); several blanks count as one, as the reference has it
  HeadStatus request_line() noexcept {
    if constexpr (kRequest) {
      if (p_ == end_ || *p_ == '\r' || *p_ == '\n') {
        const HeadStatus s = skip_empty_lines(MsgState::RequestBefore, MsgState::RequestBeforeCr);
        if (s != HeadStatus::Done) return s;
      }
      if (const HeadStatus s = method(); s != HeadStatus::Done) return s;
      if (const HeadStatus s = target(); s != HeadStatus::Done) return s;
      if (head_.version == Version::H09) return HeadStatus::Done;
      if (const HeadStatus s = request_version(); s != HeadStatus::Done) return s;
      if (const ErrorCode e = check_target(head_, options_.accept_unsafe); e != ErrorCode::None) {
        return fail(e, MsgState::RequestUri, head_.target.data());
      }
      parser_.stage_ = Stage::Headers;
      line_done();
    }
    return HeadStatus::Done;
  }

  void request_line_ends(const char* at) noexcept {
    if constexpr (kRequest) head_.line_bytes = static_cast<std::uint32_t>(at - head_.method_text.data());
  }

  HeadStatus method() noexcept {
    if constexpr (kRequest) {
      const char* start = p_;
      if (end_ - p_ >= 8) {
        if (std::memcmp(p_, "GET ", 4) == 0) {
          head_.method = Method::Get;
          head_.method_text = {start, 3};
          p_ += 4;
          return HeadStatus::Done;
        }
        if (std::memcmp(p_, "POST ", 5) == 0) {
          head_.method = Method::Post;
          head_.method_text = {start, 4};
          p_ += 5;
          return HeadStatus::Done;
        }
      }
      while (p_ < end_ && kToken.has(*p_)) ++p_;
      if (p_ == end_) return need_more(MsgState::RequestMethod);
      if (p_ == start || !is_blank(*p_)) return fail(ErrorCode::BadStartLine, MsgState::RequestMethod, p_);
      head_.method_text = text(start);
      head_.method = method_of(head_.method_text);
    }
    return HeadStatus::Done;
  }

  HeadStatus target() noexcept {
    if constexpr (kRequest) {
      skip_blanks();
      const char* start = p_;
      for (;;) {
        p_ = const_cast<char*>(find_target_stop(p_, readable_));
        if (p_ >= end_) {
          p_ = end_;
          return need_more(p_ == start ? MsgState::RequestMethodSpace : MsgState::RequestUri);
        }
        if (is_blank(*p_)) break;
        if (*p_ == '\r' || *p_ == '\n') return no_version(start);
        if (!options_.accept_unsafe || (*p_ != '#' && static_cast<unsigned char>(*p_) < 0x80)) {
          return fail(ErrorCode::BadTarget, MsgState::RequestUri, p_);
        }
        accept_unsafe();
        ++p_;
      }
      head_.target = text(start);
    }
    return HeadStatus::Done;
  }

  // "GET /" and the end of the line: HTTP/0.9, which is the whole request (manual: accept-unsafe-violations).
  HeadStatus no_version(const char* start) noexcept {
    if constexpr (kRequest) {
      if (p_ == start) return fail(ErrorCode::BadStartLine, MsgState::RequestMethodSpace, p_);
      if (!options_.accept_unsafe || head_.method != Method::Get) {
        return fail(ErrorCode::BadVersion, MsgState::RequestUri, p_);
      }
      head_.target = text(start);
      request_line_ends(p_);
      const char* at = p_;
      const Eol eol = take_eol();
      if (eol == Eol::More) return need_more(MsgState::RequestLineEnd);
      if (eol == Eol::No) return fail(ErrorCode::BadLineEnd, MsgState::RequestLineEnd, p_);
      head_.version = Version::H09;
      if (const ErrorCode e = check_target(head_, true); e != ErrorCode::None) return fail(e, MsgState::RequestUri, at);
      head_.connection.close = true;
      accept_unsafe();
      line_done();
      return finish({});
    }
    return HeadStatus::Done;
  }

  HeadStatus request_version() noexcept {
    if constexpr (kRequest) {
      skip_blanks();
      if (end_ - p_ >= 10 && std::memcmp(p_, "HTTP/1.1\r\n", 10) == 0) {
        head_.version = Version::H11;
        request_line_ends(p_ + 8);
        p_ += 10;
        return HeadStatus::Done;
      }
      if (p_ < end_ && (*p_ == '\r' || *p_ == '\n')) {  // "GET / \r\n"
        if (!options_.accept_unsafe) return fail(ErrorCode::BadVersion, MsgState::RequestUriSpace, p_);
        return fail(ErrorCode::BadStartLine, MsgState::RequestUriSpace, p_);
      }
      const char* start = p_;
      while (p_ < end_ && is_version_char(*p_)) ++p_;
      if (p_ == end_) return need_more(start == end_ ? MsgState::RequestUriSpace : MsgState::RequestVersion);
      const std::string_view version = text(start);
      if (*p_ != '\r' && *p_ != '\n') return fail(ErrorCode::BadVersion, MsgState::RequestVersion, p_);
      if (!set_version(version)) {
        const bool preface = version == "HTTP/2.0" && head_.method_text == "PRI" && head_.target == "*";
        return fail(preface ? ErrorCode::Http2Preface : ErrorCode::BadVersion, MsgState::RequestVersion, start);
      }
      request_line_ends(p_);
      const Eol eol = take_eol();
      if (eol == Eol::More) return need_more(MsgState::RequestLineEnd);
      if (eol == Eol::No) return fail(ErrorCode::BadLineEnd, MsgState::RequestLineEnd, p_);
    }
    return HeadStatus::Done;
  }

  // HTTP/1.x with one digit (RFC 9112 2.3); a higher minor version is treated as 1.1.
  bool set_version(std::string_view v) noexcept {
    if (v.size() == 8 && v.substr(0, 7) == "HTTP/1." && base::is_digit(v[7])) {
      head_.version = v[7] == '0' ? Version::H10 : Version::H11;
      return true;
    }
    if (!options_.accept_unsafe || v.empty()) return false;
    if (v == "HTTP/2.0" && kRequest) return false;
    head_.version = Version::H10;
    head_.version_text = v;
    accept_unsafe();
    return true;
  }

  // ---- status line: version SP status SP reason (RFC 9112 4)
  HeadStatus status_line() noexcept {
    if constexpr (!kRequest) {
      if (p_ == end_ || *p_ == '\r' || *p_ == '\n') {
        const HeadStatus s = skip_empty_lines(MsgState::ResponseBefore, MsgState::ResponseBeforeCr);
        if (s != HeadStatus::Done) return s;
      }
      if (end_ - p_ >= 16 && std::memcmp(p_, "HTTP/1.1 ", 9) == 0) {
        head_.version = Version::H11;
        p_ += 9;
      } else if (const HeadStatus s = response_version(); s != HeadStatus::Done) {
        return s;
      }
      if (const HeadStatus s = status_code(); s != HeadStatus::Done) return s;
      skip_blanks();
      const char* start = p_;
      const char* stop = find_line_stop(p_, readable_);
      if (stop >= end_) return need_more(MsgState::ResponseReason);
      p_ = const_cast<char*>(stop);
      if (*p_ == '\0') return fail(ErrorCode::BadStatusLine, MsgState::ResponseReason, p_);
      head_.reason = text(start);
      if (const char* bad = find_control(start, p_); bad != p_) {
        if (!options_.accept_unsafe) return fail(ErrorCode::BadStatusLine, MsgState::ResponseReason, bad);
        accept_unsafe();
      }
      const Eol eol = take_eol();
      if (eol == Eol::More) return need_more(MsgState::ResponseLineEnd);
      if (eol == Eol::No) return fail(ErrorCode::BadLineEnd, MsgState::ResponseLineEnd, p_);
      parser_.stage_ = Stage::Headers;
      line_done();
    }
    return HeadStatus::Done;
  }

  HeadStatus response_version() noexcept {
    const char* start = p_;
    while (p_ < end_ && is_version_char(*p_)) ++p_;
    if (p_ == end_) return need_more(MsgState::ResponseVersion);
    if (!is_blank(*p_)) return fail(ErrorCode::BadStatusLine, MsgState::ResponseVersion, p_);
    if (!set_version(text(start))) return fail(ErrorCode::BadVersion, MsgState::ResponseVersion, start);
    return HeadStatus::Done;
  }

  HeadStatus status_code() noexcept {
    if constexpr (!kRequest) {
      skip_blanks();
      const char* start = p_;
      unsigned code = 0;
      while (p_ < end_ && base::is_digit(*p_) && code < 6553) code = code * 10 + static_cast<unsigned>(*p_++ - '0');
      if (p_ == end_) return need_more(start == end_ ? MsgState::ResponseVersionSpace : MsgState::ResponseCode);
      const auto digits = p_ - start;
      const bool terminated = is_blank(*p_) || *p_ == '\r' || *p_ == '\n';
      const bool usual = digits == 3 && code >= 100;
      if (!terminated || (!usual && !(options_.accept_unsafe && digits > 3 && code >= 100))) {
        return fail(ErrorCode::BadStatusLine, MsgState::ResponseCode, p_);
      }
      if (!usual) accept_unsafe();
      head_.status = static_cast<std::uint16_t>(code);
    }
    return HeadStatus::Done;
  }

  // ---- field lines (RFC 9112 5)
  // The usual line is taken here with everything in registers; what is odd about a line goes to name_slow() and
  // field_value().
  HeadStatus field_lines() noexcept {
    const std::size_t limit = options_.max_fields == 0 ? ~std::size_t{0} : options_.max_fields;
    char* p = p_;
    const char* const end = end_;
    for (;; line_done(p)) {
      if (__builtin_expect(p == end, 0)) {
        p_ = p;
        return need_more(MsgState::HeaderFirst);
      }
      if (*p == '\r' || *p == '\n') {
        p_ = p;
        return last_line();
      }
      char* const name = p;
      HeaderId id = HeaderId::Unknown;
      std::size_t name_len = 0;
      bool dropped = false;
#ifdef SLUICE_SSE2
      if (__builtin_expect(readable_ - p >= 32, 1)) id = known_name(p, end, name_len);
#endif
      if (__builtin_expect(id == HeaderId::Unknown, 0)) {
        p_ = p;
        if (const HeadStatus s = name_slow(name_len, id, dropped); s != HeadStatus::Done) return s;
      }
      const char* start = name + name_len + 1;
      if (start < end && *start == ' ') ++start;
      const char* stop = find_line_stop(start, readable_);
      if (__builtin_expect(end - stop > 2 && stop[0] == '\r' && stop[1] == '\n' && !is_blank(stop[2]), 1)) {
        p = const_cast<char*>(stop) + 2;
        while (start < stop && is_blank(*start)) ++start;
        while (stop > start && is_blank(stop[-1])) --stop;
      } else {
        p_ = name + name_len + 1;
        std::string_view value;
        if (const HeadStatus s = field_value(value); s != HeadStatus::Done) return s;
        start = value.data();
        stop = start + value.size();
        p = p_;
      }
      if (__builtin_expect(dropped, 0)) continue;
      Field* f = nullptr;
      if (__builtin_expect(head_.fields.size() < limit, 1)) {
        const char* text = id == HeaderId::Unknown ? name : kHeaderTable.names[static_cast<std::size_t>(id)].text;
        f = head_.fields.push({text, name_len}, {start, static_cast<std::size_t>(stop - start)}, id, 0);
      }
      if (__builtin_expect(f == nullptr, 0)) return fail(ErrorCode::TooManyHeaders, MsgState::HeaderName, name);
      if (is_special(id)) {
        const ErrorCode e = note_field(*f, parser_.seen_, head_, options_.accept_unsafe);
        if (e != ErrorCode::None) return fail(e, MsgState::HeaderL2Lws, start);
      }
    }
  }

  HeadStatus last_line() noexcept {
    const Eol eol = take_eol();
    if (eol == Eol::More) return need_more(MsgState::LastLf);
    if (eol == Eol::No) return fail(ErrorCode::BadLineEnd, MsgState::LastLf, p_);
    return HeadStatus::Done;
  }

  // A name that is not known, not valid or too near to the end of memory. p_ stays.
  HeadStatus name_slow(std::size_t& name_len, HeaderId& id, bool& dropped) noexcept {
    const char* q = p_;
    bool upper = false;
    while (q < end_ && kToken.has(*q)) {
      upper |= *q >= 'A' && *q <= 'Z';
      ++q;
    }
    if (q == end_) return need_more(MsgState::HeaderName);
    if (q == p_ && is_blank(*q)) return fail(ErrorCode::BadFold, MsgState::HeaderFirst, q);
    if (*q != ':') {
      if (!options_.accept_unsafe) return fail(ErrorCode::BadHeaderName, MsgState::HeaderName, q);
      while (q < end_ && *q != ':' && *q != '\r' && *q != '\n') ++q;
      if (q == end_) return need_more(MsgState::HeaderName);
      if (*q != ':') return fail(ErrorCode::BadHeaderName, MsgState::HeaderName, q);
      dropped = true;
      accept_unsafe();
    }
    name_len = static_cast<std::size_t>(q - p_);
    if (name_len == 0 || name_len > 0xffff) return fail(ErrorCode::BadHeaderName, MsgState::HeaderName, q);
    id = dropped ? HeaderId::Unknown : header_id({p_, name_len});
    if (id == HeaderId::Unknown && upper && !dropped) parser_.seen_ |= kSeenUpperUnknown;
    return HeadStatus::Done;
  }

  // From behind the colon to the start of the next line, which must be there: only its first byte tells that this value
  // is not folded. A fold (obs-fold, RFC 9112 5.2) becomes blanks.
  HeadStatus field_value(std::string_view& value) noexcept {
    while (p_ < end_ && is_blank(*p_)) ++p_;
    const char* start = p_;
    for (;;) {
      p_ = const_cast<char*>(find_line_stop(p_, readable_));
      if (__builtin_expect(p_ + 1 >= end_, 0)) return need_more(MsgState::HeaderValue);
      char* stop = p_;
      if (__builtin_expect(*p_ == '\r', 1)) {
        if (p_[1] != '\n') return fail(ErrorCode::BadHeaderValue, MsgState::HeaderValue, p_ + 1);
        p_ += 2;
        if (p_ == end_) return need_more(MsgState::HeaderL2Lws);
      } else if (*p_ == '\n') {
        ++p_;
      } else {  // NUL
        if (!options_.accept_unsafe) return fail(ErrorCode::BadHeaderValue, MsgState::HeaderValue, p_);
        accept_unsafe();
        ++p_;
        continue;
      }
      if (__builtin_expect(!is_blank(*p_), 1)) {
        while (stop > start && is_blank(stop[-1])) --stop;
        while (start < stop && is_blank(*start)) ++start;  // left by a fold
        value = {start, static_cast<std::size_t>(stop - start)};
        return HeadStatus::Done;
      }
      while (stop < p_) *stop++ = ' ';
    }
  }

  HeadStatus finish(ResponseContext context) noexcept {
    ErrorCode e;
    if constexpr (kRequest) {
      e = finish_request(head_, parser_.seen_, options_);
    } else {
      e = finish_response(head_, parser_.seen_, options_, context);
    }
    if (e != ErrorCode::None) return fail(e, MsgState::Done, p_);
    if ((parser_.seen_ & kSeenUpperUnknown) != 0) {
      for (Field& f : head_.fields) {
        if (f.id == HeaderId::Unknown) lower_in_place(const_cast<char*>(f.name_data), f.name_len);
      }
    }
    return complete();
  }

  HeadStatus complete() noexcept {
    const auto used = static_cast<std::uint32_t>(p_ - data_);
    head_.head_bytes = used;
    parser_.stage_ = Stage::Finished;
    parser_.position_ = used;
    parser_.error_.state = MsgState::Done;
    return HeadStatus::Done;
  }

  HeadParser& parser_;
  Head& head_;
  const ParseOptions& options_;
  char* const data_;
  char* const end_;
  const char* const readable_;
  char* p_;
};

HeadStatus HeadParser::parse_request(char* data, std::size_t size, std::size_t readable, RequestHead& head) noexcept {
  return HeadParse<true>(*this, head, data, size, readable).run({});
}

HeadStatus HeadParser::parse_response(char* data, std::size_t size, std::size_t readable, ResponseContext context,
                                      ResponseHead& head) noexcept {
  return HeadParse<false>(*this, head, data, size, readable).run(context);
}

namespace {

void follow(std::string_view& v, const char* old_data, std::size_t size, const char* new_data) noexcept {
  if (v.data() >= old_data && v.data() <= old_data + size) v = {new_data + (v.data() - old_data), v.size()};
}

}  // namespace

void HeadParser::rebase(RequestHead& head, const char* old_data, std::size_t size, const char* new_data) noexcept {
  follow(head.method_text, old_data, size, new_data);
  follow(head.target, old_data, size, new_data);
  follow(head.version_text, old_data, size, new_data);
  head.fields.rebase(old_data, size, new_data);
}

void HeadParser::rebase(ResponseHead& head, const char* old_data, std::size_t size, const char* new_data) noexcept {
  follow(head.reason, old_data, size, new_data);
  follow(head.version_text, old_data, size, new_data);
  head.fields.rebase(old_data, size, new_data);
}

}  // namespace sluice::http::h1
