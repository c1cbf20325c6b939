# `cmake --install` and `cpack`: programs with the shared libraries that no Debian package has, unit, completion, man pages.
#
#   PREFIX/lib/cdc/bin      the programs, as in build/…/bin: each finds the others beside it
#   PREFIX/lib/cdc/lib      Arrow and Parquet (pyarrow's wheel), librdkafka (confluent-kafka's)
#   PREFIX/bin              links

include(GNUInstallDirs)
set(cdc_programs cdc_cli_program cdc-orchestrator job_upsert job_students)
set(cdc_home lib/cdc)

install(TARGETS cdc_cli_program cdc-orchestrator RUNTIME_DEPENDENCY_SET cdc_libraries DESTINATION ${cdc_home}/bin)
install(TARGETS job_upsert job_students RUNTIME_DEPENDENCY_SET cdc_libraries DESTINATION ${cdc_home}/bin/jobs)
# What lies in the system's folders comes with packages, which CPack finds out.
install(RUNTIME_DEPENDENCY_SET cdc_libraries
  PRE_EXCLUDE_REGEXES "^ld-linux" POST_EXCLUDE_REGEXES "^/lib/" "^/lib64/" "^/usr/lib/"
  LIBRARY DESTINATION ${cdc_home}/lib)

# The wheels' folders stand in the programs as link options, which CMake does not take away by itself.
install(CODE "
  set(home \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${cdc_home}\")
  foreach(program cdc cdc-orchestrator jobs/upsert jobs/students)
    file(RPATH_SET FILE \"\${home}/bin/\${program}\" NEW_RPATH \"\\\$ORIGIN/../lib:\\\$ORIGIN/../../lib\")
  endforeach()
")

install(CODE "
  set(root \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}\")
  file(MAKE_DIRECTORY \"\${root}/bin\")
  foreach(program cdc cdc-orchestrator)
    file(CREATE_LINK ../${cdc_home}/bin/\${program} \"\${root}/bin/\${program}\" SYMBOLIC)
  endforeach()
  foreach(shell_and_file \"bash:share/bash-completion/completions/cdc\" \"zsh:share/zsh/vendor-completions/_cdc\"
          \"fish:share/fish/vendor_completions.d/cdc.fish\")
    string(REGEX MATCH \"^[a-z]+\" shell \"\${shell_and_file}\")
    string(REGEX REPLACE \"^[a-z]+:\" \"\" file \"\${shell_and_file}\")
    execute_process(COMMAND \"\${root}/${cdc_home}/bin/cdc\" completion \${shell} OUTPUT_VARIABLE script
                    COMMAND_ERROR_IS_FATAL ANY)
    file(WRITE \"\${root}/\${file}\" \"\${script}\")
  endforeach()
")
find_program(HELP2MAN help2man)
if(HELP2MAN)
  install(CODE "
    set(root \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}\")
    file(MAKE_DIRECTORY \"\${root}/share/man/man1\")
    foreach(program cdc cdc-orchestrator)
      execute_process(COMMAND ${HELP2MAN} --no-info --output \"\${root}/share/man/man1/\${program}.1\"
                              \"\${root}/${cdc_home}/bin/\${program}\" COMMAND_ERROR_IS_FATAL ANY)
    endforeach()
  ")
endif()
install(FILES packaging/tables.toml.example LICENSE THIRD_PARTY.md DESTINATION share/doc/cdc)
install(FILES docs/tables.schema.json docs/api.schema.json DESTINATION share/cdc)
install(FILES packaging/cdc.service DESTINATION lib/systemd/system)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cdc)
set(CPACK_PACKAGE_CONTACT "the project's maintainers <cdc@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Change data capture: PostgreSQL to lakehouse tables, a worker per changing table")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packaging/postinst ${CMAKE_SOURCE_DIR}/packaging/prerm
    ${CMAKE_SOURCE_DIR}/packaging/postrm)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${CMAKE_SOURCE_DIR}/.venv/lib")
include(CPack)
