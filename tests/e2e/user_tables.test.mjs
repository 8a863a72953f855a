// SPDX-License-Identifier: Apache-2.0
// USER tables as the seed has them: their definition (T115-T122), their rows (T123-T126), CURRENT_USER (T128).
import assert from 'node:assert/strict';
import { lstatSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readyServer, temporaryFolder } from './lib/server.mjs';
import { files, flush, inData, scopeFolder, segments, seqMs, test, testStop } from './lib/suite.mjs';
import { until } from './lib/until.mjs';

const outside = temporaryFolder('roots');
const server = await readyServer(null, { settings: { storage: { allowed_roots: [outside] } } });
const { admin } = server;
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
await admin.run('CREATE NAMESPACE app');

const describe = (table) => admin.objects(`DESCRIBE TABLE ${table}`);
const columnsOf = async (table) =>
    (await describe(table)).map((column) => `${column.column_name} ${column.data_type}${column.is_nullable ? '' : ' NOT NULL'}`);
const SYSTEM = ['_seq BIGINT NOT NULL', '_updated TIMESTAMP NOT NULL', '_deleted BOOLEAN NOT NULL'];
const listed = async (table) => {
    const [namespace, name] = table.split('.');
    const [row] = await admin.objects('SELECT * FROM system.tables WHERE namespace_id = $1 AND table_name = $2', [namespace, name]);
    return row;
};
const storedOptions = async (table) => {
    const [namespace, name] = table.split('.');
    const [row] = await admin.objects('SELECT * FROM system.schemas WHERE namespace_id = $1 AND table_name = $2 AND is_latest', [namespace, name]);
    return { ...row, options: JSON.parse(row.options) };
};

// ---- T115: what CREATE TABLE says ----

test('T115: the three ways to write a USER table give the same table', async () => {
    await admin.run("CREATE USER TABLE app.form_a (id BIGINT PRIMARY KEY, body TEXT NOT NULL) FLUSH POLICY ROWS 500 INTERVAL '2 minutes' WITH (deleted_retention='7d')");
    await admin.run('CREATE USER TABLE app.form_b (id BIGINT PRIMARY KEY, body TEXT NOT NULL) FLUSH ROWS 500 INTERVAL 120s WITH (DELETED_RETENTION_HOURS = 168)');
    await admin.run("CREATE TABLE app.form_c (id BIGINT PRIMARY KEY, body TEXT NOT NULL) WITH (TYPE = 'USER', FLUSH_POLICY = 'rows:500,interval:120', DELETED_RETENTION = '7d')");
    const seen = [];
    for (const name of ['form_a', 'form_b', 'form_c']) {
        assert.deepEqual(await columnsOf(`app.${name}`), ['id BIGINT NOT NULL', 'body TEXT NOT NULL', ...SYSTEM], name);
        const { options, table_type } = await storedOptions(`app.${name}`);
        assert.equal(table_type, 'user');
        assert.equal(options.table_type, 'USER');
        assert.deepEqual(options.flush_policy, { type: 'combined', row_limit: 500, interval_seconds: 120 }, name);
        seen.push(JSON.stringify(options));
    }
    assert.equal(new Set(seen).size, 1, seen.join('\n'));
});

test('T115: more spellings of the clauses', async () => {
    const cases = [
        ['FLUSH POLICY ROWS 10', { type: 'row_limit', row_limit: 10 }],
        ['FLUSH POLICY ROW_LIMIT 10', { type: 'row_limit', row_limit: 10 }],
        ["FLUSH POLICY INTERVAL '5s'", { type: 'time_interval', interval_seconds: 5 }],
        ["FLUSH POLICY INTERVAL '2 minutes'", { type: 'time_interval', interval_seconds: 120 }],
        ['FLUSH SECONDS 7', { type: 'time_interval', interval_seconds: 7 }],
        ['FLUSH ROW_THRESHOLD 8', { type: 'row_limit', row_limit: 8 }],
        ['FLUSH INTERVAL 300s ROW_THRESHOLD 9', { type: 'combined', row_limit: 9, interval_seconds: 300 }],
        ["WITH (FLUSH_POLICY = 'rows:11')", { type: 'row_limit', row_limit: 11 }],
        ["WITH (flush_policy = 'interval:12')", { type: 'time_interval', interval_seconds: 12 }],
    ];
    for (const [i, [clause, policy]] of cases.entries()) {
        await admin.run(`create user table if not exists app.clause_${i} (id int primary key,) ${clause}`);
        assert.deepEqual((await storedOptions(`app.clause_${i}`)).options.flush_policy, policy, clause);
    }
});

test('T115: every type, under every name it goes by', async () => {
    const types = [
        ['BOOLEAN', 'BOOLEAN', 'BOOL'], ['SMALLINT', 'SMALLINT', 'INT2'], ['INT', 'INT', 'INTEGER', 'INT4', 'MEDIUMINT'],
        ['BIGINT', 'BIGINT', 'INT8', 'INT64', 'bigint'], ['FLOAT', 'FLOAT', 'REAL', 'FLOAT4'], ['DOUBLE', 'DOUBLE', 'DOUBLE PRECISION', 'FLOAT8'],
        ['TEXT', 'TEXT', 'VARCHAR', 'VARCHAR(20)', 'STRING', 'CHAR', 'CLOB'], ['TIMESTAMP', 'TIMESTAMP', 'TIMESTAMP(3)'], ['DATE', 'DATE'],
        ['DATETIME', 'DATETIME'], ['TIME', 'TIME'], ['JSON', 'JSON', 'JSONB'], ['BYTES', 'BYTES', 'BINARY', 'VARBINARY', 'BLOB', 'BYTEA'],
        ['UUID', 'UUID'], ['DECIMAL(38,10)', 'DECIMAL'], ['DECIMAL(9,0)', 'DECIMAL(9)', 'NUMERIC(9)'], ['DECIMAL(9,2)', 'DECIMAL(9,2)', 'NUMERIC(9, 2)'],
    ];
    for (const [i, [shown, ...spellings]] of types.entries()) {
        await admin.run(`CREATE USER TABLE app.type_${i} (id INT PRIMARY KEY, ${spellings.map((name, j) => `c${j} ${name}`).join(', ')})`);
        const seen = (await describe(`app.type_${i}`)).slice(1, 1 + spellings.length).map((column) => column.data_type.replace(/, /g, ','));
        assert.equal(new Set(seen).size, 1, `${spellings}: ${seen}`);
        assert.equal(seen[0], shown);
    }
    for (const type of ['TINYINT', 'INT UNSIGNED', 'INT[]', 'NOSUCHTYPE', 'DECIMAL(39,2)', 'DECIMAL(5,6)'])
        assert.equal((await admin.post(`CREATE USER TABLE app.bad_type (id INT PRIMARY KEY, c ${type})`)).status, 400, type);
    assert.equal(await listed('app.bad_type'), undefined);
});

