# CTest: every c_tests/test_*.c is a program that links the library, every c_tests/pqcat/test_*.c one that looks at what
# pqcat prints. Tests run in the source directory and find their files in target/c-fixtures. 77 says "skipped".

find_package(Threads REQUIRED)

add_test(NAME fixtures
  COMMAND "${PQPUSH_CARGO}" run --release --quiet --target-dir "${PQPUSH_CARGO_TARGET_DIR}" ${PQPUSH_CARGO_ARGUMENTS}
          --example make_fixtures -- target/c-fixtures
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
set_tests_properties(fixtures PROPERTIES FIXTURES_SETUP fixtures)

function(pqpush_c_test name)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED fixtures SKIP_RETURN_CODE 77)
endfunction()

file(GLOB PQPUSH_TEST_SOURCES CONFIGURE_DEPENDS c_tests/test_*.c)
foreach(source IN LISTS PQPUSH_TEST_SOURCES)
  get_filename_component(name "${source}" NAME_WE)
  add_executable(${name} "${source}")
  target_compile_definitions(${name} PRIVATE _POSIX_C_SOURCE=200809L)
  target_link_libraries(${name} PRIVATE pqpush::pqpush Threads::Threads)
  pqpush_c_target(${name})
  pqpush_c_test(${name} ${name})
endforeach()

file(GLOB PQPUSH_PQCAT_TEST_SOURCES CONFIGURE_DEPENDS c_tests/pqcat/test_*.c)
foreach(source IN LISTS PQPUSH_PQCAT_TEST_SOURCES)
  get_filename_component(name "${source}" NAME_WE)
  add_executable(pqcat_${name} "${source}")
  target_link_libraries(pqcat_${name} PRIVATE pqcat_parts)
  pqpush_c_target(pqcat_${name})
  add_test(NAME pqcat_${name} COMMAND pqcat_${name})
endforeach()
