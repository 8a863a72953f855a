// SPDX-License-Identifier: Apache-2.0
// From the hot tier to files (T129, T130), what retention removes (T131), and how all of it is recorded (T132).
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readyServer, temporaryFolder } from './lib/server.mjs';
import {
    counters, files, flush, jobEnd, manifest, mirror, scopeFolder, segments, seqMs, test, testStop,
} from './lib/suite.mjs';
import { until } from './lib/until.mjs';

const server = await readyServer();
const { admin } = server;
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const carol = await server.addUser('carol');
await admin.run('CREATE NAMESPACE fl');

const folderOf = (who, table) => scopeFolder(server, who.user, table);
const cold = (who, table) => segments(folderOf(who, table));
const insert = (who, table, ids) => who.run(`INSERT INTO ${table} VALUES ${ids.map((id) => `(${id}, 'v${id}')`).join(', ')}`);
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);
const idsOf = (who, table) => who.column(`SELECT id FROM ${table}`);

async function jobsOf(table, type = 'flush') {
    const jobs = await admin.objects('SELECT * FROM system.jobs WHERE job_type = $1 ORDER BY created_at', [type]);
    return jobs.filter((job) => {
        const { namespace, table: name } = JSON.parse(job.parameters);
        return `${namespace}.${name}` === table;
    });
}

const ended = (table, type) => until(`every ${type ?? 'flush'} of ${table} ends`, async () =>
    (await jobsOf(table, type)).every((job) => ['completed', 'failed', 'skipped', 'cancelled'].includes(job.status)));

// Rows by three ways: the row path, the engine, and one key at a time.
async function holds(who, table, expected) {
    const rows = Object.entries(expected).map(([id, v]) => [Number(id), v]).sort((a, b) => a[0] - b[0]);
    assert.deepEqual(await who.rows(`SELECT id, v FROM ${table}`), rows);
    assert.deepEqual(await who.rows(`SELECT id, v FROM ${table} JOIN (SELECT 1 AS one) AS o ON one = 1 ORDER BY id`), rows);
    assert.equal(await who.value(`SELECT COUNT(*) FROM ${table}`), String(rows.length));
    for (const [id, v] of rows.slice(0, 20)) assert.deepEqual(await who.rows(`SELECT v FROM ${table} WHERE id = ${id}`), [[v]]);
}

// ---- T129: when a flush begins ----

test('T129: rows: the row that reaches the limit flushes its user, and only this one', async () => {
    await admin.run("CREATE USER TABLE fl.by_rows (id INT PRIMARY KEY, v TEXT) WITH (FLUSH_POLICY = 'rows:5')");
    await insert(alice, 'fl.by_rows', range(0, 4));
    await insert(bob, 'fl.by_rows', range(0, 4));
    await insert(carol, 'fl.by_rows', range(0, 3));
    await insert(carol, 'fl.by_rows', [3]);
    assert.deepEqual([...cold(alice, 'fl.by_rows'), ...cold(bob, 'fl.by_rows'), ...cold(carol, 'fl.by_rows')], []);
    await insert(carol, 'fl.by_rows', [4]);
    await until('carol is flushed', () => cold(carol, 'fl.by_rows').length === 1);
    await ended('fl.by_rows');
    assert.deepEqual([...cold(alice, 'fl.by_rows'), ...cold(bob, 'fl.by_rows')], [], 'four rows each stay hot');
    assert.equal((await counters(admin, 'fl.by_rows', 'carol')).hot, 0);
    assert.equal((await counters(admin, 'fl.by_rows', 'alice')).hot, 4);
    await insert(alice, 'fl.by_rows', range(4, 12));
    await until('alice is flushed', () => cold(alice, 'fl.by_rows').length === 1);
    for (const who of [carol, alice, bob])
        await holds(who, 'fl.by_rows', Object.fromEntries(range(0, { carol: 5, alice: 12, bob: 4 }[who.user]).map((id) => [id, `v${id}`])));
    for (const job of await jobsOf('fl.by_rows')) {
        const parameters = JSON.parse(job.parameters);
        assert.ok(['carol', 'alice'].includes(parameters.user));
        assert.equal(parameters.reason, 'rows');
    }
});

