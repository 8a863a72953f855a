// SPDX-License-Identifier: Apache-2.0
// POST /v1/api/sql: the exact envelopes, how each type is sent, parameters, batches, errors and who
// sees what of them.
import assert from 'node:assert/strict';
import { readyServer } from './lib/server.mjs';
import { flush, test, testStop } from './lib/suite.mjs';

const server = await readyServer(null, { settings: { limits: { max_response_bytes: '1MiB' } } });
const { admin } = server;
const alice = await server.addUser('alice');
await admin.run('CREATE NAMESPACE env');
await admin.run(`CREATE USER TABLE env.notes (id BIGINT PRIMARY KEY, body TEXT NOT NULL, n INT)`);

// The envelope without the time it took, which is checked as it stands in the text.
function exact(answer) {
    const took = /"took":([0-9.]+)/.exec(answer.text)?.[1];
    assert.match(took ?? '', /^\d+\.\d{1,3}$/, answer.text);
    const { took: _, ...body } = answer.body;
    if ('error' in body && body.error === null) delete body.error;
    return body;
}

// ---- success ----

test('a SELECT: schema with flags, rows by position, count, user', async () => {
    await alice.run("INSERT INTO env.notes VALUES (42, 'hello', 7), (43, 'it''s', NULL)");
    const answer = await alice.post('SELECT id, body AS title, n FROM env.notes ORDER BY id');
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'], /^application\/json/);
    assert.deepEqual(exact(answer), {
        status: 'success',
        results: [{
            schema: [
                { name: 'id', data_type: 'BigInt', index: 0, flags: ['pk', 'nn', 'uq'] },
                { name: 'title', data_type: 'Text', index: 1, flags: ['nn'] },
                { name: 'n', data_type: 'Int', index: 2 },
            ],
            rows: [['42', 'hello', 7], ['43', "it's", null]],
            row_count: 2,
            as_user: 'alice',
        }],
    });
});

test('an empty SELECT still has its schema', async () => {
    assert.deepEqual(exact(await alice.post('SELECT n FROM env.notes WHERE id = -1')), {
        status: 'success',
        results: [{ schema: [{ name: 'n', data_type: 'Int', index: 0 }], rows: [], row_count: 0, as_user: 'alice' }],
    });
});

test('SELECT * ends with the system columns', async () => {
    const result = await alice.one('SELECT * FROM env.notes WHERE id = 42');
    assert.deepEqual(result.schema, [
        { name: 'id', data_type: 'BigInt', index: 0, flags: ['pk', 'nn', 'uq'] },
        { name: 'body', data_type: 'Text', index: 1, flags: ['nn'] },
        { name: 'n', data_type: 'Int', index: 2 },
        { name: '_seq', data_type: 'BigInt', index: 3, flags: ['nn'] },
        { name: '_updated', data_type: 'Timestamp', index: 4, flags: ['nn'] },
        { name: '_deleted', data_type: 'Boolean', index: 5, flags: ['nn'] },
    ]);
    const [row] = result.rows;
    assert.match(row[3], /^\d{15,19}$/);
    assert.equal(typeof row[4], 'number');
    assert.equal(row[5], false);
});

test('data changes and commands: a message and a count, nothing else', async () => {
    const steps = [
        ["INSERT INTO env.notes VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)", 'Inserted 3 row(s)', 3],
        ['UPDATE env.notes SET n = n + 1 WHERE id IN (1, 2)', 'Updated 2 row(s)', 2],
        ['UPDATE env.notes SET n = 9 WHERE id = 77', 'Updated 0 row(s)', 0],
        ['UPDATE env.notes SET n = n WHERE id IN (1, 2)', 'Updated 0 row(s)', 0],
        ['DELETE FROM env.notes WHERE id <= 3', 'Deleted 3 row(s)', 3],
        ['DELETE FROM env.notes WHERE id <= 3', 'Deleted 0 row(s)', 0],
    ];
    for (const [sql, message, row_count] of steps)
        assert.deepEqual(exact(await alice.post(sql)),
            { status: 'success', results: [{ row_count, message, as_user: 'alice' }] }, sql);
    for (const [sql, message] of [
        ['CREATE NAMESPACE later', "Namespace 'later' created successfully"],
        ['CREATE NAMESPACE IF NOT EXISTS later', "Namespace 'later' already exists"],
        ['ALTER NAMESPACE later SET OPTIONS (a = 1)', "Namespace 'later' altered successfully"],
        ['DROP NAMESPACE later', "Namespace 'later' dropped successfully"],
        ['DROP NAMESPACE IF EXISTS later', "Namespace 'later' does not exist"],
        ['USE env', "Namespace switched to 'env'"],
    ])
        assert.deepEqual(exact(await admin.post(sql)),
            { status: 'success', results: [{ row_count: 0, message, as_user: 'admin' }] }, sql);
});

