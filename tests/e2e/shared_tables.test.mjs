// SPDX-License-Identifier: Apache-2.0
// SHARED tables: one row set for everyone, who may read and write it, one folder.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Live } from './lib/live.mjs';
import { readyServer } from './lib/server.mjs';
import { files, flush, jobEnd, segments, test, testStop } from './lib/suite.mjs';
import { until } from './lib/until.mjs';

const server = await readyServer();
const { admin } = server;
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const sam = await server.addUser('sam', 'service');
const dora = await server.addUser('dora', 'dba');
await admin.run('CREATE NAMESPACE sh; CREATE USER TABLE sh.own (id INT PRIMARY KEY, v TEXT)');

const DENIED = { status: 403, code: 'PERMISSION_DENIED' };
const LEVELS = {
    public: { reads: [alice, bob, sam, dora, admin], writes: [sam, dora, admin] },
    private: { reads: [sam, dora, admin], writes: [sam, dora, admin] },
    restricted: { reads: [sam, dora, admin], writes: [sam, dora, admin] },
    dba: { reads: [dora, admin], writes: [dora, admin] },
};
const EVERYONE = [alice, bob, sam, dora, admin];
const folder = (table) => join(server.data, 'shared', ...table.split('.'));

for (const level of Object.keys(LEVELS)) {
    await admin.run(`CREATE SHARED TABLE sh.${level}_t (id INT PRIMARY KEY, v TEXT) WITH (ACCESS_LEVEL = '${level}')`);
    await admin.run(`INSERT INTO sh.${level}_t VALUES (0, 'canary ${level}')`);
}

// Every way in which a statement can come to read a table.
const READS = (table) => [
    `SELECT * FROM ${table}`,
    `SELECT COUNT(*) FROM ${table}`,
    `WITH t AS (SELECT * FROM ${table}) SELECT COUNT(*) FROM t`,
    `SELECT (SELECT COUNT(*) FROM ${table})`,
    `SELECT id FROM sh.own WHERE EXISTS (SELECT 1 FROM ${table})`,
    `SELECT 1 FROM sh.own AS o FULL JOIN ${table} AS s ON o.id = s.id`,
    `SELECT 1 UNION ALL SELECT 1 FROM ${table}`,
    `SELECT * FROM (SELECT * FROM ${table}) AS x`,
    `INSERT INTO sh.own SELECT id + 1000, v FROM ${table} WHERE FALSE`,
    `UPDATE sh.own SET v = 'x' WHERE id IN (SELECT id - 1 FROM ${table})`,
    `DELETE FROM sh.own WHERE id IN (SELECT id - 1 FROM ${table})`,
];

test('who reads: by access level, whatever the query', async () => {
    for (const [level, { reads }] of Object.entries(LEVELS)) {
        for (const who of EVERYONE) {
            for (const sql of READS(`sh.${level}_t`)) {
                if (reads.includes(who)) {
                    await who.run(sql);
                    continue;
                }
                const error = await who.refuses(sql, /Access denied: role '\w+' may not read sh\.\w+_t/, DENIED);
                assert.ok(!error.message.includes('canary'));
            }
        }
        assert.equal(await dora.value(`SELECT v FROM sh.${level}_t WHERE id = 0`), `canary ${level}`);
    }
});

test('who writes: by access level; who may only read is refused', async () => {
    for (const [level, { writes }] of Object.entries(LEVELS)) {
        const table = `sh.${level}_t`;
        for (const who of EVERYONE) {
            const id = EVERYONE.indexOf(who) + 1;
            const changes = [`INSERT INTO ${table} VALUES (${id}, 'new')`, `UPDATE ${table} SET v = 'changed' WHERE id = ${id}`,
                `DELETE FROM ${table} WHERE id = ${id}`];
            for (const sql of changes) {
                if (writes.includes(who)) assert.equal(await who.changes(sql), 1, `${who.user}: ${sql}`);
                else await who.refuses(sql, /Access denied: role '\w+' may not change/, DENIED);
            }
        }
        assert.deepEqual(await admin.rows(`SELECT id, v FROM ${table}`), [[0, `canary ${level}`]], 'the refused changed nothing');
    }
});

