// SPDX-License-Identifier: Apache-2.0
// STREAM tables: rows per user, in memory, that expire.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Live } from './lib/live.mjs';
import { readyServer } from './lib/server.mjs';
import { files, jobEnd, test, testStop } from './lib/suite.mjs';
import { until } from './lib/until.mjs';

const server = await readyServer();
const { admin } = server;
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
await admin.run('CREATE NAMESPACE st');

const stat = async (name) => Number(await admin.value('SELECT metric_value FROM system.stats WHERE metric_name = $1', [name]));
const values = (who, table) => who.column(`SELECT v FROM ${table}`);

test('everyone has a stream of their own, in the order of arrival', async () => {
    assert.match(await alice.message('CREATE STREAM TABLE st.e (dev TEXT PRIMARY KEY, v INT) WITH (TTL_SECONDS = 3600)'),
        /^stream table st\.e created successfully/);
    assert.equal(await alice.changes("INSERT INTO st.e VALUES ('z', 1), ('a', 2), ('a', 3)"), 3);
    assert.equal(await bob.changes("INSERT INTO st.e VALUES ('a', 10)"), 1);
    const result = await alice.one('SELECT * FROM st.e');
    assert.deepEqual(result.schema.map((column) => column.name), ['dev', 'v', '_seq']);
    assert.deepEqual(result.rows.map((row) => row.slice(0, 2)), [['z', 1], ['a', 2], ['a', 3]], 'keys need not be unique');
    const seqs = result.rows.map((row) => BigInt(row[2]));
    assert.ok(seqs[0] < seqs[1] && seqs[1] < seqs[2]);
    assert.deepEqual(await values(bob, 'st.e'), [10]);
    assert.deepEqual(await values(admin, 'st.e'), [], 'not even administrators see them');
    assert.deepEqual(await admin.rows("EXECUTE AS USER 'bob' (SELECT v FROM st.e)"), [[10]]);
    await admin.run("EXECUTE AS USER 'bob' (INSERT INTO st.e VALUES ('a', 11))");
    assert.deepEqual(await values(bob, 'st.e'), [10, 11]);
});

test('the engine sees them as the row path does', async () => {
    await alice.run('CREATE USER TABLE st.names (dev TEXT PRIMARY KEY, name TEXT)');
    await alice.run("INSERT INTO st.names VALUES ('a', 'attic'), ('z', 'zoo')");
    assert.deepEqual(await alice.rows('SELECT name, COUNT(*), SUM(v) FROM st.e JOIN st.names USING (dev) GROUP BY name ORDER BY name'),
        [['attic', '2', '5'], ['zoo', '1', '1']]);
    assert.deepEqual(await alice.column('SELECT v FROM st.e WHERE _seq > (SELECT MIN(_seq) FROM st.e) ORDER BY v'), [2, 3]);
    assert.equal(await alice.changes('INSERT INTO st.names SELECT DISTINCT dev || v, dev FROM st.e'), 3);
    assert.equal(await alice.changes('INSERT INTO st.e SELECT name, 100 FROM st.names WHERE dev = $1', ['a']), 1);
    assert.deepEqual(await values(alice, 'st.e'), [1, 2, 3, 100]);
});

test('DELETE removes rows, by any condition', async () => {
    await alice.run('CREATE STREAM TABLE st.d (id INT, v INT) TTL 3600');
    await alice.run('INSERT INTO st.d SELECT i, i FROM generate_series(1, 10) AS i');
    assert.equal(await alice.changes('DELETE FROM st.d WHERE v = 4'), 1);
    assert.equal(await alice.changes('DELETE FROM st.d WHERE v = 4'), 0);
    assert.equal(await bob.changes('DELETE FROM st.d WHERE TRUE'), 0);
    assert.equal(await alice.changes('DELETE FROM st.d WHERE v IN (SELECT MAX(v) FROM st.d) OR v % 2 = 1'), 6);
    assert.deepEqual(await values(alice, 'st.d'), [2, 6, 8]);
});