test('values without a table', async () => {
    const result = await alice.one("SELECT 1, -7 AS neg, 'x', NULL, TRUE, 1 + 1 AS two, NOW() AS at, CURRENT_USER()");
    assert.deepEqual(result.schema.map((column) => [column.name, column.data_type]), [
        ['?column?', 'BigInt'], ['neg', 'BigInt'], ['?column?', 'Text'], ['?column?', 'Text'], ['?column?', 'Boolean'],
        ['two', 'Int'], ['at', 'Timestamp'], ['current_user', 'Text'],
    ]);
    const [one, neg, x, none, yes, two, at, me] = result.rows[0];
    assert.deepEqual([one, neg, x, none, yes, two, me], ['1', '-7', 'x', null, true, 2, 'alice']);
    assert.ok(Math.abs(at / 1000 - Date.now()) < 3600_000, 'microseconds since 1970');
    for (const column of result.schema) assert.equal(column.flags, undefined, column.name);
});

test('columns are named as PostgreSQL names them', async () => {
    const names = async (sql) => (await alice.one(sql)).schema.map((column) => column.name);
    assert.deepEqual(
        await names('SELECT COUNT(*), SUM(n), MAX(id), AVG(n), COALESCE(MIN(n), 0), CASE WHEN COUNT(*) > 1 THEN 1 END FROM env.notes'),
        ['count', 'sum', 'max', 'avg', 'coalesce', 'case']);
    assert.deepEqual(await names("SELECT upper(body), n::text, CAST(n AS BIGINT), notes.n, n + 1 FROM env.notes"),
        ['upper', 'n', 'n', 'n', '?column?']);
});

test('types of expressions', async () => {
    const types = async (sql) => (await alice.one(sql)).schema.map((column) => column.data_type);
    assert.deepEqual(await types('SELECT COUNT(*), SUM(n), AVG(n), MAX(n), SUM(n) / 2, COUNT(*) > 0 FROM env.notes'),
        ['BigInt', 'BigInt', 'Double', 'Int', 'BigInt', 'Boolean']);
    assert.deepEqual(await types("SELECT n + 1, n / 2, id + n, n * 1.5::double precision, body || 'x', length(body), n IS NULL FROM env.notes"),
        ['Int', 'Int', 'BigInt', 'Double', 'Text', 'Int', 'Boolean']);
});

// ---- every type ----