test('who subscribes: whoever reads, and all of them see each change', async () => {
    for (const [level, { reads }] of Object.entries(LEVELS)) {
        const table = `sh.${level}_t`;
        const lives = await Promise.all(EVERYONE.map((who) => Live.as(who)));
        for (const [i, who] of EVERYONE.entries()) {
            if (reads.includes(who)) {
                const { rows } = await lives[i].initial('s', `SELECT id, v FROM ${table}`);
                assert.deepEqual(rows.map((row) => row.v), [`canary ${level}`]);
            } else {
                lives[i].subscribe('s', `SELECT id, v FROM ${table}`, {});
                const error = await lives[i].of('s', 'error');
                assert.ok(!JSON.stringify(error).includes('canary'));
            }
        }
        await admin.run(`INSERT INTO ${table} VALUES (77, 'told')`);
        for (const [i, who] of EVERYONE.entries())
            if (reads.includes(who)) assert.equal((await lives[i].change('s')).rows[0].v, 'told');
            else await lives[i].silent('s');
        await admin.run(`DELETE FROM ${table} WHERE id = 77`);
        await Promise.all(lives.map((live) => live.close()));
    }
});

test('metadata is for everyone, numbers and values of rows are for readers', async () => {
    await flush(admin, 'sh.private_t');
    await flush(admin, 'sh.public_t');
    for (const who of EVERYONE) {
        const tables = await who.objects('SHOW TABLES IN sh');
        assert.equal(tables.find((row) => row.table_name === 'dba_t').access_level, 'dba');
        assert.equal((await who.objects('DESCRIBE TABLE sh.private_t'))[0].access_level, 'private');
        await who.one('SHOW STATS FOR TABLE sh.public_t');
        const shown = (await who.objects('SHOW MANIFEST')).map((row) => row.table_name);
        assert.ok(shown.includes('public_t'));
        assert.equal(shown.includes('private_t'), LEVELS.private.reads.includes(who), who.user);
    }
    await alice.refuses('SHOW STATS FOR TABLE sh.private_t', /may not read/, DENIED);
    assert.equal(await admin.value("SELECT options FROM system.tables WHERE table_name = 'public_t'").then((text) => JSON.parse(text).access_level), 'public');
});

test('no type said: SHARED and private; users make their own kind in a namespace of their own', async () => {
    await sam.run('CREATE TABLE sh.plain (id INT PRIMARY KEY)');
    assert.deepEqual(await admin.rows("SELECT table_type, access_level FROM system.tables WHERE table_name = 'plain'"), [['shared', 'private']]);
    await alice.refuses('CREATE TABLE sh.mine (id INT PRIMARY KEY)', /not allowed to create SHARED tables/, DENIED);
    await alice.refuses('CREATE SHARED TABLE sh.mine (id INT PRIMARY KEY)', /not allowed to create SHARED tables/, DENIED);
    await admin.run('CREATE NAMESPACE alice');
    assert.match(await alice.message('CREATE TABLE alice.mine (id INT PRIMARY KEY)'), /^user table alice\.mine created successfully/);
    await alice.refuses('DROP TABLE sh.plain', /owner/, DENIED);
    assert.match(await sam.message('DROP TABLE sh.plain'), /dropped successfully/);
});

test('acting as a user: SHARED tables are read as that user and never changed', async () => {
    for (const sql of ["INSERT INTO sh.public_t VALUES (50, 'x')", "UPDATE sh.public_t SET v = 'x' WHERE id = 0", 'DELETE FROM sh.public_t WHERE id = 0'])
        for (const who of [sam, dora, admin])
            await who.refuses(`EXECUTE AS USER 'alice' (${sql})`, /EXECUTE AS USER is not allowed on SHARED tables/);
    assert.deepEqual(await sam.rows("EXECUTE AS USER 'alice' (SELECT v FROM sh.public_t)"), [['canary public']]);
    for (const level of ['private', 'restricted', 'dba'])
        await admin.refuses(`EXECUTE AS USER 'alice' (SELECT v FROM sh.${level}_t)`, /may not read/, DENIED);
});

