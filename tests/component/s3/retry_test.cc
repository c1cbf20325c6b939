#include <atomic>

#include <catch2/catch_test_macros.hpp>

#include "tests/component/s3/minio.h"
#include "tests/support/scripted_server.h"

namespace cdc::s3 {
namespace {

using nlohmann::json;

/// Moves only when slept on.
class ManualClock final : public Clock {
 public:
  SteadyTime steady() const override { return SteadyTime(now.load()); }
  WallTime wall() const override { return WallTime(std::chrono::seconds(1'700'000'000)); }
  std::atomic<Millis> now{Millis(0)};
};

struct Scripted {
  ScriptedServer server;
  ManualClock clock;
  int accesses = 0;
  int rejected = 0;
  int pauses = 0;
  Files files{MakeOptions()};

  Options MakeOptions() {
    Options options;
    options.access = [this](const std::string&, bool refused) -> Result<Access> {
      ++accesses;
      if (refused) ++rejected;
      Access access;
      access.endpoint = server.url();
      access.access_key_id = "key" + std::to_string(rejected);
      access.secret_access_key = "SECRET";
      return access;
    };
    options.clock = &clock;
    options.random = [] { return 0.5; };
    options.sleep = [this](Millis pause) {
      clock.now = clock.now.load() + pause;
      ++pauses;
    };
    return options;
  }
  static json Failure(int status, const std::string& code) {
    return {{"status", status}, {"body", "<Error><Code>" + code + "</Code><Message>m</Message></Error>"}};
  }
  static json Ok(const std::string& body) { return {{"body", body}}; }
};

TEST_CASE_METHOD(Scripted, "Outages are waited for") {
  server.Answer({Failure(503, "SlowDown"),
                 {{"fault", "close"}},
                 Failure(500, "InternalError"),
                 {{"status", 502}},
                 Failure(400, "RequestTimeout"),
                 {{"fault", "cut"}, {"body", "0123456789"}},
                 {{"status", 429}},
                 Ok("bytes")});
  CHECK(files->ReadAll("s3://b/k").value() == "bytes");
  CHECK(server.Requests().size() == 8);
  CHECK(pauses == 6);  // the connection that was closed was a kept one: libcurl repeats a GET by itself
  CHECK(rejected == 0);
}

TEST_CASE_METHOD(Scripted, "But not for ever") {
  server.Answer(json(std::vector<json>(100, Failure(503, "SlowDown"))));
  const auto read = files->ReadAll("s3://b/k");
  REQUIRE(!read);
  CHECK(read.error().kind == ErrorKind::kTransient);
  CHECK(read.error().message.find("reading s3://b/k") != std::string::npos);
  CHECK(read.error().message.find("SlowDown") != std::string::npos);
  CHECK(read.error().message.find("attempts") != std::string::npos);
  CHECK(clock.now.load() > Millis(35'000));
  CHECK(clock.now.load() <= Millis(45'000));
}

TEST_CASE_METHOD(Scripted, "Refused credentials are fetched anew once") {
  server.Answer({Failure(400, "ExpiredToken"), Ok("bytes"), Failure(403, "AccessDenied"),
                 Failure(403, "AccessDenied")});
  CHECK(files->ReadAll("s3://b/k").value() == "bytes");
  CHECK(rejected == 1);
  const json seen = server.Requests();
  CHECK(seen[0]["headers"]["authorization"].get<std::string>().find("Credential=key0/") != std::string::npos);
  CHECK(seen[1]["headers"]["authorization"].get<std::string>().find("Credential=key1/") != std::string::npos);
  const auto read = files->ReadAll("s3://b/k");
  REQUIRE(!read);
  CHECK(read.error().kind == ErrorKind::kInvalidConfig);
  CHECK(rejected == 2);
  CHECK(pauses == 0);
}

TEST_CASE_METHOD(Scripted, "A clock that is wrong by an hour is set by the store's") {
  json skewed = Failure(403, "RequestTimeTooSkewed");
  skewed["headers"] = {{"Date", "Tue, 14 Nov 2023 23:13:20 GMT"}};  // 3,600 s later than ManualClock
  server.Answer({skewed, Ok("bytes")});
  CHECK(files->ReadAll("s3://b/k").value() == "bytes");
  const json seen = server.Requests();
  CHECK(seen[0]["headers"]["x-amz-date"] == "20231114T221320Z");
  CHECK(seen[1]["headers"]["x-amz-date"] == "20231114T231320Z");
  server.Answer({skewed, skewed});
  CHECK(files->ReadAll("s3://b/k").error().hint.find("clock") != std::string::npos);
}

const char kStarted[] =
    "<InitiateMultipartUploadResult><UploadId>up&amp;1</UploadId></InitiateMultipartUploadResult>";
const json kPart = {{"headers", {{"ETag", "\"tag\""}}}};

TEST_CASE_METHOD(Scripted, "Completing may fail inside an answer of 200, and is repeated") {
  server.Answer(
      {Ok(kStarted), kPart, kPart, Failure(200, "InternalError"), Ok("<CompleteMultipartUploadResult/>")});
  REQUIRE(files->WriteAll("s3://b/k", std::string((8 << 20) + 1, 'x')));
  const json seen = server.Requests();
  REQUIRE(seen.size() == 5);
  CHECK(seen[1]["target"] == "/b/k?partNumber=1&uploadId=up%261");
  CHECK(seen[2]["body"] == "x");
  CHECK(seen[4]["body"] ==
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&quot;tag&quot;</ETag></Part>"
        "<Part><PartNumber>2</PartNumber><ETag>&quot;tag&quot;</ETag></Part></CompleteMultipartUpload>");
}

TEST_CASE_METHOD(Scripted,
                 "Objects and parts carry their checksums, and the end says those that the store confirmed") {
  // Of "x", by sha256sum and base64.
  const std::string of_x = "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=";
  server.Answer({Ok("")});
  REQUIRE(files->WriteAll("s3://b/k", "x"));
  const json small = server.Requests();
  CHECK(small[0]["headers"]["x-amz-checksum-sha256"] == of_x);
  CHECK(small[0]["headers"]["authorization"].get<std::string>().find("x-amz-checksum-sha256") !=
        std::string::npos);

  json confirmed = kPart;
  confirmed["headers"]["x-amz-checksum-sha256"] = of_x;
  server.Answer({Ok(kStarted), kPart, confirmed, Ok("<CompleteMultipartUploadResult/>")});
  REQUIRE(files->WriteAll("s3://b/k", std::string((8 << 20) + 1, 'x')));
  const json seen = server.Requests();
  REQUIRE(seen.size() == 4);
  CHECK(seen[0]["headers"]["x-amz-checksum-algorithm"] == "SHA256");
  CHECK(seen[2]["headers"]["x-amz-checksum-sha256"] == of_x);
  CHECK(seen[3]["body"] ==
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&quot;tag&quot;</ETag></Part>"
        "<Part><PartNumber>2</PartNumber><ETag>&quot;tag&quot;</ETag><ChecksumSHA256>" +
            of_x + "</ChecksumSHA256></Part></CompleteMultipartUpload>");
}

TEST_CASE_METHOD(Scripted, "Completed, but the answer was lost: the object is there") {
  const std::string bytes((8 << 20) + 1, 'x');
  const json lost = {{"fault", "close"}};
  server.Answer(
      {Ok(kStarted), kPart, kPart, lost, Failure(404, "NoSuchUpload"), {{"body_size", bytes.size()}}});
  CHECK(files->WriteAll("s3://b/k", bytes));
  CHECK(server.Requests().back()["method"] == "HEAD");

  server.Answer({Ok(kStarted), kPart, kPart, lost, Failure(404, "NoSuchUpload"), {{"status", 404}}});
  const Status gone = files->WriteAll("s3://b/k", bytes);
  REQUIRE(!gone);
  CHECK(gone.error().kind == ErrorKind::kTransient);
}

TEST_CASE_METHOD(Scripted, "A failed part ends the writer, and its upload is given up") {
  server.Answer({Ok(kStarted), Failure(403, "AccessDenied"), Failure(403, "AccessDenied")});
  {
    auto writer = std::move(files->Create("s3://b/k").value());
    CHECK(writer->Write(std::string((8 << 20) + 1, 'x')).error().kind == ErrorKind::kInvalidConfig);
    CHECK(writer->Write("more").error().kind == ErrorKind::kInvalidArgument);
    CHECK(!writer->Close());
  }
  const json last = server.Requests().back();
  CHECK(last["method"] == "DELETE");
  CHECK(last["target"] == "/b/k?uploadId=up%261");
}

TEST_CASE_METHOD(Scripted, "A small object costs two requests, a large one a request per read") {
  const auto tail = [](size_t size) {
    return json{{"status", 206},
                {"headers", {{"Content-Range", "bytes x-y/" + std::to_string(size)}}},
                {"body_size", 65'536}};
  };
  const size_t small = (1 << 20) + 65'536;
  server.Answer({tail(small), {{"status", 206}, {"body_size", 1 << 20}}});
  std::string out(100'000, '\0');
  auto reader = std::move(files->Open("s3://b/k").value());
  REQUIRE(reader->ReadAt(0, 1'000, out.data()));
  REQUIRE(reader->ReadAt(500'000, 100'000, out.data()));
  REQUIRE(reader->ReadAt((1 << 20) - 10, 65'546, out.data()));
  CHECK(out[65'545] == 'x');
  json seen = server.Requests();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0]["headers"]["range"] == "bytes=-65536");
  CHECK(seen[1]["headers"]["range"] == "bytes=0-1048575");

  server.Answer({tail(small + 1), {{"status", 206}, {"body_size", 5}}, {{"status", 206}, {"body_size", 6}}});
  reader = std::move(files->Open("s3://b/k").value());
  REQUIRE(reader->ReadAt(7, 5, out.data()));
  REQUIRE(reader->ReadAt((1 << 20) + 1 - 6, 10, out.data()));  // six before the tail, four of it
  seen = server.Requests();
  REQUIRE(seen.size() == 3);
  CHECK(seen[1]["headers"]["range"] == "bytes=7-11");
  CHECK(seen[2]["headers"]["range"] == "bytes=1048571-1048576");
}

TEST_CASE_METHOD(Scripted, "A range that comes short is corruption; a web page is no listing") {
  server.Answer(
      {{{"status", 206}, {"headers", {{"Content-Range", "bytes 34464-99999/100000"}}}, {"body_size", 65'536}},
       {{"status", 206}, {"body_size", 9}},
       {{"status", 200}, {"body_size", 10}}});
  const auto reader = std::move(files->Open("s3://b/k").value());
  CHECK(reader->size() == 100'000);
  char out[10];
  CHECK(reader->ReadAt(0, 10, out).error().kind == ErrorKind::kCorrupt);
  CHECK(reader->ReadAt(0, 10, out).error().kind == ErrorKind::kCorrupt);
  CHECK(reader->ReadAt(99'990, 10, out));  // of the tail that came with opening
  CHECK(server.Requests().size() == 3);
  server.Answer(
      {Ok("<html></html>"), Ok("<ListBucketResult><Contents><Key>%4</Key></Contents></ListBucketResult>")});
  CHECK(files->List("s3://b/k").error().kind == ErrorKind::kCorrupt);
  CHECK(files->List("s3://b/k").error().kind == ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace cdc::s3
