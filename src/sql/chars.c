// SPDX-License-Identifier: Apache-2.0
// The two byte tables of the lexer, written out: C has no ranges in initialisers.
#include "sql/chars_priv.h"

enum {
    X = SQL_LEAD_ODD,
    S = SQL_LEAD_SPACE,
    W = SQL_LEAD_WORD,
    D = SQL_LEAD_DIGIT,
    Q = SQL_LEAD_QUOTE,
    DQ = SQL_LEAD_DOUBLE_QUOTE,
    BQ = SQL_LEAD_BACK_QUOTE,
    DL = SQL_LEAD_DOLLAR,
    DT = SQL_LEAD_DOT,
    MI = SQL_LEAD_MINUS,
    SL = SQL_LEAD_SLASH,
    O = SQL_LEAD_OPERATOR,
    P = SQL_LEAD_PUNCTUATION,
    OP = SQL_LEAD_OPEN,
    CL = SQL_LEAD_CLOSE,
    SC = SQL_LEAD_SEMICOLON
};

// clang-format off: sixteen bytes a line
const uint8_t sql_lead_of[256] = {
    X,  X, X,  X, X,  X, X, X, X,  S,  S, X,  S, S,  X,  X,  // 00
    X,  X, X,  X, X,  X, X, X, X,  X,  X, X,  X, X,  X,  X,  // 10
    S,  O, DQ, O, DL, O, O, Q, OP, CL, O, O,  P, MI, DT, SL, // 20
    D,  D, D,  D, D,  D, D, D, D,  D,  O, SC, O, O,  O,  O,  // 30
    O,  W, W,  W, W,  W, W, W, W,  W,  W, W,  W, W,  W,  W,  // 40
    W,  W, W,  W, W,  W, W, W, W,  W,  W, P,  X, P,  O,  W,  // 50
    BQ, W, W,  W, W,  W, W, W, W,  W,  W, W,  W, W,  W,  W,  // 60
    W,  W, W,  W, W,  W, W, W, W,  W,  W, X,  O, X,  O,  X,  // 70
    W,  W, W,  W, W,  W, W, W, W,  W,  W, W,  W, W,  W,  W,  // 80
    W,  W, W,  W, W,  W, W, W, W,  W,  W, W,  W, W,  W,  W,  // 90
    W,  W, W,  W, W,  W, W, W, W,  W,  W, W,  W, W,  W,  W,  // A0
    W,  W, W,  W, W,  W, W, W, W,  W,  W, W,  W, W,  W,  W,  // B0
    W,  W, W,  W, W,  W, W, W, W,  W,  W, W,  W, W,  W,  W,  // C0
    W,  W, W,  W, W,  W, W, W, W,  W,  W, W,  W, W,  W,  W,  // D0
    W,  W, W,  W, W,  W, W, W, W,  W,  W, W,  W, W,  W,  W,  // E0
    W,  W, W,  W, W,  W, W, W, W,  W,  W, W,  W, W,  W,  W,  // F0
};

const uint8_t sql_fold[256] = {
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    '$',  0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    '0',  '1',  '2',  '3',  '4',  '5',  '6',  '7',  '8',  '9',  0,    0,    0,    0,    0,    0,
    0,    'a',  'b',  'c',  'd',  'e',  'f',  'g',  'h',  'i',  'j',  'k',  'l',  'm',  'n',  'o',
    'p',  'q',  'r',  's',  't',  'u',  'v',  'w',  'x',  'y',  'z',  0,    0,    0,    0,    '_',
    0,    'a',  'b',  'c',  'd',  'e',  'f',  'g',  'h',  'i',  'j',  'k',  'l',  'm',  'n',  'o',
    'p',  'q',  'r',  's',  't',  'u',  'v',  'w',  'x',  'y',  'z',  0,    0,    0,    0,    0,
    0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f,
    0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f,
    0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
    0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf,
    0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf,
    0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf,
    0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee, 0xef,
    0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
};
// clang-format on