test('T129: rows counts keys, deleted ones too', async () => {
    await admin.run("CREATE USER TABLE fl.dead_rows (id INT PRIMARY KEY, v TEXT) WITH (FLUSH_POLICY = 'rows:6')");
    await insert(alice, 'fl.dead_rows', range(0, 6));
    await until('the first flush', () => cold(alice, 'fl.dead_rows').length === 1);
    await until('its rows left', async () => (await counters(admin, 'fl.dead_rows', 'alice')).hot === 0);
    for (let i = 0; i < 20; i++) await alice.run(`UPDATE fl.dead_rows SET v = 'again ${i}' WHERE id = 0`);
    assert.equal((await counters(admin, 'fl.dead_rows', 'alice')).hot, 1, 'twenty versions of one key are one key');
    await alice.run('DELETE FROM fl.dead_rows WHERE id IN (1, 2, 3, 4)');
    assert.equal((await counters(admin, 'fl.dead_rows', 'alice')).hot, 5);
    assert.equal((await counters(admin, 'fl.dead_rows', 'alice')).live, 2);
    await alice.run('DELETE FROM fl.dead_rows WHERE id = 5');
    await until('the second flush', () => cold(alice, 'fl.dead_rows').length === 2);
    await holds(alice, 'fl.dead_rows', { 0: 'again 19' });
});

test('T129: interval: rows leave after the time, however few they are', async () => {
    await admin.run("CREATE USER TABLE fl.by_time (id INT PRIMARY KEY, v TEXT) FLUSH POLICY INTERVAL '1s'");
    await insert(alice, 'fl.by_time', [1]);
    await until('the interval passes', () => cold(alice, 'fl.by_time').length === 1);
    await insert(alice, 'fl.by_time', [2]);
    await until('the next interval passes', () => cold(alice, 'fl.by_time').length === 2);
    await ended('fl.by_time');
    for (const job of await jobsOf('fl.by_time')) assert.equal(JSON.parse(job.parameters).reason, 'interval');
    assert.equal((await jobsOf('fl.by_time')).length, 2, 'nothing is flushed that is not there');
    await holds(alice, 'fl.by_time', { 1: 'v1', 2: 'v2' });
});

test('T129: both: whichever comes first', async () => {
    await admin.run("CREATE USER TABLE fl.both_rows (id INT PRIMARY KEY, v TEXT) FLUSH POLICY ROWS 3 INTERVAL '1 hour'");
    await admin.run("CREATE USER TABLE fl.both_time (id INT PRIMARY KEY, v TEXT) FLUSH POLICY ROWS 1000 INTERVAL '1s'");
    await insert(alice, 'fl.both_rows', range(0, 3));
    await insert(alice, 'fl.both_time', [0]);
    await until('rows come first', () => cold(alice, 'fl.both_rows').length === 1);
    await until('time comes first', () => cold(alice, 'fl.both_time').length === 1);
    for (const table of ['fl.both_rows', 'fl.both_time'])
        await until('its job is told', async () => (await jobsOf(table)).length === 1);
    assert.equal(JSON.parse((await jobsOf('fl.both_rows'))[0].parameters).reason, 'rows');
    assert.equal(JSON.parse((await jobsOf('fl.both_time'))[0].parameters).reason, 'interval');
});

test('the job that a statement names is in system.jobs before the statement is answered', async (t) => {
    const hold = join(temporaryFolder(), 'hold');
    const held = await readyServer(t, { env: { KALAMDB_FAULT: 'store.before_commit:hold:0', KALAMDB_FAULT_HOLD: hold } });
    await held.admin.run('CREATE NAMESPACE fl; CREATE USER TABLE fl.told (id INT PRIMARY KEY); INSERT INTO fl.told VALUES (1)');
    writeFileSync(hold, ''); // nothing is stored any more
    let isAnswered = false;
    const flushing = held.admin.message('STORAGE FLUSH TABLE fl.told').finally(() => (isAnswered = true));
    for (let i = 0; i < 50; i++) await held.admin.rows('SELECT * FROM system.jobs');
    assert.equal(isAnswered, false);
    rmSync(hold);
    const id = /Job ID: (\S+)$/.exec(await flushing)?.[1];
    assert.equal((await held.admin.rows('SELECT 1 FROM system.jobs WHERE job_id = $1', [id])).length, 1);
});

test('T129: the default policy is a setting', async (t) => {
    const other = await readyServer(t, { settings: { flush: { default_row_limit: 4 } } });
    const dora = await other.addUser('dora');
    await other.admin.run('CREATE NAMESPACE fl; CREATE USER TABLE fl.t (id INT PRIMARY KEY, v TEXT)');
    await insert(dora, 'fl.t', range(0, 4));
    await until('it is flushed', () => segments(scopeFolder(other, 'dora', 'fl.t')).length === 1);
});