test('T115: names of tables', async () => {
    for (const name of ['_a', '1a', 'a-b', 'a.b.c', '"a b"', '"ä"', '""', "'a'", `"${'a'.repeat(65)}"`, '"a;b"', '"../up"', '"a/b"'])
        assert.equal((await admin.post(`CREATE USER TABLE app.${name} (id INT PRIMARY KEY)`)).status, 400, name);
    await admin.refuses('CREATE USER TABLE app._hidden (id INT PRIMARY KEY)', /_hidden.*(begin|start)/i);
    await admin.refuses('CREATE USER TABLE app."a-b" (id INT PRIMARY KEY)', /a-b.*(letters|characters)/i);
    await admin.run('CREATE USER TABLE App.MixedCase_9 (id INT PRIMARY KEY)');
    assert.ok(await listed('app.mixedcase_9'), 'unquoted names fold to lower case');
    await admin.run(`CREATE USER TABLE app.${'a'.repeat(64)} (id INT PRIMARY KEY)`);
    for (const name of ['system', 'information_schema', 'pg_catalog', '1x', 'a-b', 'ä', 'x'.repeat(65)])
        assert.equal((await admin.post(`CREATE NAMESPACE "${name}"`)).status, 400, name);
    await admin.refuses('CREATE USER TABLE system.mine (id INT PRIMARY KEY)', undefined);
});

test('T115: definitions that make no sense', async () => {
    for (const [sql, says] of [
        ['(a INT PRIMARY KEY, b INT PRIMARY KEY)', /Multiple PRIMARY KEY/i],
        ['(a INT, b INT, PRIMARY KEY (a, b))', /Composite PRIMARY KEY/i],
        ['(a INT, PRIMARY KEY (nope))', /nope.*not found|not found.*nope/i],
        ['(a INT PRIMARY KEY, A TEXT)', /\ba\b/i],
        ['(a JSON PRIMARY KEY)', /key/i],
        ['(_seq BIGINT, id INT PRIMARY KEY)', /system|reserved/i],
        ['(id INT PRIMARY KEY, _updated TIMESTAMP)', /system|reserved/i],
        ['(id INT PRIMARY KEY, _deleted BOOLEAN)', /system|reserved/i],
        ['(id INT PRIMARY KEY, c INT DEFAULT nosuch())', /nosuch|DEFAULT of column "c"/],
        ['(id INT PRIMARY KEY, c INT DEFAULT NOW())', /NOW|default/i],
        ["(id INT PRIMARY KEY, c INT DEFAULT 'x')", /x|default/i],
        ['(id INT PRIMARY KEY) WITH (NO_SUCH_OPTION = 1)', /NO_SUCH_OPTION/i],
        ["(id INT PRIMARY KEY) WITH (TYPE = 'SHARED')", /type|shared/i],
        ["(id INT PRIMARY KEY) WITH (FLUSH_POLICY = '')", /flush/i],
        ["(id INT PRIMARY KEY) WITH (FLUSH_POLICY = 'rows:0')", /flush|rows/i],
        ["(id INT PRIMARY KEY) WITH (FLUSH_POLICY = 'rows:1000000')", /flush|rows/i],
        ["(id INT PRIMARY KEY) WITH (FLUSH_POLICY = 'interval:86400')", /flush|interval/i],
        ["(id INT PRIMARY KEY) WITH (FLUSH_POLICY = 'moons:3')", /moons/i],
        ["(id INT PRIMARY KEY) WITH (DELETED_RETENTION = 'a while')", /retention|a while/i],
        ['(id INT PRIMARY KEY) WITH (TTL_SECONDS = 5)', /TTL/i],
        ["(id INT PRIMARY KEY) WITH (ACCESS_LEVEL = 'public')", /access/i],
        ["(id INT PRIMARY KEY) WITH (STORAGE_ID = 'nowhere')", /nowhere/i],
    ]) {
        const answer = await admin.post(`CREATE USER TABLE app.senseless ${sql}`);
        assert.equal(answer.status, 400, `${sql}: ${answer.text}`);
        assert.match(answer.body.error.message, says, sql);
    }
    assert.equal((await admin.post('CREATE USER TABLE app.senseless ()')).status, 400);
    await admin.refuses('CREATE USER TABLE nowhere_yet.t (id INT PRIMARY KEY)', /nowhere_yet.*Create it first with CREATE NAMESPACE nowhere_yet/s);
    assert.equal(await listed('app.senseless'), undefined, 'nothing of it is left');
    assert.deepEqual(files(join(server.data, 'schemas', 'app', 'senseless')), []);
});

// ---- T116: all steps or none ----

test('T116: an existing table is refused, or said to be there', async () => {
    assert.match(await admin.message('CREATE USER TABLE app.once (id INT PRIMARY KEY)'), /user.*app\.once.*created successfully/);
    await admin.refuses('CREATE USER TABLE app.once (id INT PRIMARY KEY)', /Already exists: .*already exists/);
    assert.match(await admin.message('CREATE USER TABLE IF NOT EXISTS app.once (other TEXT PRIMARY KEY)'), /app\.once/);
    assert.deepEqual(await columnsOf('app.once'), ['id INT NOT NULL', ...SYSTEM], 'it is as it was');
    assert.match(await admin.message('CREATE USER TABLE IF NOT EXISTS app.twice (id INT PRIMARY KEY)'), /created/);
});

test('T116: of many who create a table at once, one does', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) =>
        admin.post(`CREATE USER TABLE app.race (id INT PRIMARY KEY, c${i} INT)`)));
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
    for (const { status, body } of answers)
        if (status !== 200) assert.match(body.error.message, /already exists/);
    assert.deepEqual(segments(join(server.data, 'schemas', 'app', 'race')), []);
    assert.deepEqual(files(join(server.data, 'schemas', 'app', 'race')), ['current.json', 'manifest.json', 'schema_v1.json']);
});

