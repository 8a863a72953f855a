// SPDX-License-Identifier: Apache-2.0
// No byte of one user reaches another (T127, T128): not through any form of query, nor errors, plans,
// system tables or files; and who may act as whom.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readyServer } from './lib/server.mjs';
import { literal } from './lib/client.mjs';
import { component, files, flush, scopeFolder, segments, test, testStop } from './lib/suite.mjs';

const server = await readyServer();
const { admin } = server;

// Ids that a careless path, key or statement would mix up.
const IDS = ['alice', 'a', 'a:b', 'a:b:c', 'shared', 'schemas', 'users', 'system', 'local', 'default', "o'neil", 'ünïcode', 'Alice', '%41lice',
    '%', 'a b', 'tab\tbed', 'x'.repeat(64), `${'x'.repeat(63)}y`, 'ü'.repeat(64), '.', '-', '${user_id}', '*', 'NULL', '1', 'a\u0301', 'á', '"quoted"', 'a;b--'];
const users = [];
for (const id of IDS) users.push(await server.addUser(id));
const service = await server.addUser('the service', 'service');
const root = await server.login('root', 'battery staple 2');
const everyone = [...users, service, admin, root];
const name = (who) => who.user;

await admin.run('CREATE NAMESPACE iso');
await admin.run('CREATE USER TABLE iso.notes (id INT PRIMARY KEY, secret TEXT NOT NULL, grp INT)');
await admin.run('CREATE USER TABLE iso.by_text (code TEXT PRIMARY KEY, secret TEXT)');
await admin.run('CREATE USER TABLE iso.other (id INT PRIMARY KEY, secret TEXT)');

// What each user hides: a word that holds the user's number, so that no word is part of another.
const canary = (who, place) => `canary-${place}-${everyone.indexOf(who)}-of-this-user`;
const CANARY = /canary-\w+-(\d+)-of-this-user/g;

// Fails when a text holds a word of somebody else.
function onlyOwn(text, who, what) {
    for (const [word, number] of text.matchAll(CANARY))
        assert.equal(Number(number), everyone.indexOf(who), `${name(who)} saw ${word} in ${what}`);
}

// The same keys for everyone, in both tiers: 1 flushed, 2 flushed and changed, 3 flushed and deleted, 4 and 5 hot.
for (const who of everyone) {
    await who.run('INSERT INTO iso.notes VALUES (1, $1, 1), (2, $2, 1), (3, $3, 2)', ['cold', 'old', 'dead'].map((place) => canary(who, place)));
    await who.run("INSERT INTO iso.by_text VALUES ($1, $2), ('', $3)", ['key', canary(who, 'coldtext'), canary(who, 'coldempty')]);
}
await flush(admin, 'iso.notes');
await flush(admin, 'iso.by_text');
for (const who of everyone) {
    await who.run('UPDATE iso.notes SET secret = $1 WHERE id = 2', [canary(who, 'changed')]);
    await who.run('DELETE FROM iso.notes WHERE id = 3');
    await who.run('INSERT INTO iso.notes VALUES (4, $1, 2), (5, $2, NULL)', [canary(who, 'hot'), canary(who, 'hottoo')]);
    await who.run("INSERT INTO iso.by_text VALUES ('hot', $1)", [canary(who, 'hottext')]);
    await who.run('INSERT INTO iso.other VALUES (1, $1), (2, $2)', [canary(who, 'otherone'), canary(who, 'othertwo')]);
}

test('each user reads exactly what is theirs, admins too', async () => {
    for (const who of everyone) {
        assert.deepEqual(await who.rows('SELECT id, secret, grp FROM iso.notes'), [
            [1, canary(who, 'cold'), 1], [2, canary(who, 'changed'), 1], [4, canary(who, 'hot'), 2], [5, canary(who, 'hottoo'), null],
        ], name(who));
        assert.deepEqual(await who.rows('SELECT code, secret FROM iso.by_text'), [
            ['', canary(who, 'coldempty')], ['hot', canary(who, 'hottext')], ['key', canary(who, 'coldtext')],
        ], name(who));
        assert.equal(await who.value('SELECT CURRENT_USER()'), name(who));
        assert.equal((await who.one('SELECT id FROM iso.notes LIMIT 1')).as_user, name(who));
    }
});

