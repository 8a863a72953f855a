// SPDX-License-Identifier: Apache-2.0
// Every setting does something: each is shown here or names the test that shows it, and a setting without either
// fails the last test.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADMIN, readyServer, root, Server, startServer, temporaryFolder } from './lib/server.mjs';
import { counters, files, flush, jobEnd, segments, scopeFolder, test } from './lib/suite.mjs';
import { until } from './lib/until.mjs';
import { HEALTH, Wire } from './lib/wire.mjs';

const shown = new Set();

// A test of what these settings ("section.key") do.
function effect(names, title, options, body) {
    for (const name of names) shown.add(name);
    test(`${names.join(', ')}: ${title}`, options, body);
}

// Shown by tests elsewhere: file below tests/, words of the test's name or body.
const ELSEWHERE = {
    'server.port': ['e2e/restart.test.mjs', 'a port that is taken stops the start'],
    'storage.data_path': ['e2e/restart.test.mjs', 'the environment wins over the file'],
    'storage.allowed_roots': ['e2e/user_tables.test.mjs', 'allowed_roots'],
    'storage.durability': ['e2e/restart.test.mjs', 'loses nothing that was acknowledged'], // more only a power cut shows
    'storage.rocksdb.block_cache_size': ['lib/store_fixture.c', 'block_cache_bytes'], // what it changes is speed
    'limits.max_response_bytes': ['e2e/sql_envelope.test.mjs', 'a result beyond the limit is an error'],
    'execution.handler_timeout_seconds': ['e2e/bad_input.test.mjs', 'a statement has its time'],
    'execution.engine_memory_limit': ['unit/engine/engine_test.c', 'memory_bytes'],
    'performance.max_connections': ['e2e/http.test.mjs', 'more connections than allowed get 503'],
    'performance.backlog': ['unit/net/listener_test.c', 'backlog'], // the system's queue, which nothing shows
    'performance.client_request_timeout': ['e2e/http.test.mjs', 'a client that dawdles is let go'],
    'performance.request_timeout': ['e2e/http.test.mjs', 'a client that dawdles is let go'],
    'flush.default_row_limit': ['e2e/flush.test.mjs', 'default_row_limit'],
    'flush.removal_batch': ['e2e/crash.test.mjs', 'removal_batch'],
    'jobs.history_retention': ['e2e/flush.test.mjs', 'finished jobs leave the history'],
    'auth.jwt_secret': ['e2e/setup_auth.test.mjs', 'jwt_secret'],
    'auth.jwt_expiry_hours': ['e2e/setup_auth.test.mjs', 'jwt_expiry_hours'],
    'auth.enforce_password_complexity': ['e2e/setup_auth.test.mjs', 'enforce_password_complexity'],
    'auth.allow_remote_setup': ['e2e/setup_auth.test.mjs', 'allow_remote_setup'],
    'auth.max_concurrent_hashes': ['e2e/setup_auth.test.mjs', 'max_concurrent_hashes'],
    'auth.max_waiting_hashes': ['e2e/setup_auth.test.mjs', 'max_waiting_hashes'],
    'rate_limit.max_queries_per_sec': ['e2e/http.test.mjs', 'one user has a limit of queries per second'],
    'rate_limit.request_body_limit_bytes': ['e2e/http.test.mjs', 'a body beyond the limit is refused'],
    'security.cors.allowed_origins': ['e2e/http.test.mjs', 'with origins configured'],
    'security.cors.allow_credentials': ['e2e/http.test.mjs', 'with origins configured'],
    'security.cors.max_age': ['e2e/http.test.mjs', 'with origins configured'],
    'tls.certificate': ['e2e/http.test.mjs', 'TLS by certificate files'],
    'tls.private_key': ['e2e/http.test.mjs', 'TLS by certificate files'],
    'logging.format': ['e2e/restart.test.mjs', 'logs are lines of JSON when asked'],
    'execution.sql_plan_cache_bytes': ['unit/plan/plan_cache_test.c', 'bytes'],
    'rate_limit.max_messages_per_sec': ['e2e/live_queries.test.mjs', 'messages per second'],
    'rate_limit.max_subscriptions_per_user': ['e2e/live_queries.test.mjs', 'SUBSCRIPTION_LIMIT_EXCEEDED'],
    'websocket.max_subscriptions_per_connection': ['e2e/live_queries.test.mjs', 'max_subscriptions_per_connection'],
    'security.max_ws_message_size': ['e2e/live_queries.test.mjs', 'MESSAGE_TOO_LARGE'],
    'security.strict_ws_origin_check': ['e2e/live_queries.test.mjs', 'strict_ws_origin_check'],
    'websocket.auth_timeout_secs': ['e2e/live_queries.test.mjs', 'auth_timeout_secs'],
    'websocket.client_timeout_secs': ['e2e/live_queries.test.mjs', 'client_timeout_secs'],
    'websocket.queue_bytes': ['e2e/live_consistency.test.mjs', 'queue_bytes'],
    'websocket.backlog_bytes': ['unit/live/feed_test.c', 'backlog'],
    'websocket.held_bytes': ['e2e/live_consistency.test.mjs', 'held_bytes'],
    'websocket.max_connections': ['unit/net/ws_listener_test.c', 'websocket.connections_max'],
    'stream.memory_bytes': ['e2e/stream_tables.test.mjs', 'memory_bytes'],
    'stream.default_max_buffer': ['e2e/stream_tables.test.mjs', 'default_max_buffer'],
    'shutdown.flush.timeout': ['e2e/restart.test.mjs', 'a flush that a stop interrupts'],
};

