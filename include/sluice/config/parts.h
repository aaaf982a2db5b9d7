// A bag with at most one object per type: how rooms attach their specs to a section without this room knowing them.
//
//   auto& spec = section.parts.get<backend::BackendSpec>();         // made on first use, or copied from the defaults
//   if (const auto* spec = section.parts.find<net::BindSpecs>()) ...
//
// T is default constructible and copyable. A section that takes its defaults from another one shares that one's parts
// until it writes to them (copy on first get()), so ten thousand backends cost no copies of what they do not change.
// The section inherited from must live as long (the Document sees to that) and must not be changed afterwards. A type
// that must not be handed down says so with  `static constexpr bool kInherited = false;`. Thread: as the Document.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace sluice::config {

class Parts {
 public:
  Parts() = default;
  Parts(Parts&& o) noexcept : slots_(std::move(o.slots_)) { o.slots_.clear(); }
  Parts& operator=(Parts&& o) noexcept {
    slots_.swap(o.slots_);
    return *this;
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() {
    for (const Slot& s : slots_) {
      if (s.owned) s.type->destroy(s.object);
    }
  }

  // For writing: this section's own object.
  template <class T>
  T& get() {
    const Type* type = &kType<T>;
    for (Slot& s : slots_) {
      if (s.type != type) continue;
      if (!s.owned) {
        s.object = new T(*static_cast<const T*>(s.object));
        s.owned = true;
      }
      return *static_cast<T*>(s.object);
    }
    slots_.push_back({type, new T(), true});
    return *static_cast<T*>(slots_.back().object);
  }
  // For reading: null when no keyword has made one here or in the defaults.
  template <class T>
  [[nodiscard]] const T* find() const noexcept {
    const Type* type = &kType<T>;
    for (const Slot& s : slots_) {
      if (s.type == type) return static_cast<const T*>(s.object);
    }
    return nullptr;
  }
  // The object, or a default-constructed one that all share.
  template <class T>
  [[nodiscard]] const T& view() const {
    if (const T* t = find<T>()) return *t;
    static const T kNone{};
    return kNone;
  }
  // Begins with the parts of `from`, shared until written to. Only for a new, empty bag.
  void inherit(const Parts& from) {
    for (const Slot& s : from.slots_) {
      if (s.type->inherited) slots_.push_back({s.type, s.object, false});
    }
  }
  // A deep copy.
  [[nodiscard]] Parts clone() const {
    Parts p;
    for (const Slot& s : slots_) p.slots_.push_back({s.type, s.type->copy(s.object), true});
    return p;
  }

 private:
  struct Type {
    void* (*copy)(const void*);
    void (*destroy)(void*);
    bool inherited;
  };
  struct Slot {
    const Type* type;
    void* object;
    bool owned;
  };
  template <class T>
  static constexpr bool inherited() {
    if constexpr (requires { T::kInherited; }) {
      return T::kInherited;
    } else {
      return true;
    }
  }
  template <class T>
  static constexpr Type kType{[](const void* p) -> void* { return new T(*static_cast<const T*>(p)); },
                              [](void* p) { delete static_cast<T*>(p); }, inherited<T>()};

  std::vector<Slot> slots_;
};

}  // namespace sluice::config
