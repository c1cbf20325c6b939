# One static library per room, one small test binary per room.

add_library(cdc_flags INTERFACE)
# GCC 12 sees uninitialised members in moved variants (PR 105562) and overlapping copies in std::string (PR 105651).
target_compile_options(cdc_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wno-maybe-uninitialized -Wno-restrict
  $<$<BOOL:${CDC_WERROR}>:-Werror>)
target_include_directories(cdc_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_definitions(cdc_flags INTERFACE BOOST_ERROR_CODE_HEADER_ONLY BOOST_PROCESS_USE_STD_FS)

# For the rooms that say it: another version compiles these alone.
add_library(cdc_version INTERFACE)
target_compile_definitions(cdc_version INTERFACE CDC_VERSION="${PROJECT_VERSION}")

string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
set(cdc_flags_of_build "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}}")

# Against the exploitation of memory errors; tests/check_hardening.py looks at the programs. The compiler makes position
# independent code for programs by default. -fstack-protector guards functions with character arrays; -strong guards
# those with any array or address taken, which costs workers 2.5 % of their instructions.
target_link_options(cdc_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
target_compile_options(cdc_flags INTERFACE -fstack-protector)
if(NOT cdc_flags_of_build MATCHES "-fsanitize=")  # the sanitizers watch the functions that this one would replace
  target_compile_options(cdc_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

# In every program, not in its libraries: see there.
if(cdc_flags_of_build MATCHES "-fsanitize=thread")
  set(cdc_in_programs ${CMAKE_SOURCE_DIR}/tests/support/c11_threads.cc)
endif()

# cdc_library(NAME SOURCES a.cc … PUBLIC deps… PRIVATE deps…): target cdc_NAME. PUBLIC only for what its headers include.
function(cdc_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(cdc_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(cdc_${name} PUBLIC cdc_flags ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# cdc_program(TARGET OUTPUT path/in/bin SOURCES … LINK …)
function(cdc_program target)
  cmake_parse_arguments(ARG "" "OUTPUT" "SOURCES;LINK" ${ARGN})
  add_executable(${target} ${ARG_SOURCES} ${cdc_in_programs})
  target_link_libraries(${target} PRIVATE cdc_flags ${ARG_LINK})
  get_filename_component(folder "${ARG_OUTPUT}" DIRECTORY)
  get_filename_component(file "${ARG_OUTPUT}" NAME)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${file}
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${folder})
endfunction()

# cdc_test(NAME SOURCES … LINK …): a Catch2 binary; every TEST_CASE becomes a ctest named NAME.<case>.
function(cdc_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES} ${cdc_in_programs})
  target_link_libraries(${name} PRIVATE cdc_flags ${ARG_LINK} Catch2::Catch2WithMain)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_compile_definitions(${name} PRIVATE
    CDC_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data" CDC_BINARY_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}"
    CDC_PYTHON="${CMAKE_SOURCE_DIR}/.venv/bin/python" CDC_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  catch_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST)
endfunction()
