# SPDX-License-Identifier: Apache-2.0
# Language, warnings and output settings shared by every target of our own.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(KDB_CCACHE ccache)
if(KDB_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${KDB_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${KDB_CCACHE})
endif()

# libduckdb.so is opened on first need. It is looked for beside the program; DT_RPATH rather than DT_RUNPATH, because
# under the address sanitizer dlopen() is called on the program's behalf and only DT_RPATH counts then.
set(CMAKE_INSTALL_RPATH "$ORIGIN/lib;$ORIGIN/../lib")
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
add_link_options(LINKER:--disable-new-dtags)

# The flags every file of ours is compiled with; foreign headers come in as SYSTEM and stay silent.
add_library(kdb_flags INTERFACE)
target_include_directories(kdb_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(kdb_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:_GNU_SOURCE>)
target_compile_options(kdb_flags INTERFACE
    -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/= -fno-common -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion
    -Wsign-conversion -Wpointer-arith -Wcast-align -Wcast-qual -Wundef -Wvla -Wformat=2 -Wswitch-enum
    -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wwrite-strings>)