const UUID = '6f1c2d3e-4a5b-4c6d-8e7f-0123456789ab';
// SQL type, its name on the wire, then pairs of literal and cell.
const TYPES = [
    ['BOOLEAN', 'Boolean', ['TRUE', true], ['FALSE', false], ["'true'", true]],
    ['SMALLINT', 'SmallInt', ['-32768', -32768], ['32767', 32767]],
    ['INT', 'Int', ['-2147483648', -2147483648], ['2147483647', 2147483647], ["'12'", 12], ['1.5', 2]],
    ['BIGINT', 'BigInt', ['1', '1'], ['-9223372036854775808', '-9223372036854775808'],
        ['9223372036854775807', '9223372036854775807'], ['9007199254740993', '9007199254740993']],
    ['REAL', 'Float', ['0.1', 0.10000000149011612], ['1.5', 1.5], ['-3.4e38', Math.fround(-3.4e38)], ['5', 5]],
    ['DOUBLE', 'Double', ['0.1', 0.1], ['5', 5], ['-1e300', -1e300], ['1e-310', 1e-310], ['123456789012345680', 123456789012345680]],
    ['DECIMAL(10,2)', { Decimal: { precision: 10, scale: 2 } }, ['200.75', '200.75'], ['-3.1', '-3.10'], ['-0.50', '-0.50'],
        ['0', '0.00'], ['99999999.99', '99999999.99'], ['1.005', '1.01']],
    ['DECIMAL(5)', { Decimal: { precision: 5, scale: 0 } }, ['12345', '12345'], ['-1', '-1']],
    ['NUMERIC(38,10)', { Decimal: { precision: 38, scale: 10 } },
        ['1234567890123456789012345678.0123456789', '1234567890123456789012345678.0123456789']],
    ['TEXT', 'Text', ["'x'", 'x'], ["''", ''], ["'it''s \"q\" \\ / ünï 🦀'", 'it\'s "q" \\ / ünï 🦀'], ["E'tab\\there'", 'tab\there']],
    ['VARCHAR(3)', 'Text', ["'abcdef'", 'abcdef']],
    ['JSON', 'Json', [`'{"a": [1, null, "ü"]}'`, '{"a": [1, null, "ü"]}'], ["'7'", '7']],
    ['BYTES', 'Bytes', ["X'00ff'", [0, 255]], ["'\\xDEAD'", [222, 173]], ["'ab'", [97, 98]], ["''", []]],
    ['UUID', 'Uuid', [`'${UUID}'`, UUID], [`'${UUID.toUpperCase()}'`, UUID]],
    ['TIMESTAMP', 'Timestamp', ["'2026-05-04 10:00:00'", Date.UTC(2026, 4, 4, 10) * 1000],
        ["'2026-05-04 10:00:00.123456'", Date.UTC(2026, 4, 4, 10) * 1000 + 123456],
        ["'1969-12-31 23:59:59.999999'", -1], ['1777888800000000', 1777888800000000]],
    ['DATETIME', 'DateTime', ["'2026-05-04T12:00:00+02:00'", Date.UTC(2026, 4, 4, 10) * 1000],
        ["'2026-05-04T10:00:00Z'", Date.UTC(2026, 4, 4, 10) * 1000]],
    ['DATE', 'Date', ["'2026-05-04'", Date.UTC(2026, 4, 4) / 86400000], ["'1970-01-01'", 0], ["'1969-12-31'", -1], ["'0001-01-01'", -719162]],
    ['TIME', 'Time', ["'12:34:56'", 45296000000], ["'00:00:00'", 0], ["'23:59:59.999999'", 86399999999]],
];
const columnOf = (i) => `c${i}`;

test('every type through a column, hot and cold', async () => {
    await admin.run(`CREATE USER TABLE env.types (id INT PRIMARY KEY, ${
        TYPES.map(([type], i) => `${columnOf(i)} ${type}`).join(', ')})`);
    const deepest = Math.max(...TYPES.map((entry) => entry.length - 2));
    const expected = [];
    for (let row = 0; row <= deepest; row++) {
        const used = TYPES.map((entry, i) => [i, entry[2 + row]]).filter(([, pair]) => pair);
        await alice.run(`INSERT INTO env.types (id${used.map(([i]) => `, ${columnOf(i)}`).join('')}) VALUES (${row}${
            used.map(([, [text]]) => `, ${text}`).join('')})`);
        expected.push([row, ...TYPES.map((entry) => entry[2 + row]?.[1] ?? null)]);
    }
    const columns = TYPES.map((_, i) => columnOf(i)).join(', ');
    const check = async (when) => {
        const result = await alice.one(`SELECT id, ${columns} FROM env.types ORDER BY id`);
        assert.deepEqual(result.schema.slice(1).map((column) => column.data_type), TYPES.map((entry) => entry[1]), when);
        assert.deepEqual(result.rows, expected, when);
        const engine = await alice.one(`SELECT id, ${columns} FROM env.types JOIN (SELECT 1 AS one) AS o ON o.one = 1 ORDER BY id`);
        assert.deepEqual(engine.schema.map((column) => column.data_type), result.schema.map((column) => column.data_type), when);
        assert.deepEqual(engine.rows, expected, `${when}, through the engine`);
    };
    await check('hot');
    assert.ok(await flush(admin, 'env.types'));
    await check('cold');
});