test('ids that would leave their folder are no ids', async () => {
    for (const id of ['..', '../x', 'a/b', 'a\\b', '/', '/etc', 'a/../b', '']) {
        const sql = `CREATE USER ${literal(id)} WITH PASSWORD 'long enough' ROLE user`;
        assert.equal((await admin.post(sql)).status, 400, id);
        const acted = await service.post(`EXECUTE AS USER ${literal(id)} (SELECT id FROM iso.notes)`);
        assert.equal(acted.status, 400, `${id}: ${acted.text}`);
    }
});

test('on disk, each user has a folder of their own', async () => {
    const folders = readdirSync(join(server.data, 'users')).sort();
    assert.deepEqual(folders, everyone.map((who) => folderName(name(who))).sort());
    for (const who of everyone) {
        const folder = join(server.data, 'users', folderName(name(who)), 'tables', 'iso', 'notes');
        assert.equal(segments(folder).length, 1, name(who));
        for (const path of files(folder)) onlyOwn(readFileSync(join(folder, path), 'latin1'), who, path);
    }
    assert.equal(scopeFolder(server, 'a:b', 'iso.notes'), join(server.data, 'users', 'a%3Ab', 'tables', 'iso', 'notes'));
});

// The design's rule for long ids: above 200 bytes the first 160, % and a hash.
function folderName(id) {
    const long = component(id);
    if (long.length <= 200) return long;
    const cut = readdirSync(join(server.data, 'users')).filter((folder) => folder.startsWith(`${long.slice(0, 160)}%`));
    assert.equal(cut.length, 1, id);
    assert.ok(cut[0].length <= 255);
    return cut[0];
}

// Every form of query there is, over rows of both tiers.
const QUERIES = [
    'SELECT * FROM iso.notes',
    'SELECT * FROM iso.notes WHERE TRUE',
    'SELECT * FROM iso.notes WHERE id = 1 OR 1 = 1',
    'SELECT * FROM iso.notes WHERE _deleted IN (TRUE, FALSE)',
    'SELECT * FROM iso.notes WHERE _seq > 0 ORDER BY _seq DESC',
    "SELECT * FROM iso.notes WHERE secret LIKE 'canary%' ORDER BY secret LIMIT 1000",
    "SELECT * FROM iso.by_text WHERE code >= '' AND code <= 'zzzzzz'",
    "SELECT * FROM iso.by_text WHERE code > ''",
    'SELECT secret FROM iso.notes ORDER BY id DESC',
    'SELECT DISTINCT secret FROM iso.notes',
    'SELECT COUNT(*), MIN(secret), MAX(secret) FROM iso.notes',
    "SELECT string_agg(secret, ',') FROM iso.notes",
    'SELECT grp, COUNT(*), MAX(secret) FROM iso.notes GROUP BY grp',
    'SELECT grp, COUNT(*) FROM iso.notes GROUP BY grp HAVING MAX(secret) IS NOT NULL',
    'SELECT id, secret, ROW_NUMBER() OVER (ORDER BY secret), FIRST_VALUE(secret) OVER (ORDER BY id) FROM iso.notes',
    'SELECT a.secret, b.secret FROM iso.notes a, iso.notes b',
    'SELECT a.secret, b.secret FROM iso.notes a CROSS JOIN iso.by_text b',
    'SELECT a.secret, b.secret FROM iso.notes a JOIN iso.other b ON a.id = b.id',
    'SELECT a.secret, b.secret FROM iso.notes a LEFT JOIN iso.other b USING (id)',
    'SELECT a.secret, b.secret FROM iso.notes a RIGHT JOIN iso.other b ON a.id <> b.id',
    'SELECT a.secret, b.secret FROM iso.notes a FULL JOIN iso.other b ON a.secret = b.secret',
    'SELECT * FROM iso.notes NATURAL JOIN iso.other',
    'SELECT * FROM iso.notes a WHERE EXISTS (SELECT 1 FROM iso.other b WHERE b.id = a.id)',
    'SELECT * FROM iso.notes a WHERE id NOT IN (SELECT id FROM iso.other)',
    'SELECT (SELECT MAX(secret) FROM iso.notes), (SELECT COUNT(*) FROM iso.other)',
    'SELECT a.id, (SELECT b.secret FROM iso.other b WHERE b.id = a.id) FROM iso.notes a',
    'SELECT x.secret FROM (SELECT * FROM iso.notes UNION ALL SELECT id, secret, 0 FROM iso.other) AS x',
    'SELECT secret FROM iso.notes UNION SELECT secret FROM iso.by_text',
    'SELECT secret FROM iso.notes EXCEPT SELECT secret FROM iso.by_text',
    'SELECT id FROM iso.notes INTERSECT SELECT id FROM iso.other',
    'WITH n AS (SELECT * FROM iso.notes) SELECT n.secret, m.secret FROM n JOIN n m ON n.id = m.id',
    'WITH notes AS (SELECT * FROM iso.other) SELECT * FROM notes',
    'WITH a AS (SELECT secret FROM iso.notes), b AS (SELECT secret FROM a UNION ALL SELECT secret FROM iso.by_text) SELECT secret, COUNT(*) FROM b GROUP BY secret',
    "SELECT CASE WHEN COUNT(*) > 4 THEN 'more' ELSE MAX(secret) END FROM iso.notes",
    'SELECT secret FROM iso.notes WHERE id = (SELECT MAX(id) FROM iso.notes)',
    'SELECT n.secret FROM iso.notes n JOIN LATERAL (SELECT o.secret FROM iso.other o WHERE o.id >= n.id) x ON TRUE',
    'SELECT * FROM (VALUES (1), (2)) AS v(id) JOIN iso.notes USING (id)',
    'SELECT secret FROM iso.notes TABLESAMPLE BERNOULLI (100)',
    'TABLE iso.notes',
];