test('T129: by hand', async () => {
    await admin.run('CREATE USER TABLE fl.by_hand (id INT PRIMARY KEY, v TEXT)');
    await admin.run('CREATE NAMESPACE fl2; CREATE USER TABLE fl2.one (id INT PRIMARY KEY, v TEXT); CREATE USER TABLE fl2.two (id INT PRIMARY KEY, v TEXT)');
    assert.equal(await admin.message('STORAGE FLUSH TABLE fl.by_hand'), "Storage flush skipped: no pending writes for table 'fl.by_hand'");
    await insert(alice, 'fl.by_hand', [1]);
    await insert(bob, 'fl.by_hand', [1, 2]);
    const service = await server.addUser('serv', 'service');
    const message = await service.message('STORAGE FLUSH TABLE fl.by_hand');
    const id = /^Storage flush started for table 'fl\.by_hand'\. Job ID: (FL-[0-9A-Za-z]+)$/.exec(message)?.[1];
    assert.ok(id, message);
    assert.equal((await jobEnd(admin, id)).status, 'completed');
    assert.equal(cold(alice, 'fl.by_hand').length, 1);
    assert.equal(cold(bob, 'fl.by_hand').length, 1);
    await insert(alice, 'fl2.one', [1]);
    await insert(alice, 'fl2.two', [1]);
    const all = await admin.message('STORAGE FLUSH ALL IN fl2');
    const ids = /^Storage flush started for 2 table\(s\) in namespace 'fl2'\. Job IDs: \[(FL-\w+), (FL-\w+)\]$/.exec(all);
    assert.ok(ids, all);
    for (const job of ids.slice(1)) assert.equal((await jobEnd(admin, job)).status, 'completed');
    assert.equal(cold(alice, 'fl2.one').length + cold(alice, 'fl2.two').length, 2);
    await admin.run('STORAGE FLUSH ALL');
    await alice.refuses('STORAGE FLUSH TABLE fl.by_hand', undefined, { status: 403, code: 'PERMISSION_DENIED' });
    await alice.refuses('STORAGE FLUSH ALL', undefined, { status: 403, code: 'PERMISSION_DENIED' });
    await admin.refuses('STORAGE FLUSH TABLE fl.nowhere', /[Nn]ot found/);
    await admin.refuses('STORAGE FLUSH TABLE by_hand', undefined);
    await admin.refuses('STORAGE FLUSH ALL IN nowhere', /nowhere/);
});

// ---- T130: what a flush does ----

// A manifest without what an admin may not see of others: their values.
function inShort(json) {
    return { ...json, segments: json.segments.map(({ column_stats: _, ...rest }) => rest) };
}

test('T130: one file per user, in the folder of the user, with a mirror of the manifest', async () => {
    await admin.run('CREATE USER TABLE fl.filed (id INT PRIMARY KEY, v TEXT)');
    await insert(alice, 'fl.filed', range(10, 40));
    await insert(bob, 'fl.filed', [7]);
    const before = await alice.rows('SELECT id, v, _seq, _updated, _deleted FROM fl.filed');
    const job = await flush(admin, 'fl.filed');
    for (const [who, rows, low, high] of [[alice, 30, 10, 39], [bob, 1, 7, 7]]) {
        const folder = folderOf(who, 'fl.filed');
        const names = files(folder);
        assert.equal(names.length, 2, names.join());
        assert.match(names[0], /^batch-\d+\.parquet$/);
        assert.equal(names[1], 'manifest.json');
        const bytes = readFileSync(join(folder, names[0]));
        assert.equal(bytes.subarray(0, 4).toString() + bytes.subarray(-4).toString(), 'PAR1PAR1');
        const json = mirror(folder);
        assert.deepEqual(json.table_id, { namespace_id: 'fl', table_name: 'filed' });
        assert.equal(json.user_id, who.user);
        assert.equal(json.version, 1);
        assert.equal(json.segments.length, 1);
        const [segment] = json.segments;
        assert.equal(segment.id, names[0]);
        assert.equal(segment.path, names[0]);
        assert.equal(segment.row_count, rows);
        assert.equal(segment.size_bytes, bytes.length);
        assert.equal(segment.schema_version, 1);
        assert.equal(segment.status, 'committed');
        const seqs = (await who.column('SELECT _seq FROM fl.filed')).map(BigInt);
        assert.equal(BigInt(segment.min_seq), seqs.reduce((a, b) => (a < b ? a : b)));
        assert.equal(BigInt(segment.max_seq), seqs.reduce((a, b) => (a > b ? a : b)));
        const stats = segment.column_stats['1'];
        assert.match(JSON.stringify(stats.min), new RegExp(`\\b${low}\\b`));
        assert.match(JSON.stringify(stats.max), new RegExp(`\\b${high}\\b`));
        assert.equal(stats.null_count, 0);
        assert.deepEqual(inShort(await manifest(admin, 'fl.filed', who.user)), inShort(json), 'the mirror shows the truth');
        const count = await counters(admin, 'fl.filed', who.user);
        assert.deepEqual([count.hot, count.live], [0, rows]);
        assert.ok(count.last_flush_at > 0);
    }
    assert.deepEqual(await alice.rows('SELECT id, v, _seq, _updated, _deleted FROM fl.filed'), before, 'every column as it was');
    assert.equal(files(server.data, /\.tmp$/).filter((path) => !path.startsWith('rocksdb')).length, 0);
    assert.deepEqual(JSON.parse(job.parameters), { namespace: 'fl', table: 'filed', reason: 'manual' });
    await holds(bob, 'fl.filed', { 7: 'v7' });
});

