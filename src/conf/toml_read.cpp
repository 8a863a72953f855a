// SPDX-License-Identifier: Apache-2.0
// The only file that sees tomlplusplus: walks its tree without recursion and hands out flat values.
#define TOML_EXCEPTIONS        0
#define TOML_ENABLE_FORMATTERS 0
#include "conf/toml_read.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

namespace
{

using visitor = void (*)(void *, const kdb_toml_value *);

struct open_table {
    const toml::table *table;
    std::string name;
};

bool is_bare(std::string_view part)
{
    return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
}

// The dotted name of a child; a part that holds dots or quotes cannot be taken for another path.
std::string join(const std::string &parent, std::string_view part)
{
    std::string name = parent;
    if (!name.empty())
        name += '.';
    if (is_bare(part))
        return name.append(part);
    name += '"';
    for (char c : part) {
        if (c == '"' || c == '\\')
            name += '\\';
        name += c;
    }
    name += '"';
    return name;
}

kdb_toml_text text_of(std::string_view text)
{
    return {text.data(), text.size()};
}

// Fills type and items of an array.
void fill_array(const toml::array &array, std::vector<kdb_toml_text> &items, kdb_toml_value &value)
{
    value.type = KDB_TOML_STRINGS;
    for (const toml::node &node : array) {
        const toml::value<std::string> *string = node.as_string();
        if (string == nullptr) {
            value.type = KDB_TOML_ARRAY;
            return;
        }
        items.push_back(text_of(string->get()));
    }
    value.items = items.data();
    value.item_count = items.size();
}

void fill(const toml::node &node, std::vector<kdb_toml_text> &items, kdb_toml_value &value)
{
    if (const auto *boolean = node.as_boolean()) {
        value.type = KDB_TOML_BOOLEAN;
        value.integer = boolean->get() ? 1 : 0;
    } else if (const auto *integer = node.as_integer()) {
        value.type = KDB_TOML_INTEGER;
        value.integer = integer->get();
    } else if (node.is_floating_point()) {
        value.type = KDB_TOML_FLOAT;
    } else if (const auto *string = node.as_string()) {
        value.type = KDB_TOML_STRING;
        value.string = text_of(string->get());
    } else if (const auto *array = node.as_array()) {
        fill_array(*array, items, value);
    } else if (node.is_table()) {
        value.type = KDB_TOML_TABLE;
    } else {
        value.type = KDB_TOML_TIME;
    }
}

void walk(const toml::table &root, visitor visit, void *self)
{
    std::vector<open_table> waiting{{&root, ""}};
    std::vector<kdb_toml_text> items;
    while (!waiting.empty()) {
        open_table at = std::move(waiting.back());
        waiting.pop_back();
        for (auto &&[key, node] : *at.table) {
            std::string name = join(at.name, key.str());
            items.clear();
            kdb_toml_value value{};
            value.name = text_of(name);
            value.parent_len = at.name.size();
            value.line = static_cast<int>(node.source().begin.line);
            fill(node, items, value);
            visit(self, &value);
            if (const toml::table *table = node.as_table())
                waiting.push_back({table, std::move(name)});
        }
    }
}

} // namespace

bool kdb_toml_read(kdb_toml_text text, const char *file, visitor visit, void *self,
                   kdb_toml_error *ret_error)
{
    toml::parse_result result = toml::parse(
        std::string_view(text.data == nullptr ? "" : text.data, text.len), std::string_view(file));
    if (!result) {
        std::string_view why = result.error().description();
        size_t len = std::min(why.size(), sizeof(ret_error->message) - 1);
        ret_error->line = static_cast<int>(result.error().source().begin.line);
        ret_error->column = static_cast<int>(result.error().source().begin.column);
        std::memcpy(ret_error->message, why.data(), len);
        ret_error->message[len] = '\0';
        return false;
    }
    walk(result.table(), visit, self);
    return true;
}