test('numbers are spelled as the contract has them', async () => {
    const answer = await alice.post('SELECT 100::double precision AS a, 0.1::real AS b, 1::smallint AS c, 1::bigint AS d, 1e21::double precision AS e');
    assert.match(answer.text, /\[100\.0,0\.10000000149011612,1,"1",1e\+?21\]/, answer.text);
    const [row] = answer.body.results[0].rows;
    assert.equal(row[4], 1e21);
});

test('every type through a cast of a parameter', async () => {
    for (const [type, name, ...pairs] of TYPES) {
        for (const [text, cell] of pairs) {
            if (!/^'[^']*'$/.test(text) || type === 'VARCHAR(3)') continue;
            const result = await alice.one(`SELECT $1::${type} AS v`, [text.slice(1, -1)]);
            assert.deepEqual([result.schema[0].data_type, result.rows[0][0]], [name, cell], `${type} ${text}`);
        }
    }
});

test('not a number and infinity cannot be sent', async () => {
    for (const text of ['NaN', 'Infinity', '-Infinity'])
        await alice.refuses(`SELECT '${text}'::double precision`, undefined);
});

test('values that do not fit their column are refused and change nothing', async () => {
    const bad = [
        ['BOOLEAN', "'maybe'"], ['SMALLINT', '32768'], ['INT', '2147483648'], ['INT', "'x'"], ['BIGINT', '9223372036854775808'],
        ['BIGINT', "'1x'"], ['REAL', '1e39'], ['DOUBLE', '1e400'], ['DOUBLE', "'abc'"], ['DECIMAL(5,2)', '1000'], ['DECIMAL(5,2)', "'1,5'"],
        ['JSON', "'{'"], ['JSON', "'{\"a\":}'"], ['UUID', "'6f1c'"], ['UUID', "'6f1c2d3e-4a5b-4c6d-8e7f-0123456789ag'"],
        ['TIMESTAMP', "'yesterday at noon'"], ['TIMESTAMP', "'2026-02-30 00:00:00'"], ['DATE', "'2026-13-01'"], ['DATE', "'2026-02-29'"],
        ['TIME', "'25:00:00'"], ['BYTES', "'\\xzz'"], ['BYTES', "X'0'"],
    ];
    for (const [i, [type, text]] of bad.entries()) {
        const table = `env.bad${i}`;
        await admin.run(`CREATE USER TABLE ${table} (id INT PRIMARY KEY, v ${type})`);
        const answer = await alice.post(`INSERT INTO ${table} VALUES (1, NULL), (2, ${text})`);
        assert.equal(answer.status, 400, `${type} ${text}: ${answer.text}`);
        assert.equal(answer.body.status, 'error');
        assert.equal(await alice.value(`SELECT COUNT(*) FROM ${table}`), '0', `${type} ${text}`);
    }
});

// ---- parameters ----