test('T130: rows of both tiers are one table', async () => {
    const table = 'fl.merged';
    await admin.run(`CREATE USER TABLE ${table} (id INT PRIMARY KEY, v TEXT)`);
    const model = {};
    const put = async (ids) => {
        await insert(alice, table, ids);
        for (const id of ids) model[id] = `v${id}`;
    };
    const change = async (where, test_, v) => {
        assert.equal(await alice.changes(`UPDATE ${table} SET v = '${v}' WHERE ${where}`), Object.keys(model).filter(test_).length);
        for (const id of Object.keys(model).filter(test_)) model[id] = v;
    };
    const remove = async (where, test_) => {
        assert.equal(await alice.changes(`DELETE FROM ${table} WHERE ${where}`), Object.keys(model).filter(test_).length);
        for (const id of Object.keys(model).filter(test_)) delete model[id];
    };
    await put(range(0, 100));
    await flush(admin, table);
    await holds(alice, table, model);
    await change('id % 7 = 0', (id) => id % 7 === 0, 'seventh');
    await remove('id BETWEEN 20 AND 29', (id) => id >= 20 && id <= 29);
    await put(range(100, 120));
    await holds(alice, table, model);
    await flush(admin, table);
    assert.equal(cold(alice, table).length, 2);
    await holds(alice, table, model);
    await put([20, 25]); // deleted, and the deletion flushed
    await change('id = 25 OR id = 119', (id) => id === '25' || id === '119', 'third');
    await remove("v = 'seventh' AND id > 50", (id) => model[id] === 'seventh' && id > 50);
    await holds(alice, table, model);
    await flush(admin, table);
    await holds(alice, table, model);
    await remove('id = 20', (id) => id === '20');
    await put([20]);
    await remove('id = 20', (id) => id === '20');
    await holds(alice, table, model);
    await flush(admin, table);
    await holds(alice, table, model);
    assert.equal(cold(alice, table).length, 4);
    const numbers = cold(alice, table).map((name) => Number(/\d+/.exec(name)[0]));
    assert.equal(new Set(numbers).size, 4);
    assert.equal((await counters(admin, table, 'alice')).live, Object.keys(model).length);
    await alice.refuses(`INSERT INTO ${table} VALUES (0, 'again')`, /Already exists/);
    const deleted = await alice.column(`SELECT id FROM ${table} WHERE _deleted = TRUE`);
    assert.deepEqual(deleted, range(0, 120).filter((id) => !(id in model)));
});

test('T130: a row that was deleted after its flush does not come back with the next one', async () => {
    const table = 'fl.undead';
    await admin.run(`CREATE USER TABLE ${table} (id INT PRIMARY KEY, v TEXT)`);
    await insert(alice, table, [1, 2, 3]);
    await flush(admin, table);
    await alice.run(`DELETE FROM ${table} WHERE id = 2`);
    await insert(alice, table, [4]);
    await flush(admin, table);
    await holds(alice, table, { 1: 'v1', 3: 'v3', 4: 'v4' });
    await alice.run(`DELETE FROM ${table} WHERE id = 1`);
    await flush(admin, table); // nothing but a deletion
    await holds(alice, table, { 3: 'v3', 4: 'v4' });
});

test('T130: the key need not be the first column', async () => {
    await admin.run('CREATE USER TABLE fl.last_key (v TEXT, n INT, id TEXT PRIMARY KEY)');
    await alice.run("INSERT INTO fl.last_key VALUES ('a', 1, 'k1'), ('a', 1, 'k2'), (NULL, NULL, '')");
    await flush(admin, 'fl.last_key');
    await alice.run("UPDATE fl.last_key SET n = 2 WHERE id = 'k2'");
    assert.deepEqual(await alice.rows('SELECT id, v, n FROM fl.last_key'), [['', null, null], ['k1', 'a', 1], ['k2', 'a', 2]]);
    await flush(admin, 'fl.last_key');
    assert.deepEqual(await alice.rows('SELECT id, v, n FROM fl.last_key'), [['', null, null], ['k1', 'a', 1], ['k2', 'a', 2]]);
});

