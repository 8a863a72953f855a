// SPDX-License-Identifier: Apache-2.0
// Starting and stopping: what survives, what is refused, what a configuration may say.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ADMIN, program, readyServer, Server, startServer, temporaryFolder, toml } from './lib/server.mjs';
import { counters, files, flush, scopeFolder, segments, test } from './lib/suite.mjs';
import { until } from './lib/until.mjs';

// Writes as fast as it can until the server is gone; what was acknowledged is in the list.
async function hammer(client, table, worker, acknowledged) {
    for (let i = 0; ; i++) {
        const id = worker * 1_000_000 + i;
        let answer;
        try {
            answer = await client.post(`INSERT INTO ${table} VALUES ($1, $2)`, [id, `w${worker}`]);
        } catch {
            return; // the connection is gone
        }
        if (answer.status === 503) return;
        assert.equal(answer.status, 200, answer.text);
        acknowledged.push(id);
    }
}

for (const durability of ['sync', 'async']) {
    for (const signal of ['SIGTERM', 'SIGINT']) {
        test(`${signal} under load loses nothing that was acknowledged (${durability})`, async (t) => {
            const server = await readyServer(t, { settings: { storage: { durability } } });
            await server.admin.run("CREATE NAMESPACE r; CREATE USER TABLE r.t (id INT PRIMARY KEY, v TEXT) WITH (FLUSH_POLICY = 'rows:50')");
            const acknowledged = [];
            const workers = Array.from({ length: 8 }, (_, i) => hammer(server.admin, 'r.t', i, acknowledged));
            await until('some writes', () => {
                server.mustRun();
                return acknowledged.length > 300;
            });
            server.signal(signal);
            await server.ends();
            assert.deepEqual(server.exit, { code: 0, signal: null }, server.log);
            await Promise.all(workers);
            await server.start();
            const found = new Set(await server.admin.column('SELECT id FROM r.t'));
            const lost = acknowledged.filter((id) => !found.has(id));
            assert.deepEqual(lost, [], `${lost.length} of ${acknowledged.length} are lost`);
            assert.ok(found.size <= acknowledged.length + 8, 'at most what was under way is there besides');
            assert.equal(await server.admin.value('SELECT COUNT(*) FROM r.t'), String(found.size));
        });
    }
}

test('a statement that runs when the stop comes is answered', async (t) => {
    const server = await readyServer(t);
    await server.admin.run('CREATE NAMESPACE r; CREATE USER TABLE r.t (id INT PRIMARY KEY)');
    const digits = Array.from({ length: 10 }, (_, i) => `SELECT ${i} AS n`).join(' UNION ALL ');
    const answers = [0, 1].map(() => server.admin.post(
        `WITH d AS (${digits}) SELECT COUNT(*) FROM d a, d b, d c, d e, d f, d g WHERE a.n + b.n + c.n + e.n + f.n + g.n <> -1`));
    await until('they have arrived', async () => (await server.anonymous().send('GET', '/health')).status === 200);
    server.signal('SIGTERM');
    for (const answer of await Promise.all(answers)) {
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.body.results[0].rows, [['1000000']]);
    }
    await server.ends();
    assert.equal(server.exit.code, 0);
});

test('a second signal does not wait', async (t) => {
    const server = await readyServer(t, { settings: { execution: { handler_timeout_seconds: '1h' }, shutdown: { timeout_seconds: '1h' } } });
    const digits = Array.from({ length: 10 }, (_, i) => `SELECT ${i} AS n`).join(' UNION ALL ');
    const endless = server.admin.post(`WITH d AS (${digits}) SELECT SUM(a.n * b.n - c.n) FROM ${
        'abcefghijklm'.split('').map((name) => `d ${name}`).join(', ')}`).catch(() => null);
    await until('it has arrived', async () => (await server.anonymous().send('GET', '/health')).status === 200);
    server.signal('SIGTERM');
    await until('the stop has begun', () => /stopping/.test(server.log));
    server.signal('SIGTERM');
    await server.ends(30);
    await endless;
});

