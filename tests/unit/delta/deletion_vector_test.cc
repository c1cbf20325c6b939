#include "lib/delta/deletion_vector.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/result_printing.h"
#include "tests/unit/sqlite/fixture.h"

namespace cdc::delta {

TEST_CASE("Z85 is that of ZeroMQ's RFC 32") {
  const std::string bytes("\x86\x4F\xD2\x6F\xB5\x59\xF7\x5B", 8);
  CHECK(EncodeZ85(bytes) == "HelloWorld");
  CHECK(DecodeZ85("HelloWorld") == bytes);
  CHECK_FALSE(DecodeZ85("HelloWorl"));
  CHECK_FALSE(DecodeZ85("Hello\"orld"));
  CHECK_FALSE(DecodeZ85("#####"));  // more than 32 bits
}

TEST_CASE("a vector in the log is read, and one of the form that is not portable is refused") {
  const auto files = storage::MakeLocalFileSystem();
  const std::vector<int64_t> rows = {3, 4, 7, 11, 18, 29};
  VectorFile file;
  const DeletionVector stored = file.Add(rows);
  // Without the file's version and the vector's size before it, and the checksum behind it.
  const std::string data = file.bytes().substr(5, static_cast<size_t>(stored.size_in_bytes));
  const auto read = ReadVector({"i", EncodeZ85(data), {}, stored.size_in_bytes, 6}, "/nowhere", *files);
  REQUIRE(read);
  CHECK(*read == rows);
  // PROTOCOL.md, "JSON Example 3 - Inline", whose magic number is that of the former, big-endian form.
  const DeletionVector native{"i", "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L", {}, 40, 6};
  CHECK(ReadVector(native, "/nowhere", *files).error().kind == ErrorKind::kCorrupt);
}

TEST_CASE("the path of a vector's file follows from the log") {
  // PROTOCOL.md, "Derived Fields" and "JSON Example 1": a random prefix "ab".
  const DeletionVector vector{"u", "ab^-aqEH.-t@S}K{vb[*k^", 4, 40, 6};
  const auto path = FileOf(vector, "s3://mytable");
  REQUIRE(path);
  CHECK(*path == "s3://mytable/ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin");
  CHECK(vector.unique_id() == "uab^-aqEH.-t@S}K{vb[*k^@4");
  CHECK_FALSE(FileOf({"u", "short", 1, 40, 6}, "/t"));
  CHECK(*FileOf({"p", "s3://mytable/dv.bin", 4, 40, 6}, "/t") == "s3://mytable/dv.bin");
}

TEST_CASE("vectors of one file are read back, each by its offset, and a damaged one is not") {
  const testing::TempDir folder;
  const auto files = storage::MakeLocalFileSystem();
  VectorFile file;
  const std::vector<int64_t> first = {0, 5, 70'000}, second = {1};
  const DeletionVector a = file.Add(first), b = file.Add(second);
  REQUIRE(files->WriteAll(folder / file.name(), file.bytes()));
  CHECK(*FileOf(a, folder.path()) == folder / file.name());
  CHECK(*ReadVector(a, folder.path(), *files) == first);
  CHECK(*ReadVector(b, folder.path(), *files) == second);
  CHECK(a.offset == 1);
  CHECK(a.cardinality == 3);

  std::string damaged = file.bytes();
  damaged[damaged.size() - 6] ^= 1;  // in the second vector
  REQUIRE(files->Delete(folder / file.name()));
  REQUIRE(files->WriteAll(folder / file.name(), damaged));
  CHECK(ReadVector(a, folder.path(), *files));
  CHECK(ReadVector(b, folder.path(), *files).error().kind == ErrorKind::kCorrupt);
  DeletionVector other = a;
  other.cardinality = 4;
  CHECK(ReadVector(other, folder.path(), *files).error().kind == ErrorKind::kCorrupt);
}

}  // namespace cdc::delta
