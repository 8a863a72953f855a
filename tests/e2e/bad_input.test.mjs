// SPDX-License-Identifier: Apache-2.0
// Bad input of every kind: a clear error with its code, nothing else changes, the server goes on.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, truncateSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { readyServer, Server } from './lib/server.mjs';
import { files, flush, jobEnd, mirror, scopeFolder, segments, test, testStop } from './lib/suite.mjs';
import { until } from './lib/until.mjs';

const server = await readyServer();
const { admin } = server;
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
await admin.run('CREATE NAMESPACE bad; CREATE USER TABLE bad.t (id INT PRIMARY KEY, v TEXT NOT NULL, n SMALLINT, d DATE)');
await alice.run("INSERT INTO bad.t VALUES (1, 'cold', 1, '2026-01-01'), (2, 'cold', 2, NULL)");
await flush(admin, 'bad.t');
await alice.run("INSERT INTO bad.t VALUES (3, 'hot', 3, NULL)");

// Everything that must not change.
async function state() {
    return {
        rows: await alice.rows('SELECT * FROM bad.t'),
        bob: await bob.rows('SELECT * FROM bad.t'),
        tables: await admin.rows('SELECT namespace_id, table_name FROM system.tables ORDER BY table_name'),
        spaces: await admin.rows('SELECT name FROM system.namespaces ORDER BY name'),
        users: await admin.rows('SELECT user_id, role FROM system.users ORDER BY user_id'),
        storages: await admin.rows('SELECT storage_id FROM system.storages'),
        files: files(server.data, /\.(parquet|json|tmp)$/).filter((path) => !path.startsWith('rocksdb')),
    };
}

const S = 'SQL_EXECUTION_ERROR';
const CASES = [
    ['a USER path without the user', "CREATE USER TABLE bad.x (id INT PRIMARY KEY) LOCATION 'everyone'", S, /\$\{user_id\}/],
    ['a bad name of a table', 'CREATE USER TABLE bad."No-Good" (id INT PRIMARY KEY)', S, /No-Good/],
    ['a bad name of a namespace', 'CREATE NAMESPACE "No-Good"', S, /No-Good/],
    ['a bad name of a column', 'CREATE USER TABLE bad.x (id INT PRIMARY KEY, "a b" INT)', S, /a b/],
    ['a namespace that is not there', 'CREATE USER TABLE nowhere.x (id INT PRIMARY KEY)', S, /nowhere/],
    ['an unknown column, read', 'SELECT nope FROM bad.t', S, /nope/],
    ['an unknown column, written', "INSERT INTO bad.t (id, v, nope) VALUES (9, 'x', 1)", S, /nope/],
    ['an unknown column, changed', "UPDATE bad.t SET nope = 1 WHERE id = 1", S, /nope/],
    ['an unknown column in a filter', 'DELETE FROM bad.t WHERE nope = 1', S, /nope/],
    ['a number out of range', "INSERT INTO bad.t VALUES (9, 'x', 40000, NULL)", S, /range|40000/i],
    ['a number out of range by computing', 'UPDATE bad.t SET n = n * 30000 WHERE id >= 1', S, /range/i],
    ['a date that is none', "INSERT INTO bad.t VALUES (9, 'x', 1, '2026-02-30')", S, /2026-02-30/],
    ['a missing NOT NULL value', 'INSERT INTO bad.t (id) VALUES (9)', S, /not null/i],
    ['NULL where it may not be', 'UPDATE bad.t SET v = NULL WHERE id = 1', S, /not null/i],
    ['a key that is hot', "INSERT INTO bad.t VALUES (9, 'x', 1, NULL), (3, 'x', 1, NULL)", S, /^Statement 1 failed: Already exists: /],
    ['a key that is cold', "INSERT INTO bad.t VALUES (9, 'x', 1, NULL), (1, 'x', 1, NULL)", S, /^Statement 1 failed: Already exists: /],
    ['a key twice in a statement', "INSERT INTO bad.t VALUES (9, 'x', 1, NULL), (9, 'y', 1, NULL)", S, /^Statement 1 failed: Already exists: /],
    ['an unknown table', 'SELECT * FROM bad.nothing', S, 'SQL statement failed'],
    ['an unknown table, written', 'INSERT INTO bad.nothing VALUES (1)', S, 'SQL statement failed'],
    ['division by zero', 'UPDATE bad.t SET n = n / 0 WHERE id = 1', S, /division by zero/i],
    ['text that is no number', "SELECT 'abc'::int", S, /abc/],
    ['an unknown function', 'SELECT frobnicate(1)', S, /frobnicate/],
    ['an unknown type', 'SELECT 1::frobnitz', S, /frobnitz/],
    ['no SQL at all', 'frobnicate the table', 'INVALID_SQL', /frobnicate/],
    ['half a statement', 'SELECT * FROM', 'INVALID_SQL', /./],
    ['an unterminated string', "SELECT 'open", 'BATCH_PARSE_ERROR', /./],
    ['an unterminated name', 'SELECT "open', 'BATCH_PARSE_ERROR', /./],
    ['an unterminated comment', 'SELECT 1 /* open', 'BATCH_PARSE_ERROR', /./],
    ['an empty quoted name', 'SELECT ""', 'INVALID_SQL', /./],
    ['a NUL in the SQL', "SELECT 'a\0b'", undefined, /./],
    ['a NUL between words', 'SELECT\0 1', undefined, /./],
    ['an aggregate in a filter', 'SELECT id FROM bad.t WHERE COUNT(*) > 1', S, /./],
    ['a column that is not grouped', 'SELECT v, COUNT(*) FROM bad.t GROUP BY n', S, /\bv\b/],
    ['a subquery with two columns', 'SELECT (SELECT id, v FROM bad.t)', S, /./],
    ['a subquery with two rows', 'SELECT (SELECT id FROM bad.t)', S, /./],
    ['set operations of different widths', 'SELECT 1 UNION SELECT 1, 2', S, /./],
    ['an ambiguous column', 'SELECT id FROM bad.t a, bad.t b', S, /id/],
    ['a negative LIMIT', 'SELECT id FROM bad.t LIMIT -1', S, /./],
    ['a table named twice', 'SELECT 1 FROM bad.t a, bad.t a', S, /\ba\b/],
];