test('T116: the metadata of a table', async () => {
    await alice.run("CREATE USER TABLE app.meta (id BIGINT PRIMARY KEY DEFAULT SNOWFLAKE_ID(), body TEXT NOT NULL DEFAULT 'none' COMMENT 'what it says', ok BOOLEAN DEFAULT FALSE)");
    assert.deepEqual((await describe('app.meta')).map((column) => [column.column_name, column.ordinal_position, column.column_id,
        column.data_type, column.is_nullable, column.is_primary_key, column.column_default, column.column_comment, column.schema_version]).slice(0, 3), [
        ['id', 1, '1', 'BIGINT', false, true, 'SNOWFLAKE_ID()', null, 1],
        ['body', 2, '2', 'TEXT', false, false, "'none'", 'what it says', 1],
        ['ok', 3, '3', 'BOOLEAN', true, false, 'FALSE', null, 1],
    ]);
    const table = await listed('app.meta');
    assert.equal(table.table_type, 'user');
    assert.equal(table.version, '1');
    assert.equal(typeof table.created_at, 'number');
    const schema = await storedOptions('app.meta');
    assert.equal(schema.table_id, 'app:meta');
    assert.equal(schema.schema_version, 1);
    assert.equal(schema.is_latest, true);
    assert.deepEqual(JSON.parse(schema.columns).slice(0, 3).map((column) => [column.column_id, column.column_name, column.is_primary_key]),
        [[1, 'id', true], [2, 'body', false], [3, 'ok', false]]);
    const shown = await alice.objects('SHOW TABLES IN app');
    assert.deepEqual(Object.keys(shown[0]).slice(0, 14), ['table_id', 'table_name', 'namespace_id', 'table_type', 'created_at', 'schema_version', 'columns',
        'table_comment', 'updated_at', 'options', 'access_level', 'is_latest', 'storage_id', 'use_user_storage']);
    assert.ok(shown.some((row) => row.table_name === 'meta'));
    assert.ok(shown.every((row) => row.namespace_id === 'app'));
    assert.ok((await alice.objects('SHOW TABLES')).some((row) => row.table_id === 'app:meta'));
    const columns = await alice.objects("SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'app' AND table_name = 'meta' ORDER BY ordinal_position");
    assert.deepEqual(columns.map((column) => column.column_name), ['id', 'body', 'ok', '_seq', '_updated', '_deleted']);
    assert.deepEqual(await alice.column("SELECT table_name FROM information_schema.tables WHERE table_schema = 'app' AND table_name = 'meta'"), ['meta']);
});

test('tables that are not private wait for their day, and say so', async () => {
    for (const sql of ['CREATE SHARED TABLE app.shared_one (id INT PRIMARY KEY)', 'CREATE TABLE app.shared_two (id INT PRIMARY KEY)',
        'CREATE STREAM TABLE app.stream_one (id INT PRIMARY KEY) WITH (TTL_SECONDS = 5)']) {
        const answer = await admin.post(sql);
        if (answer.status === 200) continue;
        assert.equal(answer.status, 400, sql);
        assert.match(answer.body.error.message, /SHARED|STREAM/i, sql);
    }
});

// ---- T117, T118 ----

test('T117: without a key of its own a table gets an id', async () => {
    await admin.run('CREATE USER TABLE app.keyless (body TEXT, n INT)');
    assert.deepEqual(await columnsOf('app.keyless'), ['id BIGINT NOT NULL', 'body TEXT', 'n INT', ...SYSTEM]);
    const [first] = await describe('app.keyless');
    assert.equal(first.is_primary_key, true);
    assert.equal(first.column_default, 'SNOWFLAKE_ID()');
    await alice.run("INSERT INTO app.keyless (body) VALUES ('a'), ('b'), ('c')");
    const ids = await alice.column('SELECT id FROM app.keyless ORDER BY body');
    assert.equal(new Set(ids).size, 3);
    for (const id of ids) assert.ok(Math.abs(seqMs(id) - Date.now()) < 3600_000, `${id} is a snowflake of now`);
    assert.ok(BigInt(ids[0]) < BigInt(ids[1]) && BigInt(ids[1]) < BigInt(ids[2]), 'in the order of the statement');
    assert.equal(await alice.changes('INSERT INTO app.keyless (id, body) VALUES (5, $1)', ['given']), 1);
});

test('T117: an id that is there is kept, and is the key when no other is declared', async () => {
    await admin.run('CREATE USER TABLE app.own_id (name TEXT, id TEXT)');
    assert.deepEqual(await columnsOf('app.own_id'), ['name TEXT', 'id TEXT NOT NULL', ...SYSTEM]);
    assert.deepEqual((await describe('app.own_id')).map((column) => column.is_primary_key), [false, true, false, false, false]);
    await admin.run('CREATE USER TABLE app.other_key (id INT, code TEXT PRIMARY KEY)');
    assert.deepEqual((await describe('app.other_key')).map((column) => column.is_primary_key), [false, true, false, false, false]);
    await alice.run("INSERT INTO app.other_key VALUES (1, 'a'), (1, 'b')");
    await admin.run('CREATE USER TABLE app.table_key (a INT, b TEXT, CONSTRAINT k PRIMARY KEY (b))');
    assert.deepEqual((await describe('app.table_key')).map((column) => column.is_primary_key), [false, true, false, false, false]);
});

test('T117: AUTO_INCREMENT, IDENTITY and SERIAL count by themselves', async () => {
    for (const [i, type] of ['BIGINT AUTO_INCREMENT', 'BIGSERIAL', 'SERIAL', 'SMALLSERIAL', 'INT GENERATED ALWAYS AS IDENTITY', 'INT IDENTITY'].entries()) {
        await admin.run(`CREATE USER TABLE app.auto_${i} (id ${type} PRIMARY KEY, v TEXT)`);
        const [id] = await describe(`app.auto_${i}`);
        assert.deepEqual([id.data_type, id.column_default], ['BIGINT', 'SNOWFLAKE_ID()'], type);
        assert.equal(await alice.changes(`INSERT INTO app.auto_${i} (v) VALUES ('a'), ('b')`), 2);
    }
});

