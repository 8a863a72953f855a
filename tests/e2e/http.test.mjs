// SPDX-License-Identifier: Apache-2.0
// HTTP itself: connections, routes, limits, CORS, health, TLS.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readyServer, Server, startServer, temporaryFolder } from './lib/server.mjs';
import { test, testStop } from './lib/suite.mjs';
import { until } from './lib/until.mjs';
import { HEALTH, Wire as AnyWire } from './lib/wire.mjs';

const server = await readyServer(null, {
    settings: {
        rate_limit: { request_body_limit_bytes: '4MiB', max_auth_requests_per_ip_per_sec: 10000 },
        performance: { client_request_timeout: '2s', request_timeout: '2s' },
    },
});
const { admin } = server;
const anyone = server.anonymous();

// A connection to the suite's server, or to another one's port.
class Wire extends AnyWire {
    constructor(port = server.port) {
        super(port);
    }
}

// A statement that takes a worker a moment: 100,000 rows.
const DIGITS = Array.from({ length: 10 }, (_, i) => `SELECT ${i} AS n`).join(' UNION ALL ');
const SLOW = `WITH d AS (${DIGITS}) SELECT COUNT(*) FROM d a, d b, d c, d e, d f`;

function sqlRequest(sql, more = '') {
    const body = JSON.stringify({ sql });
    return `POST /v1/api/sql HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer ${admin.token}\r\n` +
        `Content-Type: application/json\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const cell = (answer) => JSON.parse(answer.body).results[0].rows[0][0];

// ---- connections ----

test('a connection serves one request after the other', async () => {
    const wire = new Wire();
    for (let i = 0; i < 5; i++) {
        const [answer] = await wire.write(sqlRequest(`SELECT 'n${i}'`)).answers(1);
        assert.equal(answer.status, 200);
        assert.equal(cell(answer), `n${i}`);
    }
    assert.ok(!wire.isClosed);
    wire.end();
});

test('requests sent ahead are answered in their order', async () => {
    const wire = new Wire();
    const count = 60;
    let all = '';
    for (let i = 0; i < count; i++) all += i % 3 === 2 ? HEALTH : sqlRequest(`SELECT 'n${i}'`);
    const answers = await wire.write(all).answers(count);
    answers.forEach((answer, i) => {
        assert.equal(answer.status, 200, answer.body);
        if (i % 3 === 2) assert.equal(JSON.parse(answer.body).status, 'healthy');
        else assert.equal(cell(answer), `n${i}`);
    });
    wire.end();
});

test('a fast request behind a slow one waits for its turn', async () => {
    const wire = new Wire();
    const answers = await wire.write(
        sqlRequest(SLOW) + sqlRequest("SELECT 'fast'") + 'GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n').answers(3);
    assert.equal(cell(answers[0]), '100000', answers[0].body);
    assert.equal(cell(answers[1]), 'fast');
    assert.equal(answers[2].status, 404);
    wire.end();
});

test('a request may arrive byte by byte, another in chunks', async () => {
    const wire = new Wire();
    wire.socket.setNoDelay(true);
    for (const byte of Buffer.from(sqlRequest("SELECT 'ü by bytes'"))) wire.write(Buffer.from([byte]));
    const [first] = await wire.answers(1);
    assert.equal(cell(first), 'ü by bytes');
    const body = JSON.stringify({ sql: "SELECT 'in chunks'" });
    const pieces = [body.slice(0, 3), body.slice(3, 4), body.slice(4)];
    const chunked = sqlRequest('x').split('Content-Length')[0] + 'Transfer-Encoding: chunked\r\n\r\n' +
        pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('') + '0\r\n\r\n';
    const answers = await wire.write(chunked + HEALTH).answers(2);
    assert.equal(cell(answers[0]), 'in chunks');
    assert.equal(answers[1].status, 200);
    wire.end();
});

test('a client that wants to close is closed', async () => {
    const wire = new Wire();
    const [answer] = await wire.write(sqlRequest('SELECT 1', 'Connection: close\r\n')).answers(1);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.connection, 'close');
    await wire.closed();
    const old = new Wire();
    const [second] = await old.write('GET /health HTTP/1.0\r\n\r\n').answers(1);
    assert.equal(second.status, 200);
    await old.closed();
});

test('100 Continue before a body that waits for it', async () => {
    const wire = new Wire();
    const [head, body] = sqlRequest("SELECT 'continued'", 'Expect: 100-continue\r\n').split('\r\n\r\n');
    const [go] = await wire.write(`${head}\r\n\r\n`).answers(1);
    assert.equal(go.status, 100);
    const [answer] = await wire.write(body).answers(1);
    assert.equal(cell(answer), 'continued');
    wire.end();
});

test('what two readers could read differently is refused and the connection closed', async () => {
    const sql = sqlRequest('SELECT 1');
    const bad = {
        'both lengths': sql.replace('Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length'),
        'two lengths': sql.replace('Content-Length', 'Content-Length: 5\r\nContent-Length'),
        'negative length': 'POST /v1/api/sql HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
        'length in words': 'POST /v1/api/sql HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n',
        'two authorizations': sql.replace('Content-Type', 'Authorization: Bearer x\r\nContent-Type'),
        'blank before the colon': 'GET /health HTTP/1.1\r\nHost : x\r\n\r\n',
        'folded header': 'GET /health HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n',
        'no version': 'GET /health\r\n\r\n',
        'rubbish': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n',
        'NUL in a header': 'GET /health HTTP/1.1\r\nHost: a\0b\r\n\r\n',
        'no host': 'GET /health HTTP/1.1\r\n\r\n',
        'bare line feeds': 'GET /health HTTP/1.1\nHost: x\n\n\r\n\r\n',
    };
    for (const [name, bytes] of Object.entries(bad)) {
        const wire = new Wire();
        wire.write(Buffer.from(bytes, 'latin1'));
        const [answer] = await wire.answers(1);
        assert.equal(answer.status, name === 'no version' ? 505 : 400, `${name}: ${answer.status} ${answer.body}`);
        await wire.closed();
        wire.end();
    }
    assert.equal(await admin.value("SELECT 'on'"), 'on');
});

test('other versions and methods are refused in so many words', async () => {
    for (const [bytes, statuses] of [
        ['GET /health HTTP/2.0\r\nHost: x\r\n\r\n', [400, 505]],
        ['BREW /health HTTP/1.1\r\nHost: x\r\n\r\n', [400, 405, 501]],
        ['TRACE /health HTTP/1.1\r\nHost: x\r\n\r\n', [405, 501]],
    ]) {
        const wire = new Wire();
        const [answer] = await wire.write(bytes).answers(1);
        assert.ok(statuses.includes(answer.status), `${bytes}: ${answer.status}`);
        wire.end();
    }
});

test('a client that dawdles is let go', async () => {
    const head = new Wire();
    head.write('GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const body = new Wire();
    body.write(sqlRequest('SELECT 1').replace(/Content-Length: \d+/, 'Content-Length: 1000'));
    await head.closed();
    await body.closed();
    for (const wire of [head, body]) {
        const answer = wire.take();
        if (answer) assert.equal(answer.status, 408);
        wire.end();
    }
});

test('a client that takes nothing of its answer is let go', async () => {
    const open = async () => Number(await admin.value("SELECT metric_value FROM system.stats WHERE metric_name = 'active_connections'"));
    const before = await open();
    const wire = new Wire();
    wire.socket.pause();
    wire.write(sqlRequest("SELECT repeat('x', 20000000), repeat('y', 20000000)"));
    await until('it is connected', async () => (await open()) > before);
    await until('it is cut off', async () => (await open()) <= before);
    wire.end();
});

test('clients that vanish in the middle leave the server well', async () => {
    const wires = Array.from({ length: 40 }, () => new Wire());
    wires.forEach((wire, i) => {
        if (i % 4 === 0) wire.write(sqlRequest(SLOW));
        else if (i % 4 === 1) wire.write(sqlRequest('SELECT 1').slice(0, 60));
        else if (i % 4 === 2) wire.write(sqlRequest("SELECT 'x'").repeat(20));
        wire.socket.resetAndDestroy?.() ?? wire.socket.destroy();
    });
    for (let i = 0; i < 10; i++) assert.equal(await admin.value("SELECT 'well'"), 'well');
});

// ---- routes ----

test('unknown paths and wrong methods', async () => {
    for (const path of ['/', '/v1', '/v1/api', '/v1/api/sql/', '/v1/api/sqlx', '/V1/API/SQL', '/healthz',
        '/readyz', '/v1/api/auth', '/%00', '/etc/passwd'])
        assert.ok([404, 400].includes((await anyone.send('GET', path)).status), path);
    assert.equal((await anyone.send('GET', '/nowhere')).status, 404);
    for (const [method, path, allowed] of [
        ['GET', '/v1/api/sql', 'POST'], ['GET', '/v1/api/auth/login', 'POST'], ['PUT', '/v1/api/sql', 'POST'],
        ['POST', '/health', 'GET'], ['DELETE', '/v1/api/auth/me', 'GET'],
    ]) {
        const answer = await anyone.send(method, path);
        assert.equal(answer.status, 405, `${method} ${path}`);
        assert.match(answer.headers.allow ?? '', new RegExp(allowed), `${method} ${path} says what is allowed`);
    }
});

test('the older path of SQL, and a query behind either', async () => {
    for (const path of ['/api/sql', '/v1/api/sql?trace=1']) {
        const answer = await admin.json('POST', path, { sql: "SELECT 'there'" });
        assert.equal(answer.body.results[0].rows[0][0], 'there', path);
    }
});

test('HEAD is GET without its body', async () => {
    const wire = new Wire();
    wire.write('HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n');
    const [head] = await wire.answers(1, true);
    const [get] = await wire.write(HEALTH).answers(1);
    assert.equal(head.status, 200);
    assert.equal(head.headers['content-length'], get.headers['content-length']);
    assert.equal(head.headers['content-type'], 'application/json');
    wire.end();
});

test('health says what clients read, to this machine alone', async () => {
    for (const path of ['/health', '/v1/api/healthcheck']) {
        const answer = await anyone.send('GET', path);
        assert.equal(answer.status, 200);
        assert.deepEqual(Object.keys(answer.body).sort(), ['api_version', 'build_date', 'status', 'version']);
        assert.equal(answer.body.status, 'healthy');
        assert.equal(answer.body.api_version, 'v1');
        for (const address of [{ headers: { 'X-Forwarded-For': '203.0.113.7' } }, { localAddress: '127.0.0.3' }]) {
            const refused = await anyone.send('GET', path, address);
            assert.equal(refused.status, 403);
            assert.deepEqual(refused.body, { error: 'Access denied. Health endpoint is localhost-only.' });
        }
    }
});

test('cluster health shows one node that leads itself', async () => {
    const { status, body } = await anyone.send('GET', '/v1/api/cluster/health');
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body).sort(), ['build_date', 'cluster_id', 'current_term', 'groups_leading',
        'is_cluster_mode', 'is_leader', 'last_applied', 'millis_since_quorum_ack', 'node_id', 'nodes', 'status',
        'total_groups', 'version']);
    assert.equal(body.is_cluster_mode, false);
    assert.equal(body.nodes.length, 1);
    assert.deepEqual(Object.keys(body.nodes[0]).sort(), ['api_addr', 'catchup_progress_pct', 'cpu_usage_percent',
        'hostname', 'is_leader', 'is_self', 'memory_usage_mb', 'node_id', 'replication_lag', 'role', 'status',
        'uptime_human', 'uptime_seconds']);
    assert.equal(body.nodes[0].role, 'leader');
    assert.equal(body.nodes[0].status, 'active');
    assert.equal(body.nodes[0].api_addr, server.url, 'the address it really has');
    const remote = await anyone.send('GET', '/v1/api/cluster/health', { headers: { 'X-Real-IP': '203.0.113.7' } });
    assert.equal(remote.status, 403);
    assert.deepEqual(remote.body, { error: 'Access denied. Cluster health is localhost-only.' });
});

// ---- CORS ----

test('a preflight is answered before any sign-in', async () => {
    const answer = await anyone.send('OPTIONS', '/v1/api/sql', {
        headers: {
            Origin: 'https://app.example.org',
            'Access-Control-Request-Method': 'POST',
            'Access-Control-Request-Headers': 'authorization, content-type',
        },
    });
    assert.ok([200, 204].includes(answer.status));
    assert.ok(['*', 'https://app.example.org'].includes(answer.headers['access-control-allow-origin']));
    const methods = answer.headers['access-control-allow-methods'].split(/, */);
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
        assert.ok(methods.includes(method), method);
    const headers = answer.headers['access-control-allow-headers'].toLowerCase().split(/, */);
    for (const header of ['authorization', 'content-type', 'accept', 'origin', 'x-requested-with'])
        assert.ok(headers.includes(header), header);
    assert.equal(answer.headers['access-control-max-age'], '3600');
    assert.equal(answer.headers['access-control-allow-credentials'], undefined);
});

test('answers carry CORS headers, errors too', async () => {
    const origin = { Origin: 'https://app.example.org' };
    const answers = [
        await admin.json('POST', '/v1/api/sql', { sql: 'SELECT 1' }, origin),
        await admin.json('POST', '/v1/api/sql', { sql: 'SELECT nothing' }, origin),
        await anyone.json('POST', '/v1/api/sql', { sql: 'SELECT 1' }, origin),
        await anyone.send('GET', '/nowhere', { headers: origin }),
    ];
    assert.deepEqual(answers.map((answer) => answer.status), [200, 400, 401, 404]);
    for (const answer of answers)
        assert.ok(['*', origin.Origin].includes(answer.headers['access-control-allow-origin']));
});

test('with origins configured, others get no CORS headers', async (t) => {
    const strict = await startServer(t, {
        settings: { 'security.cors': { allowed_origins: ['https://app.example.org'], allow_credentials: true, max_age: '60s' } },
    });
    const preflight = (Origin) => strict.anonymous().send('OPTIONS', '/v1/api/sql',
        { headers: { Origin, 'Access-Control-Request-Method': 'POST' } });
    const good = await preflight('https://app.example.org');
    assert.equal(good.headers['access-control-allow-origin'], 'https://app.example.org');
    assert.equal(good.headers['access-control-allow-credentials'], 'true');
    assert.equal(good.headers['access-control-max-age'], '60');
    assert.match(good.headers.vary, /origin/i);
    for (const origin of ['https://evil.example.org', 'http://app.example.org', 'https://app.example.org.evil.net', 'null'])
        assert.equal((await preflight(origin)).headers['access-control-allow-origin'], undefined, origin);
});

// ---- bodies ----

test('a body that is no SQL request is told so', async () => {
    const send = (body, type = 'application/json') => anyone.send('POST', '/v1/api/sql', {
        headers: { Authorization: `Bearer ${admin.token}`, ...(type && { 'Content-Type': type }) }, body,
    });
    const good = JSON.stringify({ sql: 'SELECT 1' });
    const bad = [
        ['{"sql":"SELECT 1"'], [''], ['{}'], ['[]'], ['null'], ['7'], ['"SELECT 1"'],
        ['{"sql":7}'], ['{"sql":null}'], ['{"sql":["SELECT 1"]}'], [`${good}x`], [`${good}${good}`],
        ["{'sql':'SELECT 1'}"], ['{"sql":"SELECT 1",}'], ['{sql:"SELECT 1"}'],
        ['{"sql":"SELECT 1","params":{}}'], ['{"sql":"SELECT 1","params":7}'], ['{"sql":"SELECT 1","namespace_id":7}'],
        ['{"sql":"SELECT \\ud800"}'], ['{"sql":"SELECT \\q"}'], [`${'['.repeat(100000)}`],
        [`{"a":${'{"a":'.repeat(5000)}1${'}'.repeat(5001)}`],
        [Buffer.concat([Buffer.from('{"sql":"SELECT \''), Buffer.from([0xff, 0xfe]), Buffer.from('\'"}')])],
        [Buffer.concat([Buffer.from('{"sql":"SELECT \''), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('\'"}')])],
        ['{"sql":"SELECT 1\n"}'],
        [good, 'text/plain'], [good, 'application/x-www-form-urlencoded'], [good, null], [good, 'application/jsonp'],
    ];
    for (const [body, type] of bad) {
        const answer = await send(body, type);
        const shown = `${String(body).slice(0, 80)} as ${type}: ${answer.text}`;
        assert.equal(answer.status, 400, shown);
        assert.equal(answer.body.status, 'error', shown);
        assert.deepEqual(answer.body.results, []);
        assert.equal(answer.body.error.code, 'INVALID_INPUT', shown);
        assert.match(answer.body.error.message, /^Invalid JSON payload: /, shown);
    }
    for (const type of ['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/vnd.kalam+json'])
        assert.equal((await send(good, type)).status, 200, type);
    const more = await send('{"extra":{"deep":[1]},"params":null,"namespace_id":null,"sql":"SELECT 1"}');
    assert.equal(more.status, 200, 'keys it does not know are ignored');
    const nobody = await anyone.send('POST', '/v1/api/sql',
        { headers: { 'Content-Type': 'application/json' }, body: '{' });
    assert.equal(nobody.status, 401, 'who asks comes before what');
});

test('a body beyond the limit is refused before it is read', async () => {
    const limit = 4 * 1024 * 1024;
    const wire = new Wire();
    const [declared] = await wire.write(
        `POST /v1/api/sql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${limit + 1}\r\n\r\n`)
        .answers(1);
    assert.equal(declared.status, 413);
    const body = JSON.parse(declared.body);
    assert.deepEqual(Object.keys(body).sort(), ['error', 'max_bytes', 'message', 'size_bytes']);
    assert.equal(body.error, 'BODY_TOO_LARGE');
    assert.equal(body.size_bytes, limit + 1);
    assert.equal(body.max_bytes, limit);
    await wire.closed();
    const chunked = new Wire();
    chunked.write(`${sqlRequest('x').split('Content-Length')[0]}Transfer-Encoding: chunked\r\n\r\n`);
    for (let i = 0; i < 5 && !chunked.isClosed; i++)
        chunked.write(`100000\r\n${'x'.repeat(0x100000)}\r\n`);
    const [late] = await chunked.answers(1);
    assert.equal(late.status, 413);
    chunked.end();
    assert.equal(await admin.value("SELECT 'on'"), 'on');
});

test('JSON beyond its own limit, and SQL beyond its', async () => {
    const large = await admin.post(`SELECT 1 -- ${'x'.repeat(1024 * 1024)}`);
    assert.equal(large.status, 400, large.text.slice(0, 300));
    assert.equal(large.body.error.code, 'INVALID_SQL');
    const larger = await admin.post(`SELECT 1 -- ${'x'.repeat(2 * 1024 * 1024)}`);
    assert.ok([400, 413].includes(larger.status), larger.text.slice(0, 300));
    const fits = await admin.post(`SELECT 1 -- ${'x'.repeat(1000 * 1000)}`);
    assert.equal(fits.status, 200);
    const login = await anyone.json('POST', '/v1/api/auth/login',
        { user: 'a', password: 'x'.repeat(3 * 1024 * 1024) });
    assert.ok([400, 413].includes(login.status));
    assert.match(login.headers['content-type'], /^text\/plain/);
});

test('a head beyond its limits is refused', async () => {
    for (const head of [
        `GET /health HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20000)}\r\n\r\n`,
        `GET /health HTTP/1.1\r\nHost: x\r\n${Array.from({ length: 150 }, (_, i) => `X-${i}: 1\r\n`).join('')}\r\n`,
        `GET /${'x'.repeat(20000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    ]) {
        const wire = new Wire();
        const [answer] = await wire.write(head).answers(1);
        assert.ok([431, 414].includes(answer.status), `${answer.status}`);
        await wire.closed();
        wire.end();
    }
});