test('no form of query shows a word of somebody else', async () => {
    const few = [users[0], users[1], users[2], users[10], service, admin, root];
    let answered = 0;
    for (const sql of QUERIES) {
        for (const who of few) {
            const answer = await who.post(sql);
            assert.ok(answer.status === 200 || answer.status === 400, `${sql}: ${answer.text}`);
            onlyOwn(answer.text, who, sql);
            if (answer.status !== 200) continue;
            answered++;
            if (/secret|\*/.test(sql) && !/INTERSECT|HAVING|NATURAL/.test(sql))
                assert.match(answer.text, /canary-/, `${sql} finds the own rows`);
        }
    }
    assert.ok(answered >= (QUERIES.length - 4) * few.length, `${answered} queries were answered`);
});

test('counts count the own rows', async () => {
    for (const who of everyone) {
        assert.deepEqual(await who.rows('SELECT COUNT(*), COUNT(grp), MIN(id), MAX(id) FROM iso.notes'), [['4', '3', 1, 5]], name(who));
        assert.equal(await who.value('SELECT COUNT(*) FROM iso.notes a, iso.notes b'), '16', name(who));
    }
});

test('changes reach the own rows and no others', async () => {
    const [a, b] = [users[1], users[2]]; // `a` and `a:b`
    await admin.run('CREATE USER TABLE iso.changed (id INT PRIMARY KEY, v TEXT)');
    for (const who of [a, b, admin]) await who.run(`INSERT INTO iso.changed VALUES (1, 'one'), (2, 'two')`);
    await flush(admin, 'iso.changed');
    for (const who of [a, b, admin]) await who.run(`INSERT INTO iso.changed VALUES (3, 'three')`);
    assert.equal(await a.changes("UPDATE iso.changed SET v = 'of a' WHERE TRUE"), 3);
    assert.equal(await admin.changes('DELETE FROM iso.changed WHERE id IN (1, 3)'), 2);
    assert.equal(await b.changes('INSERT INTO iso.changed SELECT id + 10, v FROM iso.changed'), 3);
    assert.deepEqual(await a.rows('SELECT id, v FROM iso.changed'), [[1, 'of a'], [2, 'of a'], [3, 'of a']]);
    assert.deepEqual(await b.rows('SELECT id, v FROM iso.changed'),
        [[1, 'one'], [2, 'two'], [3, 'three'], [11, 'one'], [12, 'two'], [13, 'three']]);
    assert.deepEqual(await admin.rows('SELECT id, v FROM iso.changed'), [[2, 'two']]);
    await a.run('DELETE FROM iso.changed WHERE id > 0');
    await flush(admin, 'iso.changed');
    assert.equal(await b.value('SELECT COUNT(*) FROM iso.changed'), '6');
});