// No test shows these yet; none is ever added.
const UNSHOWN = [];

// ---- where and how it runs ----

effect(['server.host'], 'it listens there and nowhere else', async (t) => {
    const server = new Server({ settings: { server: { host: '127.0.0.9' } } });
    t.after(() => server.destroy());
    server.spawn();
    const port = Number(await until('it listens', () => /listens on http:\/\/127\.0\.0\.9:(\d+)/.exec(server.log)?.[1]));
    const there = new Wire(port, '127.0.0.9').write(HEALTH);
    assert.equal((await there.answers(1))[0].status, 200);
    there.end();
    const elsewhere = new Wire(port, '127.0.0.1');
    await elsewhere.closed();
});

// Threads of a server by the beginning of their names.
function threads(server, name) {
    const folder = join('/proc', String(server.child.pid), 'task');
    return readdirSync(folder).filter((id) => readFileSync(join(folder, id, 'comm'), 'utf8').startsWith(name)).length;
}

const stats = async (admin) => Object.fromEntries(await admin.rows('SELECT metric_name, metric_value FROM system.stats'));

effect(['server.workers', 'execution.workers', 'jobs.max_concurrent'], 'so many threads', async (t) => {
    const server = await readyServer(t, { settings: { server: { workers: 3 }, execution: { workers: 5 }, jobs: { max_concurrent: 2 } } });
    const named = () => ['loop', 'worker', 'jobs'].map((name) => threads(server, name)).join();
    await until('every thread has its name', () => named() === '3,5,2'); // each gives itself one
    assert.equal((await stats(server.admin)).server_workers_effective, '3');
});

effect(['execution.engine_threads'], 'the engine has so many threads', async (t) => {
    const added = [];
    for (const engine_threads of [1, 4]) {
        const server = await readyServer(t, { settings: { execution: { workers: 1, engine_threads } } });
        const before = Number((await stats(server.admin)).thread_count);
        await server.admin.run('SELECT COUNT(*) FROM (VALUES (1), (2)) AS v (n)');
        const now = await stats(server.admin);
        assert.equal(now.engine_loaded, 'true');
        added.push(Number(now.thread_count) - before);
    }
    assert.equal(added[1] - added[0], 3);
});

effect(['storage.rocksdb.write_buffer_size', 'storage.rocksdb.max_background_jobs',
    'storage.rocksdb.max_open_files'], 'reach the hot store', async (t) => {
    const server = await startServer(t, { settings: { 'storage.rocksdb': { write_buffer_size: '3MiB', max_background_jobs: 3, max_open_files: 77 } } });
    const folder = join(server.data, 'rocksdb');
    const options = readFileSync(join(folder, readdirSync(folder).filter((name) => name.startsWith('OPTIONS')).sort().at(-1)), 'utf8');
    assert.match(options, /max_background_jobs=3\n/);
    assert.match(options, /max_open_files=77\n/);
    assert.match(options, new RegExp(`write_buffer_size=${3 * 1024 * 1024}\\n`));
});

const rowsOf = (count) => Array.from({ length: count }, (_, i) => `(${i}, 'v${i}')`).join(',');

effect(['storage.segment_cache_bytes', 'storage.row_group_rows'], 'decoded row groups are kept, or not', async (t) => {
    const seen = [];
    for (const segment_cache_bytes of ['64MiB', 0]) {
        const server = await readyServer(t, { settings: { storage: { segment_cache_bytes, row_group_rows: 2048 } } });
        const { admin } = server;
        await admin.run('CREATE NAMESPACE s; CREATE USER TABLE s.t (id INT PRIMARY KEY, v TEXT)');
        await admin.run(`INSERT INTO s.t VALUES ${rowsOf(6000)}`);
        await flush(admin, 's.t');
        const before = await stats(admin);
        for (let i = 0; i < 5; i++) assert.equal((await admin.rows('SELECT id, v FROM s.t')).length, 6000);
        const now = await stats(admin);
        seen.push({ bytes: Number(now.segment_cache_bytes), misses: Number(now.segment_cache_misses) - Number(before.segment_cache_misses) });
    }
    assert.ok(seen[0].bytes > 0);
    assert.equal(seen[0].misses, 3, '6,000 rows in groups of 2,048, each read once');
    assert.equal(seen[1].bytes, 0);
    assert.ok(seen[1].misses >= 15, 'without a cache each is read each time');
});

effect(['storage.partition_cache_bytes'], 'hot rows that are scanned are kept, or not', async (t) => {
    for (const partition_cache_bytes of ['64MiB', 0]) {
        const { admin } = await readyServer(t, { settings: { storage: { partition_cache_bytes } } });
        await admin.run('CREATE NAMESPACE s; CREATE USER TABLE s.t (id INT PRIMARY KEY, v TEXT)');
        await admin.run(`INSERT INTO s.t VALUES ${rowsOf(5000)}`);
        for (let i = 0; i < 5; i++) await admin.run('SELECT COUNT(*), MAX(v) FROM s.t');
        const now = await stats(admin);
        assert.equal(Number(now.partition_cache_bytes ?? 0) > 0, partition_cache_bytes !== 0, JSON.stringify(now));
    }
});