test('T118: system columns: in every table, after its own, not to be written', async () => {
    await admin.run('CREATE USER TABLE app.sys (id INT PRIMARY KEY, v TEXT)');
    await alice.run("INSERT INTO app.sys VALUES (1, 'x')");
    const result = await alice.one('SELECT * FROM app.sys');
    assert.deepEqual(result.schema.map((column) => [column.name, column.data_type]),
        [['id', 'Int'], ['v', 'Text'], ['_seq', 'BigInt'], ['_updated', 'Timestamp'], ['_deleted', 'Boolean']]);
    const [, , seq, updated, deleted] = result.rows[0];
    assert.equal(deleted, false);
    assert.equal(updated, seqMs(seq) * 1000, '_updated is the millisecond in _seq');
    for (const sql of ["INSERT INTO app.sys (id, _seq) VALUES (2, 1)", 'INSERT INTO app.sys (id, _deleted) VALUES (2, TRUE)',
        'UPDATE app.sys SET _seq = 1 WHERE id = 1', 'UPDATE app.sys SET _deleted = TRUE WHERE id = 1', 'UPDATE app.sys SET _updated = NOW() WHERE id = 1',
        "INSERT INTO app.sys VALUES (2, 'y', 1, NOW(), FALSE)"])
        assert.equal((await alice.post(sql)).status, 400, sql);
    assert.deepEqual(await alice.rows('SELECT id, v, _deleted FROM app.sys'), [[1, 'x', false]]);
    assert.equal((await alice.one('SELECT d.* FROM (SELECT * FROM app.sys) AS d')).schema.length, 2, 'inside, * is what was declared');
    assert.equal((await alice.one('SELECT COUNT(*) FROM app.sys WHERE _seq > 0')).rows[0][0], '1');
});

// ---- T120: where the files go ----

test('T120: by default under the folder of the user', async () => {
    await admin.run('CREATE USER TABLE app.placed (id INT PRIMARY KEY)');
    await alice.run('INSERT INTO app.placed VALUES (1)');
    await flush(admin, 'app.placed');
    const [file, ...more] = segments(join(server.data, 'users', 'alice', 'tables', 'app', 'placed'));
    assert.match(file, /^batch-\d+\.parquet$/);
    assert.deepEqual(more, []);
});

test('T120: a path of its own, with the user in it', async () => {
    await admin.run(`CREATE USER TABLE app.direct (id INT PRIMARY KEY) LOCATION '${outside}/direct/\${user_id}/of/\${user_id}'`);
    await alice.run('INSERT INTO app.direct VALUES (1)');
    await bob.run('INSERT INTO app.direct VALUES (1), (2)');
    await flush(admin, 'app.direct');
    assert.deepEqual(files(join(outside, 'direct')).map((path) => path.replace(/batch-\d+/, 'batch-N')),
        ['alice', 'bob'].flatMap((user) => ['batch-N.parquet', 'manifest.json'].map((name) => `${user}/of/${user}/${name}`)));
    assert.deepEqual(await bob.column('SELECT id FROM app.direct'), [1, 2]);
});

test('T120: a path that cannot be is refused, and nothing is made', async () => {
    symlinkSync('/', join(outside, 'escape'));
    const free = `${outside}/free`;
    for (const [path, says] of [
        [`${free}/all`, /\$\{user_id\}/],
        ['', /\$\{user_id\}|empty|path/i],
        ['/etc/kalamdb/${user_id}', /allowed_roots/],
        ['/tmp/../etc/${user_id}', /allowed_roots|\.\./],
        [`${outside}/../elsewhere/\${user_id}`, /allowed_roots|\.\./],
        [`${outside}/escape/tmp/\${user_id}`, /allowed_roots/],
        [`${outside}/direct/\${user_id}/of/\${user_id}`, /app\.direct|another table|in use/],
        [`${outside}/direct/\${user_id}`, /app\.direct|another table|in use/],
        [`${outside}/direct/\${user_id}/of/\${user_id}/below`, /app\.direct|another table|in use/],
    ]) {
        const answer = await admin.post(`CREATE USER TABLE app.misplaced (id INT PRIMARY KEY) LOCATION '${path}'`);
        assert.equal(answer.status, 400, `${path}: ${answer.text}`);
        assert.equal(answer.body.error.code, 'SQL_EXECUTION_ERROR', answer.text);
        assert.match(answer.body.error.message, says, path);
    }
    assert.equal(await listed('app.misplaced'), undefined);
});

const usage = async (name) =>
    Number((await admin.objects('SELECT * FROM system.storage_locations WHERE location_name = $1', [name]))[0]?.usage_count);

test('T120: a registered location counts who uses it', async () => {
    const path = join(outside, 'pool');
    assert.equal(await admin.message(`CREATE STORAGE pool TYPE filesystem NAME 'The pool' PATH '${path}'`), "Storage 'pool' created successfully");
    await admin.refuses(`CREATE STORAGE pool TYPE filesystem PATH '${path}2'`, /Already exists: /);
    assert.equal(await usage('pool'), 0);
    await admin.run("CREATE USER TABLE app.ref_a (id INT PRIMARY KEY) LOCATION REFERENCE 'pool'");
    await admin.run("CREATE TABLE app.ref_b (id INT PRIMARY KEY) WITH (TYPE = 'USER', STORAGE_ID = 'pool')");
    await admin.run('CREATE USER TABLE app.ref_c (id INT PRIMARY KEY) STORAGE pool');
    assert.equal(await usage('pool'), 3);
    assert.equal((await listed('app.ref_a')).storage_id, 'pool');
    await admin.refuses("CREATE USER TABLE app.ref_d (id INT PRIMARY KEY) LOCATION REFERENCE 'nowhere'", /nowhere/);
    assert.equal(await listed('app.ref_d'), undefined);
    await alice.run('INSERT INTO app.ref_a VALUES (1)');
    await alice.run('INSERT INTO app.ref_b VALUES (2)');
    await flush(admin, 'app.ref_a');
    await flush(admin, 'app.ref_b');
    assert.equal(segments(path).length, 2, files(path).join());
    for (const file of segments(path)) assert.match(file, /alice/, 'the user is part of the path');
    await admin.refuses('DROP STORAGE pool', /3/);
    assert.deepEqual(await alice.column('SELECT id FROM app.ref_a'), [1]);
    for (const name of ['ref_a', 'ref_b', 'ref_c']) await admin.run(`DROP TABLE app.${name}`);
    assert.equal(await usage('pool'), 0);
    assert.equal(await admin.message('DROP STORAGE pool'), "Storage 'pool' dropped successfully");
    await admin.refuses('DROP STORAGE pool', /pool/);
    assert.match(await admin.message('DROP STORAGE IF EXISTS pool'), /does not exist \(skipped\)/);
    await admin.refuses("CREATE USER TABLE app.ref_d (id INT PRIMARY KEY) LOCATION REFERENCE 'pool'", /pool/);
});