test('errors tell nothing of others', async () => {
    const [who] = users;
    for (const sql of [
        `INSERT INTO iso.notes VALUES (1, 'again', 1)`, 'SELECT secret::int FROM iso.notes', 'SELECT 1 / (id - id) FROM iso.notes',
        'SELECT CAST(MAX(secret) AS INT) FROM iso.notes', 'UPDATE iso.notes SET grp = secret::int WHERE id > 0', 'SELECT secret FROM iso.notes WHERE nope = 1',
        "INSERT INTO iso.by_text VALUES ('key', 'again')", 'SELECT (SELECT secret FROM iso.notes)', 'INSERT INTO iso.other SELECT id, secret FROM iso.notes',
        "SELECT secret::date FROM iso.notes a JOIN iso.other b USING (id)",
    ]) {
        const answer = await who.post(sql);
        assert.equal(answer.status, 400, `${sql}: ${answer.text}`);
        onlyOwn(answer.text, who, sql);
    }
});

test('a key that others have is free, and its being taken says nothing of them', async () => {
    const [who] = users;
    await admin.run('INSERT INTO iso.other VALUES (777, $1)', [canary(admin, 'key')]);
    assert.equal(await who.changes("INSERT INTO iso.other VALUES (777, 'mine')"), 1);
    await flush(admin, 'iso.other');
    await who.refuses("INSERT INTO iso.other VALUES (777, 'again')", /Already exists/);
    assert.equal(await users[1].changes("INSERT INTO iso.other VALUES (777, 'mine too')"), 1);
});

// ---- system tables ----

const SYSTEM_TABLES = ['users', 'namespaces', 'tables', 'table_schemas', 'schemas', 'storages', 'storage_locations', 'jobs', 'user_table_counters', 'manifest',
    'settings', 'stats'];
const EVASIONS = (table) => [
    `SELECT * FROM system.${table}`,
    `SELECT COUNT(*) FROM system.${table}`,
    `SELECT 1 FROM system.${table} LIMIT 1`,
    `SELECT * FROM "system".${table}`,
    `SELECT * FROM SYSTEM.${table.toUpperCase()}`,
    `WITH t AS (SELECT * FROM system.${table}) SELECT COUNT(*) FROM t`,
    `SELECT (SELECT COUNT(*) FROM system.${table})`,
    `SELECT id FROM iso.notes WHERE EXISTS (SELECT 1 FROM system.${table})`,
    `SELECT n.id FROM iso.notes n, system.${table} s`,
    `SELECT 1 UNION ALL SELECT 1 FROM system.${table}`,
    `SELECT * FROM (SELECT * FROM system.${table}) AS x`,
    `INSERT INTO iso.notes SELECT 99, 'x', COUNT(*) FROM system.${table}`,
    `UPDATE iso.notes SET grp = 1 WHERE id IN (SELECT 1 FROM system.${table})`,
    `DELETE FROM iso.notes WHERE EXISTS (SELECT 1 FROM system.${table})`,
    `EXPLAIN SELECT * FROM system.${table}`,
    `SELECT 1; SELECT * FROM system.${table}`,
];

