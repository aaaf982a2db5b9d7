// Result<T, E>: a value or an error, with the member names of C++23's std::expected so that it can be swapped for it.
// Never throws; asking for the value of an error is a SLUICE_CHECK failure.
#pragma once

#include <utility>
#include <variant>

#include "sluice/base/check.h"

namespace sluice::base {

template <class E>
struct Unexpected {
  E error;
};
template <class E>
Unexpected(E) -> Unexpected<E>;

template <class E>
Unexpected<std::decay_t<E>> unexpected(E&& e) {
  return {std::forward<E>(e)};
}

template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  template <class G>
  Result(Unexpected<G> u)
      : state_(std::in_place_index<1>, std::move(u.error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & noexcept {
    SLUICE_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& noexcept {
    SLUICE_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && noexcept {
    SLUICE_CHECK(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & noexcept { return value(); }
  const T& operator*() const& noexcept { return value(); }
  T&& operator*() && noexcept { return std::move(*this).value(); }
  T* operator->() noexcept { return &value(); }
  const T* operator->() const noexcept { return &value(); }

  const E& error() const noexcept {
    SLUICE_CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }
  template <class U>
  T value_or(U&& other) const& {
    return has_value() ? *std::get_if<0>(&state_) : static_cast<T>(std::forward<U>(other));
  }

 private:
  std::variant<T, E> state_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  template <class G>
  Result(Unexpected<G> u) : failed_(true), error_(std::move(u.error)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] bool has_value() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return !failed_; }
  const E& error() const noexcept {
    SLUICE_CHECK(failed_);
    return error_;
  }

 private:
  bool failed_ = false;
  E error_{};
};

}  // namespace sluice::base