test('one key for all, one folder, hot and cold as one', async () => {
    await admin.run('CREATE SHARED TABLE sh.keys (id INT PRIMARY KEY, v TEXT) ACCESS LEVEL public');
    await sam.run("INSERT INTO sh.keys VALUES (1, 'sam'), (2, 'sam')");
    await dora.refuses("INSERT INTO sh.keys VALUES (3, 'dora'), (2, 'dora')", /primary key violation: id = 2 already exists/);
    assert.deepEqual(await alice.column('SELECT id FROM sh.keys'), [1, 2], 'all or nothing');
    await flush(admin, 'sh.keys');
    assert.equal(segments(folder('sh.keys')).length, 1);
    assert.deepEqual(files(join(server.data, 'users'), /keys/), [], 'nobody has a copy');
    assert.equal(JSON.parse(readFileSync(join(folder('sh.keys'), 'manifest.json'), 'utf8')).user_id, null);
    await dora.refuses("INSERT INTO sh.keys VALUES (1, 'dora')", /already exists/);
    await dora.run("UPDATE sh.keys SET v = 'dora' WHERE id = 1; DELETE FROM sh.keys WHERE id = 2; INSERT INTO sh.keys VALUES (3, 'dora')");
    const now = [[1, 'dora'], [3, 'dora']];
    assert.deepEqual(await alice.rows('SELECT id, v FROM sh.keys'), now);
    assert.deepEqual(await alice.rows('SELECT k.id, k.v FROM sh.keys AS k JOIN (SELECT 1 AS one) AS o ON one = 1 ORDER BY 1'), now);
    assert.deepEqual(await alice.column('SELECT id FROM sh.keys WHERE _deleted = TRUE'), [2]);
    await flush(admin, 'sh.keys');
    const job = /Job ID: (\S+)/.exec(await admin.message('STORAGE COMPACT TABLE sh.keys'))[1];
    assert.equal((await jobEnd(admin, job)).status, 'completed');
    await until('one segment is left', () => segments(folder('sh.keys')).length === 1);
    assert.deepEqual(await bob.rows('SELECT id, v FROM sh.keys'), now);
    assert.deepEqual(await admin.rows("SELECT user_id, hot_rows, live_rows FROM system.user_table_counters WHERE table_id = 'sh:keys'"), [[null, '0', '2']]);
});

test('many writers of one table lose nothing', async () => {
    await admin.run("CREATE SHARED TABLE sh.busy (id INT PRIMARY KEY, n INT) WITH (FLUSH_POLICY = 'rows:50')");
    await admin.run('INSERT INTO sh.busy VALUES (0, 0)');
    const write = async (who, index) => {
        for (let i = 0; i < 40; i++) {
            await who.run(`INSERT INTO sh.busy VALUES (${1000 * (index + 1) + i}, ${i})`);
            await who.run('UPDATE sh.busy SET n = n + 1 WHERE id = 0');
        }
    };
    await Promise.all([sam, dora, admin].map(write));
    assert.equal(await admin.value('SELECT n FROM sh.busy WHERE id = 0'), 120);
    assert.equal(await admin.value('SELECT COUNT(*) FROM sh.busy'), '121');
    await until('the policy flushed', () => segments(folder('sh.busy')).length > 0);
    assert.equal(await admin.value('SELECT COUNT(*) FROM sh.busy'), '121');
});

test('a LOCATION of its own, without a user in it', async () => {
    await admin.refuses("CREATE SHARED TABLE sh.at (id INT PRIMARY KEY) LOCATION 'cold/${user_id}/at'", /must not contain \$\{user_id\}/);
    await admin.run("CREATE SHARED TABLE sh.at (id INT PRIMARY KEY) LOCATION 'cold/at' FLUSH POLICY ROWS 2 WITH (deleted_retention = '7d')");
    await admin.refuses("CREATE SHARED TABLE sh.at2 (id INT PRIMARY KEY) LOCATION 'cold/at/below'", /sh\.at/);
    await admin.run('INSERT INTO sh.at VALUES (1), (2)');
    await until('it is flushed', () => segments(join(server.data, 'cold', 'at')).length === 1);
});

test('after a restart everything is as it was', async () => {
    await admin.run("INSERT INTO sh.keys VALUES (9, 'hot')");
    const before = await admin.rows('SELECT id, v, _seq FROM sh.keys');
    await server.restart();
    assert.deepEqual(await admin.rows('SELECT id, v, _seq FROM sh.keys'), before);
    await alice.refuses('SELECT * FROM sh.private_t', /may not read/, DENIED);
    assert.deepEqual(await alice.column('SELECT id FROM sh.keys'), [1, 3, 9]);
    await dora.refuses("INSERT INTO sh.keys VALUES (3, 'again')", /already exists/);
    await flush(admin, 'sh.keys');
    assert.deepEqual(await alice.column('SELECT id FROM sh.keys'), [1, 3, 9]);
});

test('DROP removes rows, files and folder', async () => {
    const job = /Cleanup job: (\S+)/.exec(await admin.message('DROP SHARED TABLE sh.keys'))[1];
    assert.equal((await jobEnd(admin, job)).status, 'completed');
    assert.ok(!existsSync(folder('sh.keys')));
    await admin.refuses('SELECT * FROM sh.keys', /does not exist/);
    await alice.refuses('SELECT * FROM sh.keys', 'SQL statement failed');
    await admin.run('CREATE SHARED TABLE sh.keys (id INT PRIMARY KEY)');
    assert.deepEqual(await admin.rows('SELECT * FROM sh.keys'), []);
});

testStop(server);