test('a request id is kept and comes back, one that is odd is replaced', async () => {
    const ask = (sql, id) => admin.json('POST', '/v1/api/sql', { sql }, { 'X-Request-ID': id });
    const answer = await ask("SELECT 'x'", 'my-id-4711');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['x-request-id'], 'my-id-4711');
    for (const id of ['i'.repeat(5000), 'with blanks in it', '']) {
        const odd = await ask('SELECT nothing', id);
        assert.equal(odd.status, 400);
        assert.match(odd.headers['x-request-id'], /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    }
    assert.equal((await admin.post('SELECT 1')).headers['x-request-id'], undefined, 'nobody asked for one');
});

// ---- limits with other settings ----

test('more connections than allowed get 503', async (t) => {
    const small = await startServer(t, { settings: { performance: { max_connections: 4 } } });
    await until('the first connection is idle', async () =>
        (await small.anonymous().send('GET', '/health')).status === 200);
    const wires = [];
    for (let i = 0; i < 8; i++) {
        const wire = new Wire(small.port);
        wires.push(wire);
        wire.write(HEALTH);
        await until('answered or closed', () => wire.received.length > 0 || wire.isClosed);
    }
    const statuses = wires.map((wire) => wire.take()?.status);
    const served = statuses.filter((status) => status === 200).length;
    assert.ok(served >= 1 && served <= 4, statuses.join());
    assert.equal(statuses.filter((status) => status === 503).length, 8 - served, statuses.join());
    for (const wire of wires) wire.end();
    await until('room again', async () => (await small.anonymous().send('GET', '/health')).status === 200);
});