test('everything is there after a restart, and after a kill', async (t) => {
    const server = await readyServer(t, { settings: { flush: { default_row_limit: 0 } } });
    const { admin } = server;
    const alice = await server.addUser('alice');
    const pool = join(server.data, 'pool');
    await admin.run(`CREATE NAMESPACE r; ALTER NAMESPACE r SET OPTIONS (color = 'red'); CREATE STORAGE pool TYPE filesystem PATH '${pool}'`);
    await alice.run("CREATE USER TABLE r.t (id INT PRIMARY KEY, v TEXT NOT NULL DEFAULT 'x', d DECIMAL(8,2)) FLUSH POLICY ROWS 100000 WITH (deleted_retention = '9d')");
    await admin.run("CREATE USER TABLE r.p (id INT PRIMARY KEY) LOCATION REFERENCE 'pool'");
    await alice.run("INSERT INTO r.t VALUES (1, 'cold', 1.5), (2, 'cold', -0.5), (3, 'dead', 0)");
    await alice.run('INSERT INTO r.p VALUES (1)');
    await flush(admin, 'r.t');
    await flush(admin, 'r.p');
    await alice.run("UPDATE r.t SET v = 'changed' WHERE id = 2; DELETE FROM r.t WHERE id = 3; INSERT INTO r.t VALUES (4, 'hot', NULL)");
    await admin.run('DROP USER IF EXISTS nobody');
    const look = async () => ({
        rows: await alice.rows('SELECT * FROM r.t'),
        dead: await alice.rows('SELECT * FROM r.t WHERE _deleted = TRUE'),
        pooled: await alice.rows('SELECT * FROM r.p'),
        counters: [await counters(admin, 'r.t', 'alice'), await counters(admin, 'r.p', 'alice')],
        spaces: await admin.rows('SELECT * FROM system.namespaces ORDER BY name'),
        tables: await admin.rows('SELECT * FROM system.tables ORDER BY table_name'),
        schemas: await admin.rows('SELECT * FROM system.schemas ORDER BY table_id'),
        users: await admin.rows('SELECT user_id, role, email, created_at FROM system.users ORDER BY user_id'),
        storages: await admin.rows('SELECT * FROM system.storages ORDER BY storage_id'),
        usage: await admin.rows('SELECT location_name, usage_count FROM system.storage_locations ORDER BY location_name'),
        jobs: await admin.rows('SELECT job_id, status, parameters, result, metrics FROM system.jobs ORDER BY job_id'),
        describe: await admin.rows('DESCRIBE TABLE r.t'),
        files: files(server.data, /\.parquet$|\.json$/),
    });
    const before = await look();
    assert.equal(before.rows.length, 3);
    for (const end of ['stop', 'kill']) {
        await server[end]();
        await server.start();
        assert.deepEqual(await look(), before, `after a ${end}`);
    }
    await server.login('alice', 'a good one for user');
    await alice.refuses("INSERT INTO r.t VALUES (1, 'again', 0)", /Already exists/);
    await alice.run("INSERT INTO r.t VALUES (3, 'born again', 0)");
    const [seq] = await alice.column('SELECT _seq FROM r.t WHERE id = 3');
    for (const row of [...before.rows, ...before.dead]) assert.ok(BigInt(seq) > BigInt(row[3]), 'sequences go on');
});

// ---- the data folder ----

test('the data folder belongs to its owner alone', async (t) => {
    const server = await startServer(t);
    assert.equal(statSync(server.data).mode & 0o777, 0o700);
    assert.equal(statSync(join(server.data, 'jwt_secret')).mode & 0o777, 0o600);
    assert.equal(readFileSync(join(server.data, 'FORMAT'), 'utf8').trim(), '1');
});

test('a second server on the folder is refused, the first goes on', async (t) => {
    const first = await readyServer(t);
    const second = new Server({ data: first.data });
    t.after(() => second.destroy());
    const ended = await second.startFails();
    assert.equal(ended.code, 1);
    assert.match(ended.log, /in use by another server/);
    assert.ok(ended.log.includes(first.data), 'it names the folder');
    assert.equal(await first.admin.value("SELECT 'on'"), 'on');
    await first.stop();
    await second.start();
    assert.equal((await second.login(ADMIN.user, ADMIN.password)).user, ADMIN.user);
});

test('a port that is taken stops the start', async (t) => {
    const first = await startServer(t);
    const second = new Server({ settings: { server: { port: first.port } } });
    t.after(() => second.destroy());
    const ended = await second.startFails();
    assert.equal(ended.code, 1);
    assert.match(ended.log, new RegExp(`${first.port}`));
});

