// SPDX-License-Identifier: Apache-2.0
// The C++ standard library's number conversions (Ryu and the Eisel-Lemire algorithm) as C
// functions.
#include "base/double_text_priv.h"

#include <charconv>
#include <system_error>

size_t base_double_write(double value, char *out, size_t size)
{
    auto end = std::to_chars(out, out + size, value, std::chars_format::scientific);
    return static_cast<size_t>(end.ptr - out);
}

size_t base_float_write(float value, char *out, size_t size)
{
    auto end = std::to_chars(out, out + size, value, std::chars_format::scientific);
    return static_cast<size_t>(end.ptr - out);
}

int base_double_read(const char *data, size_t len, double *ret_value)
{
    double value = 0;
    auto end = std::from_chars(data, data + len, value, std::chars_format::general);
    if (end.ptr != data + len || end.ec == std::errc::invalid_argument)
        return 1;
    if (end.ec != std::errc())
        return 2;
    *ret_value = value;
    return 0;
}
