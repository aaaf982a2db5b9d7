// HTTP/1 chunked bodies with trailers.
// room: http
#include "fuzz/h1_common.h"

namespace {

using namespace sluice::http;
using namespace sluice::http::h1;

struct Decoded {
  std::string payload;
  std::string trailers;
  std::size_t used = 0;
  BodyPiece::Status status = BodyPiece::Status::More;
  ErrorCode error = ErrorCode::None;
};

Decoded decode(const std::string& text, std::size_t step) {
  std::unique_ptr<char[]> memory(new char[text.size()]);
  std::memcpy(memory.get(), text.data(), text.size());
  BodyDecoder decoder;
  decoder.start(BodyKind::Chunked, 0);
  Field storage[20];
  Fields trailers(storage, 20);
  decoder.keep_trailers(&trailers);
  decoder.set_max_trailer_bytes(1024);
  Decoded d;
  std::size_t given = 0;
  bool going = true;
  while (going && given < text.size()) {
    given = step == 0 || given + step > text.size() ? text.size() : given + step;
    for (;;) {
      const BodyPiece piece = decoder.feed(memory.get() + d.used, given - d.used);
      require(piece.consumed <= given - d.used, "consumed inside the data");
      require(piece.data.empty() || (piece.data.data() >= memory.get() + d.used &&
                                     piece.data.data() + piece.data.size() <= memory.get() + d.used + piece.consumed),
              "payload inside what is consumed");
      d.payload += piece.data;
      d.used += piece.consumed;
      d.status = piece.status;
      if (piece.status != BodyPiece::Status::More) going = false;
      if (piece.status != BodyPiece::Status::More || piece.consumed == 0) break;
    }
  }
  require(decoder.payload_bytes() == d.payload.size(), "payload is counted");
  d.error = decoder.error().code;
  if (d.status == BodyPiece::Status::End) {
    d.trailers.resize(4096);
    d.trailers.resize(write_trailers(d.trailers.data(), d.trailers.size(), trailers, nullptr));
  }
  return d;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Decoded whole = decode(text, 0);
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}}) {
    const Decoded pieces = decode(text, step);
    require(pieces.payload == whole.payload, "pieces give the same payload");
    require(pieces.status == whole.status, "pieces give the same verdict");
    require(pieces.error == whole.error, "pieces give the same error");
    require(pieces.trailers == whole.trailers, "pieces give the same trailers");
    if (whole.status == BodyPiece::Status::End) require(pieces.used == whole.used, "pieces end at the same place");
  }
  if (whole.status != BodyPiece::Status::End) return 0;

  std::string framed;
  if (!whole.payload.empty()) {
    char head[kMaxChunkHeadBytes];
    framed.append(head, write_chunk_head(head, whole.payload.size()));
    framed += whole.payload;
    framed += kChunkEnd;
  }
  framed += kLastChunk;
  framed += whole.trailers;
  const Decoded again = decode(framed, 0);
  require(again.status == BodyPiece::Status::End && again.used == framed.size(), "what is written is a whole body");
  require(again.payload == whole.payload && again.trailers == whole.trailers, "what is written says the same");
  return 0;
}
