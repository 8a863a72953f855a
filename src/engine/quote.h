// SPDX-License-Identifier: Apache-2.0
// Names and values as DuckDB SQL text: the only way anything variable enters generated text.
//
// All append to a buffer. Pure functions; any thread.
#ifndef KDB_ENGINE_QUOTE_H
#define KDB_ENGINE_QUOTE_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"
#include "types/type.h"
#include "types/value.h"

// "name" with quotes doubled. A name must not hold a NUL byte (assert).
void kdb_engine_quote_identifier(struct kdb_buf *out, kdb_slice name);

// 'text' with quotes doubled; NUL bytes are spelled chr(0) || …, in parentheses.
void kdb_engine_quote_text(struct kdb_buf *out, kdb_slice text);

// The value as a literal of exactly its type: 5::BIGINT, DATE '2026-05-04', '1.50'::DECIMAL(10,2),
// 0.1::DOUBLE, … NULL prints as NULL::TYPE. `type` gives precision and dimension; UNKNOWN prints as
// plain 'text' or NULL.
void kdb_engine_quote_value(struct kdb_buf *out, kdb_type type, const kdb_value *value);

// DuckDB's name of the type a column of `type` has: BIGINT, TIMESTAMP WITH TIME ZONE,
// DECIMAL(10,2), FLOAT[3], …
void kdb_engine_quote_type(struct kdb_buf *out, kdb_type type);

// An expression that, when evaluated, ends the statement with this status and message (which must
// not be KDB_OK): error('…'). It has no type of its own; put it where the other branch of a CASE
// decides.
void kdb_engine_quote_error(struct kdb_buf *out, kdb_status status, kdb_slice message);

#endif