test('T130: readers and writers see every row once while flushes go on', async () => {
    const table = 'fl.busy';
    await admin.run(`CREATE USER TABLE ${table} (id INT PRIMARY KEY, v TEXT) WITH (FLUSH_POLICY = 'rows:25')`);
    let written = 0;
    let isOver = false;
    const writing = (async () => {
        for (let i = 0; i < 60; i++) {
            await insert(alice, table, range(i * 10, i * 10 + 10));
            written = (i + 1) * 10;
        }
        isOver = true;
    })();
    let reads = 0;
    const queries = [`SELECT id FROM ${table}`, `SELECT a.id FROM ${table} a JOIN (SELECT 1 AS one) AS o ON one = 1 ORDER BY a.id`];
    while (!isOver) {
        const low = written;
        const ids = await alice.column(queries[reads++ % 2]);
        assert.ok(ids.length >= low, `${ids.length} of at least ${low}`);
        assert.deepEqual(ids, range(0, ids.length), 'every row once, in order, none missing before it');
    }
    await writing;
    await until('what reached the limit is flushed', async () => (await counters(admin, table, 'alice')).hot < 25);
    await ended(table);
    assert.ok(cold(alice, table).length >= 1);
    assert.deepEqual(await idsOf(alice, table), range(0, 600));
    for (const job of await jobsOf(table)) assert.equal(job.status, 'completed', JSON.stringify(job));
});

test('T130: more than a hundred thousand rows, in many row groups', async () => {
    const table = 'fl.large';
    await admin.run(`CREATE USER TABLE ${table} (id INT PRIMARY KEY, v TEXT, n INT) WITH (FLUSH_POLICY = 'rows:500000'); CREATE USER TABLE fl.digits (d INT PRIMARY KEY)`);
    await alice.run(`INSERT INTO fl.digits VALUES ${range(0, 402).map((d) => `(${d})`).join(',')}`);
    const count = 100500;
    await alice.run(`INSERT INTO ${table} SELECT 2 * n.i, 'v' || CAST(n.i AS TEXT), n.i % 100 FROM (SELECT a.d * 250 + b.d AS i FROM fl.digits a JOIN fl.digits b ON b.d < 250) AS n`);
    const everyId = async () => {
        const ids = await idsOf(alice, table);
        assert.equal(ids.length, count);
        assert.ok(ids.every((id, i) => id === 2 * i), 'each once, in order');
        assert.equal(await alice.value(`SELECT COUNT(*) FROM ${table}`), String(count));
    };
    await everyId();
    await flush(admin, table);
    await everyId();
    assert.equal((await counters(admin, table, 'alice')).hot, 0);
    assert.deepEqual(await alice.rows(`SELECT COUNT(*), SUM(n), MIN(id), MAX(id) FROM ${table} WHERE n < 50`), [['50250', String(count / 100 * 1225), 0, 200898]]);
    for (const id of [0, 1, 2, 39998, 40000, 40001, 40002, 79998, 80000, 200998, 200999, 201000]) {
        const expected = id % 2 === 0 && id < count * 2 ? [[`v${id / 2}`]] : [];
        assert.deepEqual(await alice.rows(`SELECT v FROM ${table} WHERE id = ${id}`), expected, id);
    }
    assert.deepEqual(await alice.column(`SELECT id FROM ${table} WHERE id > 39990 AND id <= 40010`), range(19996, 20006).map((n) => n * 2));
    assert.deepEqual(await alice.column(`SELECT id FROM ${table} ORDER BY id DESC LIMIT 3`), [200998, 200996, 200994]);
    assert.deepEqual(await alice.column(`SELECT id FROM ${table} LIMIT 2 OFFSET ${count - 1}`), [200998]);
    await alice.refuses(`INSERT INTO ${table} VALUES (40000, 'again', 1)`, /Already exists/);
    assert.equal(await alice.changes(`INSERT INTO ${table} VALUES (40001, 'between', 1)`), 1);
    assert.equal(await alice.changes(`UPDATE ${table} SET v = 'changed' WHERE n = 42`), 1005);
    assert.equal(await alice.changes(`DELETE FROM ${table} WHERE id >= 180000`), 10500);
    assert.equal(await alice.value(`SELECT COUNT(*) FROM ${table}`), '90001');
    await flush(admin, table);
    assert.equal(await alice.value(`SELECT COUNT(*) FROM ${table} WHERE v = 'changed'`), '900');
    assert.equal(await alice.value(`SELECT COUNT(*) FROM ${table}`), '90001');
});

