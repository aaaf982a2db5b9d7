// `show fd` (management manual 9.3): the descriptors that loops watch. Each loop looks at its own table, some thousand
// at a time.
#include <fmt/format.h>

#include <iterator>

#include "ops/cli_builtin.h"
#include "ops/thread_walk.h"
#include "sluice/base/strings.h"
#include "sluice/runtime/stall_detector.h"

namespace sluice::ops {

namespace {

using Answer = std::unique_ptr<CliAnswer>;
using Kind = runtime::IoDescription::Kind;

constexpr std::size_t kPieceBytes = 8192;
constexpr int kFdsPerVisit = 4096;

struct FdFilter {
  int only = -1;  // -1 = all
  bool kinds[5] = {true, true, true, true, true};
  [[nodiscard]] bool wants(Kind k) const noexcept { return kinds[static_cast<std::size_t>(k)]; }
};

//       6 : st=0x000021(... R:srA) gid=1 tmask=0x1 prmsk=0x1 pwmsk=0x0 gen=4 iocb=sluice::proxy::Acceptor l.st=RDY
//       fe=www
void append_fd(std::string& out, int fd, const runtime::Loop::FdView& v, const runtime::IoDescription& what,
               unsigned thread) {
  const auto letter = [](unsigned bits, unsigned bit, char on, char off) { return (bits & bit) != 0 ? on : off; };
  const unsigned long long mask = thread < 64 ? 1ULL << thread : 0;
  runtime::RunningMark type;
  type.enter(*v.handler);
  const unsigned state = (v.wanted & 0x3fU) | (v.actual & 0x3fU) << 8U;
  fmt::format_to(
      std::back_inserter(out),
      "{:>7} : st={:#08x}(W:sr{} R:sr{} P:{}{}) gid=1 tmask={:#x} prmsk={:#x} pwmsk={:#x} owner={} gen={} iocb={}{}\n",
      fd, state, letter(v.wanted, runtime::kOut, 'A', 'a'), letter(v.wanted, runtime::kIn, 'A', 'a'),
      letter(v.actual, runtime::kOut, 'W', 'w'), letter(v.actual, runtime::kIn, 'R', 'r'), mask,
      (v.actual & runtime::kIn) != 0 ? mask : 0, (v.actual & runtime::kOut) != 0 ? mask : 0,
      static_cast<const void*>(v.handler), v.generation, runtime::name_of(type.what()), what.text);
}

class FdVisitor final : public ThreadVisitor {
 public:
  explicit FdVisitor(const FdFilter& filter) : filter_(filter) {}
  bool visit(runtime::Loop& loop, std::string& out) noexcept override {
    int fd = filter_.only >= 0 ? filter_.only : next_;
    const int end = filter_.only >= 0 ? filter_.only + 1 : std::min(loop.fd_end(), fd + kFdsPerVisit);
    for (; fd < end && out.size() < kPieceBytes; ++fd) {
      runtime::Loop::FdView v;
      if (!loop.view_fd(fd, v)) continue;
      runtime::IoDescription what;
      v.handler->describe(what);
      if (filter_.wants(what.kind)) append_fd(out, fd, v, what, loop.index());
    }
    next_ = fd;
    if (filter_.only < 0 && fd < loop.fd_end()) return true;
    next_ = 0;
    return false;
  }

 private:
  const FdFilter filter_;
  int next_ = 0;
};

// "-!plcfbs": which kinds; "-" and "!" turn the meaning of the letters behind them. False: no such letter.
bool parse_kinds(std::string_view word, FdFilter& filter, bool& named) {
  bool take_out = false;
  for (const char c : word) {
    const auto set = [&](Kind k) { filter.kinds[static_cast<std::size_t>(k)] = !take_out; };
    if (c == '-' || c == '!') {
      take_out = !take_out;
      continue;
    }
    if (!named && !take_out) {
      for (bool& k : filter.kinds) k = false;
    }
    named = true;
    switch (c) {
      case 'p':
        set(Kind::Pipe);
        break;
      case 'l':
        set(Kind::Listener);
        break;
      case 'c':
        set(Kind::Front);
        set(Kind::Back);
        break;
      case 'f':
        set(Kind::Front);
        break;
      case 'b':
      case 's':
        set(Kind::Back);
        break;
      default:
        return false;
    }
  }
  return true;
}

Answer show_fd(CliCall& c) {
  const CliContext& context = context_of(c);
  FdFilter filter;
  bool named = false;
  for (std::string_view word : c.words.subspan(2)) {
    // "<tgid>/<fd>": there is one thread group.
    const std::size_t slash = word.find('/');
    if (slash != std::string_view::npos) {
      word.remove_prefix(slash + 1);
      if (word.empty()) continue;
    }
    if (word[0] >= '0' && word[0] <= '9') {
      const auto fd = base::parse_int<int>(word);
      if (!fd) {
        c.say("Invalid descriptor number.", CliSeverity::Err);
        return nullptr;
      }
      filter.only = *fd;
    } else if (!parse_kinds(word, filter, named)) {
      c.say("Unknown FD type: expects letters among 'plcfbs', each after '-' or '!' to leave it out.",
            CliSeverity::Err);
      return nullptr;
    }
  }
  if (context.threads == nullptr) return nullptr;
  return std::make_unique<ThreadWalk>(*context.threads, c.session, std::make_unique<FdVisitor>(filter));
}

constexpr CliCommand kCommands[] = {
    {"show fd", CliLevel::Operator, "show fd [-!plcfbs]* [num]",
     "dump list of file descriptors in use or a specific one", show_fd},
};

}  // namespace

void add_fd_commands(CliCommands& commands, CliContext& context) { commands.add(kCommands, &context); }

}  // namespace sluice::ops