test('parameters of each JSON kind', async () => {
    const result = await alice.one('SELECT $1::int AS a, $2::bigint AS b, $3::double precision AS c, $4::text AS d, $5::boolean AS e, $6::text AS f',
        [7, 9007199254740991, 1.5, "it's", true, null]);
    assert.deepEqual(result.rows, [[7, '9007199254740991', 1.5, "it's", true, null]]);
    assert.equal(await alice.value('SELECT $1', ['bare text']), 'bare text');
    assert.equal(await alice.value('SELECT $1', [7]), '7', 'an integer parameter is an int64');
    const raw = await alice.send('POST', '/v1/api/sql', {
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${alice.token}` },
        body: '{"sql":"SELECT $1::bigint AS v","params":[9223372036854775807]}',
    });
    assert.equal(raw.body.results[0].rows[0][0], '9223372036854775807', 'no digit is lost on the way');
});

test('parameters in data changes, many times over', async () => {
    for (let i = 0; i < 5; i++)
        assert.equal(await alice.changes('INSERT INTO env.notes (id, body, n) VALUES ($1, $2, $3)', [100 + i, `p${i}`, i]), 1);
    assert.equal(await alice.changes('UPDATE env.notes SET body = $2 WHERE id = $1', ['101', 'changed']), 1);
    assert.equal(await alice.changes('DELETE FROM env.notes WHERE id = $1 OR body = $2', [100, 'changed']), 2);
    assert.deepEqual(await alice.rows('SELECT id, body FROM env.notes WHERE id BETWEEN $1 AND $2 ORDER BY id LIMIT $3', [100, 104, 2]),
        [['102', 'p2'], ['103', 'p3']]);
    assert.deepEqual(await alice.column('SELECT id FROM env.notes WHERE body IN ($1, $2) AND n >= $3', ['p3', 'p4', 4]), ['104']);
    const evil = "'); DROP TABLE env.notes; --";
    assert.equal(await alice.value('SELECT $1', [evil]), evil);
});

test('parameters that cannot be', async () => {
    for (const [params, number] of [[[[1]], 1], [[1, { a: 1 }], 2]])
        await alice.refuses('SELECT $1, $2', new RegExp(`^Parameter \\$${number} invalid: `), { code: 'INVALID_PARAMETER', params });
    await alice.refuses('SELECT 1; SELECT $1', 'Parameters not supported with multi-statement batches',
        { code: 'PARAMS_WITH_BATCH', params: [1] });
    await alice.refuses('SELECT 1; SELECT 2', 'Parameters not supported with multi-statement batches',
        { code: 'PARAMS_WITH_BATCH', params: [1] });
    await alice.refuses('SELECT $1', /Parameter count exceeded: maximum 50 parameters allowed, got 51/,
        { params: Array.from({ length: 51 }, (_, i) => i) });
    assert.equal(await alice.value(`SELECT ${Array.from({ length: 50 }, (_, i) => `$${i + 1}::int`).join('+')}`,
        Array.from({ length: 50 }, () => 1)), 50);
    const large = await alice.post('SELECT length($1::text)', ['x'.repeat(512 * 1024 + 1)]);
    assert.equal(large.status, 400);
    assert.match(large.body.error.message, /size|512/i);
    assert.equal(await alice.value('SELECT length($1::text)', ['x'.repeat(512 * 1024)]), 512 * 1024);
    for (const sql of ['SELECT $2', 'SELECT $0', 'INSERT INTO env.notes (id, body) VALUES ($1, $2)'])
        assert.equal((await alice.post(sql, ['only one'])).status, 400, sql);
    for (const [value, status] of [['x', 400], [1.5, 200], [true, 400], [null, 200], ['7', 200]])
        assert.equal((await alice.post('SELECT 1 FROM env.notes WHERE id = $1 AND n = $2', [1, value])).status, status, value);
});

// ---- batches ----

test('a batch: one result for each statement, in order', async () => {
    const answer = await alice.post(`
        INSERT INTO env.notes (id, body) VALUES (200, 'a;b'), (201, '--no comment');
        SELECT body FROM env.notes WHERE id = 200; -- a comment; with a semicolon
        INSERT INTO env.notes (id, body) VALUES (202, '/* neither */');
        UPDATE env.notes SET n = 1 WHERE id >= 200;
        DELETE FROM env.notes WHERE id = 201; /* one more; */
        SELECT id FROM env.notes WHERE id >= 200 ORDER BY id;;`);
    assert.equal(answer.status, 200, answer.text);
    const { results } = answer.body;
    assert.deepEqual(results.map((result) => result.rows ?? result.message),
        ['Inserted 2 row(s)', [['a;b']], 'Inserted 1 row(s)', 'Updated 3 row(s)', 'Deleted 1 row(s)', [['200'], ['202']]]);
    const changes = results.filter((result) => !result.rows);
    assert.deepEqual(changes.map((result) => [result.row_count, result.as_user]), [[2, 'alice'], [1, 'alice'], [3, 'alice'], [1, 'alice']]);
    for (const result of changes) assert.deepEqual(Object.keys(result).sort(), ['as_user', 'message', 'row_count']);
});

test('changes of nothing have their entries in a batch', async () => {
    const changes = await alice.run('UPDATE env.notes SET n = 1 WHERE id = -1; DELETE FROM env.notes WHERE id = -1');
    assert.deepEqual(changes.map((result) => [result.message, result.row_count]), [['Updated 0 row(s)', 0], ['Deleted 0 row(s)', 0]]);
});

test('each entry of a batch says as whom its statement ran', async () => {
    const results = await admin.run("EXECUTE AS USER 'alice' (INSERT INTO env.notes (id, body) VALUES (210, 'x')); SELECT 1; EXECUTE AS USER 'alice' (DELETE FROM env.notes WHERE id = 210)");
    assert.deepEqual(results.map((result) => result.as_user), ['alice', 'admin', 'alice']);
});

test('a failing statement ends the batch, what came before stays', async () => {
    await alice.refuses("INSERT INTO env.notes (id, body) VALUES (300, 'x'); INSERT INTO env.notes (id, body) VALUES (300, 'y'); INSERT INTO env.notes (id, body) VALUES (301, 'z')",
        /^Statement 2 failed: Already exists: /);
    assert.deepEqual(await alice.column('SELECT body FROM env.notes WHERE id >= 300'), ['x']);
    await admin.refuses('SELECT 1; SELECT 2; SELECT * FROM env.nothing', /^Statement 3 failed: Table not found: /);
    await admin.refuses('SELECT 1; SELEC 2', /Statement 2|at character/, { code: 'INVALID_SQL' });
});

test('nothing of a batch runs when one of its statements cannot be read or is not allowed', async () => {
    await alice.refuses("INSERT INTO env.notes (id, body) VALUES (400, 'x'); SELEC 1", undefined, { code: 'INVALID_SQL' });
    await alice.refuses("INSERT INTO env.notes (id, body) VALUES (401, 'x'); CREATE USER sneaky WITH PASSWORD 'long enough' ROLE dba",
        /^Admin privileges \(DBA or System role\) required/, { status: 403, code: 'PERMISSION_DENIED' });
    await alice.refuses("INSERT INTO env.notes (id, body) VALUES (402, 'x'); SELECT 'open", undefined, { code: 'BATCH_PARSE_ERROR' });
    for (const sql of ['VACUUM', 'CREATE VIEW v AS SELECT 1', 'BEGIN', "EXECUTE AS USER 'alice' (VACUUM)"])
        await alice.refuses(`INSERT INTO env.notes (id, body) VALUES (403, 'x'); ${sql}`, /^Statement 2 failed: Invalid SQL: .* not supported/, { code: 'INVALID_SQL' });
    await admin.refuses("INSERT INTO env.notes (id, body) VALUES (404, 'x'); EXECUTE AS USER 'alice' (DROP NAMESPACE env CASCADE)",
        /^Admin privileges \(DBA or System role\) required: role 'user'/, { status: 403, code: 'PERMISSION_DENIED' });
    await alice.refuses("INSERT INTO env.notes (id, body) VALUES (405, 'x'); EXECUTE AS USER 'admin' (SELECT 1)",
        /EXECUTE AS USER is not authorized/, { status: 403, code: 'PERMISSION_DENIED' });
    assert.deepEqual(await alice.rows('SELECT id FROM env.notes WHERE id >= 400'), []);
    assert.deepEqual(await admin.rows('SELECT id FROM env.notes WHERE id >= 400'), []);
    assert.deepEqual(await admin.rows("SELECT user_id FROM system.users WHERE user_id = 'sneaky'"), []);
});

test('USE reaches to the end of its request, namespace_id is its beginning', async () => {
    const [, named] = await alice.run('USE env; SELECT COUNT(*) FROM notes WHERE id = 42');
    assert.deepEqual(named.rows, [['1']]);
    await admin.refuses('SELECT COUNT(*) FROM notes', /Table not found/);
    assert.equal(await alice.value('SELECT COUNT(*) FROM notes WHERE id = 42', [], { namespace_id: 'env' }), '1');
    await admin.refuses('USE nowhere', /Namespace not found: /);
});

test('a thousand statements in one request', async () => {
    const results = await alice.run(Array.from({ length: 1000 }, (_, i) => `SELECT ${i} AS n`).join(';'));
    assert.equal(results.length, 1000);
    results.forEach((result, i) => assert.equal(result.rows[0][0], String(i)));
});

// ---- errors ----

test('nothing to run', async () => {
    for (const sql of ['', '   \n\t', '-- only a comment', '/* only */ -- comments', ';', ' ; ;; ']) {
        const answer = await alice.post(sql);
        assert.equal(answer.status, 400, sql);
        const codes = /^[ ;]*;[ ;]*$/.test(sql) ? ['EMPTY_SQL', 'INVALID_INPUT'] : ['EMPTY_SQL'];
        assert.ok(codes.includes(answer.body.error.code), `${sql}: ${answer.text}`);
        if (answer.body.error.code === 'EMPTY_SQL') assert.match(answer.body.error.message, /No SQL statements provided/);
    }
});

test('what cannot be split into statements', async () => {
    for (const sql of ["SELECT 'open", 'SELECT "open', 'SELECT 1 /* open', "SELECT 'a''"]) {
        await alice.refuses(sql, /^unterminated .* \(at character \d+\)$/, { code: 'BATCH_PARSE_ERROR' });
        await admin.refuses(`SELECT 1; ${sql}`, undefined, { code: 'BATCH_PARSE_ERROR' });
    }
});

test('the error envelope: details for admins alone', async () => {
    const sql = 'SELECT nothing_like_it FROM env.notes';
    const full = await admin.post(sql);
    assert.equal(full.status, 400);
    const body = exact(full);
    assert.deepEqual(Object.keys(body).sort(), ['error', 'results', 'status']);
    assert.deepEqual(Object.keys(body.error).sort(), ['code', 'details', 'message']);
    assert.deepEqual([body.status, body.results, body.error.code, body.error.details], ['error', [], 'SQL_EXECUTION_ERROR', sql]);
    assert.match(body.error.message, /^Statement 1 failed: .*nothing_like_it/);
    const less = exact(await alice.post(sql));
    assert.deepEqual(Object.keys(less.error).sort(), ['code', 'message']);
    assert.match(less.error.message, /nothing_like_it/, 'the own statement is no secret');
});

test('who is not an admin learns nothing about tables that are not theirs to know', async () => {
    const service = await server.addUser('serv', 'service');
    for (const who of [alice, service]) {
        for (const sql of ['SELECT * FROM env.secret_plans', 'SELECT * FROM nowhere.secret_plans', 'INSERT INTO env.secret_plans VALUES (1)',
            'SELECT (SELECT COUNT(*) FROM env.secret_plans)', 'DELETE FROM env.secret_plans WHERE id = 1',
            'UPDATE env.secret_plans SET a = 1 WHERE id = 1', 'SELECT 1; SELECT * FROM env.secret_plans']) {
            const error = await who.refuses(sql, 'SQL statement failed');
            assert.deepEqual(Object.keys(error).sort(), ['code', 'message']);
        }
    }
    const error = await admin.refuses('SELECT * FROM env.secret_plans', /^Statement 1 failed: Table not found: .*secret_plans/);
    assert.equal(error.details, 'SELECT * FROM env.secret_plans');
});

test('each kind of failure has its code and its words', async () => {
    await admin.run("INSERT INTO env.notes (id, body) VALUES (42, 'of the admin')");
    const cases = [
        ['SELEC 1', 'INVALID_SQL', /./],
        ['SELECT FROM WHERE', 'INVALID_SQL', /./],
        ['VACUUM', 'INVALID_SQL', /./],
        ['COPY env.notes TO \'/tmp/x\'', 'INVALID_SQL', /./],
        ['ATTACH \'/tmp/x.db\'', 'INVALID_SQL', /./],
        ['CREATE INDEX i ON env.notes (n)', 'INVALID_SQL', /./],
        ['CLUSTER LIST', 'INVALID_SQL', /./],
        ["INSERT INTO env.notes (id, body) VALUES (42, 'again')", 'SQL_EXECUTION_ERROR', /^Statement 1 failed: Already exists: .*(primary key|already exists|violation)/i],
        ['INSERT INTO env.notes (id) VALUES (500)', 'SQL_EXECUTION_ERROR', /not null/i],
        ['INSERT INTO env.notes (id, body) VALUES (500, NULL)', 'SQL_EXECUTION_ERROR', /NOT NULL.*body|body.*NOT NULL/],
        ['INSERT INTO env.notes (id, body, m) VALUES (500, \'x\', 1)', 'SQL_EXECUTION_ERROR', /\bm\b/],
        ["INSERT INTO env.notes (id, body, _seq) VALUES (500, 'x', 1)", 'SQL_EXECUTION_ERROR', /_seq/],
        ["INSERT INTO env.notes (id, body) VALUES (500)", undefined, /./],
        ['SELECT 1 / 0', 'SQL_EXECUTION_ERROR', /division by zero/i],
        ['SELECT 9223372036854775807 + 1', 'SQL_EXECUTION_ERROR', /out of range/i],
        ["SELECT 'x'::int", 'SQL_EXECUTION_ERROR', /x/],
        ["SELECT body + 1 FROM env.notes", 'SQL_EXECUTION_ERROR', /./],
        ['SELECT no_such_function(1)', 'SQL_EXECUTION_ERROR', /no_such_function/],
        ['SELECT id FROM env.notes GROUP BY n', 'SQL_EXECUTION_ERROR', /id/],
        ['USE nowhere', 'SQL_EXECUTION_ERROR', /Namespace not found: .*nowhere/],
        ['CREATE NAMESPACE env', 'SQL_EXECUTION_ERROR', /Already exists: .*already exists/],
        ['DROP NAMESPACE nowhere', 'SQL_EXECUTION_ERROR', /Namespace not found: .*nowhere/],
        ['KILL JOB \'FL-000000000000\'', 'SQL_EXECUTION_ERROR', /Not found: /],
        ['DROP TABLE env.nowhere', 'SQL_EXECUTION_ERROR', /(Table not found|Not found): /],
    ];
    for (const [sql, code, says] of cases) {
        const answer = await admin.post(sql);
        assert.equal(answer.status, 400, `${sql}: ${answer.text}`);
        if (code) assert.equal(answer.body.error.code, code, `${sql}: ${answer.text}`);
        assert.match(answer.body.error.message, says, sql);
    }
});

test('a result beyond the limit is an error that says what to do', async () => {
    await alice.run(`INSERT INTO env.notes (id, body) VALUES ${Array.from({ length: 12 }, (_, i) => `(${1000 + i}, repeat('x', 100000))`).join(', ')}`);
    await alice.refuses('SELECT body FROM env.notes WHERE id >= 1000', /max_response_bytes/);
    assert.equal((await alice.rows('SELECT body FROM env.notes WHERE id >= 1000 LIMIT 5')).length, 5);
});

test('no row is cut away in silence', async () => {
    await admin.run('CREATE USER TABLE env.many (id INT PRIMARY KEY)');
    await alice.run(`INSERT INTO env.many VALUES ${Array.from({ length: 3000 }, (_, i) => `(${i})`).join(',')}`);
    assert.equal((await alice.rows('SELECT id FROM env.many')).length, 3000);
    assert.equal((await alice.rows('SELECT id FROM env.many LIMIT 2500')).length, 2500);
    assert.deepEqual((await alice.column('SELECT id FROM env.many')).slice(0, 3), [0, 1, 2], 'in key order');
});

testStop(server);