test('T130: segments merge by hand into one', async () => {
    const table = 'fl.compacted';
    await admin.run(`CREATE USER TABLE ${table} (id INT PRIMARY KEY, v TEXT)`);
    for (const ids of [range(0, 10), range(5, 15).filter((id) => id > 9), range(20, 25)]) {
        await insert(alice, table, ids);
        await flush(admin, table);
    }
    await alice.run(`UPDATE ${table} SET v = 'x' WHERE id < 3`);
    await flush(admin, table);
    const before = await alice.rows(`SELECT id, v, _seq FROM ${table}`);
    const old = cold(alice, table);
    assert.equal(old.length, 4);
    const id = /Storage compaction started for table 'fl\.compacted'\. Job ID: (CO-\w+)$/.exec(await admin.message(`STORAGE COMPACT TABLE ${table}`))?.[1];
    const job = await jobEnd(admin, id);
    assert.equal(job.status, 'completed', JSON.stringify(job));
    assert.match(job.message, /Compaction completed/);
    await until('the old files go', () => cold(alice, table).length === 1);
    assert.ok(!old.includes(cold(alice, table)[0]), 'under a new number');
    assert.deepEqual(await alice.rows(`SELECT id, v, _seq FROM ${table}`), before);
    assert.equal(mirror(folderOf(alice, table)).segments.length, 1);
});

// ---- T131: retention ----

test('T131: what is deleted goes after its retention, and what it hides with it', async () => {
    const table = 'fl.brief';
    await admin.run(`CREATE USER TABLE ${table} (id INT PRIMARY KEY, v TEXT) WITH (deleted_retention = '1s')`);
    await admin.run("CREATE USER TABLE fl.long (id INT PRIMARY KEY, v TEXT) WITH (deleted_retention = '7d')");
    await admin.run("CREATE USER TABLE fl.forever (id INT PRIMARY KEY, v TEXT) WITH (deleted_retention = 'off')");
    for (const name of [table, 'fl.long', 'fl.forever']) {
        await insert(alice, name, range(0, 10));
        await insert(bob, name, [1]);
        await flush(admin, name);
        await alice.run(`DELETE FROM ${name} WHERE id < 4`);
        await bob.run(`DELETE FROM ${name} WHERE id = 1`);
        await flush(admin, name);
    }
    await until('the deleted rows are gone', async () => (await alice.rows(`SELECT id FROM ${table} WHERE _deleted = TRUE`)).length === 0);
    await until('one segment is left', () => cold(alice, table).length === 1);
    await until('of a scope without rows, nothing', () => cold(bob, table).length === 0);
    await ended(table, 'retention');
    await holds(alice, table, Object.fromEntries(range(4, 10).map((id) => [id, `v${id}`])));
    assert.equal(await alice.value(`SELECT COUNT(*) FROM ${table} WHERE _deleted IN (TRUE, FALSE)`), '6');
    const [segment] = mirror(folderOf(alice, table)).segments;
    assert.equal(segment.row_count, 6, 'the file is rewritten without them');
    assert.deepEqual(await bob.rows(`SELECT id FROM ${table}`), []);
    assert.equal(await bob.value(`SELECT COUNT(*) FROM ${table} WHERE _deleted IN (TRUE, FALSE)`), '0');
    const jobs = await jobsOf(table, 'retention');
    assert.ok(jobs.length >= 1);
    for (const job of jobs) {
        assert.match(job.job_id, /^RT-/);
        assert.equal(job.status, 'completed', JSON.stringify(job));
    }
    for (const name of ['fl.long', 'fl.forever']) {
        assert.deepEqual(await alice.column(`SELECT id FROM ${name} WHERE _deleted = TRUE`), [0, 1, 2, 3], name);
        assert.equal(cold(alice, name).length, 2);
        assert.equal((await jobsOf(name, 'retention')).length, 0);
    }
    await insert(alice, table, [0]);
    await insert(bob, table, [1]);
    await flush(admin, table);
    assert.deepEqual(await idsOf(alice, table), [0, ...range(4, 10)]);
    assert.deepEqual(await idsOf(bob, table), [1]);
});

test('T131: a deletion that is still hot hides its flushed row, retention or not', async () => {
    const table = 'fl.hot_tomb';
    await admin.run(`CREATE USER TABLE ${table} (id INT PRIMARY KEY, v TEXT) WITH (deleted_retention = '1s')`);
    await insert(alice, table, range(0, 4));
    await flush(admin, table);
    await alice.run(`DELETE FROM ${table} WHERE id = 0`);
    await flush(admin, table);
    await alice.run(`DELETE FROM ${table} WHERE id = 1`); // stays hot
    await until('the flushed deletion goes', () => cold(alice, table).length === 1 && mirror(folderOf(alice, table)).segments[0].row_count === 3);
    assert.deepEqual(await idsOf(alice, table), [2, 3]);
    await flush(admin, table);
    await until('then this one', async () => (await alice.rows(`SELECT id FROM ${table} WHERE _deleted = TRUE`)).length === 0);
    assert.deepEqual(await idsOf(alice, table), [2, 3]);
});

