// Intrusive doubly linked list. The element carries its hook; the list owns nothing and allocates nothing.
// A hook unlinks itself when destroyed, so an element may die while linked. O(1) everything but size().
// Thread: the owner's; no locking.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sluice/base/check.h"

namespace sluice::base {

struct ListHook {
  ListHook* prev = nullptr;
  ListHook* next = nullptr;

  ListHook() = default;
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  ~ListHook() { unlink(); }

  [[nodiscard]] bool linked() const noexcept { return next != nullptr; }
  void unlink() noexcept {
    if (next == nullptr) return;
    prev->next = next;
    next->prev = prev;
    prev = next = nullptr;
  }
};

// T has a member `ListHook hook`, named by the second parameter: List<Conn, &Conn::idle_hook>.
template <class T, ListHook T::*Hook>
class List {
 public:
  List() noexcept { head_.prev = head_.next = &head_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() {
    clear();
    head_.prev = head_.next = nullptr;
  }

  [[nodiscard]] bool empty() const noexcept { return head_.next == &head_; }
  void push_back(T& x) noexcept { insert_before(&head_, &(x.*Hook)); }
  void push_front(T& x) noexcept { insert_before(head_.next, &(x.*Hook)); }
  T* front() noexcept { return empty() ? nullptr : from_hook(head_.next); }
  T* back() noexcept { return empty() ? nullptr : from_hook(head_.prev); }
  T* pop_front() noexcept {
    T* x = front();
    if (x != nullptr) (x->*Hook).unlink();
    return x;
  }
  T* pop_back() noexcept {
    T* x = back();
    if (x != nullptr) (x->*Hook).unlink();
    return x;
  }
  static void remove(T& x) noexcept { (x.*Hook).unlink(); }
  // The element behind x, or null at the end.
  T* next(T& x) noexcept {
    ListHook* n = (x.*Hook).next;
    return n == nullptr || n == &head_ ? nullptr : from_hook(n);
  }
  // Unlinks all elements; destroys none.
  void clear() noexcept {
    while (!empty()) head_.next->unlink();
  }
  // O(n); for tests and reports.
  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t n = 0;
    for (const ListHook* h = head_.next; h != &head_; h = h->next) ++n;
    return n;
  }
  // fn may unlink the element it is given, and no other.
  template <class F>
  void for_each(F&& fn) {
    for (ListHook* h = head_.next; h != &head_;) {
      ListHook* following = h->next;
      fn(*from_hook(h));
      h = following;
    }
  }

 private:
  // A hook unlinks itself when it dies, which GCC 12 does not see when it finds a local element in a longer-lived list.
#pragma GCC diagnostic push
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wdangling-pointer"
#endif
  static void insert_before(ListHook* pos, ListHook* h) noexcept {
    SLUICE_DCHECK(!h->linked());
    h->prev = pos->prev;
    h->next = pos;
    pos->prev->next = h;
    pos->prev = h;
  }
#pragma GCC diagnostic pop
  static T* from_hook(ListHook* h) noexcept {
    // Offset of the hook inside T, without a live object.
    alignas(T) static char probe[sizeof(T)];
    const auto base = reinterpret_cast<std::uintptr_t>(&probe);
    const auto offset = reinterpret_cast<std::uintptr_t>(&(reinterpret_cast<T*>(&probe)->*Hook)) - base;
    return reinterpret_cast<T*>(reinterpret_cast<char*>(h) - offset);
  }

  ListHook head_;
};

}  // namespace sluice::base