test('system tables are for admins, whatever the query', async () => {
    for (const who of [users[0], service]) {
        for (const table of SYSTEM_TABLES) {
            for (const sql of EVASIONS(table)) {
                const error = await who.refuses(sql, undefined, { status: 403, code: 'PERMISSION_DENIED' });
                if (sql.startsWith('EXPLAIN')) continue;
                for (const words of ['Access denied', table, "System tables require 'dba' or 'system' role"])
                    assert.ok(error.message.includes(words), `${sql}: ${error.message}`);
            }
        }
    }
    for (const who of [admin, root])
        for (const table of SYSTEM_TABLES) await who.rows(`SELECT * FROM system.${table} LIMIT 5`);
});

test('in the name of a user, an admin has no more than that user', async () => {
    for (const table of ['users', 'jobs', 'user_table_counters'])
        for (const who of [admin, service])
            await who.refuses(`EXECUTE AS USER 'alice' (SELECT * FROM system.${table})`, undefined, { status: 403, code: 'PERMISSION_DENIED' });
    for (const command of ['CREATE NAMESPACE sneaky', "CREATE USER sneaky WITH PASSWORD 'long enough' ROLE dba", 'DROP NAMESPACE iso CASCADE', 'STORAGE FLUSH ALL'])
        await admin.refuses(`EXECUTE AS USER 'alice' (${command})`, undefined, { status: 403, code: 'PERMISSION_DENIED' });
});

test('nobody writes to system tables', async () => {
    for (const who of [users[0], admin, root]) {
        for (const sql of ["INSERT INTO system.users (user_id) VALUES ('x')", "UPDATE system.users SET role = 'system' WHERE user_id = 'alice'",
            'DELETE FROM system.users WHERE TRUE', 'DROP TABLE system.users', 'CREATE USER TABLE system.users2 (id INT PRIMARY KEY)',
            "UPDATE information_schema.tables SET table_name = 'x' WHERE TRUE"]) {
            const answer = await who.post(sql);
            assert.ok([400, 403].includes(answer.status), `${sql}: ${answer.text}`);
        }
    }
});

test('what admins see of tables and jobs holds no rows', async () => {
    for (const table of SYSTEM_TABLES) onlyOwn((await admin.post(`SELECT * FROM system.${table}`)).text, admin, table);
    for (const table of ['tables', 'columns', 'schemata'])
        onlyOwn((await users[0].post(`SELECT * FROM information_schema.${table}`)).text, users[0], table);
    for (const sql of ['SHOW TABLES', 'SHOW NAMESPACES', 'SHOW STORAGES', 'DESCRIBE TABLE iso.notes', 'SHOW STATS FOR TABLE iso.notes', 'SHOW MANIFEST'])
        onlyOwn((await users[0].post(sql)).text, users[0], sql);
    for (const row of await admin.objects('SELECT * FROM system.users')) assert.ok(!/argon2|\$2b\$/.test(JSON.stringify(row)), 'no hash of a password');
});

test('a user sees no figures of another', async () => {
    const quiet = await server.addUser('quiet one');
    const [mine] = await quiet.objects('SHOW STATS FOR TABLE iso.notes');
    if (mine) assert.equal(String(mine.logical_rows), '0', 'the statistics of a private table are one\'s own');
    const manifest = await quiet.post('SHOW MANIFEST');
    for (const who of users) assert.ok(!manifest.text.includes(canary(who, 'cold')));
    if (manifest.status === 200) assert.deepEqual(manifest.body.results[0].rows, [], 'no scope of another');
});

test('plans hold no rows of another, and are for admins', async () => {
    for (const sql of QUERIES.slice(0, 24)) onlyOwn((await admin.post(`EXPLAIN ${sql}`)).text, admin, `EXPLAIN ${sql}`);
    for (const who of [users[0], service])
        await who.refuses('EXPLAIN SELECT * FROM iso.notes', /Admin privileges/, { status: 403, code: 'PERMISSION_DENIED' });
});

