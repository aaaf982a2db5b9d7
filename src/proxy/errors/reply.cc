// Filling a response from a template or a page, and choosing the page for a status.
#include <cstring>

#include "sluice/base/strings.h"
#include "sluice/http/status.h"
#include "sluice/proxy/errors.h"

namespace sluice::proxy {
namespace {

// Renders into the arena; null data when memory is out.
std::string_view render(const policy::LogFormat& format, policy::SampleContext& ctx, base::Arena& arena) noexcept {
  policy::ScratchScope scope(*ctx.scratch);
  return arena.copy(format.render(ctx));
}

}  // namespace

bool ReplyTemplate::fill(policy::SampleContext& ctx, base::Arena& arena, std::size_t max_body, http::ResponseHead& head,
                         std::string_view& body_out) const noexcept {
  if (page != nullptr) {
    body_out = page->body;
    return page->fill(head);
  }
  // All that reads the context first: head may be the response the context shows.
  std::string_view content = body;
  std::string_view length = content_length;
  if (body_is_format) {
    content = render(body_format, ctx, arena);
    if (content.data() == nullptr || content.size() > max_body) return false;
    const auto digits = arena.chars(20);
    if (digits.data() == nullptr) return false;
    length = {digits.data(), static_cast<std::size_t>(base::write_uint(digits.data(), content.size()) - digits.data())};
  }
  std::string_view* values = nullptr;
  if (!headers.empty()) {
    values = static_cast<std::string_view*>(arena.allocate(headers.size() * sizeof(std::string_view)));
    if (values == nullptr) return false;
    for (std::size_t i = 0; i < headers.size(); ++i) {
      values[i] = headers[i].constant ? std::string_view(headers[i].literal) : render(headers[i].format, ctx, arena);
      if (values[i].data() == nullptr) return false;
    }
  }
  head.clear();
  head.status = status;
  head.reason = http::status_reason(status);
  const bool bodiless = status < 200 || status == 204 || status == 304;
  head.body = bodiless ? http::BodyKind::None : http::BodyKind::Length;
  head.content_length = bodiless ? 0 : content.size();
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (head.fields.push(headers[i].name, values[i], headers[i].id, http::Field::kEdited) == nullptr) return false;
  }
  if (!bodiless && head.fields.append(http::HeaderId::ContentLength, length) == nullptr) return false;
  if (!content_type.empty() && !content.empty() &&
      head.fields.append(http::HeaderId::ContentType, content_type) == nullptr) {
    return false;
  }
  body_out = content;
  return true;
}

void ErrorPages::set(unsigned status, std::shared_ptr<const ReplyTemplate> page) noexcept {
  const int i = http::error_page_index(status);
  if (i >= 0) pages_[static_cast<std::size_t>(i)] = std::move(page);
}

PageChoice choose_page(unsigned status, const ErrorPages* back, const ErrorPages* front) noexcept {
  if (back != nullptr) {
    if (const auto* t = back->find(status)) return {t, nullptr};
  }
  if (front != nullptr && front != back) {
    if (const auto* t = front->find(status)) return {t, nullptr};
  }
  return {nullptr, default_page(status)};
}

PreparedReply prepare_error(unsigned status, const ErrorPages* back, const ErrorPages* front,
                            policy::SampleContext& ctx, base::Arena& arena, std::size_t max_body,
                            http::ResponseHead& head) noexcept {
  PreparedReply out;
  const PageChoice choice = choose_page(status, back, front);
  if (choice.page != nullptr) {
    if (choice.page->page != nullptr && choice.page->page->silent) {
      out.silent = true;
      return out;
    }
    if (choice.page->fill(ctx, arena, max_body, head, out.body)) return out;
  }
  const ReplyPage* page = choice.built_in;
  if (page == nullptr) page = default_page(status);
  if (page == nullptr) page = default_page(500);
  page->fill(head);
  out.body = page->body;
  return out;
}

std::string_view raw_error(unsigned status, const ErrorPages* front) noexcept {
  if (front != nullptr) {
    const auto* t = front->find(status);
    if (t != nullptr && t->page != nullptr)
      return t->page->silent ? std::string_view{} : std::string_view(t->page->raw);
  }
  const ReplyPage* page = default_page(status);
  if (page == nullptr) page = default_page(400);
  return page->raw;
}

}  // namespace sluice::proxy
