// What a stream does when something happened: moves bytes, notices who left, keeps the time, and ends when all is done.
#include <algorithm>

#include "stream.h"

namespace sluice::proxy {

Where Stream::where_now() const noexcept {
  switch (request_state_) {
    case RequestState::Head:
    case RequestState::Rules:
    case RequestState::Body:
      return Where::Request;
    case RequestState::Tarpit:
      return Where::Tarpit;
    case RequestState::Assign:
      return Where::Queue;
    case RequestState::Connect:
      return Where::Connect;
    case RequestState::Forward:
    case RequestState::Done:
    case RequestState::Local:
      break;
  }
  switch (response_state_) {
    case ResponseState::None:
      return Where::Connect;
    case ResponseState::AwaitHead:
    case ResponseState::Rules:
      return Where::Headers;
    case ResponseState::Forward:
      return Where::Data;
    case ResponseState::Local:
    case ResponseState::Done:
      return Where::Last;
  }
  return Where::Data;
}

void Stream::step() noexcept {
  ++steps_;
  if (ended_) return;
  check_front_closed();
  if (ended_) return;
  if (request_state_ == RequestState::Body || (request_state_ == RequestState::Rules && !http_)) {
    // A phase waits for more of the body.
    run_request_phases();
    if (ended_) return;
  }
  if (response_state_ == ResponseState::Rules) {
    // A rule waits for more of the answer's body.
    apply_response_rules();
    if (ended_) return;
  }
  pump_both();
  if (ended_) return;
  if (front_proxy_.rules->spec.options.contstats) count_bytes();
  if (response_state_ == ResponseState::Done && !front_.congested()) {
    if (tunnel_) {
      if (to_server_.done() && (back_ == nullptr || !back_->congested())) finish(false);
    } else if (request_state_ == RequestState::Done || request_state_ == RequestState::Local || back_ == nullptr ||
               back_->closed() || front_.closed()) {
      finish(false);
    }
  }
  if (!ended_) update_deadlines(false, false);
}

void Stream::pump_both() noexcept {
  const GlobalSettings& settings = worker_.global().settings;
  if (back_ == nullptr) return;
  const Options& f = front_proxy_.rules->spec.options;
  const Options& b = back_proxy_->rules->spec.options;
  // One side's wish is enough; a wish for splicing counts more than one against it.
  const auto either = [](Tri front, Tri back, Tri value) { return front == value || back == value; };
  const auto how = [&](Tri front, Tri back) {
    if (!settings.splice) return Splice::Never;
    if (either(front, back, Tri::On)) return Splice::Always;
    if (either(f.splice_auto, b.splice_auto, Tri::On)) return Splice::Large;
    return either(front, back, Tri::Off) || either(f.splice_auto, b.splice_auto, Tri::Off) ? Splice::Never
                                                                                           : Splice::Large;
  };
  if (request_state_ == RequestState::Forward && back_ != nullptr && back_state_ == BackState::Established) {
    const PumpResult r = to_server_.run(front_, *back_, worker_.pipes(), how(f.splice_request, b.splice_request),
                                        back_proxy_->rules->spec.options.drop_request_trailers);
    if (const std::uint64_t n = to_server_.take_moved(); n != 0) {
      request_in_ += n;
      request_out_ += n;
    }
    if (to_server_.take_progress()) update_deadlines(true, true);
    if (r == PumpResult::Done) {
      request_state_ = RequestState::Done;
      if (tunnel_ && !back_shut_) {
        back_shut_ = true;
        back_->shutdown_write();
        half_closed();
      }
    } else if (r == PumpResult::Failed) {
      if (front_.error().code == base::ErrorCode::BadMessage) {
        capture_error(false);
        front_proxy_.counters.local(worker_.index()).request_errors.add();
        fail_stream(Cause::Proxy, unanswered() ? Where::Headers : Where::Data, 400);
        return;
      }
      if (front_.closed()) {
        fail_stream(Cause::Client, Where::Data, 0);
        return;
      }
    } else if (r == PumpResult::Blocked && front_.buffer_full() && !request_released_ && back_->connected()) {
      release_request();
    } else if (r == PumpResult::Waiting && front_.buffer_full() && !request_released_) {
      // The buffer holds a head that is kept for a retry: give that up, the body goes first.
      release_request();
    }
  }
  if (ended_ || back_ == nullptr) return;
  if (response_state_ == ResponseState::Forward) {
    const PumpResult r = to_client_.run(*back_, front_, worker_.pipes(), how(f.splice_response, b.splice_response),
                                        f.drop_response_trailers);
    if (const std::uint64_t n = to_client_.take_moved(); n != 0) {
      response_in_ += n;
      response_out_ += n;
    }
    if (to_client_.take_progress()) update_deadlines(true, true);
    if (r == PumpResult::Done) {
      response_state_ = ResponseState::Done;
      if (tunnel_ && !front_shut_) {
        front_shut_ = true;
        front_.shutdown_write();
        half_closed();
      }
    } else if (r == PumpResult::Failed) {
      if (front_.error().code != base::ErrorCode::None) {
        fail_stream(Cause::Client, Where::Data, 0);
        return;
      }
      if (back_->error().code == base::ErrorCode::BadMessage) {
        capture_error(true);
        server_->counters(worker_.index()).response_errors.add();
        fail_stream(Cause::Proxy, Where::Data, 0);
        return;
      }
      server_->counters(worker_.index()).server_aborts.add();
      back_proxy_->servers->counters(worker_.index()).server_aborts.add();
      fail_stream(Cause::Server, Where::Data, 0);
      return;
    }
  } else if (response_state_ == ResponseState::AwaitHead && back_->closed() &&
             back_->head_state() == http::mux::HeadState::None) {
    on_response_failure();
    return;
  }
  if (ended_ || back_ == nullptr) return;
  // Sending to the server failed while its answer is still to come: read what it said, then give up.
  if (back_->error().code != base::ErrorCode::None && response_state_ == ResponseState::AwaitHead)
    on_response_failure();
}

// manual 4.2 "timeout client-fin", "timeout server-fin": they take over from here on, "timeout tunnel" included.
void Stream::half_closed() noexcept {
  const base::Millis client = front_proxy_.rules->spec.timeouts.client_fin;
  const base::Millis server = back_proxy_->rules->spec.timeouts.server_fin;
  if (client != base::kNoTimeout) client_timeout_ = client;
  if (server != base::kNoTimeout) server_timeout_ = server;
  client_deadline_ = server_deadline_ = base::kNever;
  update_deadlines(true, true);
}

void Stream::check_front_closed() noexcept {
  if (!front_.closed() || request_state_ == RequestState::Head) return;
  const bool broken = front_.error().code != base::ErrorCode::None &&
                      front_.error().code != base::ErrorCode::BadMessage &&
                      front_.error().code != base::ErrorCode::ClosedEarly;
  if (broken) {
    // Reset, or nobody there to send to.
    if (response_state_ == ResponseState::Done && own_reply_) {
      finish(true);
      return;
    }
    // Before its request was whole it was sending data, not waiting, whether it has its answer already or not.
    const bool sending = request_state_ == RequestState::Forward && !front_.input_done();
    if (request_state_ == RequestState::Body) body_waited();
    fail_stream(Cause::Client,
                sending                                  ? Where::Data
                : response_state_ == ResponseState::Done ? Where::Last
                                                         : where_now(),
                0);
    return;
  }
  const bool flowing = request_state_ == RequestState::Forward || request_state_ == RequestState::Done;
  if (front_eof_seen_ || (tunnel_ && flowing)) return;
  if (request_state_ == RequestState::Tarpit) {
    front_eof_seen_ = true;
    reason_.set(Cause::Client, Where::Tarpit);
    facts_.status = static_cast<std::uint16_t>(tarpit_status_);
    finish(true);
    return;
  }
  // A body that is still incomplete: the pump or the waiting phase finds out.
  if (http_ && !front_.input_done() && request_state_ != RequestState::Local) return;
  front_eof_seen_ = true;
  if (back_proxy_ == nullptr || !abort_on_close(back_proxy_->rules->spec)) return;
  // manual 4.2 "option abortonclose": nothing has been sent to a server yet, so nothing is lost; a server that is at
  // work is told.
  switch (back_state_) {
    case BackState::Queued:
      fail_stream(Cause::Client, Where::Queue, 0);
      return;
    case BackState::TurnAround:
    case BackState::Connecting:
      fail_stream(Cause::Client, Where::Connect, 0);
      return;
    case BackState::Established:
      if (response_state_ == ResponseState::AwaitHead && back_ != nullptr) {
        abort_told_ = true;
        back_->shutdown_write();
      }
      return;
    case BackState::None:
    case BackState::Closed:
      return;
  }
}

// ---- time

void Stream::arm(base::TimePoint when) noexcept {
  if (when < timer_.when()) worker_.loop().arm(timer_, when);
}

void Stream::set_phase_deadline(base::TimePoint when) noexcept {
  phase_deadline_ = when;
  if (when != base::kNever) arm(when);
}

void Stream::update_deadlines(bool front_activity, bool back_activity) noexcept {
  // The client is waited for while it owes input or does not take output; the server likewise.
  bool front_waits;
  bool back_waits;
  if (tunnel_) {
    // A side is waited for while it takes nothing, and for input unless it has ended its direction or the other side
    // takes nothing: then nobody listens to it.
    const bool open = request_state_ == RequestState::Forward || request_state_ == RequestState::Done;
    const bool front_stuck = front_.congested();
    const bool back_stuck = back_ != nullptr && back_->congested();
    front_waits = open && (front_stuck || (request_state_ == RequestState::Forward && !back_stuck));
    back_waits = open && back_state_ == BackState::Established &&
                 (back_stuck || (response_state_ != ResponseState::Done && !front_stuck));
    const Options& fo = front_proxy_.rules->spec.options;
    if (!fo.independent_streams) front_activity = front_activity || back_activity;
    if (back_proxy_ != nullptr && !back_proxy_->rules->spec.options.independent_streams)
      back_activity = back_activity || front_activity;
  } else {
    front_waits = (request_state_ == RequestState::Forward && !front_.input_done() &&
                   (back_ == nullptr || !back_->congested())) ||
                  (response_state_ != ResponseState::None && front_.congested());
    back_waits = back_state_ == BackState::Established && back_ != nullptr &&
                 // Its time runs while the request is still on its way too, anew with every piece of it (manual 4.2
                 // "option independent-streams").
                 (back_->congested() || response_state_ == ResponseState::AwaitHead ||
                  (response_state_ == ResponseState::Forward && !front_.congested()));
  }
  if (!front_waits) {
    client_deadline_ = base::kNever;
  } else if (front_activity || client_deadline_ == base::kNever) {
    client_deadline_ = base::deadline_after(now(), client_timeout_);
    if (client_deadline_ != base::kNever) arm(client_deadline_);
  }
  if (!back_waits) {
    server_deadline_ = base::kNever;
  } else if (back_activity || server_deadline_ == base::kNever) {
    server_deadline_ = base::deadline_after(now(), server_timeout_);
    if (server_deadline_ != base::kNever) arm(server_deadline_);
  }
}

void Stream::on_timer() noexcept {
  if (ended_) return;
  const base::TimePoint t = now();
  if (phase_deadline_ <= t) {
    switch (back_state_) {
      case BackState::Queued:
        reason_.set(Cause::ServerTimeout, Where::Queue);
        place_.leave();
        if (http_)
          respond(503);
        else
          finish(true);
        break;
      case BackState::Connecting: {
        base::Error e;
        e.code = base::ErrorCode::ConnectTimeout;
        connection_failed(e);
        break;
      }
      case BackState::TurnAround:
        set_phase_deadline(base::kNever);
        connect();
        break;
      default:
        if (request_state_ == RequestState::Tarpit) {
          reason_.set(Cause::Proxy, Where::Tarpit);
          set_phase_deadline(base::kNever);
          if (tarpit_silent_) {
            facts_.status = static_cast<std::uint16_t>(tarpit_status_);
            finish(true);
          } else {
            respond_prepared(reply_body_, tarpit_status_);
          }
        } else if (request_state_ == RequestState::Body || request_state_ == RequestState::Rules) {
          run_request_phases();
        } else if (response_state_ == ResponseState::Rules) {
          apply_response_rules();
        } else {
          set_phase_deadline(base::kNever);
        }
        break;
    }
  } else if (client_deadline_ <= t) {
    // manual 8.5: cH while the client owes the body of a request that nobody has answered yet; cL when all that is left
    // to do is to hand it the end of the answer.
    const bool answerable = http_ && !tunnel_ && unanswered();
    const bool last = !tunnel_ && response_state_ == ResponseState::Done && front_.congested();
    reason_.set(Cause::ClientTimeout, answerable ? Where::Headers : last ? Where::Last : Where::Data);
    if (answerable) {
      leave_server(false);
      respond(408);
    } else {
      finish(true);
    }
  } else if (server_deadline_ <= t) {
    if (http_ && !tunnel_ && response_state_ == ResponseState::AwaitHead) {
      if (!retry_request(kRetryResponseTimeout)) {
        reason_.set(Cause::ServerTimeout, Where::Headers);
        server_->counters(worker_.index()).response_errors.add();
        back_proxy_->servers->counters(worker_.index()).response_errors.add();
        leave_server(false);
        respond(504);
      }
    } else {
      reason_.set(Cause::ServerTimeout, Where::Data);
      finish(true);
    }
  }
  if (!ended_) step();
  if (ended_) {
    worker_.loop().bury(*this);
    return;
  }
  const base::TimePoint next = std::min({phase_deadline_, client_deadline_, server_deadline_});
  if (next != base::kNever) arm(next);
}

void Stream::on_head_timeout() noexcept {
  if (ended_) return;
  reason_.set(Cause::ClientTimeout, Where::Request);
  front_proxy_.counters.local(worker_.index()).request_errors.add();
  request_.clear();
  request_.connection.close = true;
  t_head_ = now();
  respond_raw(408);
  if (!ended_) step();
  if (ended_) worker_.loop().bury(*this);
}

void Stream::end_empty(bool timed_out, unsigned status) noexcept {
  reason_.set(timed_out ? Cause::ClientTimeout : Cause::Client, Where::Request);
  front_proxy_.counters.local(worker_.index()).request_errors.add();
  request_.clear();
  request_.connection.close = true;
  facts_.status = static_cast<std::uint16_t>(timed_out ? 408 : 400);
  if (front_proxy_.rules->spec.options.dontlognull) do_not_log_ = true;
  t_start_ = session_.idle_since();
  if (status != 0) {
    respond_raw(status);
    if (!ended_) step();
  } else {
    finish(true);
  }
  if (ended_) worker_.loop().bury(*this);
}

// Something broke. status: what to answer when nothing of an answer has been sent yet; 0 = only close.
void Stream::fail_stream(Cause cause, Where where, unsigned status) noexcept {
  if (ended_) return;
  const unsigned thread = worker_.index();
  reason_.set(cause, where);
  if (cause == Cause::Client && back_proxy_ != nullptr) {
    back_proxy_->servers->counters(thread).client_aborts.add();
    if (server_ != nullptr) server_->counters(thread).client_aborts.add();
  }
  const bool answerable =
      http_ && !tunnel_ && status != 0 && unanswered() &&
      (front_.error().code == base::ErrorCode::None || front_.error().code == base::ErrorCode::BadMessage ||
       front_.error().code == base::ErrorCode::ClosedEarly);
  if (answerable) {
    leave_server(false);
    respond(status);
    if (!ended_ && !front_.congested()) finish(false);
    return;
  }
  finish(true);
}

}  // namespace sluice::proxy