test('no file, setting, catalogue or function of the engine can be named', async () => {
    const folder = scopeFolder(server, 'alice', 'iso.notes');
    const file = join(folder, segments(folder)[0]);
    for (const who of [users[1], admin]) {
        for (const sql of [
            `SELECT * FROM '${file}'`, `SELECT * FROM "${file}"`, `SELECT * FROM read_parquet('${file}')`, `SELECT * FROM parquet_scan('${file}')`,
            `SELECT * FROM parquet_metadata('${file}')`, `SELECT * FROM parquet_schema('${file}')`, `SELECT * FROM glob('${server.data}/**')`,
            `SELECT * FROM read_csv('/etc/passwd')`, `SELECT * FROM read_text('/etc/passwd')`, `SELECT * FROM read_blob('/etc/passwd')`, "SELECT getenv('HOME')",
            'SELECT * FROM duckdb_settings()', 'SELECT * FROM duckdb_tables()', 'SELECT * FROM pragma_database_list()', "SELECT current_setting('allowed_directories')",
            'SELECT * FROM pg_catalog.pg_class', 'SELECT * FROM sqlite_master', "SELECT * FROM query('SELECT 1')", "SELECT * FROM query_table('x')",
            'PRAGMA database_list', "SET memory_limit = '1TB'", 'LOAD httpfs', 'INSTALL httpfs', `ATTACH '${server.data}/x.db'`, `COPY iso.notes TO '${server.data}/out.csv'`,
            `COPY (SELECT 1) TO '/tmp/out.csv'`, `EXPORT DATABASE '/tmp/out'`, 'CALL pragma_version()', 'CHECKPOINT', 'SELECT * FROM hot_rows', 'SELECT * FROM temp.x',
            'SELECT * FROM main.x', 'CREATE TABLE main.x AS SELECT 1', 'CREATE TEMP TABLE x (i INT)', 'CREATE MACRO f() AS 1', "SELECT lo_import('/etc/passwd')", 'DO $$ BEGIN END $$',
            "SELECT pg_read_file('/etc/passwd')",
        ]) {
            const answer = await who.post(sql);
            assert.ok([400, 403].includes(answer.status), `${sql}: ${answer.text}`);
            assert.ok(!/root:x:0|PAR1|canary-/.test(answer.text), sql);
        }
    }
});

// ---- acting as somebody ----

test('who may act as whom', async () => {
    const [alice, a] = users;
    const other = await server.addUser('other service', 'service');
    const dba = await server.addUser('other dba', 'dba');
    const roleOf = new Map([[alice, 'user'], [a, 'user'], [service, 'service'], [other, 'service'], [admin, 'dba'], [dba, 'dba'], [root, 'system']]);
    const allowed = { user: [], service: ['service', 'user'], dba: ['dba', 'service', 'user'], system: ['system', 'dba', 'service', 'user'] };
    for (const actor of roleOf.keys()) {
        for (const [target, role] of roleOf) {
            const sql = `EXECUTE AS USER ${literal(name(target))} (SELECT CURRENT_USER(), CURRENT_ROLE())`;
            if (actor === target || allowed[roleOf.get(actor)].includes(role)) {
                const result = await actor.one(sql);
                assert.deepEqual(result.rows, [[name(target), 'user']], sql);
                assert.equal(result.as_user, name(target));
            } else {
                const error = await actor.refuses(sql, /EXECUTE AS USER is not authorized/, { status: 403, code: 'PERMISSION_DENIED' });
                assert.ok(error.message.includes(name(actor)) && error.message.includes(name(target)), error.message);
                assert.ok(!error.message.includes(`'${name(target)}' (`), `what others may is not told: ${error.message}`);
            }
        }
    }
});