test('T120: storages that cannot be', async () => {
    const path = join(outside, 'other');
    for (const [sql, says] of [
        [`CREATE STORAGE "a b" TYPE filesystem PATH '${path}'`, /a b/],
        ["CREATE STORAGE s TYPE filesystem PATH ''", /path/i],
        ["CREATE STORAGE s TYPE filesystem PATH '/etc/kalamdb'", /allowed_roots/],
        [`CREATE STORAGE s TYPE tape PATH '${path}'`, /tape|type/i],
        [`CREATE STORAGE s TYPE filesystem PATH '${path}' USER_TABLES_TEMPLATE '{namespace}/{tableName}'`, /userId/],
        [`CREATE STORAGE s TYPE filesystem PATH '${path}' USER_TABLES_TEMPLATE '{userId}/{tableName}/{namespace}'`, /order|namespace|tableName/],
        ['DROP STORAGE local', /local/],
    ])
        await admin.refuses(sql, says);
    const stores = await admin.objects('SHOW STORAGES');
    assert.deepEqual(stores.map((storage) => storage.storage_id), ['local']);
    await alice.refuses(`CREATE STORAGE s TYPE filesystem PATH '${path}'`, undefined, { status: 403, code: 'PERMISSION_DENIED' });
    assert.deepEqual((await alice.objects('SHOW STORAGES')).map((storage) => storage.storage_id), ['local']);
});

test('T120: a storage is probed, and its check says how it is', async () => {
    const path = join(outside, 'checked');
    await admin.run(`CREATE STORAGE checked TYPE filesystem PATH '${path}'`);
    const [check] = await admin.objects('STORAGE CHECK checked');
    assert.deepEqual([check.storage_id, check.status, check.readable, check.writable, check.listable, check.deletable],
        ['checked', 'healthy', true, true, true, true]);
    assert.deepEqual(files(path), [], 'the probe leaves nothing');
    await admin.refuses('STORAGE CHECK nowhere', /not found/i);
    await admin.run('DROP STORAGE checked');
});

// ---- T121, T122 ----