for (const [name, sql, code, says] of CASES) {
    test(`${name}`, async () => {
        const before = await state();
        const answer = await alice.post(sql);
        const isAdmins = /^CREATE NAMESPACE/.test(sql);
        const { status, body, text } = isAdmins ? await admin.post(sql) : answer;
        assert.equal(status, 400, text);
        assert.equal(body.status, 'error');
        if (code) assert.equal(body.error.code, code, text);
        if (says instanceof RegExp) assert.match(body.error.message, says);
        else assert.equal(body.error.message, says);
        assert.deepEqual(await state(), before);
    });
}

test('NUL bytes in values', async () => {
    await alice.refuses('SELECT $1', /NUL/, { code: 'INVALID_PARAMETER', params: ['a\0b'] });
    assert.equal((await alice.post('SELECT chr(0)')).status, 400);
    assert.equal((await alice.post("SELECT E'a\\000b'")).status, 400);
    assert.equal((await alice.post("SELECT U&'a\\0000b'")).status, 400);
});

test('invalid UTF-8, whichever way in', async () => {
    for (const bytes of [[0xff], [0xc0, 0xaf], [0xe2, 0x82], [0xf4, 0x90, 0x80, 0x80], [0xed, 0xa0, 0x80]]) {
        const body = Buffer.concat([Buffer.from('{"sql":"SELECT \'a'), Buffer.from(bytes), Buffer.from('b\'"}')]);
        const answer = await alice.send('POST', '/v1/api/sql', {
            headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${alice.token}` }, body,
        });
        assert.equal(answer.status, 400, answer.text);
        assert.equal(answer.body.error.code, 'INVALID_INPUT');
    }
    assert.equal((await alice.post("SELECT E'\\xff'")).status, 400);
});

// ---- size and depth ----

const refusedSoon = async (who, sql, params) => {
    const answer = await who.post(sql, params);
    assert.equal(answer.status, 400, `${sql.slice(0, 60)}…: ${answer.text.slice(0, 300)}`);
    assert.ok(answer.body.error.message.length > 10 && answer.body.error.message.length < 1000, answer.body.error.message);
    return answer.body.error;
};

test('nesting: deep enough works, too deep is refused', async () => {
    const nest = (open, middle, close, depth) => open.repeat(depth) + middle + close.repeat(depth);
    assert.equal(await alice.value(`SELECT ${nest('(', '1', ')', 200)}`), '1');
    assert.equal(await alice.value(`SELECT ${nest('abs(', '-1', ')', 100)}`), 1);
    assert.equal(await alice.value(nest('SELECT (', 'SELECT 1', ')', 20)), 1);
    for (const sql of [
        `SELECT ${nest('(', '1', ')', 30000)}`,
        `SELECT ${nest('abs(', '1', ')', 10000)}`,
        `SELECT ${nest('1-(', '1', ')', 20000)}`,
        `SELECT ${'NOT '.repeat(50000)} TRUE`,
        `SELECT ${nest('CASE WHEN TRUE THEN ', '1', ' END', 5000)}`,
        `SELECT ${nest('(SELECT ', '1', ')', 5000)}`,
        `SELECT * FROM ${nest('(SELECT * FROM ', 'bad.t', ') AS x', 3000)}`,
        `SELECT id FROM bad.t WHERE ${nest('id IN (SELECT id FROM bad.t WHERE ', 'TRUE', ')', 3000)}`,
        `SELECT ${'1+'.repeat(100000)}1`,
        `SELECT ${nest('coalesce(NULL, ', '1', ')', 10000)}`,
        `SELECT ${'('.repeat(500000)}`,
        `SELECT id FROM bad.t WHERE ${nest('(id = 1 OR (', 'TRUE', '))', 10000)}`,
        `SELECT CAST(${'CAST('.repeat(10000)}1${' AS INT)'.repeat(10000)} AS INT)`,
        `SELECT 1${'::int'.repeat(50000)}`,
        Array.from({ length: 20000 }, () => 'SELECT 1').join(' UNION ALL '),
        `SELECT 'a'${" || 'a'".repeat(60000)}`,
        `CREATE USER TABLE bad.deep (id INT PRIMARY KEY, c INT DEFAULT ${nest('(', '1', ')', 30000)})`,
    ])
        await refusedSoon(alice, sql);
    assert.equal(await alice.value('SELECT COUNT(*) FROM bad.t'), '3');
});

test('a chain within reason works', async () => {
    assert.equal(await alice.value(`SELECT ${'1+'.repeat(300)}1`), 301);
    assert.equal(await alice.value(`SELECT length('a'${" || 'a'".repeat(300)})`), 301);
    const [first, last] = ['SELECT 1 AS n', 'SELECT 1'];
    assert.equal((await alice.rows(`${first}${` UNION ALL ${last}`.repeat(99)}`)).length, 100);
    assert.equal((await alice.one(`SELECT ${Array.from({ length: 1000 }, (_, i) => `${i} AS c${i}`).join(', ')}`)).rows[0].length, 1000);
});

test('twenty thousand ORs: answered on the row path', async () => {
    const terms = (count, each) => Array.from({ length: count }, (_, i) => each(i)).join(' OR ');
    assert.deepEqual(await alice.column(`SELECT id FROM bad.t WHERE ${terms(20000, (i) => `id = ${i * 3}`)}`), [3]);
    assert.deepEqual(await alice.column(`SELECT id FROM bad.t WHERE ${terms(20000, (i) => (i % 2 ? `n = ${i + 2}` : `v = 'x${i}'`))}`), [3]);
    assert.deepEqual(await alice.column(`SELECT id FROM bad.t WHERE ${terms(5000, (i) => `(id > ${i + 1} AND id < ${i + 3})`)}`), [2, 3]);
    assert.equal(await alice.changes(`UPDATE bad.t SET n = n WHERE ${terms(20000, (i) => `id = ${i}`)}`), 0);
    assert.match((await refusedSoon(alice, `SELECT id FROM bad.t WHERE ${terms(20001, (i) => `id = ${i}`)}`)).message, /20000|row_terms/);
});

test('twenty thousand ORs: on the engine path equals work, others are refused in time', async () => {
    const terms = (count, each) => Array.from({ length: count }, (_, i) => each(i)).join(' OR ');
    assert.equal(await alice.value(`SELECT COUNT(*) FROM bad.t WHERE ${terms(20000, (i) => `id = ${i}`)}`), '3');
    assert.equal(await alice.value(`SELECT COUNT(*) FROM bad.t WHERE ${terms(20000, (i) => `n = ${i}`)}`), '3');
    assert.equal(await alice.value(`SELECT COUNT(*) FROM bad.t WHERE ${terms(20000, (i) => `_seq = ${i}`)}`), '0');
    assert.equal(await alice.value(`SELECT COUNT(*) FROM bad.t WHERE ${terms(10000, (i) => `id = ${i + 5_000_000_000}`)} OR id = 2`), '1');
    assert.equal(await alice.value(`SELECT COUNT(*) FROM bad.t WHERE ${terms(20000, (i) => `v = 'x${i}'`)}`), '0');
    const error = await refusedSoon(alice, `SELECT COUNT(*) FROM bad.t WHERE ${terms(20000, (i) => `n < ${-i}`)}`);
    assert.match(error.message, /engine_terms/);
    assert.equal(await alice.value(`SELECT COUNT(*) FROM bad.t WHERE ${terms(300, (i) => `(id > ${i} AND id < ${i + 2})`)}`), '3');
});

test('very many joined tables: those that the engine plans in time, and no more', async () => {
    const joined = (count) => `SELECT COUNT(*) FROM bad.t t0${Array.from({ length: count - 1 }, (_, i) => ` JOIN bad.t t${i + 1} ON t${i + 1}.id = t${i}.id`).join('')}`;
    assert.equal(await alice.value(joined(40)), '3');
    assert.match((await refusedSoon(alice, joined(200))).message, /at most 64 tables in one FROM \(limits\.engine_tables\)/);
});

test('very many queries in one: those that the engine plans in time, and no more', async () => {
    const list = (count, each) => Array.from({ length: count }, (_, i) => each(i)).join(', ');
    const commons = (count) => `WITH ${list(count, (i) => `c${i} AS (SELECT MAX(id) AS m FROM bad.t)`)} SELECT ${list(count, (i) => `(SELECT m FROM c${i})`)}`;
    const scalars = (count) => `SELECT ${list(count, (i) => `(SELECT MAX(id) FROM bad.t x WHERE x.id = t.id + ${i})`)} FROM bad.t`;
    assert.equal((await alice.one(commons(90))).rows[0].length, 90);
    assert.equal((await alice.one(scalars(90))).rows.length, 3);
    for (const sql of [commons(1000), scalars(1000), `WITH ${list(3000, (i) => `c${i} AS (SELECT 1)`)} SELECT COUNT(*) FROM c1`])
        assert.match((await refusedSoon(alice, sql)).message, /at most 200 subqueries, common tables and parts of set operations$/);
});

test('very many values', async () => {
    assert.equal(await alice.value(`SELECT COUNT(*) FROM bad.t WHERE id IN (${Array.from({ length: 19000 }, (_, i) => i).join(',')})`), '3');
    assert.deepEqual(await alice.column(`SELECT id FROM bad.t WHERE id NOT IN (${Array.from({ length: 19000 }, (_, i) => i + 2).join(',')})`), [1]);
    assert.match((await refusedSoon(alice, `SELECT id FROM bad.t WHERE id IN (${Array.from({ length: 30000 }, (_, i) => i).join(',')})`)).message, /row_terms/);
    await admin.run('CREATE USER TABLE bad.wide (id INT PRIMARY KEY, v TEXT)');
    assert.equal(await alice.changes(`INSERT INTO bad.wide VALUES ${Array.from({ length: 40000 }, (_, i) => `(${i},'v')`).join(',')}`), 40000);
    const large = 'x'.repeat(900_000);
    assert.equal(await alice.changes(`INSERT INTO bad.wide VALUES (-1, '${large}')`), 1);
    assert.equal(await alice.value('SELECT v FROM bad.wide WHERE id = -1'), large);
    await flush(admin, 'bad.wide');
    assert.equal(await alice.value('SELECT v FROM bad.wide WHERE id = -1'), large);
    const key = 'k'.repeat(1025);
    await admin.run('CREATE USER TABLE bad.keys (k TEXT PRIMARY KEY)');
    assert.match((await refusedSoon(alice, `INSERT INTO bad.keys VALUES ('${key}')`)).message, /key/i);
    assert.equal(await alice.changes(`INSERT INTO bad.keys VALUES ('${key.slice(25)}')`), 1);
    await refusedSoon(alice, `CREATE USER TABLE bad.columns (id INT PRIMARY KEY, ${Array.from({ length: 20000 }, (_, i) => `c${i} INT`).join(', ')})`);
    assert.equal((await alice.post(Array.from({ length: 10001 }, () => 'SELECT 1').join(';'))).status, 400);
});

test('a statement has its time', async (t) => {
    const brief = await readyServer(t, { settings: { execution: { handler_timeout_seconds: '500ms' } } });
    const digits = Array.from({ length: 10 }, (_, i) => `SELECT ${i} AS n`).join(' UNION ALL ');
    const endless = `WITH d AS (${digits}) SELECT SUM(a.n * b.n - c.n) FROM ${'abcefghijklm'.split('').map((name) => `d ${name}`).join(', ')}`;
    const answer = await brief.admin.post(endless);
    assert.equal(answer.status, 400, answer.text);
    assert.match(answer.body.error.message, /time|cancel/i);
    assert.equal(await brief.admin.value("SELECT 'on'"), 'on');
});

test('memory has its bound', async () => {
    for (const sql of ["SELECT repeat('x', 2000000000)", "SELECT length(repeat(repeat('x', 100000), 100000))", "SELECT lpad('x', 2147483647, 'y')"])
        await refusedSoon(alice, sql);
    assert.equal(await alice.value("SELECT 'on'"), 'on');
});

// ---- damaged and missing files ----

async function withFlushed(table) {
    await admin.run(`CREATE USER TABLE ${table} (id INT PRIMARY KEY, v TEXT)`);
    for (const who of [alice, bob]) await who.run(`INSERT INTO ${table} VALUES ${Array.from({ length: 500 }, (_, i) => `(${i}, 'value ${i} of ${who.user}')`).join(',')}`);
    await flush(admin, table);
    const folder = scopeFolder(server, 'alice', table);
    return join(folder, segments(folder)[0]);
}

const DAMAGES = {
    'cut short': (file) => truncateSync(file, Math.floor(statSync(file).size / 2)),
    empty: (file) => truncateSync(file, 0),
    'of rubbish': (file) => writeFileSync(file, Buffer.alloc(statSync(file).size, 'rubbish ')),
    missing: (file) => unlinkSync(file),
    'a folder': (file) => { unlinkSync(file); mkdirSync(file); },
};
let damaged = 0;
test('EXECUTE AS USER for what can be nobody\'s id', async () => {
    const before = await state();
    for (const id of ['x'.repeat(129), 'x'.repeat(5000), 'a/b', '..', 'a\\b'])
        await admin.refuses(`EXECUTE AS USER '${id}' (SELECT * FROM bad.t)`, /a user id has up to 128 bytes/, { code: 'INVALID_INPUT' });
    assert.deepEqual(await admin.rows(`EXECUTE AS USER '${'x'.repeat(128)}' (SELECT * FROM bad.t)`), []);
    assert.deepEqual(await state(), before);
});

for (const [name, damage] of Object.entries(DAMAGES)) {
    test(`a Parquet file that is ${name}`, async () => {
        const table = `bad.damaged_${damaged++}`;
        const file = await withFlushed(table);
        const good = readFileSync(file);
        await server.restart(); // nothing of it is in memory
        damage(file);
        for (const sql of [`SELECT v FROM ${table} WHERE id = 7`, `SELECT * FROM ${table}`, `SELECT COUNT(v), MAX(v) FROM ${table}`,
            `UPDATE ${table} SET v = 'x' WHERE id = 7`, `DELETE FROM ${table} WHERE v LIKE '%7%'`]) {
            const answer = await alice.post(sql);
            assert.ok([400, 500].includes(answer.status), `${sql}: ${answer.text.slice(0, 200)}`);
            assert.equal(answer.body.status, 'error');
            assert.ok(!answer.text.includes(server.data), 'a path is nobody else\'s business');
            const told = await admin.post(`EXECUTE AS USER 'alice' (${sql})`);
            assert.notEqual(told.status, 200, sql);
        }
        assert.equal(await bob.value(`SELECT COUNT(*) FROM ${table}`), '500', 'others read theirs');
        assert.equal(await alice.changes(`INSERT INTO ${table} VALUES (1000, 'new')`), 1, 'what needs no file works');
        assert.deepEqual(await alice.rows(`SELECT v FROM ${table} WHERE id = 1000`), [['new']]);
        assert.deepEqual(await alice.column('SELECT id FROM bad.t'), [1, 2, 3], 'other tables too');
        rmSync(file, { recursive: true, force: true });
        writeFileSync(file, good);
        assert.equal(await alice.value(`SELECT COUNT(*) FROM ${table}`), '501', 'and it is well when the file is back');
        assert.deepEqual(await alice.rows(`SELECT v FROM ${table} WHERE id = 7`), [['value 7 of alice']]);
    });
}

test('a Parquet file with one changed byte is noticed or harmless', async () => {
    const table = 'bad.bits';
    const file = await withFlushed(table);
    const good = readFileSync(file);
    const expected = await alice.rows(`SELECT id, v FROM ${table}`);
    for (let i = 0; i < 12; i++) {
        const bad = Buffer.from(good);
        bad[Math.floor((good.length - 1) * i / 11)] ^= 0x55;
        writeFileSync(file, bad);
        const answer = await alice.post(`SELECT id, v FROM ${table} JOIN (SELECT 1 AS one) AS o ON one = 1 ORDER BY id`);
        if (answer.status !== 200) assert.ok([400, 500].includes(answer.status), answer.text);
        assert.equal((await alice.post('SELECT 1')).status, 200);
    }
    writeFileSync(file, good);
    assert.deepEqual(await alice.rows(`SELECT id, v FROM ${table}`), expected);
});

test('a manifest mirror that is missing or rubbish does not matter, and is written anew', async () => {
    const table = 'bad.mirror';
    await withFlushed(table);
    const folder = scopeFolder(server, 'alice', table);
    unlinkSync(join(folder, 'manifest.json'));
    assert.equal(await alice.value(`SELECT COUNT(*) FROM ${table}`), '500');
    await server.restart();
    assert.equal(await alice.value(`SELECT COUNT(*) FROM ${table}`), '500');
    await alice.run(`INSERT INTO ${table} VALUES (1000, 'new')`);
    await flush(admin, table);
    assert.equal(mirror(folder).segments.length, 2);
    writeFileSync(join(folder, 'manifest.json'), '{"segments": [');
    await alice.run(`INSERT INTO ${table} VALUES (1001, 'new')`);
    await flush(admin, table);
    assert.equal(mirror(folder).segments.length, 3);
    assert.equal(await alice.value(`SELECT COUNT(*) FROM ${table}`), '502');
});

test('schema files that are missing do not matter either', async () => {
    rmSync(join(server.data, 'schemas', 'bad', 't'), { recursive: true });
    await server.restart();
    assert.deepEqual(await alice.column('SELECT id FROM bad.t'), [1, 2, 3]);
});

// ---- folders that cannot be written to ----

const asRoot = process.getuid() === 0 ? 'a read-only folder means nothing to root' : false;

test('a folder that became read-only fails the flush and keeps the rows', { skip: asRoot }, async () => {
    const table = 'bad.readonly';
    await withFlushed(table);
    const folder = scopeFolder(server, 'alice', table);
    chmodSync(folder, 0o500);
    await alice.run(`INSERT INTO ${table} VALUES (1000, 'new')`);
    const id = /Job ID: (\S+)/.exec(await admin.message(`STORAGE FLUSH TABLE ${table}`))[1];
    const job = await jobEnd(admin, id);
    assert.equal(job.status, 'failed', JSON.stringify(job));
    assert.ok(job.trace.length > 0 && job.message.length > 0);
    assert.equal(await alice.value(`SELECT COUNT(*) FROM ${table}`), '501');
    assert.equal(await alice.changes(`UPDATE ${table} SET v = 'changed' WHERE id = 1000`), 1);
    chmodSync(folder, 0o700);
    await flush(admin, table);
    assert.deepEqual(await alice.rows(`SELECT v FROM ${table} WHERE id = 1000`), [['changed']]);
    assert.equal(segments(folder).length, 2);
    assert.deepEqual(files(folder, /tmp/), []);
});

test('a storage whose folder cannot be written to is refused', { skip: asRoot }, async () => {
    const folder = join(server.data, 'locked');
    mkdirSync(folder);
    chmodSync(folder, 0o500);
    await admin.refuses(`CREATE STORAGE locked TYPE filesystem PATH '${folder}'`, /writ|permission/i);
    chmodSync(folder, 0o700);
});

test('a data folder that is read-only stops the start', { skip: asRoot }, async (t) => {
    const other = new Server();
    t.after(() => other.destroy());
    mkdirSync(other.data);
    chmodSync(other.data, 0o500);
    const ended = await other.startFails();
    assert.equal(ended.code, 1);
    assert.ok(ended.log.includes(other.data), ended.log);
    assert.match(ended.log, /[Pp]ermission denied/);
});

test('a data folder that is a file stops the start', async (t) => {
    const other = new Server();
    t.after(() => other.destroy());
    writeFileSync(other.data, 'not a folder');
    const ended = await other.startFails();
    assert.equal(ended.code, 1);
    assert.ok(ended.log.includes(other.data), ended.log);
});

// ---- a full disk ----

const inNamespace = ['unshare', '--user', '--map-root-user', '--mount'];
const canMount = spawnSync(inNamespace[0], [...inNamespace.slice(1), 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt'], { stdio: 'ignore' }).status === 0;

test('a full disk: writes are refused, reads go on, and with room again so do writes',
    { skip: canMount ? false : 'this system lets nobody mount a small disk' }, async (t) => {
        const other = new Server({ settings: { 'storage.rocksdb': { write_buffer_size: '1MiB' } } });
        t.after(() => other.destroy());
        mkdirSync(other.data);
        other.wrapper = [...inNamespace, 'sh', '-c', `mount -t tmpfs -o size=48m tmpfs '${other.data}' && exec "$@"`, 'sh'];
        await other.start();
        await other.setup();
        const full = join('/proc', String(other.child.pid), 'root', other.data); // the disk as it looks from in there
        await other.admin.run('CREATE NAMESPACE bad; CREATE USER TABLE bad.t (id INT PRIMARY KEY, v TEXT)');
        await other.admin.run("INSERT INTO bad.t VALUES (1, 'before')");
        await flush(other.admin, 'bad.t');
        await other.admin.run("INSERT INTO bad.t VALUES (2, 'before too')");
        const filler = join(full, 'filler');
        const out = openSync(filler, 'w');
        const block = Buffer.alloc(64 * 1024, 1);
        const fill = () => {
            for (let size = block.length; size > 0;) {
                try {
                    writeSync(out, block, 0, size);
                } catch (error) {
                    assert.equal(error.code, 'ENOSPC');
                    size = size > 1 ? Math.floor(size / 2) : 0;
                }
            }
        };
        fill();
        const acknowledged = [1, 2];
        let refused = 0;
        for (let i = 3; i < 3000 && refused < 5; i++) {
            const answer = await other.admin.post('INSERT INTO bad.t VALUES ($1, $2)', [i, 'x'.repeat(8000)]);
            if (answer.status === 200) {
                acknowledged.push(i);
                continue;
            }
            refused++;
            assert.equal(answer.status, 400, answer.text);
            assert.equal(answer.body.error.code, S, answer.text);
            assert.match(answer.body.error.message, /disk|space/i);
        }
        assert.equal(refused, 5, 'the disk is full');
        assert.deepEqual(await other.admin.column('SELECT id FROM bad.t'), acknowledged, 'reads go on');
        assert.equal(await other.admin.value('SELECT COUNT(*) FROM bad.t'), String(acknowledged.length));
        assert.equal((await other.anonymous().send('GET', '/health')).status, 200);
        closeSync(out);
        unlinkSync(filler);
        await until('writes go on', async () => (await other.admin.post("INSERT INTO bad.t VALUES (9999, 'after')")).status === 200, 60);
        acknowledged.push(9999);
        assert.deepEqual(await other.admin.column('SELECT id FROM bad.t'), acknowledged);
        await flush(other.admin, 'bad.t');
        assert.deepEqual(await other.admin.column('SELECT id FROM bad.t'), acknowledged);
    });

test('a file that may not grow further is an error, not an end', async (t) => {
    const other = new Server({ wrapper: ['sh', '-c', 'ulimit -f 20480; exec "$@"', 'sh'], settings: { 'storage.rocksdb': { write_buffer_size: '64MiB' } } });
    t.after(() => other.destroy());
    await other.start();
    await other.setup();
    await other.admin.run('CREATE NAMESPACE bad; CREATE USER TABLE bad.t (id INT PRIMARY KEY, v TEXT)');
    const text = 'x'.repeat(200_000);
    let refused = 0;
    let good = 0;
    for (let i = 0; i < 200 && refused < 3; i++) {
        const answer = await other.admin.post('INSERT INTO bad.t VALUES ($1, $2)', [i, text]);
        if (answer.status === 200) good++;
        else refused++;
        if (answer.status !== 200) assert.ok([400, 500, 503].includes(answer.status), answer.text);
    }
    assert.ok(good > 10 && refused === 3, `${good} written, ${refused} refused`);
    assert.equal(await other.admin.value('SELECT COUNT(*) FROM bad.t'), String(good));
});

testStop(server);
