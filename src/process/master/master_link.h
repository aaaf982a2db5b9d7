// The worker's side of its channel to the master: what it was given at birth, and what it tells. A process that was
// started by hand has none.
// Thread: start-up, then that of the first loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "process/handover.h"
#include "process/master/channel.h"
#include "sluice/config/parser.h"
#include "sluice/process/global_spec.h"
#include "sluice/runtime/loop.h"

namespace sluice::process {

// Names of the variables that a master gives its worker; the configuration never sees them.
inline constexpr const char* kChannelVariable = "SLUICE_MASTER_CHANNEL";     // descriptor of the channel
inline constexpr const char* kSocketsVariable = "SLUICE_LISTENING_SOCKETS";  // descriptors, with commas
inline constexpr const char* kReloadVariable = "SLUICE_RELOAD";              // there: not the first worker
inline constexpr const char* kBackgroundVariable = "SLUICE_BACKGROUND";      // there: nobody looks at a terminal

class MasterLink final : private runtime::IoHandler {
 public:
  // Null when there is no master. Takes the variables out of the environment.
  static std::unique_ptr<MasterLink> find(config::Environment& env);

  // A worker of this master has served before: what the command line says about other processes is done.
  [[nodiscard]] bool is_reload() const noexcept { return reload_; }
  [[nodiscard]] bool in_background() const noexcept { return background_; }
  [[nodiscard]] OfferedSockets take_offered() noexcept { return std::move(offered_); }

  void tell_facts(const GlobalSpec& global, std::string_view version) const;
  void tell_log(std::string_view text) const;
  void tell_ready(const std::vector<GivenSocket>& sockets) const;

  // on_client: a client of the master's command socket; on_gone: the master has ended. Both on the loop's thread.
  struct Listener {
    virtual void on_master_client(base::UniqueFd fd, std::string_view modes) noexcept = 0;
    virtual void on_master_gone() noexcept = 0;

   protected:
    ~Listener() = default;
  };
  void watch(runtime::Loop& loop, Listener& listener) noexcept;

 private:
  MasterLink() = default;
  void on_io(unsigned ready) noexcept override;

  Channel channel_;
  OfferedSockets offered_;
  bool reload_ = false;
  bool background_ = false;
  runtime::Loop* loop_ = nullptr;
  Listener* listener_ = nullptr;
};

}  // namespace sluice::process