test('T131: durations in every form', async () => {
    for (const [text, shown] of [["'10s'", /10 ?s/], ["'5m'", /5 ?m|300 ?s/], ["'24h'", /24 ?h|1 ?d/], ["'7d'", /7 ?d|168 ?h/], ["'off'", /off/i], ["'30 days'", /30 ?d|720 ?h/]]) {
        const name = `fl.dur_${text.replace(/\W/g, '')}`;
        await admin.run(`CREATE USER TABLE ${name} (id INT PRIMARY KEY) WITH (deleted_retention = ${text})`);
        const [table] = await admin.objects('SELECT deleted_retention FROM system.tables WHERE table_name = $1', [name.slice(3)]);
        assert.match(table.deleted_retention, shown, text);
    }
    await admin.run('CREATE USER TABLE fl.dur_hours (id INT PRIMARY KEY) WITH (DELETED_RETENTION_HOURS = 2)');
    assert.match(await admin.value("SELECT deleted_retention FROM system.tables WHERE table_name = 'dur_hours'"), /2 ?h|120 ?m/);
});

// ---- DROP ----

test('DROP TABLE removes its files and nothing else', async () => {
    const table = 'fl.dropped';
    await admin.run(`CREATE USER TABLE ${table} (id INT PRIMARY KEY, v TEXT)`);
    for (const who of [alice, bob]) await insert(who, table, range(0, 5));
    await flush(admin, table);
    await alice.run(`DELETE FROM ${table} WHERE id = 0`);
    await flush(admin, table);
    const folder = folderOf(alice, table);
    const foreign = { 'notes.txt': 'mine', 'other.parquet': 'PAR1 not yours PAR1', 'batch-999999.parquet': 'looks like yours', 'sub/batch-1.parquet': 'deeper' };
    mkdirSync(join(folder, 'sub'));
    for (const [name, text] of Object.entries(foreign)) writeFileSync(join(folder, name), text);
    const id = /Cleanup job: (CL-\w+)$/.exec(await admin.message(`DROP TABLE ${table}`))?.[1];
    const job = await jobEnd(admin, id);
    assert.equal(job.status, 'completed', JSON.stringify(job));
    assert.equal(job.job_type, 'cleanup');
    await until('the files are gone', () => files(folder).length === Object.keys(foreign).length);
    assert.deepEqual(files(folder), Object.keys(foreign).sort());
    assert.deepEqual(files(folderOf(bob, table)), []);
    assert.throws(() => statSync(folderOf(bob, table)), 'an empty folder goes too');
});

// ---- T132: system.jobs ----

test('T132: a job says what it did', async () => {
    const table = 'fl.recorded';
    await admin.run(`CREATE USER TABLE ${table} (id INT PRIMARY KEY, v TEXT)`);
    await insert(alice, table, range(0, 30));
    await insert(bob, table, range(0, 5));
    const started = Date.now();
    const job = await flush(admin, table);
    assert.deepEqual(Object.keys(job).slice(0, 20), ['job_id', 'job_type', 'status', 'leader_status', 'parameters', 'message', 'exception_trace', 'idempotency_key',
        'queue', 'priority', 'retry_count', 'max_retries', 'memory_used', 'cpu_used', 'created_at', 'updated_at', 'started_at', 'finished_at', 'node_id', 'leader_node_id']);
    assert.match(job.job_id, /^FL-\w+$/);
    assert.equal(job.job_type, 'flush');
    assert.equal(job.retry_count, 0);
    assert.equal(job.max_retries, 3);
    for (const time of [job.created_at, job.started_at, job.finished_at, job.updated_at])
        assert.ok(Math.abs(time / 1000 - started) < 600_000, 'microseconds since 1970');
    assert.ok(job.created_at <= job.started_at && job.started_at <= job.finished_at);
    const metrics = JSON.parse(job.metrics);
    assert.deepEqual(Object.keys(metrics).sort(), ['bytes', 'cpu_ms', 'duration_ms', 'files', 'memory_bytes', 'rows']);
    const bytes = [alice, bob].map((who) => statSync(join(folderOf(who, table), cold(who, table)[0])).size);
    assert.deepEqual([metrics.rows, metrics.files, metrics.bytes], [35, 2, bytes[0] + bytes[1]]);
    assert.ok(metrics.memory_bytes > 0);
    assert.ok(Number(job.memory_used) > 0);
    const result = JSON.parse(job.result);
    assert.deepEqual([result.rows, result.files], [35, 2]);
    assert.equal(job.trace, null);
    assert.equal(job.exception_trace, null);
    assert.equal(typeof job.message, 'string');
});