test('T121: schema files on disk', async () => {
    await admin.run("CREATE USER TABLE app.filed (id BIGINT PRIMARY KEY, amount DECIMAL(10,2), at TIMESTAMP NOT NULL) WITH (FLUSH_POLICY = 'rows:77', deleted_retention = '30d')");
    const folder = join(server.data, 'schemas', 'app', 'filed');
    assert.deepEqual(files(folder), ['current.json', 'manifest.json', 'schema_v1.json']);
    const text = readFileSync(join(folder, 'schema_v1.json'), 'utf8');
    assert.ok(lstatSync(join(folder, 'current.json')).isFile(), 'a copy, not a link');
    assert.equal(readFileSync(join(folder, 'current.json'), 'utf8'), text);
    assert.match(text, /^\{\n +"/, 'pretty printed');
    const schema = JSON.parse(text);
    const fields = schema.fields ?? schema.schema?.fields ?? schema.arrow_schema?.fields;
    assert.deepEqual(fields.map((field) => [field.name, field.nullable]), [['id', false], ['amount', true], ['at', false],
        ['_seq', false], ['_updated', false], ['_deleted', false]]);
    const shown = (name) => JSON.stringify(fields.find((field) => field.name === name));
    assert.match(shown('id'), /Int64/i);
    assert.match(shown('amount'), /Decimal.*10.*2/i);
    assert.match(shown('at'), /Timestamp.*(micro|us)/i);
    assert.match(shown('_updated'), /Timestamp.*(milli|ms)/i);
    assert.match(shown('_deleted'), /Bool/i);
    assert.match(text, /77/, 'the flush policy is among the options');
    const manifest = readFileSync(join(folder, 'manifest.json'), 'utf8');
    assert.match(manifest, /schema_v1\.json|"version": *1|\b1\b/);
    assert.match(manifest, /\n/);
    assert.match(await admin.message('DROP TABLE app.filed'), /dropped successfully\. Cleanup job: CL-\w+/);
    await until('schema files go with the table', () => files(folder).length === 0);
});

test('T122: the logical column family is shown', async () => {
    assert.ok(JSON.stringify(await admin.one('DESCRIBE TABLE app.sys')).includes('user_table:app:sys'));
    assert.ok(JSON.stringify(await listed('app.sys')).includes('user_table:app:sys'));
});

// ---- T123: INSERT ----

test('T123: what INSERT takes', async () => {
    await admin.run("CREATE USER TABLE app.ins (id INT PRIMARY KEY, a TEXT NOT NULL, b INT DEFAULT 5, c TIMESTAMP DEFAULT NOW(), d TEXT DEFAULT CURRENT_USER(), \"firstName\" TEXT, u UUID DEFAULT UUID_V7(), l TEXT DEFAULT ULID())");
    assert.equal(await alice.changes("INSERT INTO app.ins (id, a) VALUES (1, 'x'), (2, 'y')"), 2);
    const rows = await alice.objects('SELECT * FROM app.ins ORDER BY id');
    for (const row of rows) {
        assert.equal(row.b, 5);
        assert.equal(row.d, 'alice');
        assert.ok(Math.abs(row.c / 1000 - Date.now()) < 3600_000);
        assert.match(row.u, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        assert.match(row.l, /^[0-9A-HJKMNP-TV-Z]{26}$/);
        assert.equal(row._deleted, false);
    }
    assert.notEqual(rows[0].u, rows[1].u);
    assert.notEqual(rows[0].l, rows[1].l);
    assert.equal(await alice.changes("INSERT INTO app.ins (id, a, b) VALUES (3, 'z', NULL)"), 1);
    assert.equal(await alice.value('SELECT b FROM app.ins WHERE id = 3'), null, 'an explicit NULL is no default');
    assert.equal(await alice.changes("INSERT INTO app.ins (a, id, \"firstName\") VALUES ('o''clock', '4', 'Ann')"), 1);
    assert.deepEqual(await alice.rows('SELECT a, "firstName" FROM app.ins WHERE id = 4'), [["o'clock", 'Ann']]);
    assert.equal(await alice.changes("INSERT INTO app.ins (id, a) SELECT id + 100, upper(a) FROM app.ins WHERE id <= 2"), 2);
    assert.deepEqual(await alice.rows('SELECT id, a FROM app.ins WHERE id > 100'), [[101, 'X'], [102, 'Y']]);
    assert.equal(await alice.changes("INSERT INTO app.ins (id, a) SELECT 200, 'one' UNION ALL SELECT 201, 'two'"), 2);
    assert.equal(await alice.changes("INSERT INTO app.ins (id, a, b) VALUES (300, lower('ABC'), 1 + 2 * 3)"), 1);
    assert.deepEqual(await alice.rows('SELECT a, b FROM app.ins WHERE id = 300'), [['abc', 7]]);
    for (const sql of ["INSERT INTO app.ins VALUES (900)", "INSERT INTO app.ins (id, a, a) VALUES (900, 'x', 'y')", "INSERT INTO app.ins (id, a) VALUES (900, 'x', 'y')",
        "INSERT INTO app.ins (a) VALUES ('no key')", "INSERT INTO app.ins (id, a) VALUES (NULL, 'x')", "INSERT INTO app.ins (id, a) VALUES ('x', 'x')",
        "INSERT INTO app.ins (id, a) VALUES (900, 'x') RETURNING id", "INSERT INTO app.ins (id, a) VALUES (900, 'x') ON CONFLICT DO NOTHING",
        "INSERT INTO app.ins (id, a) VALUES (2147483648, 'x')"])
        assert.equal((await alice.post(sql)).status, 400, sql);
    assert.equal(await alice.value('SELECT COUNT(*) FROM app.ins WHERE id >= 900'), '0');
});

test('T123: a key is there once: hot, cold, twice in a statement', async () => {
    await admin.run('CREATE USER TABLE app.dup (id INT PRIMARY KEY, v TEXT)');
    await admin.run('CREATE USER TABLE app.dup_text (code TEXT PRIMARY KEY, v TEXT)');
    const taken = /^Statement 1 failed: Already exists: .*(primary key|already exists|violation)/i;
    await alice.refuses("INSERT INTO app.dup VALUES (1, 'a'), (2, 'b'), (1, 'c')", taken);
    assert.equal(await alice.value('SELECT COUNT(*) FROM app.dup'), '0', 'all of a statement or nothing');
    await alice.run("INSERT INTO app.dup VALUES (1, 'a'), (2, 'b')");
    await alice.refuses("INSERT INTO app.dup VALUES (3, 'c'), (2, 'again')", taken);
    await alice.refuses("INSERT INTO app.dup SELECT id, v FROM app.dup", taken);
    await flush(admin, 'app.dup');
    await alice.refuses("INSERT INTO app.dup VALUES (4, 'd'), (1, 'again')", taken);
    await alice.run("INSERT INTO app.dup VALUES (3, 'c')");
    await flush(admin, 'app.dup');
    for (const id of [1, 2, 3]) await alice.refuses(`INSERT INTO app.dup VALUES (${id}, 'again')`, taken);
    assert.deepEqual(await alice.rows('SELECT id, v FROM app.dup'), [[1, 'a'], [2, 'b'], [3, 'c']]);
    await bob.run("INSERT INTO app.dup VALUES (1, 'bob has his own 1')");
    await alice.run("INSERT INTO app.dup_text VALUES ('a', '1'), ('A', '2'), ('a ', '3'), ('', '4'), ('ä', '5')");
    await alice.refuses("INSERT INTO app.dup_text VALUES ('ä', 'again')", taken);
});

test('T123: a hundred who insert the same key: one succeeds', async () => {
    await admin.run('CREATE USER TABLE app.contended (id INT PRIMARY KEY, v INT)');
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => alice.post(`INSERT INTO app.contended VALUES (1, ${i})`)));
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
    for (const { status, body } of answers) if (status !== 200) assert.match(body.error.message, /Already exists/);
});

// ---- T124: UPDATE ----

for (const tier of ['hot', 'cold', 'mixed']) {
    const table = `app.upd_${tier}`;
    test(`T124: UPDATE of ${tier} rows`, async () => {
        await admin.run(`CREATE USER TABLE ${table} (id INT PRIMARY KEY, v TEXT, n INT)`);
        await alice.run(`INSERT INTO ${table} VALUES ${Array.from({ length: 20 }, (_, i) => `(${i}, 'v${i}', ${i * 10})`).join(', ')}`);
        if (tier !== 'hot') await flush(admin, table);
        if (tier === 'mixed') await alice.run(`UPDATE ${table} SET v = v || '!' WHERE id % 2 = 0`);
        const bang = (id) => (tier === 'mixed' && id % 2 === 0 ? '!' : '');
        const [[seq, updated]] = await alice.rows(`SELECT _seq, _updated FROM ${table} WHERE id = 3`);
        assert.equal(await alice.changes(`UPDATE ${table} SET v = 'new', n = n + 1 WHERE id = 3`), 1);
        const [[seq2, updated2, deleted2]] = await alice.rows(`SELECT _seq, _updated, _deleted FROM ${table} WHERE id = 3`);
        assert.ok(BigInt(seq2) > BigInt(seq), '_seq grows');
        assert.ok(updated2 >= updated, '_updated is now');
        assert.equal(updated2, seqMs(seq2) * 1000);
        assert.equal(deleted2, false);
        assert.deepEqual(await alice.rows(`SELECT v, n FROM ${table} WHERE id = 3`), [['new', 31]]);
        assert.equal(await alice.changes(`UPDATE ${table} SET n = 31 WHERE id = 3`), 0, 'the same again changes nothing');
        assert.equal(await alice.value(`SELECT _seq FROM ${table} WHERE id = 3`), seq2);
        assert.equal(await alice.changes(`UPDATE ${table} SET n = n * 2 WHERE id BETWEEN 5 AND 9 AND n > 50`), 4);
        assert.deepEqual(await alice.column(`SELECT n FROM ${table} WHERE id BETWEEN 5 AND 9`), [50, 120, 140, 160, 180]);
        assert.equal(await alice.changes(`UPDATE ${table} SET v = NULL WHERE v LIKE 'v1_%'`), 10);
        assert.equal(await alice.value(`SELECT COUNT(*) FROM ${table} WHERE v IS NULL`), '10');
        assert.equal(await alice.changes(`UPDATE ${table} SET v = 'was null' WHERE v IS NULL AND id IN (10, 12, 99)`), 2);
        assert.equal(await alice.changes(`UPDATE ${table} SET n = (SELECT MAX(n) FROM ${table}) WHERE id IN (SELECT id FROM ${table} WHERE id < 2)`), 2);
        assert.deepEqual(await alice.column(`SELECT n FROM ${table} WHERE id < 2`), [190, 190]);
        assert.equal(await alice.changes(`UPDATE ${table} SET n = 1 WHERE id = 4711`), 0);
        assert.equal(await alice.value(`SELECT v FROM ${table} WHERE id = 4`), `v4${bang(4)}`);
        assert.equal(await alice.value(`SELECT COUNT(*) FROM ${table}`), '20');
        for (const sql of [`UPDATE ${table} SET id = 99 WHERE id = 1`, `UPDATE ${table} SET nope = 1 WHERE id = 1`, `UPDATE ${table} SET n = 'x' WHERE id = 1`,
            `UPDATE ${table} SET n = 1, n = 2 WHERE id = 1`, `UPDATE ${table} SET n = 1`, `UPDATE ${table} SET n = n / 0 WHERE id = 1`])
            assert.equal((await alice.post(sql)).status, 400, sql);
        await bob.run(`INSERT INTO ${table} VALUES (3, 'of bob', 0)`);
        assert.equal(await alice.changes(`UPDATE ${table} SET v = 'all mine' WHERE id >= 0`), 20);
        assert.deepEqual(await bob.rows(`SELECT v FROM ${table}`), [['of bob']]);
    });

    test(`T125: DELETE of ${tier} rows is soft`, async () => {
        const name = `app.del_${tier}`;
        await admin.run(`CREATE USER TABLE ${name} (id INT PRIMARY KEY, v TEXT)`);
        await alice.run(`INSERT INTO ${name} VALUES ${Array.from({ length: 10 }, (_, i) => `(${i}, 'v${i}')`).join(', ')}`);
        if (tier !== 'hot') await flush(admin, name);
        if (tier === 'mixed') await alice.run(`UPDATE ${name} SET v = v || '!' WHERE id >= 5`);
        const before = await alice.value(`SELECT _seq FROM ${name} WHERE id = 2`);
        assert.equal(await alice.changes(`DELETE FROM ${name} WHERE id = 2`), 1);
        assert.equal(await alice.changes(`DELETE FROM ${name} WHERE id = 2`), 0, 'it is gone already');
        assert.equal(await alice.changes(`UPDATE ${name} SET v = 'x' WHERE id = 2`), 0, 'what is gone cannot change');
        assert.equal(await alice.changes(`DELETE FROM ${name} WHERE v LIKE 'v7%' OR id IN (SELECT id FROM ${name} WHERE id > 8)`), 2);
        const left = [0, 1, 3, 4, 5, 6, 8];
        assert.deepEqual(await alice.column(`SELECT id FROM ${name}`), left);
        assert.equal(await alice.value(`SELECT COUNT(*) FROM ${name}`), '7');
        assert.deepEqual(await alice.column(`SELECT id FROM ${name} WHERE _deleted = FALSE`), left);
        const [[id, v, seq, deleted]] = await alice.rows(`SELECT id, v, _seq, _deleted FROM ${name} WHERE _deleted = TRUE AND id = 2`);
        assert.deepEqual([id, v, deleted], [2, 'v2', true], 'with the values it had');
        assert.ok(BigInt(seq) > BigInt(before));
        assert.deepEqual(await alice.column(`SELECT id FROM ${name} WHERE _deleted = TRUE`), [2, 7, 9]);
        assert.deepEqual(await alice.column(`SELECT id FROM ${name} WHERE _deleted IN (TRUE, FALSE)`), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert.deepEqual(await alice.rows(`SELECT COUNT(*), MAX(id) FROM ${name} WHERE _deleted`), [['3', 9]], 'through the engine too');
        assert.equal(await alice.changes(`INSERT INTO ${name} VALUES (2, 'born again')`), 1, 'the key is free');
        assert.deepEqual(await alice.rows(`SELECT id, v FROM ${name} WHERE id = 2`), [[2, 'born again']]);
        assert.deepEqual(await alice.column(`SELECT id FROM ${name} WHERE _deleted = TRUE`), [7, 9]);
        assert.equal((await alice.post(`DELETE FROM ${name}`)).status, 400, 'not without a WHERE');
        await bob.run(`INSERT INTO ${name} VALUES (0, 'of bob')`);
        assert.equal(await alice.changes(`DELETE FROM ${name} WHERE id >= 0`), 8);
        assert.deepEqual(await bob.rows(`SELECT id, v FROM ${name}`), [[0, 'of bob']]);
        assert.equal(await alice.value(`SELECT COUNT(*) FROM ${name}`), '0');
    });
}

test('T124: every write has a greater _seq, also when many write one row', async () => {
    await admin.run('CREATE USER TABLE app.counter (id INT PRIMARY KEY, n INT NOT NULL)');
    await alice.run('INSERT INTO app.counter VALUES (1, 0)');
    const seqs = [];
    for (let i = 0; i < 50; i++) {
        await alice.run('UPDATE app.counter SET n = n + 1 WHERE id = 1');
        seqs.push(BigInt(await alice.value('SELECT _seq FROM app.counter')));
    }
    seqs.reduce((a, b) => (assert.ok(b > a), b));
    await Promise.all(Array.from({ length: 200 }, () => alice.changes('UPDATE app.counter SET n = n + 1 WHERE id = 1')));
    assert.equal(await alice.value('SELECT n FROM app.counter'), 250, 'no update is lost');
});

// ---- T126, T128 ----

test('T128: CURRENT_USER is the caller, everywhere it may stand', async () => {
    await admin.run('CREATE USER TABLE app.who (id INT PRIMARY KEY, a TEXT DEFAULT CURRENT_USER, b TEXT)');
    for (const who of [alice, bob]) {
        assert.deepEqual(await who.rows("SELECT CURRENT_USER(), CURRENT_USER, CURRENT_USER_ID(), CURRENT_ROLE(), 'CURRENT_USER()'"),
            [[who.user, who.user, who.user, 'user', 'CURRENT_USER()']]);
        await who.run('INSERT INTO app.who (id, b) VALUES (1, CURRENT_USER())');
        assert.deepEqual(await who.rows('SELECT a, b FROM app.who WHERE a = CURRENT_USER() AND b = CURRENT_USER'), [[who.user, who.user]]);
        assert.equal(await who.changes("UPDATE app.who SET b = 'I am ' || CURRENT_USER() WHERE id = 1"), 1);
        assert.equal(await who.value('SELECT b FROM app.who'), `I am ${who.user}`);
        assert.deepEqual(await who.rows('SELECT b, COUNT(*) FROM app.who GROUP BY b HAVING MAX(a) = CURRENT_USER()'), [[`I am ${who.user}`, '1']]);
    }
    assert.deepEqual(await admin.rows('SELECT CURRENT_USER(), CURRENT_ROLE()'), [['admin', 'dba']]);
});

test('DROP TABLE is for the owner and for admins, and takes everything along', async () => {
    await alice.run('CREATE USER TABLE app.mine (id INT PRIMARY KEY)');
    await alice.run('INSERT INTO app.mine VALUES (1)');
    await bob.run('INSERT INTO app.mine VALUES (1)');
    await flush(admin, 'app.mine');
    await bob.run('INSERT INTO app.mine VALUES (2)');
    await bob.refuses('DROP TABLE app.mine', undefined, { status: 403, code: 'PERMISSION_DENIED' });
    const folders = ['alice', 'bob'].map((user) => scopeFolder(server, user, 'app.mine'));
    for (const folder of folders) assert.equal(segments(folder).length, 1, inData(server, folder));
    const message = await alice.message('DROP TABLE app.mine');
    assert.match(message, /app\.mine dropped successfully\. Cleanup job: CL-\w+$/);
    await alice.refuses('SELECT * FROM app.mine', 'SQL statement failed');
    for (const folder of folders) await until('its files are gone', () => files(folder).length === 0);
    assert.deepEqual(await admin.rows("SELECT table_id FROM system.schemas WHERE table_id = 'app:mine'"), []);
    await admin.run('CREATE USER TABLE app.mine (id INT PRIMARY KEY)');
    for (const who of [alice, bob]) assert.deepEqual(await who.rows('SELECT id FROM app.mine'), [], 'a new table is empty');
    assert.match(await admin.message('DROP TABLE IF EXISTS app.never'), /does not exist \(skipped\)/);
});

test('DROP NAMESPACE needs CASCADE while there are tables, and names them', async () => {
    await admin.run('CREATE NAMESPACE doomed; CREATE USER TABLE doomed.one (id INT PRIMARY KEY); CREATE USER TABLE doomed.two (id INT PRIMARY KEY)');
    await admin.refuses('DROP NAMESPACE doomed', /one.*two|two.*one/s);
    await alice.refuses('DROP NAMESPACE doomed CASCADE', undefined, { status: 403, code: 'PERMISSION_DENIED' });
    await alice.run('INSERT INTO doomed.one VALUES (1)');
    await flush(admin, 'doomed.one');
    await admin.run('DROP NAMESPACE doomed CASCADE');
    await admin.refuses('SELECT * FROM doomed.one', /Table not found/);
    await until('its files are gone', () => files(scopeFolder(server, 'alice', 'doomed.one')).length === 0);
    const spaces = await alice.objects('SHOW NAMESPACES');
    assert.ok(!spaces.some((space) => space.name === 'doomed'));
    assert.ok(spaces.some((space) => space.name === 'app' && space.table_count > 0));
});

// UPDATEs that only the engine can run: on a worker.
const BY_ENGINE = 'WHERE id IN (SELECT MAX(id) FROM w.counters)';

test('a worker whose statement waits for the disk serves others', async (t) => {
    const hold = join(temporaryFolder(), 'hold');
    const server = await readyServer(t, {
        settings: { execution: { workers: 1 } },
        env: { KALAMDB_FAULT: 'store.before_commit:hold:0', KALAMDB_FAULT_HOLD: hold },
    });
    const { admin } = server;
    await admin.run(`CREATE NAMESPACE w; CREATE USER TABLE w.counters (id INT PRIMARY KEY, n INT);
        INSERT INTO w.counters VALUES (1, 0)`);
    const sum = 'SELECT SUM(a.n) FROM w.counters a JOIN w.counters b ON a.id = b.id';
    assert.equal(await admin.value(sum), '0');
    writeFileSync(hold, '');
    const changes = Array.from({ length: 5 }, () => admin.run(`UPDATE w.counters SET n = n + 1 ${BY_ENGINE}`));
    assert.equal(await admin.value(sum), '0', 'read by the one worker, behind the changes that wait');
    rmSync(hold);
    await Promise.all(changes);
    assert.equal(await admin.value(sum), '5');
});

test('statements of workers that lose against each other run again until each has counted', async (t) => {
    const server = await readyServer(t, { settings: { execution: { workers: 3 } } });
    const { admin } = server;
    await admin.run(`CREATE NAMESPACE w; CREATE USER TABLE w.counters (id INT PRIMARY KEY, n INT);
        INSERT INTO w.counters VALUES (1, 0)`);
    const before = await admin.value("SELECT metric_value FROM system.stats WHERE metric_name = 'commit_conflicts'");
    await Promise.all(Array.from({ length: 60 }, (_, i) =>
        admin.run(`UPDATE w.counters SET n = n + 1 ${i % 3 === 0 ? 'WHERE id = 1' : BY_ENGINE}`)));
    assert.equal(await admin.value('SELECT n FROM w.counters'), 60);
    const after = await admin.value("SELECT metric_value FROM system.stats WHERE metric_name = 'commit_conflicts'");
    assert.ok(Number(after) > Number(before), 'nobody lost: this shows nothing');
});

test('a statement whose turn it is has a worker, also when batches that wait for theirs have all the others', async (t) => {
    const hold = join(temporaryFolder(), 'hold');
    const held = await readyServer(t, {
        settings: { execution: { workers: 1 } },
        env: { KALAMDB_FAULT: 'store.before_commit:hold:0', KALAMDB_FAULT_HOLD: hold },
    });
    const { admin } = held;
    await admin.run(`CREATE NAMESPACE w; CREATE USER TABLE w.counters (id INT PRIMARY KEY, n INT);
        INSERT INTO w.counters VALUES (1, 0), (2, 0)`);
    await admin.run(`UPDATE w.counters SET n = n ${BY_ENGINE}`); // the engine is open
    const waits = (count) => until(`${count} changes wait for the committer`, async () =>
        (await admin.value("SELECT metric_value FROM system.stats WHERE metric_name = 'commit_queue_length'")) === String(count));
    writeFileSync(hold, '');
    const changes = [admin.run('UPDATE w.counters SET n = n + 1 WHERE id = 1')]; // held with the committer
    await waits(1);
    changes.push(admin.run('UPDATE w.counters SET n = n + 1 WHERE id = 2')); // wins against the next two
    await waits(2);
    changes.push(admin.run(`UPDATE w.counters SET n = n + 10 ${BY_ENGINE}`));
    await waits(3);
    changes.push(admin.run('UPDATE w.counters SET n = n + 100 WHERE id = 2; SELECT 1')); // has the one worker
    for (let i = 0; i < 200; i++) await admin.rows('SELECT n FROM w.counters WHERE id = 1');
    rmSync(hold);
    await Promise.all(changes);
    assert.equal(await admin.value('SELECT n FROM w.counters WHERE id = 2'), 111);
});

testStop(server);