test('acting as somebody reads and writes their rows and nothing else', async () => {
    const [alice] = users;
    assert.deepEqual(await service.rows("EXECUTE AS USER 'alice' (SELECT secret FROM iso.notes WHERE id = 1)"), [[canary(alice, 'cold')]]);
    assert.equal((await service.one("EXECUTE AS USER alice (INSERT INTO iso.other VALUES (50, $1))", [canary(alice, 'given')])).row_count, 1);
    assert.equal(await alice.value('SELECT secret FROM iso.other WHERE id = 50'), canary(alice, 'given'));
    assert.deepEqual(await service.rows('SELECT id FROM iso.other WHERE id = 50'), []);
    assert.deepEqual(await service.rows("EXECUTE AS USER 'o''neil' (SELECT COUNT(*) FROM iso.notes a JOIN iso.notes b USING (id))"), [['4']]);
    assert.equal((await admin.one("EXECUTE AS USER 'nobody yet' (INSERT INTO iso.other VALUES (1, 'waiting'))")).row_count, 1);
    const late = await server.addUser('nobody yet');
    assert.deepEqual(await late.rows('SELECT id, secret FROM iso.other'), [[1, 'waiting']]);
    const results = await admin.run("EXECUTE AS USER 'alice' (SELECT CURRENT_USER()); SELECT CURRENT_USER(); EXECUTE AS USER 'a:b' (SELECT CURRENT_USER())");
    assert.deepEqual(results.map((result) => [result.rows[0][0], result.as_user]), [['alice', 'alice'], ['admin', 'admin'], ['a:b', 'a:b']]);
});

test('whose rows they are does not depend on what was asked before', async () => {
    // One plan for all of a text's cases and literals; but ids are what they are.
    const ids = ['ann', 'Ann', 'ANN', 'ann-1', 'ann-2', '7', '07', '8', 'ann.b', 'ann.B', "'Ann'", "'ann'", '"Ann"', '"ann"'];
    for (let round = 0; round < 8; round++) {
        for (const id of ids) {
            const sql = `EXECUTE AS USER ${id} (SELECT CURRENT_USER())`;
            const result = await service.one(sql);
            const wanted = id.replaceAll(/['"]/g, '');
            assert.deepEqual([result.rows[0][0], result.as_user], [wanted, wanted], sql);
        }
        for (const id of ['ann--x', 'ann']) {
            const result = await service.one(`EXECUTE AS USER ${id}\n(SELECT CURRENT_USER())`);
            assert.deepEqual([result.rows[0][0], result.as_user], [id, id]);
        }
    }
});

test('the words around it must be right', async () => {
    for (const sql of ["EXECUTE AS USER 'alice' SELECT 1", "EXECUTE AS USER 'alice' (SELECT 1", "EXECUTE AS USER 'alice' ()", "EXECUTE AS USER '' (SELECT 1)",
        "EXECUTE AS USER (SELECT 1)", "EXECUTE AS USER 'alice' (SELECT 1; SELECT 2)", "EXECUTE AS USER 'alice' (SELECT 1) SELECT 2", "EXECUTE AS USER 'alice' (   )",
        "EXECUTE AS USER 'alice' (EXECUTE AS USER 'a' (SELECT 1))"])
        await admin.refuses(sql, undefined, { code: 'INVALID_INPUT' });
    assert.deepEqual(await admin.rows("EXECUTE AS USER 'alice' (SELECT ')(', '(' );"), [[')(', '(']]);
});

test('of a refused batch nothing ran, in nobody\'s name', async () => {
    const [alice] = users;
    await alice.refuses("INSERT INTO iso.other VALUES (60, 'x'); EXECUTE AS USER 'a' (INSERT INTO iso.other VALUES (60, 'x'))", /not authorized/,
        { status: 403, code: 'PERMISSION_DENIED' });
    assert.deepEqual(await alice.rows('SELECT id FROM iso.other WHERE id = 60'), []);
    assert.deepEqual(await users[1].rows('SELECT id FROM iso.other WHERE id = 60'), []);
});

test('many users at once, each with their own answers', async () => {
    const load = everyone.map(async (who) => {
        for (let i = 0; i < 15; i++) {
            const sql = QUERIES[(i * 7 + everyone.indexOf(who)) % 36];
            onlyOwn((await who.post(sql)).text, who, sql);
            assert.equal(await who.value('SELECT secret FROM iso.notes WHERE id = 4'), canary(who, 'hot'));
            assert.equal(await who.value('SELECT MAX(secret) FROM iso.notes WHERE id = 1'), canary(who, 'cold'));
        }
    });
    await Promise.all(load);
});

testStop(server);