test('a folder of a newer release is refused, and so is a damaged mark', async (t) => {
    const server = await startServer(t);
    await server.stop();
    const mark = join(server.data, 'FORMAT');
    const good = readFileSync(mark);
    for (const [text, says] of [['2\n', /format 2.*newer release/s], ['999999999\n', /newer release/], ['', /FORMAT is damaged/], ['x', /FORMAT is damaged/], ['-1', /FORMAT is damaged/]]) {
        writeFileSync(mark, text);
        const ended = await server.startFails();
        assert.equal(ended.code, 1);
        assert.match(ended.log, says);
        assert.equal(readFileSync(mark, 'utf8'), text, 'nothing is changed');
    }
    writeFileSync(mark, good);
    await server.start();
});

// ---- configuration ----

function fails(t, text, env, ...patterns) {
    const server = new Server({ env });
    t.after(() => server.destroy());
    if (text !== null) server.text = text;
    return server.startFails().then((ended) => {
        assert.equal(ended.code, 1, ended.log);
        for (const pattern of patterns) assert.match(ended.log, pattern);
        assert.ok(!existsSync(join(server.folder, 'data')), 'no data folder was made');
    });
}

test('a bad value stops the start: its line and what is allowed', async (t) => {
    await fails(t, '[server]\nhost = "127.0.0.1"\nport = 70000\n', {}, /\b3\b/, /server\.port|port/, /65535/);
    await fails(t, '\n\n[storage]\ndurability = "maybe"\n', {}, /\b4\b/, /durability/, /sync, async/);
    await fails(t, '[server]\nport = "eighty"\n', {}, /\b2\b/, /port/);
    await fails(t, '[auth]\nhash_memory = "a lot"\n', {}, /\b2\b/, /hash_memory/);
    await fails(t, '[execution]\nhandler_timeout_seconds = "soon"\n', {}, /\b2\b/, /handler_timeout_seconds/);
    await fails(t, '[security]\ntrusted_proxy_ranges = ["10.0.0.0/33"]\n', {}, /\b2\b/, /trusted_proxy_ranges/);
    await fails(t, '[server\nport = 1\n', {}, /\b1\b/);
    await fails(t, '[server]\nport = 1\nport = 2\n', {}, /\b3\b/);
});

test('a bad variable stops the start and is named', async (t) => {
    await fails(t, null, { KALAMDB_SERVER_PORT: 'x' }, /KALAMDB_SERVER_PORT/);
    await fails(t, null, { KALAMDB_LOG_LEVEL: 'loud' }, /KALAMDB_LOG_LEVEL/, /error, warn, info, debug, trace/);
    await fails(t, null, { KALAMDB_COOKIE_SECURE: 'perhaps' }, /KALAMDB_COOKIE_SECURE/, /true/);
});

test('what it does not know is named and passed over', async (t) => {
    const server = new Server();
    t.after(() => server.destroy());
    server.text = `${toml({ server: { port: 0, nonsense: 7 }, storage: { data_path: server.data }, cluster: { id: 'x' }, 'storage.rocksdb': { mood: 'good' } })}`;
    await server.start();
    for (const word of ['nonsense', 'cluster', 'mood']) assert.match(server.log, new RegExp(`[Ww][Aa][Rr][Nn].*${word}`));
});

test('the environment wins over the file, an empty variable does not', async (t) => {
    const server = new Server({ settings: { server: { port: 1 }, logging: { level: 'info' } } });
    t.after(() => server.destroy());
    const elsewhere = join(server.folder, 'elsewhere');
    await server.start({ env: { KALAMDB_SERVER_PORT: '0', KALAMDB_SERVER_HOST: '127.0.0.1', KALAMDB_DATA_DIR: elsewhere, KALAMDB_LOG_LEVEL: '' } });
    assert.ok(existsSync(join(elsewhere, 'FORMAT')));
    assert.ok(!existsSync(join(server.folder, 'data')));
    assert.ok(server.port > 1);
});