test('what a stream does not do is refused', async () => {
    await alice.refuses('UPDATE st.e SET v = 5 WHERE v = 1', /UPDATE is not supported on STREAM tables/);
    await alice.refuses('SELECT * FROM st.e WHERE _deleted = TRUE', /_deleted/);
    await alice.refuses('SELECT _updated FROM st.e', /_updated/);
    await admin.refuses('STORAGE FLUSH TABLE st.e', /STREAM/);
    await admin.refuses('STORAGE COMPACT TABLE st.e', /STREAM/);
    await alice.refuses("CREATE STREAM TABLE st.x (v INT)", /needs TTL_SECONDS/);
    await alice.refuses("CREATE STREAM TABLE st.x (v INT) WITH (TTL_SECONDS = 5, FLUSH_POLICY = 'rows:5')", /FLUSH_POLICY: is not for STREAM tables/);
    await alice.refuses("CREATE STREAM TABLE st.x (v INT) LOCATION 'x/${user_id}' TTL 5", /LOCATION is not for STREAM tables/);
    await alice.refuses("CREATE USER TABLE st.x (v INT) WITH (TTL_SECONDS = 5)", /only for STREAM tables/);
    await alice.refuses('INSERT INTO st.e (_seq) VALUES (1)', /_seq/);
    assert.deepEqual(await values(alice, 'st.e'), [1, 2, 3, 100]);
});

test('a row is gone when its time is up, and leaves the memory by itself', async () => {
    await alice.run('CREATE STREAM TABLE st.ttl (v INT) WITH (TTL_SECONDS = 1)');
    const expired = await stat('stream_rows_expired');
    await alice.run('INSERT INTO st.ttl VALUES (1), (2)');
    await until('no row is seen', async () => (await values(alice, 'st.ttl')).length === 0);
    assert.equal(await alice.value('SELECT COUNT(*) FROM st.ttl'), '0');
    await until('they are removed', async () => (await stat('stream_rows_expired')) === expired + 2);
    assert.deepEqual(await admin.rows("SELECT * FROM system.user_table_counters WHERE table_id = 'st:ttl'"), []);
});

test('MAX_BUFFER: the newest rows of each user stay', async () => {
    await alice.run('CREATE STREAM TABLE st.buf (v INT) WITH (TTL_SECONDS = 3600, MAX_BUFFER = 3)');
    for (let v = 1; v <= 5; v++) await alice.run(`INSERT INTO st.buf VALUES (${v})`);
    await bob.run('INSERT INTO st.buf VALUES (1), (2)');
    assert.deepEqual(await values(alice, 'st.buf'), [3, 4, 5]);
    assert.deepEqual(await values(bob, 'st.buf'), [1, 2]);
    await bob.run('INSERT INTO st.buf SELECT i FROM generate_series(10, 20) AS i');
    assert.deepEqual(await values(bob, 'st.buf'), [18, 19, 20]);
    assert.equal(await alice.value('SELECT COUNT(*) FROM st.buf'), '3');
});

test('EPHEMERAL keeps nothing while nobody listens', async () => {
    await alice.run('CREATE STREAM TABLE st.eph (v INT) TTL 3600 EPHEMERAL');
    assert.equal(await alice.changes('INSERT INTO st.eph VALUES (1), (2)'), 2);
    assert.deepEqual(await values(alice, 'st.eph'), []);
    assert.deepEqual(await admin.rows("SELECT * FROM system.user_table_counters WHERE table_id = 'st:eph'"), []);
});