test('T132: a job that fails says why, loses nothing, and is made again', async (t) => {
    const other = await readyServer(t, { env: { KALAMDB_FAULT: 'segment.synced:fail:0' }, settings: { jobs: { max_retries: 1, retry_backoff_ms: 1 } } });
    await other.admin.run("CREATE NAMESPACE fl; CREATE USER TABLE fl.t (id INT PRIMARY KEY, v TEXT) WITH (FLUSH_POLICY = 'rows:3')");
    await insert(other.admin, 'fl.t', range(0, 3));
    const failed = await until('the flush fails', async () => {
        const [job] = await other.admin.objects("SELECT * FROM system.jobs WHERE status = 'failed'");
        return job;
    });
    assert.equal(failed.message, 'injected: segment.synced');
    assert.equal(failed.retry_count, 1);
    assert.match(failed.trace, /^\w+ at src\/segments\/segment_write\.c:\d+$/);
    assert.deepEqual([JSON.parse(failed.result).rows, JSON.parse(failed.metrics).files], [0, 0]);
    assert.deepEqual(files(scopeFolder(other, 'admin', 'fl.t')), [], 'nothing is left behind');
    for (let id = 3; id < 8; id++) await insert(other.admin, 'fl.t', [id]);
    assert.equal(await other.admin.value("SELECT COUNT(*) FROM system.jobs WHERE job_type = 'flush'"), '1', 'not with every write');
    assert.deepEqual(await idsOf(other.admin, 'fl.t'), range(0, 8));
    await other.restart({ env: {} });
    await until('the rows leave the hot tier', async () => (await counters(other.admin, 'fl.t', 'admin')).hot === 0);
    assert.deepEqual(await idsOf(other.admin, 'fl.t'), range(0, 8));
});

test('T132: finished jobs leave the history after its retention', async (t) => {
    const other = await readyServer(t, { settings: { jobs: { history_retention: '1s' } } });
    await other.admin.run('CREATE NAMESPACE fl; CREATE USER TABLE fl.t (id INT PRIMARY KEY, v TEXT)');
    await insert(other.admin, 'fl.t', [1]);
    const id = /Job ID: (\S+)/.exec(await other.admin.message('STORAGE FLUSH TABLE fl.t'))[1];
    await until('the flush is done', () => segments(scopeFolder(other, 'admin', 'fl.t')).length === 1);
    await until('its record is gone', async () =>
        (await other.admin.rows('SELECT job_id FROM system.jobs WHERE job_id = $1', [id])).length === 0, 60);
});

test('T132: a job can be killed before it ends, not after', async (t) => {
    const other = await readyServer(t, { env: { KALAMDB_FAULT: 'segment.written:fail:0' }, settings: { jobs: { retry_backoff_ms: '1h' } } });
    await other.admin.run('CREATE NAMESPACE fl; CREATE USER TABLE fl.t (id INT PRIMARY KEY, v TEXT)');
    await insert(other.admin, 'fl.t', [1]);
    const id = /Job ID: (\S+)/.exec(await other.admin.message('STORAGE FLUSH TABLE fl.t'))[1];
    await until('it waits for its next try', async () =>
        (await other.admin.value('SELECT status FROM system.jobs WHERE job_id = $1', [id])) === 'retrying');
    await other.admin.run(`KILL JOB '${id}'`);
    assert.equal((await jobEnd(other.admin, id)).status, 'cancelled');
    assert.deepEqual(await idsOf(other.admin, 'fl.t'), [1]);
    const [done] = await jobsOf('fl.recorded');
    await admin.refuses(`KILL JOB '${done.job_id}'`, /Invalid operation: /);
    await admin.refuses("KILL JOB 'FL-ffffffffffff'", /Not found: /);
    await alice.refuses(`KILL JOB '${done.job_id}'`, undefined, { status: 403, code: 'PERMISSION_DENIED' });
});

test('sequences and file numbers only grow, over restarts too', async () => {
    const table = 'fl.numbers';
    await admin.run(`CREATE USER TABLE ${table} (id INT PRIMARY KEY, v TEXT)`);
    let lastSeq = 0n;
    let lastNumber = -1;
    for (let round = 0; round < 4; round++) {
        await insert(alice, table, [round]);
        const seq = BigInt(await alice.value(`SELECT MAX(_seq) FROM ${table}`));
        assert.ok(seq > lastSeq);
        assert.ok(Math.abs(seqMs(seq) - Date.now()) < 600_000);
        lastSeq = seq;
        await flush(admin, table);
        const numbers = cold(alice, table).map((name) => Number(/\d+/.exec(name)[0])).sort((a, b) => a - b);
        assert.equal(numbers.length, round + 1);
        assert.ok(numbers.at(-1) > lastNumber);
        lastNumber = numbers.at(-1);
        if (round % 2 === 1) await server.restart();
    }
    await admin.run(`DROP TABLE ${table}`);
    await admin.run(`CREATE USER TABLE ${table} (id INT PRIMARY KEY, v TEXT)`);
    await insert(alice, table, [1]);
    await flush(admin, table);
    assert.ok(Number(/\d+/.exec(cold(alice, table).at(-1))[0]) > lastNumber, 'numbers are not used again');
});

testStop(server);