test('one user has a limit of queries per second', async (t) => {
    const strict = await readyServer(t, { settings: { rate_limit: { max_queries_per_sec: 2 } } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => strict.admin.post('SELECT 1')));
    const refused = answers.filter((answer) => answer.status === 429);
    assert.ok(refused.length >= 10, `${refused.length}`);
    for (const { body } of refused) {
        assert.equal(body.status, 'error');
        assert.deepEqual(body.results, []);
        assert.deepEqual(body.error, {
            code: 'RATE_LIMIT_EXCEEDED', message: 'Too many queries per second. Please slow down.',
        });
    }
});

test('a thousand connections at once', async () => {
    const wires = Array.from({ length: 1000 }, () => new Wire());
    for (const wire of wires) wire.write(HEALTH);
    for (const wire of wires) assert.equal((await wire.answers(1))[0].status, 200);
    for (const wire of wires) wire.end();
});

test('TLS by certificate files', async (t) => {
    const folder = temporaryFolder('tls');
    const certificate = join(folder, 'cert.pem');
    const key = join(folder, 'key.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
        '-subj', '/CN=localhost', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    const secure = await startServer(t, { settings: { tls: { certificate, private_key: key } } });
    assert.ok(secure.url.startsWith('https://'));
    await secure.setup();
    assert.equal(await secure.admin.value("SELECT 'over TLS'"), 'over TLS');
    const long = 'x'.repeat(300000);
    assert.equal(await secure.admin.value('SELECT $1', [long]), long);
    const login = await secure.anonymous().json('POST', '/v1/api/auth/login',
        { user: 'root', password: 'battery staple 2' });
    for (const cookie of login.headers['set-cookie']) assert.match(cookie, /; Secure/);
    const plain = new Wire(secure.port);
    plain.write(HEALTH);
    await plain.closed();
    assert.ok(!plain.received.includes('healthy'));
    assert.equal(await secure.admin.value("SELECT 'still'"), 'still');
});

test('half of a TLS setting stops the start', async (t) => {
    for (const tls of [{ certificate: '/nonexistent.pem' }, { certificate: '/nonexistent.pem', private_key: '/nonexistent.key' }]) {
        const broken = new Server({ settings: { tls } });
        t.after(() => broken.destroy());
        const ended = await broken.startFails();
        assert.equal(ended.code, 1);
        assert.match(ended.log, /tls|nonexistent/);
    }
});

testStop(server);
