// `show pools`, `show libs` (management manual 9.3).
#include <fmt/format.h>
#ifdef __linux__
#include <link.h>
#endif
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "ops/cli_builtin.h"
#include "ops/thread_walk.h"
#include "sluice/base/strings.h"
#include "sluice/proxy/worker.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;

// --- show pools

struct PoolSum {
  std::string_view name;
  std::size_t object_bytes = 0;
  std::size_t used = 0, free = 0;
  const void* pool = nullptr;  // of the first thread
  [[nodiscard]] std::size_t allocated() const noexcept { return used + free; }
};

struct PoolRequest {
  enum class Order : std::uint8_t { None, Name, Size, Usage } order = Order::None;
  std::string prefix;
  std::size_t most = 0;  // 0 = all
};

// Adds up the pools of all threads.
class PoolVisitor final : public ThreadVisitor {
 public:
  PoolVisitor(proxy::Global* global, PoolRequest request) : global_(global), request_(std::move(request)) {}

  bool visit(runtime::Loop& loop, std::string&) noexcept override {
    add("buffer", loop.buffers().raw());
    if (global_ == nullptr || loop.index() >= global_->workers.size()) return false;
    proxy::Worker* worker = global_->workers[loop.index()];
    if (worker == nullptr) return false;
    add("session", worker->session_memory());
    add("stream", worker->stream_memory());
    add("backconn", worker->back_memory());
    return false;
  }

  void finish(std::string& out) noexcept override {
    using Order = PoolRequest::Order;
    std::erase_if(sums_, [this](const PoolSum& p) {
      return !p.name.starts_with(request_.prefix) || (request_.order == Order::Usage && p.allocated() == 0);
    });
    std::stable_sort(sums_.begin(), sums_.end(), [this](const PoolSum& a, const PoolSum& b) {
      switch (request_.order) {
        case Order::Name:
          return a.name < b.name;
        case Order::Size:
          return a.object_bytes > b.object_bytes;
        case Order::Usage:
          return a.allocated() * a.object_bytes > b.allocated() * b.object_bytes;
        case Order::None:
          break;
      }
      return false;
    });
    if (request_.most != 0 && sums_.size() > request_.most) sums_.resize(request_.most);
    out += "Dumping pools usage. Use SIGQUIT to flush them.\n";
    std::size_t allocated = 0, used = 0, cached = 0;
    for (const PoolSum& p : sums_) {
      fmt::format_to(
          std::back_inserter(out),
          "  - Pool {} ({} bytes/{}) : {} allocated ({} bytes), {} used (~{} by thread caches), needed_avg {}, 0 "
          "failures, 1 users, @{}\n",
          p.name, p.object_bytes, alignof(std::max_align_t), p.allocated(), p.allocated() * p.object_bytes, p.used,
          p.free, p.used, p.pool);
      allocated += p.allocated() * p.object_bytes;
      used += p.used * p.object_bytes;
      cached += p.free * p.object_bytes;
    }
    fmt::format_to(std::back_inserter(out), "Total: {} pools, {} bytes allocated, {} used (~{} by thread caches).\n",
                   sums_.size(), allocated, used, cached);
  }

 private:
  void add(std::string_view name, const base::RawPool& pool) noexcept {
    auto it = std::find_if(sums_.begin(), sums_.end(), [&](const PoolSum& p) { return p.name == name; });
    if (it == sums_.end()) it = sums_.insert(sums_.end(), {name, pool.object_bytes(), 0, 0, &pool});
    it->used += pool.used();
    it->free += pool.free_count();
  }

  proxy::Global* global_;
  const PoolRequest request_;
  std::vector<PoolSum> sums_;
};

Answer show_pools(CliCall& c) {
  const CliContext& context = context_of(c);
  PoolRequest request;
  for (std::size_t i = 2; i < c.words.size(); ++i) {
    const std::string_view word = c.word(i);
    if (word == "byname") {
      request.order = PoolRequest::Order::Name;
    } else if (word == "bysize") {
      request.order = PoolRequest::Order::Size;
    } else if (word == "byusage") {
      request.order = PoolRequest::Order::Usage;
    } else if (word == "match") {
      request.prefix = std::string(c.word(++i));
    } else if (const auto most = base::parse_int<std::size_t>(word)) {
      request.most = *most;
    } else {
      c.say("Expects 'byname', 'bysize', 'byusage', 'match <pfx>' or a number of lines.", CliSeverity::Err);
      return nullptr;
    }
  }
  if (context.threads == nullptr) return nullptr;
  return std::make_unique<ThreadWalk>(*context.threads, c.session,
                                      std::make_unique<PoolVisitor>(context.global, std::move(request)));
}

// --- show libs

#ifdef __linux__
int append_object(dl_phdr_info* info, std::size_t, void* out) {
  std::uintptr_t begin = ~std::uintptr_t{0};
  std::uintptr_t end = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& h = info->dlpi_phdr[i];
    if (h.p_type != PT_LOAD) continue;
    begin = std::min<std::uintptr_t>(begin, info->dlpi_addr + h.p_vaddr);
    end = std::max<std::uintptr_t>(end, info->dlpi_addr + h.p_vaddr + h.p_memsz);
  }
  if (end <= begin) return 0;
  std::string name = info->dlpi_name == nullptr ? "" : info->dlpi_name;
  if (name.empty()) {  // the program itself
    char path[1024];
    const ssize_t n = ::readlink("/proc/self/exe", path, sizeof(path));
    name = n > 0 ? std::string(path, static_cast<std::size_t>(n)) : "-";
  }
  fmt::format_to(std::back_inserter(*static_cast<std::string*>(out)), "{:#018x}-{:#018x} ({:#09x}) {}\n", begin,
                 end - 1, end - begin, name);
  return 0;
}
#endif

Answer show_libs(CliCall& c) {
#ifdef __linux__
  ::dl_iterate_phdr(append_object, &c.out);
#else
  c.say("'show libs' is not supported on this system.", CliSeverity::Err);
#endif
  return nullptr;
}

constexpr CliCommand kCommands[] = {
    {"show libs", CliLevel::Operator, "show libs", "show loaded object files and libraries", show_libs},
    {"show pools", CliLevel::User, "show pools [by*] [match <pfx>] [nb]",
     "report information about the memory pools usage", show_pools},
};

}  // namespace

void add_memory_commands(CliCommands& commands, CliContext& context) { commands.add(kCommands, &context); }

}  // namespace sluice::ops
