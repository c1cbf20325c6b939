# Arrow and Parquet for C++: target ArrowParquet::parquet.
#
# A system installation (CMake packages Arrow and Parquet) is taken if there is one; otherwise the libraries inside the
# pyarrow wheel of .venv, which scripts/setup.sh makes. docs/decisions/0001-arrow-from-the-wheel.md says why, and what
# the order on the link line below is for.
if(TARGET ArrowParquet::parquet)
  return()
endif()
include(FindPackageHandleStandardArgs)

find_package(Arrow CONFIG QUIET)
if(Arrow_FOUND)
  find_package(Parquet CONFIG QUIET)
endif()
if(Arrow_FOUND AND Parquet_FOUND)
  add_library(ArrowParquet::parquet INTERFACE IMPORTED)
  target_link_libraries(ArrowParquet::parquet INTERFACE Parquet::parquet_shared)
  set(ArrowParquet_SOURCE "system package ${Arrow_VERSION}")
else()
  file(GLOB ArrowParquet_WHEEL ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/pyarrow)
  # By SONAME file: the wheel has no libparquet.so symlink.
  file(GLOB ArrowParquet_PARQUET "${ArrowParquet_WHEEL}/libparquet.so.*")
  file(GLOB ArrowParquet_ARROW "${ArrowParquet_WHEEL}/libarrow.so.*")
  find_path(ArrowParquet_INCLUDE_DIR parquet/api/writer.h PATHS "${ArrowParquet_WHEEL}/include" NO_DEFAULT_PATH)
  find_library(ArrowParquet_SSL NAMES libssl.so.3 ssl)
  find_library(ArrowParquet_CRYPTO NAMES libcrypto.so.3 crypto)
  mark_as_advanced(ArrowParquet_INCLUDE_DIR ArrowParquet_SSL ArrowParquet_CRYPTO)
  if(ArrowParquet_PARQUET AND ArrowParquet_ARROW AND ArrowParquet_INCLUDE_DIR AND ArrowParquet_SSL AND ArrowParquet_CRYPTO)
    add_library(ArrowParquet::parquet INTERFACE IMPORTED)
    target_include_directories(ArrowParquet::parquet SYSTEM INTERFACE ${ArrowParquet_INCLUDE_DIR})
    # One item, so that CMake can neither reorder nor drop parts of it: the wheel's libparquet exports its own OpenSSL;
    # the system's must stand before it for librdkafka, libpq and libcurl to bind to the library they were built for.
    list(JOIN ArrowParquet_PARQUET "," parquet)
    list(JOIN ArrowParquet_ARROW "," arrow)
    target_link_libraries(ArrowParquet::parquet INTERFACE
      "-Wl,--push-state,--no-as-needed,${ArrowParquet_SSL},${ArrowParquet_CRYPTO},${parquet},${arrow},--pop-state")
    target_link_options(ArrowParquet::parquet INTERFACE "-Wl,-rpath,${ArrowParquet_WHEEL}")
    set(ArrowParquet_SOURCE "pyarrow wheel ${ArrowParquet_WHEEL}")
  endif()
endif()

find_package_handle_standard_args(ArrowParquet
  REQUIRED_VARS ArrowParquet_SOURCE
  REASON_FAILURE_MESSAGE "neither Arrow's CMake packages nor the pyarrow wheel in .venv: run scripts/setup.sh")