// ---- limits ----

const DIGITS = Array.from({ length: 10 }, (_, i) => `SELECT ${i} AS n`).join(' UNION ALL ');

effect(['limits.default_query_limit', 'limits.max_query_limit'], 'a query without LIMIT, and a LIMIT beyond', async (t) => {
    const { admin } = await readyServer(t, { settings: { limits: { default_query_limit: 5, max_query_limit: 8 } } });
    await admin.run('CREATE NAMESPACE s; CREATE USER TABLE s.t (id INT PRIMARY KEY, v TEXT)');
    await admin.run(`INSERT INTO s.t VALUES ${rowsOf(20)}`);
    for (const query of ['SELECT id FROM s.t', 'SELECT id, COUNT(*) FROM s.t GROUP BY id']) {
        assert.equal((await admin.rows(query)).length, 5, query);
        assert.equal((await admin.rows(`${query} LIMIT 7`)).length, 7, query);
        assert.equal((await admin.rows(`${query} LIMIT 19`)).length, 8, query);
    }
    assert.equal(await admin.value('SELECT COUNT(*) FROM s.t'), '20', 'what is counted is not cut');
    await admin.run('CREATE USER TABLE s.copy (id INT PRIMARY KEY, v TEXT)');
    assert.equal(await admin.changes('INSERT INTO s.copy SELECT id, v FROM s.t'), 20, 'nor what is copied');
});

const small = await readyServer(null, {
    settings: {
        limits: {
            max_sql_bytes: '2KiB', max_response_bytes: '1MiB', response_budget_bytes: '1MiB', request_memory_bytes: '1MiB', engine_terms: 20, row_terms: 50,
            max_expression_depth: 60,
        },
        execution: { max_parameters: 3, max_parameter_size_bytes: '1KiB' },
        security: { max_request_body_size: '4KiB' },
        performance: { max_header_size: '2KiB' },
        auth: { min_password_length: 10, max_password_length: 20, cookie_secure: true },
        'security.cors': { allowed_methods: ['GET', 'POST'], allowed_headers: ['*'] },
    },
});
await small.admin.run('CREATE NAMESPACE s; CREATE USER TABLE s.t (id INT PRIMARY KEY, v TEXT)');

effect(['limits.max_sql_bytes'], 'a longer text is refused', async () => {
    assert.equal((await small.admin.post(`SELECT 1 -- ${'x'.repeat(2000)}`)).status, 200);
    await small.admin.refuses(`SELECT 1 -- ${'x'.repeat(2100)}`, /limits\.max_sql_bytes/, { code: 'INVALID_SQL' });
});

effect(['security.max_request_body_size'], 'a larger body is refused', async () => {
    const answer = await small.admin.post('SELECT 1', ['x'.repeat(5000)]);
    assert.equal(answer.status, 400);
    assert.equal(answer.body.error.code, 'INVALID_INPUT');
    assert.match(answer.body.error.message, /^Invalid JSON payload: .*4096/);
    const login = await small.anonymous().json('POST', '/v1/api/auth/login', { user: 'x', password: 'x'.repeat(5000) });
    assert.equal(login.status, 413);
    assert.match(login.text, /^Json deserialize error: .*4096/);
});

