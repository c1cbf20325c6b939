# librdkafka: target RdKafka::rdkafka.
#
# The system's library is taken if it is new enough; otherwise the one inside the confluent-kafka wheel of .venv, which
# scripts/setup.sh makes, with the system's headers: a later librdkafka keeps the interface of an earlier one.
# docs/decisions/0022-librdkafka-from-the-wheel.md says why.
if(TARGET RdKafka::rdkafka)
  return()
endif()
include(FindPackageHandleStandardArgs)

set(RdKafka_LEAST 2.6.1)  # SCRAM against Kafka 4
find_package(PkgConfig REQUIRED)
pkg_check_modules(RdKafka_SYSTEM REQUIRED IMPORTED_TARGET rdkafka)
file(GLOB RdKafka_WHEEL ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/confluent_kafka.libs)
file(GLOB RdKafka_LIBRARY "${RdKafka_WHEEL}/librdkafka-*.so.1")

add_library(RdKafka::rdkafka INTERFACE IMPORTED)
if(RdKafka_SYSTEM_VERSION VERSION_GREATER_EQUAL RdKafka_LEAST)
  target_link_libraries(RdKafka::rdkafka INTERFACE PkgConfig::RdKafka_SYSTEM)
  set(RdKafka_SOURCE "system package ${RdKafka_SYSTEM_VERSION}")
elseif(RdKafka_LIBRARY)
  target_include_directories(RdKafka::rdkafka SYSTEM INTERFACE ${RdKafka_SYSTEM_INCLUDE_DIRS})
  target_link_libraries(RdKafka::rdkafka INTERFACE ${RdKafka_LIBRARY})
  target_link_options(RdKafka::rdkafka INTERFACE "-Wl,-rpath,${RdKafka_WHEEL}")
  set(RdKafka_SOURCE "confluent-kafka wheel ${RdKafka_WHEEL}")
endif()

find_package_handle_standard_args(RdKafka
  REQUIRED_VARS RdKafka_SOURCE
  REASON_FAILURE_MESSAGE "the system's librdkafka ${RdKafka_SYSTEM_VERSION} is older than ${RdKafka_LEAST}, and .venv has no confluent-kafka wheel: run scripts/setup.sh")
