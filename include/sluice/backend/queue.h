// Waiting for a server: the place in a queue is a ticket, and so is the slot on a server.
//
//   assign() ── Assigned ─> ServerSlot            (given back by its destructor: the next in the queue is served)
//            └─ Queued ───> QueuePlace            (left by its destructor: timeout, client gone)
//                              │ another stream lets go of a slot, on any thread
//                              └─> QueueWaiter::on_queue_wake() on the waiting stream's own loop
//                                    Granted: take_slot()      Again: call assign() once more
//
// Order is that of arrival, over the server's queue and the backend's queue together. A slot that has been granted is
// already counted on the server, so nobody can jump the queue while the message travels.
#pragma once

#include <cstdint>
#include <utility>

namespace sluice::backend {

class Backend;
class Server;
struct QueueEntry;

enum class QueueWake : std::uint8_t {
  Granted,  // take_slot() gives the slot
  Again,    // the server waited for has gone down: assign again, it will be another one
};

class QueueWaiter {
 public:
  // On the loop that called assign(). The place may be given up from here.
  virtual void on_queue_wake(QueueWake why) noexcept = 0;

 protected:
  ~QueueWaiter() = default;
};

// One request being served by a server; counts while it lives. May be given back on any thread.
class ServerSlot {
 public:
  ServerSlot() = default;
  ServerSlot(ServerSlot&& o) noexcept : server_(std::exchange(o.server_, nullptr)) {}
  ServerSlot& operator=(ServerSlot&& o) noexcept {
    if (this != &o) {
      release();
      server_ = std::exchange(o.server_, nullptr);
    }
    return *this;
  }
  ~ServerSlot() { release(); }
  [[nodiscard]] Server* server() const noexcept { return server_; }
  explicit operator bool() const noexcept { return server_ != nullptr; }
  void release() noexcept {
    if (server_ != nullptr) give_back(*std::exchange(server_, nullptr));
  }

 private:
  friend class Backend;
  friend class QueuePlace;
  explicit ServerSlot(Server* s) noexcept : server_(s) {}
  static void give_back(Server& s) noexcept;
  Server* server_ = nullptr;
};

// A place in a queue. Home thread only: the loop that called assign().
class QueuePlace {
 public:
  QueuePlace() = default;
  QueuePlace(QueuePlace&& o) noexcept : entry_(std::exchange(o.entry_, nullptr)) {}
  QueuePlace& operator=(QueuePlace&& o) noexcept {
    if (this != &o) {
      leave();
      entry_ = std::exchange(o.entry_, nullptr);
    }
    return *this;
  }
  ~QueuePlace() { leave(); }
  explicit operator bool() const noexcept { return entry_ != nullptr; }
  // The server whose queue it is; null = the backend's queue.
  [[nodiscard]] Server* server() const noexcept;
  // After on_queue_wake(Granted), once: the slot; the place is then empty.
  [[nodiscard]] ServerSlot take_slot() noexcept;
  // Leaves the queue; a slot granted meanwhile goes to the next one.
  void leave() noexcept {
    if (entry_ != nullptr) leave_entry(std::exchange(entry_, nullptr));
  }

 private:
  friend class Backend;
  explicit QueuePlace(QueueEntry* e) noexcept : entry_(e) {}
  static void leave_entry(QueueEntry* e) noexcept;
  QueueEntry* entry_ = nullptr;
};

}  // namespace sluice::backend