effect(['limits.response_budget_bytes'], 'all replies together have their bound, and what is sent is given back', async (t) => {
    const large = "SELECT repeat('x', 900000)";
    for (let i = 0; i < 20; i++) assert.equal((await small.admin.value(large)).length, 900000);
    // Clients that ask and do not read: what does not fit the system's buffers stays with us.
    const body = JSON.stringify({ sql: large });
    const request = `POST /v1/api/sql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${small.admin.token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const wire = new Wire(small.port);
    t.after(() => wire.end());
    wire.socket.pause();
    wire.write(request.repeat(20));
    const refused = await until('there is no room', async () => {
        const answer = await small.admin.post(large);
        return answer.status === 503 ? answer : null;
    });
    assert.equal(refused.body.error.code, 'OVERLOADED');
    assert.match(refused.body.error.message, /limits\.response_budget_bytes/);
    assert.equal(refused.headers['retry-after'], '1');
    assert.equal(await small.admin.value("SELECT 'small'"), 'small');
    wire.end();
    await until('there is room again', async () => (await small.admin.post(large)).status === 200);
});

effect(['limits.request_memory_bytes'], 'a request that needs more is refused', async () => {
    const copy = (bytes) => `INSERT INTO s.t WITH d AS (${DIGITS}) SELECT 1 + a.n * 100 + b.n * 10 + c.n, repeat('x', ${bytes}) FROM d a, d b, d c`;
    await small.admin.refuses(copy(2000), /memory.*limits\.request_memory_bytes/);
    assert.equal(await small.admin.value('SELECT COUNT(*) FROM s.t'), '0');
});

effect(['limits.row_terms', 'limits.engine_terms', 'limits.max_expression_depth'], 'larger statements are refused', async () => {
    const terms = (count) => Array.from({ length: count }, (_, i) => `id > ${i}`).join(' OR ');
    await small.admin.run(`SELECT id FROM s.t WHERE ${terms(50)}`);
    await small.admin.refuses(`SELECT id FROM s.t WHERE ${terms(51)}`, /row_terms/);
    await small.admin.run(`SELECT COUNT(*) FROM s.t WHERE ${terms(20)}`);
    await small.admin.refuses(`SELECT COUNT(*) FROM s.t WHERE ${terms(21)}`, /engine_terms/);
    await small.admin.run(`SELECT ${'abs('.repeat(50)}1${')'.repeat(50)}`);
    const deep = await small.admin.post(`SELECT ${'abs('.repeat(70)}1${')'.repeat(70)}`);
    assert.equal(deep.status, 400);
    assert.match(deep.body.error.message, /max_expression_depth|nested/);
});

effect(['limits.engine_tables'], 'wider joins are refused', async (t) => {
    const server = await readyServer(t, { settings: { limits: { engine_tables: 5 } } });
    await server.admin.run('CREATE NAMESPACE j; CREATE USER TABLE j.t (id INT PRIMARY KEY); INSERT INTO j.t VALUES (1), (2)');
    const joined = (count, table = 'j.t') => `SELECT t0.id FROM ${table} t0${Array.from({ length: count - 1 }, (_, i) => ` JOIN j.t t${i + 1} USING (id)`).join('')}`;
    const five = joined(5);
    assert.equal((await server.admin.rows(five)).length, 2);
    // What is planned apart counts apart.
    for (const sql of [`WITH a AS (${five}) ${joined(5, 'a')}`, `${five} UNION ALL ${five}`, `SELECT (SELECT MAX(id) FROM (${five}) x) FROM (${five}) y`,
        `SELECT id FROM j.t WHERE id IN (${five}) AND EXISTS (${five})`, `SELECT COUNT(*) FROM (${five} UNION ALL ${five}) a, j.t b`])
        await server.admin.run(sql);
    for (const sql of [joined(6), `${joined(5)}, j.t`, joined(3, `(${joined(4)})`), `SELECT 1 FROM j.t WHERE id IN (${joined(6)})`,
        `SELECT 1 UNION ALL ${joined(6)}`, `WITH a AS (${joined(6)}) SELECT 1 FROM a`, `SELECT 1 FROM (SELECT 1 FROM (${joined(6)}) x) y`])
        await server.admin.refuses(sql, /may join at most 5 tables in one FROM \(limits\.engine_tables\)/);
});

effect(['execution.max_parameters', 'execution.max_parameter_size_bytes'], 'more or larger ones are refused', async () => {
    assert.deepEqual(await small.admin.rows('SELECT $1, $2, $3', [1, 2, 3]), [['1', '2', '3']]);
    await small.admin.refuses('SELECT $1, $2, $3, $4', 'Parameter count exceeded: maximum 3 parameters allowed, got 4', { params: [1, 2, 3, 4] });
    assert.equal((await small.admin.value('SELECT $1', ['x'.repeat(1024)])).length, 1024);
    await small.admin.refuses('SELECT $1', /^Parameter \$1 invalid: .*size.*max_parameter_size_bytes/, { params: ['x'.repeat(1025)], code: 'INVALID_PARAMETER' });
});

effect(['execution.sql_plan_cache_max_entries'], 'plans are kept, or not', async (t) => {
    for (const sql_plan_cache_max_entries of [200, 0]) {
        const { admin } = await readyServer(t, { settings: { execution: { sql_plan_cache_max_entries }, server: { workers: 1 } } });
        for (let i = 0; i < 20; i++) await admin.run(`SELECT ${i}`);
        const now = await stats(admin);
        assert.equal(Number(now.plan_cache_hits) >= 19, sql_plan_cache_max_entries > 0, JSON.stringify(now));
        assert.equal(Number(now.plan_cache_size) > 0, sql_plan_cache_max_entries > 0);
    }
});

effect(['execution.write_retries'], 'without retries, writers of one row get in each other\'s way', async (t) => {
    const { admin } = await readyServer(t, { settings: { execution: { write_retries: 0 } } });
    await admin.run('CREATE NAMESPACE s; CREATE USER TABLE s.t (id INT PRIMARY KEY, n INT); INSERT INTO s.t VALUES (1, 0)');
    let good = 0;
    const refused = await until('one loses', async () => {
        const answers = await Promise.all(Array.from({ length: 40 }, () => admin.post('UPDATE s.t SET n = n + 1 WHERE id = 1')));
        good += answers.filter((answer) => answer.status === 200).length;
        return answers.find((answer) => answer.status !== 200);
    });
    assert.equal(refused.body.error.code, 'SQL_EXECUTION_ERROR');
    assert.match(refused.body.error.message, /Conflict: .*execution\.write_retries/);
    assert.equal(await admin.value('SELECT n FROM s.t'), good, 'and none is half done');
});

// ---- connections ----

effect(['performance.max_header_size'], 'a longer head is refused', async () => {
    const wire = new Wire(small.port).write(`GET /health HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(2048)}\r\n\r\n`);
    assert.equal((await wire.answers(1))[0].status, 431);
    wire.end();
});

effect(['performance.keepalive_timeout'], 'idle connections are closed, with off each after its reply', async (t) => {
    for (const keepalive_timeout of ['300ms', 'off']) {
        const server = await startServer(t, { settings: { performance: { keepalive_timeout } } });
        const wire = new Wire(server.port).write(HEALTH);
        const [answer] = await wire.answers(1);
        assert.equal(answer.status, 200);
        assert.equal(answer.headers.connection === 'close', keepalive_timeout === 'off');
        await wire.closed();
    }
});

const ENDLESS = `WITH d AS (${DIGITS}) SELECT SUM(a.n * b.n - c.n) FROM ${
    'abcefghijklm'.split('').map((name) => `d ${name}`).join(', ')}`;

effect(['performance.max_requests_in_flight'], 'further requests get 503', async (t) => {
    const server = await readyServer(t, { settings: { performance: { max_requests_in_flight: 1 }, execution: { handler_timeout_seconds: '1h' },
        shutdown: { timeout_seconds: 'off' } } });
    server.admin.post(ENDLESS).catch(() => null);
    const refused = await until('it is under way', async () => {
        const answer = await server.anonymous().send('GET', '/health');
        return answer.status === 503 ? answer : null;
    });
    assert.equal(refused.body.error, 'OVERLOADED');
    assert.equal(refused.headers['retry-after'], '1');
});

// An address of this machine that is not loopback: its peers are not exempt from the limits per address.
const outside = Object.values(networkInterfaces()).flat().find((one) => one.family === 'IPv4' && !one.internal)?.address;
const needsOutside = { skip: outside ? false : 'this machine has no address but loopback' };

effect(['rate_limit.max_connections_per_ip', 'rate_limit.enable_connection_protection'], 'one address has so many connections', needsOutside, async (t) => {
    for (const enable_connection_protection of [true, false]) {
        const server = await startServer(t, { settings: { server: { host: '0.0.0.0' }, rate_limit: { max_connections_per_ip: 2, enable_connection_protection } } });
        const wires = [];
        for (let i = 0; i < 4; i++) {
            const wire = new Wire(server.port, outside).write(HEALTH);
            wires.push((await wire.answers(1))[0]);
            t.after(() => wire.end());
        }
        assert.deepEqual(wires.map((answer) => answer.status), enable_connection_protection ? [403, 403, 503, 503] : [403, 403, 403, 403]);
        if (!enable_connection_protection) continue;
        const body = JSON.parse(wires[3].body);
        assert.equal(body.error, 'TOO_MANY_CONNECTIONS');
        assert.equal(body.max, 2);
        assert.equal(wires[3].headers['retry-after'], '5');
    }
});

effect(['rate_limit.max_requests_per_ip_per_sec', 'rate_limit.ban_duration_seconds'], 'one address has so many requests, then is banned', needsOutside, async (t) => {
    for (const ban_duration_seconds of ['60s', 'off']) {
        const server = await startServer(t, { settings: { server: { host: '0.0.0.0' }, rate_limit: { max_requests_per_ip_per_sec: 1, ban_duration_seconds } } });
        const codes = [];
        for (let i = 0; i < 40; i++) {
            const wire = new Wire(server.port, outside).write(HEALTH);
            const [answer] = await wire.answers(1);
            codes.push(answer.status === 429 ? JSON.parse(answer.body).error : answer.status);
            wire.end();
        }
        assert.equal(codes[0], 403, 'health is for localhost, but the request was let in');
        assert.ok(codes.includes('RATE_LIMIT_EXCEEDED'), codes.join());
        assert.equal(codes.includes('IP_BANNED'), ban_duration_seconds !== 'off', codes.join());
        assert.equal((await server.anonymous().send('GET', '/health')).status, 200, 'others are not concerned');
    }
});

effect(['security.trusted_proxy_ranges'], 'who a trusted proxy names is the client', needsOutside, async (t) => {
    for (const trusted_proxy_ranges of [[], [outside]]) {
        const server = await startServer(t, { settings: { server: { host: '0.0.0.0' }, security: { trusted_proxy_ranges }, logging: { level: 'debug' } } });
        const wire = new Wire(server.port, outside).write(HEALTH.replace('\r\n\r\n', '\r\nX-Forwarded-For: 203.0.113.7\r\nX-Request-ID: look-here\r\n\r\n'));
        await wire.answers(1);
        wire.end();
        const line = await until('the request is logged', () => server.log.split('\n').find((text) => text.includes('look-here')));
        assert.match(line, new RegExp(`client="?${trusted_proxy_ranges.length > 0 ? '203.0.113.7' : outside}`));
    }
});