test('without a file there are defaults, and what is used can be seen', async (t) => {
    const server = await readyServer(t, { settings: { limits: { engine_terms: 123 }, auth: { jwt_secret: 'do not show this: it is the key of all tokens' } } });
    const settings = Object.fromEntries(await server.admin.rows('SELECT name, value FROM system.settings'));
    assert.equal(settings['limits.engine_terms'], '123');
    assert.equal(settings['storage.durability'], 'sync');
    assert.equal(settings['auth.jwt_secret'], '***');
    const stats = Object.fromEntries(await server.admin.rows('SELECT metric_name, metric_value FROM system.stats'));
    for (const name of ['schema_cache_size', 'schema_registry_size', 'total_users', 'total_tables', 'server_version', 'server_workers_effective', 'max_connections'])
        assert.ok(name in stats, name);
    const folder = temporaryFolder('bare');
    const bare = spawn(program, [], { cwd: folder, env: { KALAMDB_SERVER_PORT: '0', PATH: process.env.PATH }, stdio: ['ignore', 'ignore', 'pipe'] });
    t.after(() => bare.kill('SIGKILL'));
    let log = '';
    bare.stderr.on('data', (data) => (log += data));
    await until('it says what to type', () => /Nobody can sign in yet/.test(log));
    assert.match(log, /listens on http:\/\/127\.0\.0\.1:\d+/);
    assert.ok(existsSync(join(folder, 'data', 'FORMAT')), 'its data is in ./data');
    const kalam = join(dirname(program), 'kalam');
    await until('it says what to type next', () => /Nobody can sign in yet[^]*\n\n$/.test(log));
    assert.ok(log.includes(`\n  ${kalam} --url http://127.0.0.1:${/listens on .*:(\d+)/.exec(log)[1]} --setup\n`), log);
    bare.kill('SIGTERM');
    await until('it stops', () => bare.exitCode !== null);
    assert.equal(bare.exitCode, 0);
});

test('the command line', () => {
    const run = (...args) => spawnSync(program, args, { encoding: 'utf8' });
    assert.match(run('--version').stdout, /^kalamdb \d+\.\d+\.\d+/);
    assert.equal(run('--version').status, 0);
    assert.match(run('--help').stdout, /usage: kalamdb \[CONFIG\.toml\]/);
    assert.match(run('--settings').stdout, /\[server\]/);
    for (const args of [['--nonsense'], ['a.toml', 'b.toml']]) {
        const wrong = run(...args);
        assert.equal(wrong.status, 2);
        assert.match(wrong.stderr, /usage: /);
    }
    const missing = run('/nonexistent/server.toml');
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /\/nonexistent\/server\.toml/);
});

test('the sample of --settings is a configuration that starts', async (t) => {
    const sample = spawnSync(program, ['--settings'], { encoding: 'utf8' }).stdout;
    const server = new Server({ env: { KALAMDB_SERVER_PORT: '0' } });
    t.after(() => server.destroy());
    server.env.KALAMDB_DATA_DIR = server.data;
    server.text = sample;
    await server.start();
});

test('logs are lines of JSON when asked, with request ids', async (t) => {
    const folder = temporaryFolder('logs');
    const server = await readyServer(t, {
        settings: { logging: { format: 'json', logs_path: folder, slow_query_threshold_ms: '1ms', level: 'debug' } },
    });
    const digits = Array.from({ length: 10 }, (_, i) => `SELECT ${i} AS n`).join(' UNION ALL ');
    await server.admin.json('POST', '/v1/api/sql', { sql: `WITH d AS (${digits}) SELECT COUNT(*) FROM d a, d b, d c, d e, d f` }, { 'X-Request-ID': 'find-me-4711' });
    const lines = await until('the slow statement is logged', () => {
        const all = readFileSync(join(folder, 'server.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
        return all.some((line) => line.request_id === 'find-me-4711') ? all : null;
    });
    for (const line of lines) assert.ok(line.level && line.message !== undefined, JSON.stringify(line));
    await server.stop();
    assert.ok(existsSync(join(folder, 'server.jsonl')));
});

test('a flush that a stop interrupts is taken up again', async (t) => {
    const server = await readyServer(t, { settings: { shutdown: { timeout_seconds: '1s' }, 'shutdown.flush': { timeout: 'off' } } });
    const { admin } = server;
    await admin.run("CREATE NAMESPACE r; CREATE USER TABLE r.t (id INT PRIMARY KEY, v TEXT) WITH (FLUSH_POLICY = 'rows:2000')");
    const rows = (from) => Array.from({ length: 1000 }, (_, i) => `(${from + i}, 'v')`).join(',');
    for (let i = 0; i < 10; i++) await admin.run(`INSERT INTO r.t VALUES ${rows(i * 1000)}`);
    await server.restart();
    assert.equal(await admin.value('SELECT COUNT(*) FROM r.t'), '10000');
    await until('it is flushed', async () => (await counters(admin, 'r.t', 'admin')).hot < 2000);
    assert.deepEqual(await admin.column('SELECT id FROM r.t'), Array.from({ length: 10000 }, (_, i) => i));
    assert.ok(segments(scopeFolder(server, 'admin', 'r.t')).length >= 1);
});