test('one budget for all: the oldest go first, and operators can see it', async (t) => {
    const small = await readyServer(t, { settings: { stream: { memory_bytes: '1MiB', default_max_buffer: 900 } } });
    const carl = await small.addUser('carl');
    const dina = await small.addUser('dina');
    await small.admin.run('CREATE NAMESPACE st; CREATE STREAM TABLE st.big (v INT, pad TEXT) TTL 3600; CREATE STREAM TABLE st.many (v INT) TTL 3600');
    const pad = 'x'.repeat(10_000);
    for (let v = 0; v < 150; v++) await (v % 2 ? carl : dina).run('INSERT INTO st.big VALUES ($1, $2)', [v, pad]);
    const left = [...(await values(carl, 'st.big')), ...(await values(dina, 'st.big'))].sort((a, b) => a - b);
    assert.ok(left.length > 90 && left.length < 110, `${left.length} rows of 10 kB are left in 1 MiB`);
    assert.deepEqual(left, Array.from({ length: left.length }, (_, i) => 150 - left.length + i), 'the newest of all');
    const stats = Object.fromEntries(await small.admin.rows("SELECT * FROM system.stats WHERE metric_name LIKE 'stream%'"));
    assert.equal(Number(stats.stream_rows), left.length);
    assert.equal(Number(stats.stream_rows_over_budget), 150 - left.length);
    assert.ok(Number(stats.stream_memory_bytes) <= 1 << 20);
    await carl.run('INSERT INTO st.many SELECT i FROM generate_series(1, 1000) AS i');
    assert.equal(await carl.value('SELECT COUNT(*) FROM st.many'), '900', 'stream.default_max_buffer');
});

test('many writers: every row is there, in one order', async () => {
    await admin.run('CREATE STREAM TABLE st.busy (v INT, w INT) TTL 3600');
    await Promise.all(Array.from({ length: 8 }, async (_, w) => {
        for (let v = 0; v < 50; v++) await alice.run(`INSERT INTO st.busy VALUES (${v}, ${w}), (${v}, ${w})`);
    }));
    const rows = await alice.rows('SELECT w, v, _seq FROM st.busy');
    assert.equal(rows.length, 800);
    for (let w = 0; w < 8; w++) {
        const own = rows.filter((row) => row[0] === w).map((row) => row[1]);
        assert.deepEqual(own, Array.from({ length: 100 }, (_, i) => i >> 1), 'as they were sent');
    }
    assert.ok(rows.every((row, i) => i === 0 || BigInt(row[2]) > BigInt(rows[i - 1][2])));
    assert.equal(new Set(rows.map((row) => row[2])).size, 800);
    const shown = await alice.objects('SHOW STATS FOR TABLE st.busy');
    assert.equal(shown[0].logical_rows, '800');
    assert.ok(Number(shown[0].memory_bytes) > 800 * 20);
    assert.equal((await bob.objects('SHOW STATS FOR TABLE st.busy'))[0].logical_rows, '0');
});

test('subscribers get inserts and deletes of their own stream', async () => {
    await alice.run('CREATE STREAM TABLE st.live (id INT, v INT) TTL 3600');
    await alice.run('INSERT INTO st.live VALUES (1, 10), (2, 20)');
    const live = await Live.as(alice);
    const other = await Live.as(bob);
    const { rows, ack } = await live.initial('s', 'SELECT * FROM st.live WHERE v < 100');
    assert.deepEqual(ack.schema.map((column) => column.name), ['id', 'v', '_seq']);
    assert.deepEqual(rows.map((row) => [row.id, row.v]), [[1, 10], [2, 20]]);
    await other.initial('s', 'SELECT * FROM st.live');
    await alice.run('INSERT INTO st.live VALUES (1, 11), (3, 300)');
    const inserted = await live.change('s');
    assert.equal(inserted.change_type, 'insert');
    assert.deepEqual(inserted.rows.map((row) => ({ ...row, _seq: typeof row._seq })), [{ id: 1, v: 11, _seq: typeof rows[0]._seq }]);
    assert.equal(await alice.changes('DELETE FROM st.live WHERE v = 20 OR v = 300'), 2);
    const deleted = await live.change('s');
    assert.equal(deleted.change_type, 'delete');
    assert.deepEqual(deleted.old_values.map((row) => [row.id, row.v]), [[2, 20]]);
    assert.ok(BigInt(deleted.old_values[0]._seq) > BigInt(inserted.rows[0]._seq));
    await live.silent('s');
    await other.silent('s');
    await admin.refuses('DROP TABLE st.live', /cannot be dropped: 2 live queries are subscribed to it/);
    await live.close();
    await other.close();
    await until('nobody is subscribed', async () => (await alice.objects('SHOW STATS FOR TABLE st.live'))[0].active_streams === '0');
});

