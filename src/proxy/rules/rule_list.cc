// Running a rule list.
#include "sluice/proxy/rules.h"

namespace sluice::proxy {

ActionResult RuleList::run(ActionContext& ctx, RuleCursor& cursor) const noexcept {
  if (cursor.next == 0 && !cursor.waiting) ctx.strict = true;
  const std::size_t count = rules.size();
  while (cursor.next < count) {
    const Rule& rule = rules[cursor.next];
    // The condition is asked once, before the action first runs (manual 4.2 "http-request").
    ctx.first_run = !cursor.waiting;
    if (!cursor.waiting && !rule.always) {
      bool holds;
      if (ctx.sample.more_may_come) {
        const auto verdict = rule.when.decide(ctx.sample);
        if (verdict == policy::Condition::Verdict::Undecided) return ActionResult::Wait;
        holds = verdict == policy::Condition::Verdict::Yes;
      } else {
        holds = rule.when.evaluate(ctx.sample);
      }
      if (!holds) {
        ++cursor.next;
        continue;
      }
    }
    const ActionResult result = rule.action->run(ctx);
    cursor.waiting = result == ActionResult::Wait;
    if (cursor.waiting) return result;
    ++cursor.next;
    if (result != ActionResult::Continue) return result;
  }
  return ActionResult::Continue;
}

}  // namespace sluice::proxy
