// The header fields of one message: a flat array in memory given by the owner, in the order of arrival.
//
// A Field is a view: name and value point into the receive buffer, into static names, or into the arena of the stream.
// Fields never copies text; whoever edits copies the new text first (base::Arena::copy) and it must live as long as the
// message. Removing only marks, so that order and positions stay; a marked field is skipped by every search and by the
// serialisers.
//
// Invariants: names are in lower case once a head is complete; a known name points to header_name(id); no name or value
// contains CR, LF or (unless unsafe violations are accepted) NUL; values carry no blanks at either end.
// Thread: the owner's. No allocation anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sluice/base/strings.h"
#include "sluice/http/header_id.h"

namespace sluice::http {

struct Field {
  enum Flag : std::uint8_t {
    kRemoved = 1,  // skip everywhere
    kEdited = 2,   // not received, added or changed by a rule or a codec
  };
  const char* name_data;
  const char* value_data;
  std::uint32_t value_len;
  std::uint16_t name_len;
  HeaderId id;
  std::uint8_t flags;

  [[nodiscard]] std::string_view name() const noexcept { return {name_data, name_len}; }
  [[nodiscard]] std::string_view value() const noexcept { return {value_data, value_len}; }
  [[nodiscard]] bool removed() const noexcept { return (flags & kRemoved) != 0; }
  void remove() noexcept { flags |= kRemoved; }
  // The text must outlive the message.
  void set_value(std::string_view v) noexcept {
    value_data = v.data();
    value_len = static_cast<std::uint32_t>(v.size());
    flags |= kEdited;
  }
};
static_assert(sizeof(Field) == 24);

class Fields {
 public:
  Fields() = default;
  // storage: room for `capacity` fields, not initialised, of the owner; outlives this.
  Fields(Field* storage, std::size_t capacity) noexcept
      : fields_(storage), capacity_(static_cast<std::uint16_t>(capacity)) {}

  // Forgets all fields, keeps the storage. Touches no entry.
  void clear() noexcept {
    count_ = 0;
    present_[0] = present_[1] = 0;
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  // Entries used, removed ones included. begin()/end() walk them all: test removed().
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  Field* begin() noexcept { return fields_; }
  Field* end() noexcept { return fields_ + count_; }
  [[nodiscard]] const Field* begin() const noexcept { return fields_; }
  [[nodiscard]] const Field* end() const noexcept { return fields_ + count_; }
  Field& operator[](std::size_t i) noexcept { return fields_[i]; }
  const Field& operator[](std::size_t i) const noexcept { return fields_[i]; }

  // True when a field of that id was ever added (it may be removed by now). One bit test.
  [[nodiscard]] bool maybe_has(HeaderId id) const noexcept {
    const auto i = static_cast<unsigned>(id);
    return ((present_[i >> 6] >> (i & 63)) & 1) != 0;
  }
  // First live field of that name, or the first behind `after`; null when there is none. `id` is not Unknown.
  [[nodiscard]] const Field* find(HeaderId id, const Field* after = nullptr) const noexcept {
    if (!maybe_has(id)) return nullptr;
    for (const Field* f = after == nullptr ? fields_ : after + 1; f != end(); ++f) {
      if (f->id == id && !f->removed()) return f;
    }
    return nullptr;
  }
  Field* find(HeaderId id, const Field* after = nullptr) noexcept {
    return const_cast<Field*>(static_cast<const Fields*>(this)->find(id, after));
  }
  // By name in any case.
  [[nodiscard]] const Field* find(std::string_view name, const Field* after = nullptr) const noexcept;
  Field* find(std::string_view name, const Field* after = nullptr) noexcept {
    return const_cast<Field*>(static_cast<const Fields*>(this)->find(name, after));
  }
  [[nodiscard]] bool has(HeaderId id) const noexcept { return find(id) != nullptr; }
  // Live fields of that name.
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;

  // Adds at the end; null when the storage is full. Texts must outlive the message. By name: any case (a known name is
  // replaced by its static lower-case text; give unknown names in lower case).
  Field* append(HeaderId id, std::string_view value) noexcept {
    return push(header_name(id), value, id, Field::kEdited);
  }
  Field* append(std::string_view name, std::string_view value) noexcept {
    const HeaderId id = header_id(name);
    return push(id == HeaderId::Unknown ? name : header_name(id), value, id, Field::kEdited);
  }
  // Removes all fields of that name, then appends: what `set-header` means. Null when the storage is full.
  Field* set(HeaderId id, std::string_view value) noexcept {
    remove(id);
    return append(id, value);
  }
  Field* set(std::string_view name, std::string_view value) noexcept {
    remove(name);
    return append(name, value);
  }
  // Marks all fields of that name as removed; returns how many.
  std::size_t remove(HeaderId id) noexcept;
  std::size_t remove(std::string_view name) noexcept;

  // For codecs: adds without looking at anything. name is in lower case or will be made so by the codec.
  Field* push(std::string_view name, std::string_view value, HeaderId id, std::uint8_t flags) noexcept {
    if (count_ == capacity_) return nullptr;
    Field* f = fields_ + count_++;
    f->name_data = name.data();
    f->value_data = value.data();
    f->value_len = static_cast<std::uint32_t>(value.size());
    f->name_len = static_cast<std::uint16_t>(name.size());
    f->id = id;
    f->flags = flags;
    const auto i = static_cast<unsigned>(id);
    present_[i >> 6] |= std::uint64_t{1} << (i & 63);
    return f;
  }
  // Moves every view that points into [old_begin, old_begin + len) by the distance to new_begin.
  void rebase(const char* old_begin, std::size_t len, const char* new_begin) noexcept;

 private:
  Field* fields_ = nullptr;
  std::uint16_t capacity_ = 0;
  std::uint16_t count_ = 0;
  std::uint64_t present_[2] = {0, 0};  // by HeaderId
};

// Where the comma-separated element that starts at `begin` ends: the place of the comma behind it, or list.size().
// Commas inside quoted strings do not separate.
[[nodiscard]] std::size_t list_element_end(std::string_view list, std::size_t begin) noexcept;

// Walks the comma-separated elements of a field value (RFC 9110 5.6.1): blanks around elements and empty elements are
// left out, commas inside quoted strings do not separate.
//   ListCursor c(value); std::string_view e; while (c.next(e)) ...
class ListCursor {
 public:
  explicit ListCursor(std::string_view list) noexcept : rest_(list) {}
  bool next(std::string_view& element) noexcept;

 private:
  std::string_view rest_;
};

// True when the list of tokens holds `token`, in any case.
[[nodiscard]] bool list_has_token(std::string_view list, std::string_view token) noexcept;

}  // namespace sluice::http