test('a subscriber that was away is told what it missed, or that it is no longer known', async () => {
    await alice.run('CREATE STREAM TABLE st.away (v INT) WITH (TTL_SECONDS = 3600, MAX_BUFFER = 5)');
    await alice.run('INSERT INTO st.away VALUES (1)');
    const seen = (await alice.rows('SELECT _seq FROM st.away'))[0][0];
    await alice.run('INSERT INTO st.away VALUES (2), (30), (3)');
    const live = await Live.as(alice);
    const resumed = await live.initial('s', 'SELECT v FROM st.away WHERE v < 10', { from: seen });
    assert.deepEqual(resumed.rows.map((row) => row.v), [2, 3]);
    assert.equal(resumed.batches.length, 1, 'what never matched is not told of');
    await alice.run('INSERT INTO st.away VALUES (4), (5), (6)');
    live.subscribe('t', 'SELECT v FROM st.away', { from: seen });
    assert.equal((await live.of('t', 'error')).code, 'HISTORY_GONE');
    assert.deepEqual((await live.initial('u', 'SELECT v FROM st.away', { last_rows: 2 })).rows.map((row) => row.v), [5, 6]);
    // A DELETE leaves nothing that could tell of it later.
    const newest = (await alice.rows('SELECT MAX(_seq) FROM st.away'))[0][0];
    await live.initial('v', 'SELECT v FROM st.away', { from: newest });
    await alice.run('DELETE FROM st.away WHERE v = 6');
    live.subscribe('w', 'SELECT v FROM st.away', { from: newest });
    assert.equal((await live.of('w', 'error')).code, 'HISTORY_GONE');
    await live.close();
});

test('EPHEMERAL keeps rows as long as somebody listens', async () => {
    const live = await Live.as(alice);
    await live.initial('s', 'SELECT * FROM st.eph');
    await alice.run('INSERT INTO st.eph VALUES (5)');
    await bob.run('INSERT INTO st.eph VALUES (6)');
    assert.equal((await live.change('s')).rows[0].v, 5);
    assert.deepEqual(await values(alice, 'st.eph'), [5]);
    assert.deepEqual(await values(bob, 'st.eph'), [], 'to bob nobody listens');
    await live.close();
    await until('they are gone with the listener', async () => (await values(alice, 'st.eph')).length === 0);
});

test('nothing of it is on the disk, and after a restart only the definition is left', async () => {
    const mark = 'a canary in the stream';
    await alice.run('CREATE STREAM TABLE st.canary (v TEXT) TTL 3600');
    await alice.run('INSERT INTO st.canary VALUES ($1)', [mark]);
    assert.deepEqual(files(server.data, /\.parquet$/), []);
    for (const name of files(server.data)) assert.ok(!readFileSync(join(server.data, name)).includes(mark), name);
    const before = BigInt((await alice.rows('SELECT _seq FROM st.canary'))[0][0]);
    const described = await alice.rows('DESCRIBE TABLE st.canary');
    await server.restart();
    assert.deepEqual(await alice.rows('DESCRIBE TABLE st.canary'), described);
    for (const table of ['st.canary', 'st.e', 'st.busy']) assert.deepEqual(await alice.rows(`SELECT * FROM ${table}`), []);
    await alice.run("INSERT INTO st.canary VALUES ('again')");
    const after = BigInt((await alice.rows('SELECT _seq FROM st.canary'))[0][0]);
    assert.ok(after > before, '_seq goes on');
    assert.deepEqual(await alice.rows('SELECT v FROM st.canary'), [['again']]);
});

test('DROP forgets every row at once', async () => {
    await alice.run('INSERT INTO st.canary VALUES ($1)', ['more']);
    const held = await stat('stream_rows');
    const job = /Cleanup job: (\S+)/.exec(await alice.message('DROP TABLE st.canary'))[1];
    assert.equal((await jobEnd(admin, job)).status, 'completed');
    assert.equal(await stat('stream_rows'), held - 2);
    assert.ok(!existsSync(join(server.data, 'schemas', 'st', 'canary')));
    await alice.run('CREATE STREAM TABLE st.canary (v TEXT) TTL 3600');
    assert.deepEqual(await alice.rows('SELECT * FROM st.canary'), []);
});

testStop(server);
