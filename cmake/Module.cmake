# SPDX-License-Identifier: Apache-2.0
# kdb_module, kdb_foreign, kdb_program: a folder of src/ becomes a static library; a main.c becomes a program.

# kdb_module(name DEPS ...): library kdb_<name> of src/<name>, main.c left out. A folder without sources is skipped.
function(kdb_module name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPS")
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.c ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
    list(FILTER sources EXCLUDE REGEX "/main\\.c$")
    if(NOT sources)
        return()
    endif()
    add_library(kdb_${name} STATIC ${sources})
    target_link_libraries(kdb_${name} PRIVATE kdb_flags)
    target_compile_definitions(kdb_${name} PRIVATE KDB_VERSION="${PROJECT_VERSION}")
    set_property(GLOBAL APPEND PROPERTY KDB_MODULES ${name})
    foreach(dep IN LISTS arg_DEPS)
        if(TARGET kdb_${dep})
            target_link_libraries(kdb_${name} PUBLIC kdb_${dep})
        endif()
    endforeach()
endfunction()

# kdb_foreign(name libraries...): foreign libraries of one folder; their headers are seen by that folder only.
function(kdb_foreign name)
    if(TARGET kdb_${name})
        target_link_libraries(kdb_${name} PRIVATE ${ARGN})
    endif()
endfunction()

# kdb_program(program folder): src/<folder>/main.c with its folder's library, linked as C++ (RocksDB is C++).
function(kdb_program program folder)
    if(NOT EXISTS ${CMAKE_SOURCE_DIR}/src/${folder}/main.c)
        return()
    endif()
    add_executable(${program} ${CMAKE_SOURCE_DIR}/src/${folder}/main.c)
    set_target_properties(${program} PROPERTIES LINKER_LANGUAGE CXX RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
    target_compile_definitions(${program} PRIVATE KDB_VERSION="${PROJECT_VERSION}")
    target_link_libraries(${program} PRIVATE kdb_flags)
    if(TARGET kdb_${folder})
        target_link_libraries(${program} PRIVATE kdb_${folder})
    endif()
    install(TARGETS ${program})
endfunction()