effect(['rate_limit.max_auth_requests_per_ip_per_sec'], 'one address has so many sign-ins', async (t) => {
    const server = await startServer(t, { settings: { rate_limit: { max_auth_requests_per_ip_per_sec: 3 } } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.anonymous().json('POST', '/v1/api/auth/login', { user: 'x', password: 'y' })));
    const refused = answers.filter((answer) => answer.status === 429);
    assert.ok(refused.length >= 10);
    assert.deepEqual(refused[0].body, { error: 'rate_limited', message: 'Too many authentication attempts. Please retry shortly.' });
});

effect(['security.cors.allowed_methods', 'security.cors.allowed_headers'], 'what a preflight is told', async () => {
    const { headers } = await small.anonymous().send('OPTIONS', '/v1/api/sql', { headers: {
        Origin: 'https://a.example', 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization,x-odd' } });
    assert.equal(headers['access-control-allow-methods'], 'GET, POST');
    assert.equal(headers['access-control-allow-headers'], 'authorization,x-odd', '* is what was asked for');
    assert.equal(headers['access-control-allow-origin'], '*');
});

// ---- flush, retention, jobs ----

effect(['flush.default_time_interval'], 'rows of a table without a policy are flushed at that age', async (t) => {
    const server = await readyServer(t, { settings: { flush: { default_time_interval: '500ms' } } });
    await server.admin.run('CREATE NAMESPACE s; CREATE USER TABLE s.t (id INT PRIMARY KEY)');
    await server.admin.run('INSERT INTO s.t VALUES (1)');
    await until('it is flushed', async () => (await counters(server.admin, 's.t', 'admin')).hot === 0);
    assert.equal(segments(scopeFolder(server, 'admin', 's.t')).length, 1);
});

effect(['retention.default_deleted_retention_hours'], 'deleted rows of a table that does not say go after that time', async (t) => {
    const server = await readyServer(t, { settings: { retention: { default_deleted_retention_hours: '1s' } } });
    const { admin } = server;
    await admin.run('CREATE NAMESPACE s; CREATE USER TABLE s.t (id INT PRIMARY KEY)');
    await admin.run('INSERT INTO s.t VALUES (1), (2)');
    await flush(admin, 's.t');
    await admin.run('DELETE FROM s.t WHERE id = 1');
    await flush(admin, 's.t');
    await until('it is gone', async () => (await admin.rows('SELECT id FROM s.t WHERE _deleted = TRUE')).length === 0, 60);
    assert.deepEqual(await admin.column('SELECT id FROM s.t'), [2]);
});

effect(['jobs.max_retries', 'jobs.retry_backoff_ms'], 'a job that fails is tried so often, with pauses that grow', async (t) => {
    // A program without the engine beside it cannot write Parquet.
    const server = await readyServer(t, {
        wrapper: ['sh', '-c', 'cp "$1" ./kalamdb && exec ./kalamdb "$2"', 'sh'],
        settings: { jobs: { max_retries: 2, retry_backoff_ms: '100ms' } },
    });
    const { admin } = server;
    await admin.run('CREATE NAMESPACE s; CREATE USER TABLE s.t (id INT PRIMARY KEY)');
    await admin.run('INSERT INTO s.t VALUES (1)');
    const job = await jobEnd(admin, /Job ID: (\S+)/.exec(await admin.message('STORAGE FLUSH TABLE s.t'))[1]);
    assert.equal(job.status, 'failed', JSON.stringify(job));
    assert.equal(job.max_retries, 2);
    assert.equal(job.retry_count, 2, JSON.stringify(job));
    assert.ok(job.finished_at - job.created_at >= 300_000, 'microseconds: one pause, then one of twice its length');
});

// ---- signing in ----

effect(['auth.root_password'], 'root can sign in from the first start', async (t) => {
    const server = await startServer(t, { settings: { auth: { root_password: 'from the file' } } });
    const status = await server.anonymous().send('GET', '/v1/api/auth/status');
    assert.equal(status.body.needs_setup, false);
    await server.login('root', 'from the file');
});

effect(['auth.min_password_length', 'auth.max_password_length'], 'shorter and longer ones are refused', async () => {
    const create = (bytes) => `CREATE USER p${bytes} WITH PASSWORD '${'x'.repeat(bytes)}' ROLE user`;
    await small.admin.refuses(create(9), /at least 10 bytes/);
    await small.admin.refuses(create(21), /at most 20 bytes/);
    await small.admin.run(create(10));
    await small.admin.run(create(20));
});

effect(['auth.hash_memory', 'auth.hash_passes'], 'stand in the hash that is stored', async (t) => {
    const server = await startServer(t, { settings: { auth: { hash_memory: '128KiB', hash_passes: 3 } } });
    await server.setup();
    const folder = join(server.data, 'rocksdb');
    const stored = files(folder, /\.log$/).map((name) => readFileSync(join(folder, name), 'latin1')).join('');
    assert.match(stored, /\$argon2id\$v=19\$m=128,t=3,p=1\$/);
});

effect(['auth.cookie_secure'], 'cookies over TLS are Secure, unless turned off', async (t) => {
    const folder = temporaryFolder('tls');
    const [certificate, private_key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
        '-subj', '/CN=localhost', '-keyout', private_key, '-out', certificate], { stdio: 'ignore' });
    for (const cookie_secure of [true, false]) {
        const server = await startServer(t, { settings: { tls: { certificate, private_key }, auth: { cookie_secure } } });
        await server.setup();
        const login = await server.anonymous().json('POST', '/v1/api/auth/login', { user: ADMIN.user, password: ADMIN.password });
        for (const cookie of login.headers['set-cookie']) assert.equal(/; Secure/.test(cookie), cookie_secure, cookie);
    }
});

effect(['execution.engine_temp_limit'], 'what the engine may spill, and gives back', async (t) => {
    const LARGE = `SELECT COUNT(*) FROM (SELECT md5(n::text) AS m, row_number() OVER (ORDER BY md5(n::text)) AS r
        FROM generate_series(1, 1500000) g(n)) x WHERE m > '5' AND r > 5`;
    // In bytes: where DuckDB gave up, it may leave the file that it was about to write.
    const spilled = (server) => files(join(server.data, 'tmp')).reduce((sum, path) => sum + statSync(join(server.data, 'tmp', path)).size, 0);
    const execution = { engine_memory_limit: '64MiB', engine_threads: 1 };
    for (const engine_temp_limit of [0, '1MiB', '1GiB']) {
        const server = await readyServer(t, { settings: { execution: { ...execution, engine_temp_limit } } });
        for (let again = 0; again < 2; again++) {
            if (engine_temp_limit === '1GiB') assert.ok(Number(await server.admin.value(LARGE)) > 1000000);
            else await server.admin.refuses(LARGE, /more memory than the engine has \(execution\.engine_memory_limit, engine_temp_limit\)/);
            assert.equal(spilled(server), 0);
        }
        assert.equal(await server.admin.value('SELECT COUNT(*) FROM generate_series(1, 1000)'), '1000');
    }
});

// ---- logs, stopping ----

effect(['logging.level', 'logging.logs_path', 'logging.log_to_console', 'logging.slow_query_threshold_ms'], 'what is written where', async (t) => {
    const start = async (logging) => {
        const folder = temporaryFolder('logs');
        const server = new Server({ settings: { logging: { logs_path: folder, log_to_console: false, ...logging } } });
        t.after(() => server.destroy());
        server.spawn();
        const file = join(folder, 'server.log');
        const read = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
        return { server, read };
    };
    const loud = await start({ level: 'info', slow_query_threshold_ms: '1ms' });
    const port = await until('it listens', () => /listens on .*:(\d+)/.exec(loud.read())?.[1]);
    assert.equal(loud.server.log, '', 'nothing on the console');
    loud.server.url = `http://127.0.0.1:${port}`;
    await until('it answers', async () => (await loud.server.anonymous().send('GET', '/health').catch(() => ({}))).status === 200);
    await loud.server.setup();
    await loud.server.admin.run(`WITH d AS (${DIGITS}) SELECT COUNT(*) FROM d a, d b, d c, d e, d f`);
    await until('the slow statement is logged', () => /WARN.*slow statement.*user="?admin.*SELECT COUNT/.test(loud.read()));
    await loud.server.admin.run("CREATE USER quiet WITH PASSWORD 'hush, a secret' ROLE user");
    // Behind work for all workers they are slow, too.
    const slow = `WITH d AS (${DIGITS}) SELECT COUNT(*) FROM d a, d b, d c, d e, d f`;
    await Promise.all([
        ...Array.from({ length: 8 }, () => loud.server.admin.run(slow)),
        loud.server.admin.run(`CREATE USER odd WITH OAUTH '{"provider":"p","subject":"hush"}' ROLE user`),
        loud.server.admin.post(`CREATE STORAGE far TYPE s3 BUCKET 'b' CREDENTIALS '{"key":"hush"}'`),
        loud.server.admin.post(`ALTER STORAGE local SET CONFIG '{"key":"hush"}'`),
    ]);
    await until('they are logged without their text', () => loud.read().match(/not shown/g)?.length >= 3);
    loud.server.signal('SIGTERM');
    await loud.server.ends();
    assert.match(loud.read(), /stopped/);
    assert.ok(!loud.read().includes('hush'), 'no password is logged');
    const silent = await start({ level: 'error' });
    silent.server.mayEnd = true;
    await until('the file is made', () => files(dirname(silent.server.data)).length > 0);
    await until('its data folder is there', () => files(silent.server.data, /FORMAT/).length > 0);
    silent.server.signal('SIGTERM');
    await silent.server.ends();
    assert.equal(silent.read(), '');
});

effect(['shutdown.timeout_seconds'], 'off does not wait for statements', async (t) => {
    const server = await readyServer(t, { settings: { execution: { handler_timeout_seconds: '1h' }, shutdown: { timeout_seconds: 'off' } } });
    const before = Number((await stats(server.admin)).requests_total);
    const endless = server.admin.post(ENDLESS).catch(() => 'cut');
    await until('it is under way', async () => Number((await stats(server.admin)).requests_in_flight) >= 2 || before < 0);
    server.signal('SIGTERM');
    await server.ends(30);
    assert.equal(server.exit.code, 0);
    assert.ok(await endless);
});

// ---- files of the reference server ----

// Its defaults, in so far as they are no port, path or key of this test's own.
const REFERENCE = {
    server: { port: 0, workers: 0, api_version: 'v1', enable_http2: true },
    'storage.rocksdb': { block_cache_size: 2097152, max_background_jobs: 4, max_open_files: 512, sync_writes: false, disable_wal: false },
    limits: { max_message_size: 1048576, max_query_limit: 1000, default_query_limit: 50 },
    logging: { level: 'info', logs_path: './logs', log_to_console: true, format: 'pretty', slow_query_threshold_ms: 1200 },
    performance: { request_timeout: 30, keepalive_timeout: 75, max_connections: 25000, backlog: 4096, client_request_timeout: 5, max_header_size: 16384 },
    datafusion: { memory_limit: 33554432, query_parallelism: 2 },
    flush: { default_row_limit: 10000, default_time_interval: 300, flush_batch_size: 10000, check_interval_seconds: 60 },
    retention: { default_deleted_retention_hours: 168, enable_dba_stats: true, dba_stats_retention_days: 7 },
    stream: { default_ttl_seconds: 10, default_max_buffer: 10000, eviction_interval_seconds: 60 },
    websocket: { client_timeout_secs: 10, auth_timeout_secs: 3, heartbeat_interval_secs: 5 },
    rate_limit: {
        max_queries_per_sec: 100, max_messages_per_sec: 50, max_subscriptions_per_user: 10, max_auth_requests_per_ip_per_sec: 20,
        max_connections_per_ip: 100, max_requests_per_ip_per_sec: 200, request_body_limit_bytes: 10485760, ban_duration_seconds: 300,
        enable_connection_protection: true, cache_max_entries: 1000, cache_ttl_seconds: 600,
    },
    auth: {
        jwt_secret: 'CHANGE_ME_IN_PRODUCTION', jwt_trusted_issuers: '', jwt_expiry_hours: 24, cookie_secure: true, min_password_length: 8,
        max_password_length: 1024, bcrypt_cost: 12, enforce_password_complexity: false, allow_remote_setup: false,
    },
    jobs: { max_concurrent: 10, max_retries: 3, retry_backoff_ms: 100, wal_cleanup_interval_seconds: 300 },
    execution: { handler_timeout_seconds: 30, max_parameters: 50, max_parameter_size_bytes: 524288, sql_plan_cache_max_entries: 200, sql_plan_cache_ttl_seconds: 900 },
    'shutdown.flush': { timeout: 300 },
    security: { max_ws_message_size: 1048576, max_request_body_size: 10485760, strict_ws_origin_check: false, trusted_proxy_ranges: [] },
    'security.cors': {
        allowed_origins: [], allowed_methods: ['GET', 'POST'], allowed_headers: ['Authorization'], expose_headers: [], allow_credentials: false,
        max_age: 3600, allow_private_network: false,
    },
    oauth: { enabled: false },
    files: { max_size_bytes: 26214400, staging_path: './data/tmp' },
    cluster: { cluster_id: 'cluster', node_id: 1 },
};

test('a file with the defaults of the reference server starts ours, with warnings', async (t) => {
    const server = await readyServer(t, { settings: REFERENCE });
    assert.match(server.log, /WARN {2}conf auth\.jwt_secret \(.*\) is shorter than 32 bytes: anyone who guesses it can sign in as anyone/);
    assert.match(server.log, /WARN {2}conf auth\.max_password_length \(.*\) is taken for 256/);
    assert.match(server.log, /WARN {2}conf .*: unknown section datafusion is ignored/);
    assert.match(readFileSync(join(server.folder, 'logs', 'server.log'), 'utf8'), /listens on/);
    assert.equal(await server.admin.value('SELECT 1'), '1');
});

// ---- all of them ----

test('every setting is shown to do something', async () => {
    const tests = join(dirname(fileURLToPath(import.meta.url)), '..');
    const names = await small.admin.column('SELECT name FROM system.settings');
    assert.ok(names.length > 60);
    assert.deepEqual(names.filter((name) => !shown.has(name) && !(name in ELSEWHERE)).sort(), UNSHOWN, 'settings without a test');
    assert.deepEqual([...shown, ...Object.keys(ELSEWHERE)].filter((name) => !names.includes(name)), [], 'tests of settings that are gone');
    for (const [name, [file, words]] of Object.entries(ELSEWHERE))
        assert.ok(readFileSync(join(tests, file), 'utf8').includes(words), `${name}: ${file} has no "${words}"`);
    const page = readFileSync(join(root, 'docs/SETTINGS.md'), 'utf8');
    for (const name of names) assert.ok(page.includes(`\`${name.slice(name.lastIndexOf('.') + 1)}\``), `${name} is not in docs/SETTINGS.md`);
});

test('every metric is documented, and every documented metric is there', async () => {
    const page = readFileSync(join(root, 'docs/METRICS.md'), 'utf8');
    const documented = [...page.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]).sort();
    assert.deepEqual((await small.admin.column('SELECT metric_name FROM system.stats')).sort(), documented);
});

test('every code of an error is documented', () => {
    const page = readFileSync(join(root, 'docs/ERRORS.md'), 'utf8');
    const sources = ['src/net', 'src/api'].flatMap((folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.c'))
        .map((name) => readFileSync(join(root, folder, name), 'utf8'))).join('\n');
    const codes = [
        ...sources.matchAll(/net_refusal \w+ = \{\s*\d+,\s*"([A-Z_]+)"/g), // src/net
        ...sources.matchAll(/auth_fail\([^;]*?\d{3},\s*"([a-z_]+)"/g),
        ...sources.matchAll(/\{\d{3}, "([a-z_]+)"\}/g), // outcomes of the setup
        ...sources.matchAll(/refuse\([^;]*?"([A-Z_]{6,})"/g), // who is asking
        ...sources.matchAll(/KDB_LIT\("([A-Z_]{6,})"\)/g),
        ...sources.matchAll(/ws_send_error\([^;]*?"([A-Z_]{6,})"/g),
        ...sources.matchAll(/return "([A-Z_]{6,})";/g), // src/api/ws_reply.c
    ].map((match) => match[1]).filter((code) => !['OPTIONS', 'DELETE'].includes(code)); // those are methods
    assert.ok(new Set(codes).size > 20, [...new Set(codes)].join());
    for (const code of codes) assert.ok(page.includes(`\`${code}\``), `${code} is not in docs/ERRORS.md`);
});
