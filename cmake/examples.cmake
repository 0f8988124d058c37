# The programs of examples_c. What pqcat prints with is a library of its own, because c_tests look at it too.

set(PQPUSH_WARNINGS -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror)
set(PQPUSH_PQCAT_DIR "${PROJECT_SOURCE_DIR}/examples_c/pqcat")

function(pqpush_c_target name)
  set_target_properties(${name} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
  target_compile_options(${name} PRIVATE ${PQPUSH_WARNINGS})
endfunction()

file(GLOB PQPUSH_PQCAT_SOURCES CONFIGURE_DEPENDS "${PQPUSH_PQCAT_DIR}/*.c")
list(REMOVE_ITEM PQPUSH_PQCAT_SOURCES "${PQPUSH_PQCAT_DIR}/main.c")
add_library(pqcat_parts STATIC ${PQPUSH_PQCAT_SOURCES})
target_include_directories(pqcat_parts PUBLIC "${PQPUSH_PQCAT_DIR}")
target_compile_definitions(pqcat_parts PUBLIC _POSIX_C_SOURCE=200809L)
target_link_libraries(pqcat_parts PUBLIC pqpush::pqpush m)
pqpush_c_target(pqcat_parts)

add_executable(pqcat "${PQPUSH_PQCAT_DIR}/main.c")
target_link_libraries(pqcat PRIVATE pqcat_parts)
pqpush_c_target(pqcat)

add_executable(minimal examples_c/minimal.c)
target_link_libraries(minimal PRIVATE pqpush::pqpush)
pqpush_c_target(minimal)

find_package(Threads REQUIRED)
add_executable(parallel examples_c/parallel.c)
target_compile_definitions(parallel PRIVATE _POSIX_C_SOURCE=200809L)
target_link_libraries(parallel PRIVATE pqpush::pqpush Threads::Threads)
pqpush_c_target(parallel)

# In C++, where there is a compiler for it.
include(CheckLanguage)
check_language(CXX)
if(CMAKE_CXX_COMPILER)
  enable_language(CXX)
  foreach(name scan parallel)
    add_executable(${name}_cpp examples_c/${name}.cpp)
    set_target_properties(${name}_cpp PROPERTIES
      OUTPUT_NAME ${name}++ CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
    target_compile_options(${name}_cpp PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Werror)
    target_link_libraries(${name}_cpp PRIVATE pqpush::pqpush Threads::Threads)
  endforeach()
endif()
