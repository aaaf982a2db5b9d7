#include "backend/checks/check.h"

namespace sluice::backend {

CheckPlan::CheckPlan(const CheckSpec& check) : spec(check), http(check.type == CheckType::Http) {
  const std::vector<CheckStep>* written = nullptr;
  if (check.type == CheckType::Http) written = &check.http_steps;
  if (check.type == CheckType::TcpScript) written = &check.tcp_steps;

  bool connects = false;
  bool sends = false;
  bool expects = false;
  std::string comment;
  const auto imply = [this](CheckStep::Kind kind) {
    steps.emplace_back();
    steps.back().kind = kind;
  };
  if (written != nullptr) {
    unsigned number = 0;
    for (const CheckStep& s : *written) {
      ++number;
      if (s.kind == CheckStep::Kind::Comment) {
        comment = s.comment;
        continue;
      }
      if (s.kind != CheckStep::Kind::Connect && !connects) imply(CheckStep::Kind::Connect);
      connects = true;
      // Expecting an answer to nothing: the request of "option httpchk" goes first.
      if (http && s.kind == CheckStep::Kind::Expect && !sends) imply(CheckStep::Kind::SendHttp);
      sends |= s.kind == CheckStep::Kind::SendHttp || (http && s.kind == CheckStep::Kind::Expect);
      if (s.kind == CheckStep::Kind::Connect) expects = false;
      expects |= s.kind == CheckStep::Kind::Expect;
      steps.emplace_back();
      Step& step = steps.back();
      step.spec = &s;
      step.number = number;
      step.kind = s.kind;
      step.comment = s.comment.empty() ? comment : s.comment;
      comment.clear();
      if (s.kind == CheckStep::Kind::Expect) step.expect = std::make_unique<Expect>(s.expect);
    }
    scripted = check.type == CheckType::TcpScript && !written->empty();
  }
  if (!connects) imply(CheckStep::Kind::Connect);
  if (http && !sends) imply(CheckStep::Kind::SendHttp);
  if (http && !expects) imply(CheckStep::Kind::Expect);
}

}  // namespace sluice::backend
